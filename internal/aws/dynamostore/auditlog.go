package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/fault"
)

// AuditLog reads the table of the audit. It is safe for use by several goroutines.
type AuditLog struct {
	client *dynamodb.Client
	table  string
}

// NewAuditLog returns the audit in the tables.
func NewAuditLog(client *dynamodb.Client, tables Tables) *AuditLog {
	return &AuditLog{client: client, table: tables.Audit}
}

// entryItem is an entry. Its month is the partition, so that a page reads few of them and no
// partition grows for ever.
type entryItem struct {
	Month      string   `dynamodbav:"month"`
	ID         string   `dynamodbav:"id"`
	At         instant  `dynamodbav:"at"`
	TokenID    string   `dynamodbav:"token_id,omitempty"`
	TokenName  string   `dynamodbav:"token_name,omitempty"`
	Action     string   `dynamodbav:"action"`
	TargetKind string   `dynamodbav:"target_kind"`
	TargetID   string   `dynamodbav:"target_id"`
	TargetName string   `dynamodbav:"target_name,omitempty"`
	Fields     []string `dynamodbav:"fields,omitempty"`
	Omitted    int      `dynamodbav:"omitted,omitempty"`
	ExpiresAt  int64    `dynamodbav:"expires_at"`
}

// entering is the write of the entry as a part of the change's transaction. It is empty
// without an entry.
func entering(table string, entry audit.Entry) []types.TransactWriteItem {
	if entry.IsZero() {
		return nil
	}
	whole := item{
		"month": text(entry.ID.Month()), "id": text(entry.ID), "at": stamp(entry.At),
		"action": text(entry.Action), "target_kind": text(entry.Target.Kind),
		"target_id": text(entry.Target.ID), "expires_at": number(seconds(entry.ExpiresAt)),
	}
	for name, value := range map[string]string{"token_id": entry.Actor.TokenID,
		"token_name": entry.Actor.Name, "target_name": entry.Target.Name} {
		if value != "" {
			whole[name] = text(value)
		}
	}
	if len(entry.Fields) > 0 {
		whole["fields"] = texts(entry.Fields)
	}
	if entry.Omitted > 0 {
		whole["omitted"] = number(entry.Omitted)
	}
	return []types.TransactWriteItem{put(table, whole, "attribute_not_exists(#id)", nil)}
}

// newEnteredError is the error for a change whose entry exists.
func newEnteredError() error { return fault.New(fault.Conflict, "This change was made already.") }

// Read makes one query, and more only beyond 1 MB of entries.
func (l *AuditLog) Read(ctx context.Context, span audit.Span, limit int) ([]audit.Entry, error) {
	const condition = "#month = :month AND #id BETWEEN :from AND :before"
	// The end of BETWEEN is part of it, and the span's is not. An id that equals it was the last
	// one of the page before.
	found, err := take(ctx, l.client, &dynamodb.QueryInput{
		TableName:                aws.String(l.table),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":month": text(span.Month), ":from": text(span.From),
			":before": text(span.Before)},
		ConsistentRead:   aws.Bool(true),
		ScanIndexForward: aws.Bool(false),
	}, limit+1)
	if err != nil {
		return nil, err
	}
	entries := make([]audit.Entry, 0, len(found))
	for _, stored := range found {
		entry, err := decodeEntry(stored)
		if err != nil {
			return nil, err
		}
		if entry.ID != span.Before && len(entries) < limit {
			entries = append(entries, entry)
		}
	}
	return entries, nil
}

func decodeEntry(stored item) (audit.Entry, error) {
	var fields entryItem
	if err := decode(stored, &fields); err != nil {
		return audit.Entry{}, err
	}
	return audit.Entry{
		ID: audit.ID(fields.ID), At: time.Time(fields.At),
		Actor:  audit.Actor{TokenID: fields.TokenID, Name: fields.TokenName},
		Action: audit.Action(fields.Action),
		Target: audit.Target{Kind: fields.TargetKind, ID: fields.TargetID, Name: fields.TargetName},
		Fields: fields.Fields, Omitted: fields.Omitted, ExpiresAt: time.Unix(fields.ExpiresAt, 0).UTC(),
	}, nil
}
