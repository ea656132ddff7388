package schedule

import (
	"context"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// Catalog is a catalog that removes the copies of a resource's schedules together with the resource.
// If a copy cannot be removed, [Keeper.Repair] does it later; its messages start nothing.
type Catalog struct {
	catalog.Store
	Schedules interface {
		Reader
		Lister
	}
	Clock Clock
}

// Delete deletes the entity as the store does, and then the copies.
func (c Catalog) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	if !id.Kind().Deployable() {
		return c.Store.Delete(ctx, id, entry)
	}
	set, err := c.Schedules.Of(ctx, id)
	if err != nil {
		return err
	}
	if err := c.Store.Delete(ctx, id, entry); err != nil {
		return err
	}
	for _, s := range set.Schedules {
		if name := s.CopyName(); name != "" {
			_ = c.Clock.Clear(context.WithoutCancel(ctx), name)
		}
	}
	return nil
}
