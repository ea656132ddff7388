package memory

import (
	"context"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Excerpts is a [deployment.Excerpts] and a [deployment.ExcerptReader].
type Excerpts struct{ *Memory }

// Put stores the excerpt.
func (e Excerpts) Put(ctx context.Context, id deployment.ID, text string) error {
	return e.locked(ctx, func() error {
		e.excerpts[id] = text
		return nil
	})
}

// Get returns the excerpt.
func (e Excerpts) Get(ctx context.Context, id deployment.ID) (string, error) {
	var text string
	err := e.locked(ctx, func() error {
		kept, there := e.excerpts[id]
		if text = kept; !there {
			return fault.New(fault.NotFound, "There is no excerpt of %s.", id)
		}
		return nil
	})
	return text, err
}

// Remove deletes the excerpt.
func (e Excerpts) Remove(ctx context.Context, id deployment.ID) error {
	return e.locked(ctx, func() error {
		delete(e.excerpts, id)
		return nil
	})
}
