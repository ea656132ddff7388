package rest

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// WrapMissing replaces the NotFound of a deployment by the answer of the API: Gone if it
// may have been there and expired, else NotFound. It returns any other error unchanged.
//
// A deployment may have expired if its resource exists and its id is older than the
// shortest retention. So Gone tells of an id no more than its resource and its own time.
func (o Options) WrapMissing(ctx context.Context, store catalog.Reader, id deployment.ID, err error) error {
	if !errors.Is(err, fault.NotFound) {
		return err
	}
	resource, failed := catalog.FindHead[catalog.Deployable](ctx, store, id.Resource())
	if failed != nil {
		if errors.Is(failed, fault.NotFound) {
			return NewNotFoundError("Deployment")
		}
		return failed
	}
	days := resource.Shared().Retention.Or(o.Retention).Shortest()
	at := time.UnixMicro(id.Number())
	if o.Now().Sub(at) < time.Duration(days)*24*time.Hour || at.Before(resource.Common().CreatedAt) {
		return NewNotFoundError("Deployment")
	}
	return fault.New(fault.Gone, "The deployment is no longer kept.")
}
