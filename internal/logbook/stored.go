package logbook

import (
	"context"
	"time"
)

// Stored says what an archive has of a book.
type Stored struct {
	Book    Book
	Objects int
	// Bytes is the size of the objects, and Newest when the last one was written.
	Bytes  int64
	Newest time.Time
}

// Linker makes links to chunks for readers of a whole log.
type Linker interface {
	// Links returns a link to each chunk from the first to the last, in order. Whoever has
	// a link can read the stored bytes of its chunk for the given time. It does not look
	// whether the chunks exist.
	Links(ctx context.Context, book Book, first, last int, valid time.Duration) ([]string, error)
}

// Lister lists what an archive has, also what no record knows.
type Lister interface {
	// Books returns books in the order of their names, from the first after the given
	// one on. It returns whole books, about as many as have a thousand objects together.
	// next is the after of the next page, or "" on the last one.
	Books(ctx context.Context, after Book) (books []Stored, next Book, err error)
}
