package access

import (
	"context"
	"sync"
	"time"
)

// UseEvery is the time between two notes of the use of a token.
const UseEvery = time.Minute

// UseKept is for how long a note is kept at least. Then the use is unknown again.
const UseKept = 400 * 24 * time.Hour

// Uses is the part of [Tokens] that stores when tokens were last used.
type Uses interface {
	// NoteUse stores that the token was used at the time. It changes nothing if a use is
	// stored that is less than [UseEvery] older. The token need not exist.
	NoteUse(ctx context.Context, id string, at time.Time) error
	// LastUse returns the last use of the token, or zero if none is known.
	LastUse(ctx context.Context, id string) (time.Time, error)
	// LastUses returns the last use of every token that has one, by id.
	LastUses(ctx context.Context) (map[string]time.Time, error)
}

// UseNotes decides when a use is due to be noted. Several goroutines may use it at the
// same time. The zero UseNotes works.
type UseNotes struct {
	mu    sync.Mutex
	noted map[string]time.Time
}

// Due reports whether the use of a token should be noted now. Then it counts as noted,
// whatever becomes of the note.
func (n *UseNotes) Due(id string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if last, has := n.noted[id]; has && now.Sub(last).Abs() < UseEvery {
		return false
	}
	if n.noted == nil || len(n.noted) >= maxCached { // a note too many is harmless
		n.noted = map[string]time.Time{}
	}
	n.noted[id] = now
	return true
}
