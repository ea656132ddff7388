package logbooktest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// TestRewriter runs the part of the port's contract that [TestArchive] does not cover.
// open returns an empty archive and is called for each test.
func TestRewriter(t *testing.T, open func(t *testing.T) logbook.Rewriter) {
	for name, test := range map[string]func(*testing.T, logbook.Rewriter){
		"a rewritten chunk comes back as it is now":                rewritten,
		"Replace does not keep the body":                           rewrittenIsCopied,
		"Replace of what is another by now is a Conflict":          replaceOfAnother,
		"Replace of nothing is NotFound":                           replaceOfNothing,
		"of two that rewrite one chunk exactly one wins":           replaceRace,
		"a rewritten chunk still is there for a second Put":        putBehindReplace,
		"Purge leaves what is there as it is":                      purge,
		"a cancelled context ends a Replace and a Purge":           rewriteCancelled,
		"Remove takes rewritten chunks, and Purge nothing but old": removeRewritten,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

// scrubbed returns the chunk with other content.
func scrubbed(was logbook.Chunk, body string) logbook.Chunk {
	now := was
	now.Body, now.Stored = []byte(body), int64(len(body))
	now.Bytes--
	now.Digest, now.Previous = strings.Repeat("77", 32), strings.Repeat("99", 32)
	now.Original, now.Changed = was.Digest, 3
	return now
}

func replace(t *testing.T, archive logbook.Rewriter, book logbook.Book, now logbook.Chunk,
	was logbook.Header) {
	t.Helper()
	if err := archive.Replace(t.Context(), book, now, was); err != nil {
		t.Fatalf("Replace of chunk %d: %v", now.Number, err)
	}
}

func rewritten(t *testing.T, archive logbook.Rewriter) {
	first, second, neighbour := chunk(1, "one"), chunk(2, "two"), chunk(1, "neighbour")
	first.Before, first.Previous = logbook.Position{}, ""
	put(t, archive, book, first)
	put(t, archive, book, second)
	put(t, archive, other, neighbour)
	now := scrubbed(first, "uno")
	now.Previous = ""
	replace(t, archive, book, now, first.Header)
	again := scrubbed(now, "eins")
	again.Previous, again.Original, again.Digest, again.Changed = "", now.Original, strings.Repeat("55", 32),
		4
	for _, want := range []logbook.Chunk{now, again} {
		if want.Digest != now.Digest {
			replace(t, archive, book, want, now.Header)
		}
		check(t, archive, book, want)
	}
	check(t, archive, book, second)
	check(t, archive, other, neighbour)
}

func rewrittenIsCopied(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, book, was)
	now := scrubbed(was, "uno")
	replace(t, archive, book, now, was.Header)
	copy(now.Body, "xxx")
	check(t, archive, book, scrubbed(was, "uno"))
}

func replaceOfAnother(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, book, was)
	for name, change := range map[string]func(*logbook.Header){
		"another digest":   func(h *logbook.Header) { h.Digest = strings.Repeat("33", 32) },
		"another previous": func(h *logbook.Header) { h.Previous = "" },
	} {
		header := was.Header
		change(&header)
		if err := archive.Replace(t.Context(), book, scrubbed(was, "uno"),
			header); !errors.Is(err, fault.Conflict) {
			t.Errorf("Replace of one with %s: got %v, want Conflict", name, err)
		}
	}
	check(t, archive, book, was)
}

func replaceOfNothing(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, other, was)
	if err := archive.Replace(t.Context(), book, scrubbed(was, "uno"),
		was.Header); !errors.Is(err, fault.NotFound) {
		t.Errorf("Replace of nothing: got %v, want NotFound", err)
	}
	checkNothing(t, archive, book, 1)
}

func replaceRace(t *testing.T, archive logbook.Rewriter) {
	const writers = 8
	was := chunk(1, "one")
	put(t, archive, book, was)
	forms := make([]logbook.Chunk, writers)
	errs := make([]error, writers)
	var group sync.WaitGroup
	for i := range writers {
		forms[i] = scrubbed(was, fmt.Sprint("writer ", i))
		forms[i].Digest = strings.Repeat(fmt.Sprint(i), 64)
		group.Go(func() { errs[i] = archive.Replace(t.Context(), book, forms[i], was.Header) })
	}
	group.Wait()
	won := -1
	for i, err := range errs {
		switch {
		case err == nil && won < 0:
			won = i
		case err == nil:
			t.Fatalf("writers %d and %d both won", won, i)
		case !errors.Is(err, fault.Conflict):
			t.Errorf("writer %d lost with %v, want Conflict", i, err)
		}
	}
	if won < 0 {
		t.Fatal("no writer won")
	}
	check(t, archive, book, forms[won])
}

func putBehindReplace(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, book, was)
	now := scrubbed(was, "uno")
	replace(t, archive, book, now, was.Header)
	if err := archive.Put(t.Context(), book, was); !errors.Is(err, fault.Conflict) {
		t.Errorf("Put after Replace: got %v, want Conflict", err)
	}
	check(t, archive, book, now)
}

func purge(t *testing.T, archive logbook.Rewriter) {
	was, neighbour := chunk(1, "one"), chunk(1, "neighbour")
	put(t, archive, book, was)
	put(t, archive, other, neighbour)
	now := scrubbed(was, "uno")
	replace(t, archive, book, now, was.Header)
	for range 2 {
		if err := archive.Purge(t.Context(), book); err != nil {
			t.Errorf("Purge: %v", err)
		}
	}
	check(t, archive, book, now)
	check(t, archive, other, neighbour)
}

func removeRewritten(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, book, was)
	replace(t, archive, book, scrubbed(was, "uno"), was.Header)
	if err := errors.Join(archive.Remove(t.Context(), book), archive.Purge(t.Context(), book)); err != nil {
		t.Error(err)
	}
	checkNothing(t, archive, book, 1)
}

func rewriteCancelled(t *testing.T, archive logbook.Rewriter) {
	was := chunk(1, "one")
	put(t, archive, book, was)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for call, err := range map[string]error{
		"Replace": archive.Replace(ctx, book, scrubbed(was, "uno"), was.Header),
		"Purge":   archive.Purge(ctx, book),
	} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s with a cancelled context: got %v, want context.Canceled", call, err)
		}
	}
	check(t, archive, book, was)
}
