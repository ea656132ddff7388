package rest_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/rest"
)

func TestAScrubIsQueued(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for _, resource := range []string{w.application(t, server), w.service(t, server), w.database(t, server)} {
		got := want[queued](t, w, http.StatusOK, request{id: "scrub", body: object{"resource_uuid": resource}})
		if got.Message != "Scrub request queued." || got.ResourceUUID != resource || got.Position == 0 {
			t.Errorf("answer = %+v", got)
		}
		shown := w.show(t, got.DeploymentUUID)
		if shown["operation"] != "scrub" || shown["status"] != "queued" || shown["configuration_hash"] != nil {
			t.Errorf("the record is %v", shown)
		}
	}
}

// TestP9ScrubIsForRootAndForeignIdsAnswerAlike: whoever may deploy may not, and
// nobody learns what is there.
func TestP9ScrubIsForRootAndForeignIdsAnswerAlike(t *testing.T) {
	s := newScene(t)
	for _, ability := range access.Abilities() {
		answer := s.ask(t, request{id: "scrub", token: s.mint(t, ability), body: object{"resource_uuid": s.service}})
		if denied := answer.status == http.StatusForbidden; denied != (ability != access.Root) {
			t.Errorf("with %s: %d %s", ability, answer.status, answer.body)
		}
	}
	for _, uuid := range []string{"svc" + strings.Repeat("0", 21), s.server, s.key, s.token, s.running, "nonsense", ""} {
		answer := s.ask(t, request{id: "scrub", body: object{"resource_uuid": uuid}})
		if answer.status != http.StatusNotFound || answer.problem(t).Message != "Resource not found." {
			t.Errorf("%q: %d %s, want 404 alike", uuid, answer.status, answer.body)
		}
	}
}

type verification struct {
	OK        bool
	Complete  bool
	Next      *int
	Chunks    int
	Checked   int
	BadChunk  *int `json:"bad_chunk"`
	Reason    *string
	Rewritten int
	Digest    *string
	Original  *string `json:"original_digest"`
	At        *string `json:"scrubbed_at"`
	By        *string `json:"scrubbed_by"`
	Entries   int     `json:"scrubbed_entries"`
}

func (w *world) verify(t *testing.T, id deployment.ID) verification {
	t.Helper()
	return want[verification](t, w, http.StatusOK, request{id: "verifyLog", uuid: string(id), token: w.mint(t, access.Read)})
}

