package schedule

import (
	"context"
	"slices"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// Set has all schedules of a resource, in the order of their creation.
type Set struct {
	Resource  catalog.ID
	Schedules []Schedule
	// Revision is how often it was replaced; 0 for a set that is not stored.
	Revision int
}

// Find returns the schedule with the id.
func (s Set) Find(id ID) (Schedule, bool) {
	i := s.index(id)
	if i < 0 {
		return Schedule{}, false
	}
	return s.Schedules[i], true
}

func (s Set) index(id ID) int {
	return slices.IndexFunc(s.Schedules, func(one Schedule) bool { return one.ID == id })
}

// Reader reads definitions. Reads are strongly consistent.
type Reader interface {
	// Of returns the schedules of the resource. A resource without any, and one that does not exist,
	// have an empty set.
	Of(ctx context.Context, resource catalog.ID) (Set, error)
}

// Store stores definitions. All methods may be called concurrently.
type Store interface {
	Reader
	// Replace stores the set in place of the one of its revision, with the entry of the audit in
	// the same transaction. NotFound if the resource does not exist, Conflict if the stored set has
	// another revision, or the entry exists. A set is deleted with its resource.
	Replace(ctx context.Context, set Set, entry audit.Entry) error
}

// Lister reads the definitions of all resources.
type Lister interface {
	// Sets returns a page of the sets that have schedules, in the order of their resources, at most
	// [catalog.MaxPage]: those after a resource, which is "" for the first page. next is "" on the last
	// page.
	Sets(ctx context.Context, after catalog.ID) (sets []Set, next catalog.ID, err error)
}

// Copy is a schedule as a [Clock] has it.
type Copy struct {
	Name     string
	Schedule ID
	Resource catalog.ID
	// Expression is in EventBridge's form.
	Expression string
	Timezone   string
	Flexible   time.Duration
	// Start is the first run of a rate, in the future. It is zero for the other forms.
	Start time.Time
}

// Named is the name of a copy, and when it was made.
type Named struct {
	Name   string
	MadeAt time.Time
}

// Clock sends a message to the trigger queue when a copy is due: EventBridge Scheduler. All methods
// may be called concurrently.
type Clock interface {
	// Set adds the copy. It does nothing if there is one of this name already. Invalid, naming the
	// field, if the service refuses the expression or the time zone.
	Set(ctx context.Context, c Copy) error
	// Clear removes the copy of this name. It does nothing without one.
	Clear(ctx context.Context, name string) error
	// Names returns a page of the names of all copies. next is "" on the last page.
	Names(ctx context.Context, after string) (names []Named, next string, err error)
}
