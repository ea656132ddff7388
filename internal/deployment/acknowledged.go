package deployment

import "sync"

// maxAcknowledged is how many published changes a dispatcher remembers. A batch
// of a stream has at most 100 records.
const maxAcknowledged = 4096

// acknowledged remembers the changes that the bus has acknowledged. When a later change
// fails, the stream delivers earlier ones again, and they are not published again. It
// forgets the oldest changes first, and all of them when the process ends. A forgotten
// change may be published twice, under the same id. It is safe for use by several
// goroutines.
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
