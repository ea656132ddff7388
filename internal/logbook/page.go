package logbook

import "context"

const (
	// MaxLimit is the most lines that one page has.
	MaxLimit = 1000
	// MaxPageBytes is where a page ends early; it has one line at least.
	MaxPageBytes = 4 << 20
)

// Query says which lines of a log to read.
type Query struct {
	// After is the order of the last line already read, 0 for none.
	After Order
	// Limit is the most lines to return; 0 means MaxLimit.
	Limit int
	// Step and Type, if set, leave out the lines of others.
	Step string
	Type Type
}

// Page is some lines of a log as they are stored, each a JSON object.
type Page struct {
	Lines [][]byte
	// Next is what to ask after for the page that follows.
	Next Order
}

// Read returns the lines that the query asks for.
func Read(ctx context.Context, archive Archive, book Book, mark Mark, q Query) (Page, error) {
	return Page{Next: q.After}, nil
}

// Tail returns the newest stored lines that fit.
func Tail(ctx context.Context, archive Archive, book Book, mark Mark, maxBytes int) ([][]byte, error) {
	return nil, nil
}

// Text returns a stored line as a person reads it.
func Text(line []byte) ([]byte, error) { return nil, nil }
