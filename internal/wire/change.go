package wire

import "waybill/internal/snapshot"

// Change is a difference between two configurations. Before and After need the ability to
// read sensitive data, and are never shown for a secret.
type Change struct {
	Path   string  `json:"path"`
	Edit   string  `json:"edit"`
	Secret bool    `json:"secret"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// FromChanges returns the form of the changes, which is never nil. sensitive says whether the
// caller may read sensitive data.
func FromChanges(changes []snapshot.Change, sensitive bool) []Change {
	items := make([]Change, 0, len(changes))
	for _, change := range changes {
		item := Change{Path: change.Path, Edit: string(change.Edit), Secret: change.Secret}
		if sensitive && !change.Secret {
			item.Before, item.After = &change.Before, &change.After
		}
		items = append(items, item)
	}
	return items
}
