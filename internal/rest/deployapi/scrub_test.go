package deployapi_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/logbook"
	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

func TestAScrubIsQueued(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, resource := range []string{w.Application(t, server), w.Service(t, server), w.Database(t, server)} {
		got := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "scrub", Body: resttest.Object{"resource_uuid": resource},
		})
		if got.Message != "Scrub request queued." || got.ResourceUUID != resource || got.Position == 0 {
			t.Errorf("answer = %+v", got)
		}
		shown := w.Show(t, got.DeploymentUUID)
		if shown["operation"] != "scrub" || shown["status"] != "queued" ||
			shown["configuration_hash"] != nil {
			t.Errorf("the record is %v", shown)
		}
	}
}

// TestP9ScrubIsForRootAndForeignIdsAnswerAlike: whoever may deploy may not, and
// nobody learns what is there.
func TestP9ScrubIsForRootAndForeignIdsAnswerAlike(t *testing.T) {
	s := resttest.NewScene(t)
	for _, ability := range access.Abilities() {
		answer := s.Ask(t, resttest.Request{
			Operation: "scrub", Token: s.Mint(t, ability), Body: resttest.Object{"resource_uuid": s.Service},
		})
		if denied := answer.Status == http.StatusForbidden; denied != (ability != access.Root) {
			t.Errorf("with %s: %d %s", ability, answer.Status, answer.Body)
		}
	}
	for _, uuid := range []string{
		"svc" + strings.Repeat("0", 21), s.Server, s.Key, s.Token, s.Running, "nonsense", "",
	} {
		answer := s.Ask(t, resttest.Request{Operation: "scrub", Body: resttest.Object{"resource_uuid": uuid}})
		if answer.Status != http.StatusNotFound || answer.Problem(t).Message != "Resource not found." {
			t.Errorf("%q: %d %s, want 404 alike", uuid, answer.Status, answer.Body)
		}
	}
}

func TestVerify(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	if got := w.Verify(t, record.ID); !got.OK || !got.Complete || got.Chunks != 0 || got.Digest != nil {
		t.Errorf("an empty log: %+v", got)
	}
	for _, lines := range []string{"one", "two", "three"} {
		record = w.Write(t, record, lines)
	}
	digest := record.Progress.Log.Digest
	wanted := resttest.Verification{OK: true, Complete: true, Chunks: 3, Checked: 3, Digest: &digest}
	if diff := cmp.Diff(w.Verify(t, record.ID), wanted); diff != "" {
		t.Errorf("one that grows (-got +want)\n%s", diff)
	}
	w.Finish(t, record)
	if diff := cmp.Diff(w.Verify(t, record.ID), wanted); diff != "" {
		t.Errorf("one that has ended (-got +want)\n%s", diff)
	}
	answer := w.Ask(t, resttest.Request{
		Operation: "verifyLog", PathUUID: string(record.ID), Query: "?after=4",
	})
	if answer.Status != http.StatusUnprocessableEntity {
		t.Errorf("behind its end: %d %s", answer.Status, answer.Body)
	}

	t.Run("a scrubbed log is right, and says so", func(t *testing.T) {
		w.Scrubbed(t, record, "two")
		got := w.Verify(t, record.ID)
		if got.Digest == nil || *got.Digest == digest || got.At == nil {
			t.Errorf("%+v, want another digest and a time", got)
		}
		by := "the root"
		scrubbed := resttest.Verification{
			OK: true, Complete: true, Chunks: 3, Checked: 3, Rewritten: 1, Digest: got.Digest,
			Original: &digest, At: got.At, By: &by, Entries: 1}
		if diff := cmp.Diff(got, scrubbed); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		if shown := w.Show(t, string(record.ID)); shown["scrubbed_by"] != "the root" ||
			shown["scrubbed_entries"] != 1.0 {
			t.Errorf("the record: %v", shown)
		}
	})
	t.Run("a chunk that somebody changed is named", func(t *testing.T) {
		header, err := w.Memory.Archive().Head(t.Context(), record.ID.Book(), 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Memory.Archive().Replace(t.Context(), record.ID.Book(),
			logbook.Chunk{Header: header, Body: []byte("else")}, header); err != nil {
			t.Fatal(err)
		}
		got := w.Verify(t, record.ID)
		if got.OK || !got.Complete || got.BadChunk == nil || *got.BadChunk != 2 || got.Reason == nil ||
			got.Checked != 1 {
			t.Errorf("%+v, want chunk 2 to be bad", got)
		}
	})
	t.Run("a log that is no longer kept is gone", func(t *testing.T) {
		if err := w.Memory.Archive().Remove(t.Context(), record.ID.Book()); err != nil {
			t.Fatal(err)
		}
		answer := w.Ask(t, resttest.Request{Operation: "verifyLog", PathUUID: string(record.ID)})
		if answer.Status != http.StatusGone {
			t.Errorf("%d %s, want 410", answer.Status, answer.Body)
		}
	})
}

// TestVerifyOfALongLogTakesSeveralRequests: with a clock that jumps, each
// request has the time for one slice.
func TestVerifyOfALongLogTakesSeveralRequests(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	random := rand.NewChaCha8([32]byte{})
	for range 4 {
		noise := make([]byte, 1<<20)
		for i := range noise {
			noise[i] = 'a' + byte(random.Uint64()%64)%26
		}
		record = w.Write(t, record, string(noise))
		record = w.Write(t, record, string(noise[:len(noise)/2]))
	}
	w.Finish(t, record)
	now := time.Now()
	jumping, err := showapi.New(showapi.Ports{
		Tokens: w.Memory.Tokens(), Store: w.Memory.Catalog(), History: w.Memory.History(),
		Archive: w.Memory.Archive(), Index: w.Memory.Index(),
	},
		rest.Options{Now: func() time.Time { now = now.Add(time.Minute); return now }})
	if err != nil {
		t.Fatal(err)
	}
	whole := w.Verify(t, record.ID)
	w.Handlers["show"] = jumping
	requests := 0
	for query := ""; ; requests++ {
		got := resttest.Want[resttest.Verification](t, w, http.StatusOK, resttest.Request{
			Operation: "verifyLog", PathUUID: string(record.ID), Query: query,
		})
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
