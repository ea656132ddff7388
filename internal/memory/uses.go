package memory

import (
	"context"
	"maps"
	"time"

	"waybill/internal/access"
)

func (t tokens) NoteUse(ctx context.Context, id string, at time.Time) error {
	return t.locked(ctx, func() error {
		if at.Sub(t.uses[id]) >= access.UseEvery {
			t.uses[id] = at
		}
		return nil
	})
}

func (t tokens) LastUse(ctx context.Context, id string) (time.Time, error) {
	var last time.Time
	err := t.locked(ctx, func() error {
		last = t.uses[id]
		return nil
	})
	return last, err
}

func (t tokens) LastUses(ctx context.Context) (map[string]time.Time, error) {
	var all map[string]time.Time
	err := t.locked(ctx, func() error {
		all = maps.Clone(t.uses)
		return nil
	})
	return all, err
}
