package deployment

import "context"

// MaxExcerpt is the longest excerpt of [Excerpts], in bytes.
const MaxExcerpt = 2 << 10

// Excerpts stores, for a deployment that failed, a few redacted lines of its log that show why.
// A notification quotes them, so that its sender needs no right to read logs. An excerpt has
// nothing that is not in the log, and goes with it.
type Excerpts interface {
	// Put stores the excerpt in place of a former one.
	Put(ctx context.Context, id ID, text string) error
	// Remove deletes the excerpt. Without one it does nothing.
	Remove(ctx context.Context, id ID) error
}

// ExcerptReader reads what [Excerpts] stores.
type ExcerptReader interface {
	// Get returns the excerpt, or NotFound.
	Get(ctx context.Context, id ID) (string, error)
}
