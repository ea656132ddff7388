package memory

import (
	"context"
	"slices"
	"strings"

	"waybill/internal/audit"
	"waybill/internal/fault"
)

// auditLog is an [audit.Log].
type auditLog struct{ *Memory }

func (l auditLog) Read(ctx context.Context, span audit.Span, limit int) ([]audit.Entry, error) {
	var found []audit.Entry
	err := l.locked(ctx, func() error {
		for id, entry := range l.audit {
			if id.Month() == span.Month && id >= span.From && id < span.Before {
				found = append(found, entry.Clone())
			}
		}
		return nil
	})
	slices.SortFunc(found, func(a, b audit.Entry) int { return strings.Compare(string(b.ID), string(a.ID)) })
	return found[:min(limit, len(found))], err
}

// audited runs the transaction, which also adds the entry, unless ctx has ended. Conflict if
// the entry exists, and then nothing is changed.
func (m *Memory) audited(ctx context.Context, entry audit.Entry, transaction func() error) error {
	return m.locked(ctx, func() error {
		if m.hasEntry(entry) {
			return fault.New(fault.Conflict, "This change was made already.")
		}
		err := transaction()
		if err == nil {
			m.enter(entry)
		}
		return err
	})
}

func (m *Memory) hasEntry(entry audit.Entry) bool {
	_, taken := m.audit[entry.ID]
	return taken
}

// enter adds the entry, if there is one.
func (m *Memory) enter(entry audit.Entry) {
	if !entry.IsZero() {
		m.audit[entry.ID] = entry.Clone()
	}
}
