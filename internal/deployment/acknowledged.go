package deployment

import "sync"

// maxAcknowledged is how many published changes a dispatcher remembers. A batch
// of a stream has at most 100 records.
const maxAcknowledged = 4096

// acknowledged remembers the changes that the bus has acknowledged. It is for a batch
// that is delivered again as a whole because its answer was lost, or because the event
// source ignores which part failed. Otherwise the stream continues after the last
// change that was handled, and publishing is the last step of handling a change.
//
// A mark on the record would do no better: the process could end between publishing
// and marking too, and the stream would deliver each mark as a change. So if the
// process ends within a batch, a change may be published twice, under the same id.
//
// It forgets the oldest changes first, and all of them when the process ends. It is
// safe for use by several goroutines.
type acknowledged struct {
	mu    sync.Mutex
	taken map[string]bool
	order []string
}

// has reports whether the bus has acknowledged the change.
func (a *acknowledged) has(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken[id]
}

// add records that the bus has acknowledged the change.
func (a *acknowledged) add(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken[id] {
		return
	}
	if a.taken == nil {
		a.taken = map[string]bool{}
	}
	if len(a.order) == maxAcknowledged {
		delete(a.taken, a.order[0])
		a.order = a.order[1:]
	}
	a.taken[id] = true
	a.order = append(a.order, id)
}
