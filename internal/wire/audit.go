package wire

import (
	"encoding/json"

	"waybill/internal/audit"
)

// AuditEntry is an entry of the audit on the wire.
type AuditEntry struct {
	ID string `json:"id"`
	At string `json:"at"`
	// Token is null for an operator of the stack, who needs none, and for an event. Event says
	// which event it was.
	Token  *AuditToken `json:"token"`
	Event  *string     `json:"event"`
	Action string      `json:"action"`
	Target AuditTarget `json:"target"`
	Fields []string    `json:"fields"`
	// OmittedFields is the number of changed fields that are not in Fields.
	OmittedFields int `json:"omitted_fields"`
}

// AuditToken is the token that made a change.
type AuditToken struct {
	ID   json.Number `json:"id"`
	Name string      `json:"name"`
}

// AuditTarget is the target of a change. ID is a uuid, or the id of a token.
type AuditTarget struct {
	Kind string  `json:"kind"`
	ID   string  `json:"id"`
	Name *string `json:"name"`
}

// AuditPage is a page of entries.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    *string      `json:"next"`
}

// FromAudit returns a page.
func FromAudit(page audit.Page) AuditPage {
	body := AuditPage{Entries: []AuditEntry{}, Next: TextOrNull(string(page.Next))}
	for _, entry := range page.Entries {
		body.Entries = append(body.Entries, fromEntry(entry))
	}
	return body
}

func fromEntry(entry audit.Entry) AuditEntry {
	body := AuditEntry{
		ID:     string(entry.ID),
		At:     Timestamp(entry.At),
		Action: string(entry.Action),
		Target: AuditTarget{entry.Target.Kind, entry.Target.ID, TextOrNull(entry.Target.Name)},
		Fields: append([]string{}, entry.Fields...), OmittedFields: entry.Omitted,
	}
	if entry.Actor.TokenID != "" {
		body.Token = &AuditToken{json.Number(entry.Actor.TokenID), entry.Actor.Name}
	} else {
		body.Event = TextOrNull(entry.Actor.Name)
	}
	return body
}
