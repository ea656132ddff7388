package deployment

import (
	"time"

	"waybill/internal/audit"
)

// removalEntry returns the entry for the removal of the resource from the catalog, which the
// operation was for. The change is the one of the token that asked for the operation.
func (r Record) removalEntry(now time.Time) audit.Entry {
	id := r.ID.Resource()
	action := audit.Delete
	if r.Operation == Forget {
		action = audit.Forget
	}
	return audit.Entry{
		At:     now.UTC().Truncate(time.Microsecond),
		Actor:  audit.Actor{TokenID: r.Trigger.TokenID, Name: r.Trigger.Name},
		Action: action,
		Target: audit.Target{Kind: string(id.Kind()), ID: string(id), Name: r.ResourceName},
	}
}
