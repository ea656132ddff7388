// Package snapshottest has the contract of [snapshot.Archive], as a suite that the tests of each
// implementation run.
package snapshottest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// TestArchive runs the suite. open may return the same archive every time.
func TestArchive(t *testing.T, open func(t *testing.T) snapshot.Archive) {
	for name, test := range map[string]func(t *testing.T, archive snapshot.Archive){
		"what was put comes back byte for byte":    testPut,
		"putting it again changes nothing":         testAgain,
		"of nothing put, Get is NotFound":          testMissing,
		"resources are apart":                      testApart,
		"no caller shares stored data":             testCopies,
		"two writers of one snapshot both succeed": testRace,
		"what was removed can be put again":        testRemove,
		"a cancelled context changes nothing":      testCancelled,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func newID(t *testing.T, kind catalog.Kind) catalog.ID {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func put(t *testing.T, archive snapshot.Archive, id catalog.ID, taken snapshot.Snapshot) {
	t.Helper()
	if err := archive.Put(t.Context(), id, taken); err != nil {
		t.Fatalf("Put: %v", err)
	}
}

func wantKept(t *testing.T, archive snapshot.Archive, id catalog.ID, want snapshot.Snapshot) {
	t.Helper()
	got, err := archive.Get(t.Context(), id, want.Hash())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("Get returns %d bytes, which are not the %d that were put", len(got), len(want))
	}
}

func wantMissing(t *testing.T, archive snapshot.Archive, id catalog.ID, hash string) {
	t.Helper()
	if got, err := archive.Get(t.Context(), id, hash); !errors.Is(err, fault.NotFound) {
		t.Errorf("Get %q: %d bytes, err = %v, want NotFound", hash, len(got), err)
	}
}

func testPut(t *testing.T, archive snapshot.Archive) {
	id := newID(t, catalog.KindService)
	all := []snapshot.Snapshot{
		snapshot.Snapshot(`{"kind":"service"}`),
		snapshot.Snapshot("{\"text\":\"é \\u0000 \\r\\n <tags> %20 \xe2\x80\xa8\"}\n"),
		// As large as the largest resource, with every byte escaped.
		snapshot.Snapshot(`"` + strings.Repeat(`\u0001`, 400<<10) + `"`),
	}
	for _, taken := range all {
		put(t, archive, id, taken)
	}
	for _, taken := range all {
		wantKept(t, archive, id, taken)
	}
}

func testAgain(t *testing.T, archive snapshot.Archive) {
	id := newID(t, catalog.KindApplication)
	taken := snapshot.Snapshot(`{"n":1}`)
	for range 3 {
		put(t, archive, id, taken)
		wantKept(t, archive, id, taken)
	}
}

func testMissing(t *testing.T, archive snapshot.Archive) {
	id, empty := newID(t, catalog.KindService), newID(t, catalog.KindService)
	taken := snapshot.Snapshot(`{"n":1}`)
	put(t, archive, id, taken)
	wantMissing(t, archive, empty, taken.Hash())
	for _, hash := range []string{
		snapshot.Snapshot(`{"n":2}`).Hash(), "", ".", "..", "../" + taken.Hash(), taken.Hash()[:63],
		strings.ToUpper(taken.Hash()) + " ",
	} {
		wantMissing(t, archive, id, hash)
	}
}

func testApart(t *testing.T, archive snapshot.Archive) {
	one, two := newID(t, catalog.KindDatabase), newID(t, catalog.KindDatabase)
	first, second := snapshot.Snapshot(`{"n":1}`), snapshot.Snapshot(`{"n":2}`)
	put(t, archive, one, first)
	put(t, archive, two, second)
	wantKept(t, archive, one, first)
	wantKept(t, archive, two, second)
	wantMissing(t, archive, one, second.Hash())
	wantMissing(t, archive, two, first.Hash())
}

func testCopies(t *testing.T, archive snapshot.Archive) {
	id := newID(t, catalog.KindService)
	want := snapshot.Snapshot(`{"n":1}`)
	given := bytes.Clone(want)
	put(t, archive, id, given)
	clear(given)
	got, err := archive.Get(t.Context(), id, want.Hash())
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	clear(got)
	wantKept(t, archive, id, want)
}

func testRemove(t *testing.T, archive snapshot.Archive) {
	id, other := newID(t, catalog.KindDatabase), newID(t, catalog.KindDatabase)
	first, second := snapshot.Snapshot(`{"n":1}`), snapshot.Snapshot(`{"n":2}`)
	put(t, archive, id, first)
	put(t, archive, id, second)
	put(t, archive, other, first)
	for _, hash := range []string{first.Hash(), first.Hash(), "", "..", snapshot.Snapshot(`{}`).Hash()} {
		if err := archive.Remove(t.Context(), id, hash); err != nil {
			t.Errorf("Remove of %q: %v", hash, err)
		}
	}
	wantMissing(t, archive, id, first.Hash())
	wantKept(t, archive, id, second)
	wantKept(t, archive, other, first)
	put(t, archive, id, first)
	wantKept(t, archive, id, first)
}

func testRace(t *testing.T, archive snapshot.Archive) {
	id := newID(t, catalog.KindService)
	taken := snapshot.Snapshot(`{"n":1}`)
	var writers sync.WaitGroup
	for range 4 {
		writers.Go(func() {
			if err := archive.Put(t.Context(), id, taken); err != nil {
				t.Errorf("Put: %v", err)
			}
		})
	}
	writers.Wait()
	wantKept(t, archive, id, taken)
}

func testCancelled(t *testing.T, archive snapshot.Archive) {
	id := newID(t, catalog.KindService)
	kept, never := snapshot.Snapshot(`{"n":1}`), snapshot.Snapshot(`{"n":2}`)
	put(t, archive, id, kept)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := archive.Put(ctx, id, never); !errors.Is(err, context.Canceled) {
		t.Errorf("Put: %v, want %v", err, context.Canceled)
	}
	if err := archive.Remove(ctx, id, kept.Hash()); !errors.Is(err, context.Canceled) {
		t.Errorf("Remove: %v, want %v", err, context.Canceled)
	}
	if _, err := archive.Get(ctx, id, kept.Hash()); !errors.Is(err, context.Canceled) {
		t.Errorf("Get: %v, want %v", err, context.Canceled)
	}
	wantMissing(t, archive, id, never.Hash())
}