func TestVerify(t *testing.T) {
	w := newWorld(t)
	record := w.running(t)
	if got := w.verify(t, record.ID); !got.OK || !got.Complete || got.Chunks != 0 || got.Digest != nil {
		t.Errorf("an empty log: %+v", got)
	}
	for _, lines := range []string{"one", "two", "three"} {
		record = w.write(t, record, lines)
	}
	digest := record.Progress.Log.Digest
	wanted := verification{OK: true, Complete: true, Chunks: 3, Checked: 3, Digest: &digest}
	if diff := cmp.Diff(w.verify(t, record.ID), wanted); diff != "" {
		t.Errorf("one that grows (-got +want)\n%s", diff)
	}
	w.finish(t, record)
	if diff := cmp.Diff(w.verify(t, record.ID), wanted); diff != "" {
		t.Errorf("one that has ended (-got +want)\n%s", diff)
	}
	answer := w.ask(t, request{id: "verifyLog", uuid: string(record.ID), query: "?after=4"})
	if answer.status != http.StatusUnprocessableEntity {
		t.Errorf("behind its end: %d %s", answer.status, answer.body)
	}

	t.Run("a scrubbed log is right, and says so", func(t *testing.T) {
		w.scrubbed(t, record, "two")
		got := w.verify(t, record.ID)
		if got.Digest == nil || *got.Digest == digest || got.At == nil {
			t.Errorf("%+v, want another digest and a time", got)
		}
		by := "the root"
		scrubbed := verification{OK: true, Complete: true, Chunks: 3, Checked: 3, Rewritten: 1, Digest: got.Digest,
			Original: &digest, At: got.At, By: &by, Entries: 1}
		if diff := cmp.Diff(got, scrubbed); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		if shown := w.show(t, string(record.ID)); shown["scrubbed_by"] != "the root" || shown["scrubbed_entries"] != 1.0 {
			t.Errorf("the record: %v", shown)
		}
	})
	t.Run("a chunk that somebody changed is named", func(t *testing.T) {
		header, err := w.memory.Archive().Head(t.Context(), record.ID.Book(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.memory.Archive().Replace(t.Context(), record.ID.Book(), logbook.Chunk{Header: header, Body: []byte("else")}, header); err != nil {
			t.Fatal(err)
		}
		got := w.verify(t, record.ID)
		if got.OK || !got.Complete || got.BadChunk == nil || *got.BadChunk != 2 || got.Reason == nil || got.Checked != 1 {
			t.Errorf("%+v, want chunk 2 to be bad", got)
		}
	})
	t.Run("a log that is no longer kept is gone", func(t *testing.T) {
		if err := w.memory.Archive().Remove(t.Context(), record.ID.Book()); err != nil {
			t.Fatal(err)
		}
		answer := w.ask(t, request{id: "verifyLog", uuid: string(record.ID)})
		if answer.status != http.StatusGone {
			t.Errorf("%d %s, want 410", answer.status, answer.body)
		}
	})
}

// scrubbed takes a word out of the log of a deployment that has ended.
func (w *world) scrubbed(t *testing.T, record deployment.Record, word string) {
	t.Helper()
	m := w.memory
	done, err := logbook.Scrub(t.Context(), m.Archive(), record.ID.Book(), record.Progress.Log, func(emit func([]byte, int)) logbook.Filter { return &censor{word: word, emit: emit} })
	if err != nil {
		t.Fatal(err)
	}
	scrub := deployment.Scrub{At: time.Now(), By: "the root", Deployment: "one", Entries: done.Total}
	if err := m.Ledger().Scrubbed(t.Context(), record.ID, record.Progress.Log.Digest, done.Mark, scrub); err != nil {
		t.Fatal(err)
	}
}

// censor masks a word that is written as one.
type censor struct {
	word string
	emit func([]byte, int)
}

func (c *censor) Write(p []byte) {
	before, after, found := strings.Cut(string(p), c.word)
	c.emit([]byte(before), 0)
	if found {
		c.emit([]byte("***"), len(c.word))
		c.emit([]byte(after), 0)
	}
}
func (*censor) Flush()    {}
func (*censor) Held() int { return 0 }

// TestVerifyOfALongLogTakesSeveralRequests: with a clock that jumps, each
// request has the time for one slice.
func TestVerifyOfALongLogTakesSeveralRequests(t *testing.T) {
	w := newWorld(t)
	record := w.running(t)
	random := rand.NewChaCha8([32]byte{})
	for range 4 {
		noise := make([]byte, 1<<20)
		for i := range noise {
			noise[i] = 'a' + byte(random.Uint64()%64)%26
		}
		record = w.write(t, record, string(noise))
		record = w.write(t, record, string(noise[:len(noise)/2]))
	}
	w.finish(t, record)
	now := time.Now()
	jumping, err := rest.NewShow(rest.ShowPorts{Tokens: w.memory.Tokens(), Store: w.memory.Catalog(), History: w.memory.History(), Archive: w.memory.Archive()},
		rest.Options{Now: func() time.Time { now = now.Add(time.Minute); return now }})
	if err != nil {
		t.Fatal(err)
	}
	whole := w.verify(t, record.ID)
	w.handlers["show"] = jumping
	requests := 0
	for query := ""; ; requests++ {
		got := want[verification](t, w, http.StatusOK, request{id: "verifyLog", uuid: string(record.ID), query: query})
		if !got.OK || got.Complete != (got.Next == nil) {
			t.Fatalf("%+v", got)
		}
		if got.Complete {
			if got.Checked != whole.Checked || whole.Next != nil {
				t.Errorf("the last is %+v, and with time it is %+v", got, whole)
			}
			break
		}
		if *got.Next != got.Checked {
			t.Fatalf("next is %d behind %d checked", *got.Next, got.Checked)
		}
		query = fmt.Sprintf("?after=%d", *got.Next)
	}
	if requests < 2 || requests > 8 {
		t.Errorf("%d requests, want some", requests)
	}
}
