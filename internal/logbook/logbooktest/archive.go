// Package logbooktest has the contracts of [logbook.Archive] and [logbook.Rewriter], as suites
// that the tests of each implementation run.
package logbooktest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// The name of book is a prefix of the name of other, to catch a Remove that deletes by
// a bare prefix.
const (
	book  logbook.Book = "service/svcaaaaaaaaaaaaaaaaaaaaa/svcaaaaaaaaaaaaaaaaaaaaa1"
	other logbook.Book = "service/svcaaaaaaaaaaaaaaaaaaaaa/svcaaaaaaaaaaaaaaaaaaaaa12"
)

// TestArchive runs the contract of the port. open returns an empty archive and is
// called for each test.
func TestArchive(t *testing.T, open func(t *testing.T) logbook.Archive) {
	for name, test := range map[string]func(*testing.T, logbook.Archive){
		"a chunk comes back as it was put":               roundTrip,
		"Put does not keep the body":                     bodyIsCopied,
		"Open and Head of nothing are NotFound":          nothingIsNotFound,
		"a second Put is a Conflict and changes nothing": secondPut,
		"of two writers of one number exactly one wins":  race,
		"Remove takes all chunks of one book":            removeAll,
		"Remove of nothing is no error":                  removeNothing,
		"a cancelled context ends every call":            cancelled,
		"a chunk of 8 MiB is kept":                       large,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// chunk makes a chunk whose fields all have values.
func chunk(number int, body string) logbook.Chunk {
	n := int64(number)
	return logbook.Chunk{Body: []byte(body), Header: logbook.Header{
		Number:   number,
		First:    logbook.Order(10*n + 1),
		Last:     logbook.Order(10*n + 10),
		Batch:    number,
		Before:   logbook.Position{Out: 1 << 40, Err: 2 * n, Steps: 0},
		After:    logbook.Position{Out: 1<<40 + n, Err: 3 * n, Steps: 4 * n},
		Bytes:    1<<33 + n,
		Stored:   int64(len(body)),
		Digest:   strings.Repeat("0f", 32),
		Previous: strings.Repeat("a1", 32),
	}}
}

func put(t *testing.T, archive logbook.Archive, book logbook.Book, c logbook.Chunk) {
	t.Helper()
	if err := archive.Put(t.Context(), book, c); err != nil {
		t.Fatalf("Put of chunk %d: %v", c.Number, err)
	}
}

// check reads the chunk with Open and Head.
func check(t *testing.T, archive logbook.Archive, book logbook.Book, want logbook.Chunk) {
	t.Helper()
	header, err := archive.Head(t.Context(), book, want.Number)
	if err != nil || header != want.Header {
		t.Errorf("Head of chunk %d: got %+v, %v, want %+v", want.Number, header, err, want.Header)
	}
	header, body, err := archive.Open(t.Context(), book, want.Number)
	if err != nil {
		t.Fatalf("Open of chunk %d: %v", want.Number, err)
	}
	got, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil {
		t.Fatalf("reading chunk %d: %v", want.Number, err)
	}
	if header != want.Header {
		t.Errorf("Open of chunk %d: got header %+v, want %+v", want.Number, header, want.Header)
	}
	if !bytes.Equal(got, want.Body) {
		t.Errorf("Open of chunk %d: got %d bytes, want the %d that were put", want.Number, len(got),
			len(want.Body))
	}
}

func checkNothing(t *testing.T, archive logbook.Archive, book logbook.Book, number int) {
	t.Helper()
	if _, err := archive.Head(t.Context(), book, number); !errors.Is(err, fault.NotFound) {
		t.Errorf("Head of chunk %d: got %v, want NotFound", number, err)
	}
	_, body, err := archive.Open(t.Context(), book, number)
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("Open of chunk %d: got %v, want NotFound", number, err)
	}
	if err == nil {
		_ = body.Close()
	}
}

func roundTrip(t *testing.T, archive logbook.Archive) {
	first, second, binary := chunk(1, "one"), chunk(2, "two"), chunk(999_999, "\x1f\x8b\x00\xff\n\r\n")
	first.Before, first.Previous = logbook.Position{}, "" // as of the first chunk of a log
	for _, c := range []logbook.Chunk{first, second, binary} {
		put(t, archive, book, c)
	}
	for _, c := range []logbook.Chunk{first, second, binary} {
		check(t, archive, book, c)
	}
}

func bodyIsCopied(t *testing.T, archive logbook.Archive) {
	c := chunk(1, "one")
	put(t, archive, book, c)
	copy(c.Body, "xxx")
	check(t, archive, book, chunk(1, "one"))
}

func nothingIsNotFound(t *testing.T, archive logbook.Archive) {
	checkNothing(t, archive, book, 1)
	put(t, archive, book, chunk(1, "one"))
	checkNothing(t, archive, book, 2)
	checkNothing(t, archive, other, 1)
}

func secondPut(t *testing.T, archive logbook.Archive) {
	put(t, archive, book, chunk(1, "one"))
	changed := chunk(1, "one")
	changed.Last++
	for name, c := range map[string]logbook.Chunk{
		"the same": chunk(1, "one"), "another body": chunk(1, "two"), "another header": changed,
	} {
		if err := archive.Put(t.Context(), book, c); !errors.Is(err, fault.Conflict) {
			t.Errorf("second Put, %s: got %v, want Conflict", name, err)
		}
	}
	check(t, archive, book, chunk(1, "one"))
}

func race(t *testing.T, archive logbook.Archive) {
	const writers = 8
	for number := 1; number <= 3; number++ {
		var group sync.WaitGroup
		errs := make([]error, writers)
		for i := range writers {
			group.Go(func() {
				errs[i] = archive.Put(t.Context(), book, chunk(number, fmt.Sprint("writer ", i)))
			})
		}
		group.Wait()
		won := -1
		for i, err := range errs {
			switch {
			case err == nil && won < 0:
				won = i
			case err == nil:
				t.Fatalf("chunk %d: writers %d and %d both won", number, won, i)
			case !errors.Is(err, fault.Conflict):
				t.Errorf("chunk %d: writer %d lost with %v, want Conflict", number, i, err)
			}
		}
		if won < 0 {
			t.Fatalf("chunk %d: no writer won", number)
		}
		check(t, archive, book, chunk(number, fmt.Sprint("writer ", won)))
	}
}

func removeAll(t *testing.T, archive logbook.Archive) {
	for number := 1; number <= 3; number++ {
		put(t, archive, book, chunk(number, "gone"))
	}
	put(t, archive, other, chunk(1, "stays"))
	if err := archive.Remove(t.Context(), book); err != nil {
		t.Fatalf("Remove: %v", err)
	}
	for number := 1; number <= 3; number++ {
		checkNothing(t, archive, book, number)
	}
	check(t, archive, other, chunk(1, "stays"))
}

func removeNothing(t *testing.T, archive logbook.Archive) {
	for range 2 {
		if err := archive.Remove(t.Context(), book); err != nil {
			t.Errorf("Remove of nothing: %v", err)
		}
	}
}

func cancelled(t *testing.T, archive logbook.Archive) {
	put(t, archive, book, chunk(1, "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, headErr := archive.Head(ctx, book, 1)
	_, body, openErr := archive.Open(ctx, book, 1)
	if openErr == nil {
		_ = body.Close()
	}
	for call, err := range map[string]error{
		"Head": headErr, "Open": openErr,
		"Put": archive.Put(ctx, book, chunk(2, "two")), "Remove": archive.Remove(ctx, book),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: got %v, want context.Canceled", call, err)
		}
	}
	check(t, archive, book, chunk(1, "one"))
	checkNothing(t, archive, book, 2)
}

func large(t *testing.T, archive logbook.Archive) {
	body := make([]byte, 8<<20)
	for i := range body {
		body[i] = byte(i * i >> 7)
	}
	put(t, archive, book, chunk(1, string(body)))
	check(t, archive, book, chunk(1, string(body)))
}
