package logbooktest

import (
	"context"
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// perChunk is the number of entries of each chunk of the suite.
const perChunk = 10

// TestIndexStore runs the whole suite over the result of open, which may be the same store
// every time.
func TestIndexStore(t *testing.T, open func(t *testing.T) logbook.IndexStore) {
	for name, test := range map[string]func(t *testing.T, w indexWorld){
		"nothing is stored of a new log":                            testNoBlock,
		"a block comes back by every order from its first on":       testBlock,
		"a block grows by sections, and is a part until it is full": testGrowingBlock,
		"a section that is stored again changes nothing":            testSectionTwice,
		"of two blocks the one with the order comes back":           testTwoBlocks,
		"a cancelled context stops every call":                      testIndexCancelled,
	} {
		t.Run(name, func(t *testing.T) {
			book := logbook.Book("service/svc000000000000000000000/svc000000000000000000000" + randomID())
			test(t, indexWorld{open(t), book})
		})
	}
}

// randomID ends the id of a deployment.
func randomID() string {
	const letters = "0123456789abcdefghjkmnpqrstvwxyz"
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it never fails
	for i := range id {
		id[i] = letters[id[i]%32]
	}
	return string(id)
}

// indexWorld is a new log.
type indexWorld struct {
	store logbook.IndexStore
	book  logbook.Book
}

// section returns the section that begins with the chunk.
func section(first int) logbook.Section {
	at := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	end := func(number int) logbook.End {
		if number == 0 {
			return logbook.End{}
		}
		return logbook.End{Last: logbook.Order(number * perChunk),
			Until: at.Add(time.Duration(number/2) * time.Minute)}
	}
	made := logbook.Section{First: first, Before: end(first - 1)}
	for number := first; number < first+logbook.TailChunks; number++ {
		made.Ends = append(made.Ends, end(number))
	}
	return made
}

func (w indexWorld) put(t *testing.T, block logbook.Order, section logbook.Section) {
	t.Helper()
	if err := w.store.Put(t.Context(), w.book, block, section); err != nil {
		t.Fatal(err)
	}
}

func (w indexWorld) want(t *testing.T, order logbook.Order, want logbook.Section) {
	t.Helper()
	got, err := w.store.Get(t.Context(), w.book, order)
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("Get of %d: %v (-got +want):\n%s", order, err, diff)
	}
}

func testNoBlock(t *testing.T, w indexWorld) {
	if _, err := w.store.Get(t.Context(), w.book, 1); !errors.Is(err, fault.NotFound) {
		t.Errorf("Get = %v, want NotFound", err)
	}
}

func testBlock(t *testing.T, w indexWorld) {
	first := section(1)
	w.put(t, 1, first)
	for _, order := range []logbook.Order{1, 2, perChunk * logbook.TailChunks, 1 << 50} {
		w.want(t, order, first)
	}
}

func testGrowingBlock(t *testing.T, w indexWorld) {
	whole := section(1)
	whole.Ends = nil
	for first := 1; first <= logbook.BlockChunks; first += logbook.TailChunks {
		part := section(first)
		w.put(t, 1, part)
		whole.Ends = append(whole.Ends, part.Ends...)
		w.want(t, 7, whole)
	}
}

func testSectionTwice(t *testing.T, w indexWorld) {
	one, two := section(1), section(1+logbook.TailChunks)
	for range 2 {
		w.put(t, 1, one)
		w.put(t, 1, two)
		w.put(t, 1, one)
	}
	one.Ends = append(one.Ends, two.Ends...)
	w.want(t, 1, one)
}

func testTwoBlocks(t *testing.T, w indexWorld) {
	const next = logbook.BlockChunks*perChunk + 1
	one, two := section(1), section(logbook.BlockChunks+1)
	w.put(t, 1, one)
	w.put(t, next, two)
	w.want(t, next-1, one)
	w.want(t, next, two)
	w.want(t, next+1, two)
}

func testIndexCancelled(t *testing.T, w indexWorld) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.store.Put(ctx, w.book, 1, section(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Put = %v, want %v", err, context.Canceled)
	}
	if _, err := w.store.Get(ctx, w.book, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("Get = %v, want %v", err, context.Canceled)
	}
	testNoBlock(t, w)
}
