package deployment

import "sync"

// maxAcknowledged is how many published changes a dispatcher remembers. A batch
// of a stream has at most 100 records.
const maxAcknowledged = 4096

// acknowledged remembers which changes the bus has taken, so that a change that
// its stream delivers again, because something after it failed, is not sent
// again. It forgets the oldest first, and all with its process: then a change
// may be sent twice, under the same id. It is safe for use by several
// goroutines.
type acknowledged struct {
	mu    sync.Mutex
	taken map[string]bool
	order []string
}

// has reports whether the bus has taken the change.
func (a *acknowledged) has(id string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.taken[id]
}

// add notes that the bus has taken the change.
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
