package rest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/rest"
)

// plain is a filter that finds nothing.
type plain struct{ emit func([]byte, int) }

func (p plain) Write(b []byte) { p.emit(b, 0) }
func (plain) Flush()           {}
func (plain) Held() int        { return 0 }

// write adds lines to the log of a deployment that runs, as one chunk.
func (w *world) write(t *testing.T, record deployment.Record, lines ...string) deployment.Record {
	t.Helper()
	return w.record(t, record, func(r *logbook.Recorder) {
		for _, line := range lines {
			r.Message(line, logbook.Stdout)
		}
	})
}

func (w *world) record(t *testing.T, record deployment.Record, say func(*logbook.Recorder)) deployment.Record {
	t.Helper()
	newFilter := func(emit func([]byte, int)) logbook.Filter { return plain{emit} }
	recorder := logbook.NewRecorder(record.ID.Book(), w.memory.Archive(), record.Progress.Log, newFilter, logbook.RecorderOptions{})
	say(recorder)
	recorder.End()
	var err error
	if record.Progress.Log, err = recorder.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := w.memory.Ledger().Advance(t.Context(), record.ID, record.Lease, record.Progress, time.Now(), time.Minute); err != nil {
		t.Fatal(err)
	}
	return record
}

// running is a deployment that has begun.
func (w *world) running(t *testing.T) deployment.Record {
	t.Helper()
	server := w.server(t)
	w.start(t, w.application(t, server))
	return w.begin(t, server)
}

type shownLog struct {
	Entries []struct {
		Order  int64
		Output string
	}
	Next     int64
	Complete bool
}

func (l shownLog) outputs() []string {
	outputs := []string{}
	for _, entry := range l.Entries {
		outputs = append(outputs, entry.Output)
	}
	return outputs
}

func (w *world) readLog(t *testing.T, id deployment.ID, query string) shownLog {
	t.Helper()
	return want[shownLog](t, w, http.StatusOK, request{id: "readLog", uuid: string(id), query: query})
}

func TestLogPages(t *testing.T) {
	w := newWorld(t)
	record := w.running(t)
	record = w.write(t, record, "one", "two", "three")
	record = w.write(t, record, "four", "five")

	t.Run("each entry comes once, and complete only at the end of a log that has ended", func(t *testing.T) {
		read := func() (all []string, complete []bool) {
			for after := int64(0); len(complete) < 4; {
				page := w.readLog(t, record.ID, fmt.Sprintf("?limit=2&after=%d", after))
				all, complete, after = append(all, page.outputs()...), append(complete, page.Complete), page.Next
			}
			return all, complete
		}
		five := []string{"one", "two", "three", "four", "five"}
		all, complete := read()
		if diff := cmp.Diff(all, five); diff != "" || fmt.Sprint(complete) != "[false false false false]" {
			t.Errorf("while it runs: complete %v (-got +want)\n%s", complete, diff)
		}
		w.finish(t, record)
		all, complete = read()
		if diff := cmp.Diff(all, five); diff != "" || fmt.Sprint(complete) != "[false false true true]" {
			t.Errorf("after its end: complete %v (-got +want)\n%s", complete, diff)
		}
	})
	t.Run("as lines", func(t *testing.T) {
		answer := w.send(t, "show", "GET", "/api/v1/deployments/"+string(record.ID)+"/logs?format=ndjson&limit=2", request{})
		lines := strings.Split(strings.TrimSuffix(string(answer.body), "\n"), "\n")
		if len(lines) != 2 || !json.Valid([]byte(lines[1])) || answer.header.Get("Content-Type") != "application/x-ndjson" ||
			answer.header.Get("Waybill-Log-Next") != "2" || answer.header.Get("Waybill-Log-Complete") != "false" {
			t.Errorf("answer = %s %v", answer.body, answer.header)
		}
	})
	t.Run("as text", func(t *testing.T) {
		answer := w.ask(t, request{id: "readLog", uuid: string(record.ID), query: "?format=text&after=3"})
		if string(answer.body) != "four\nfive\n" || answer.header.Get("Waybill-Log-Next") != "5" || answer.header.Get("Waybill-Log-Complete") != "true" {
			t.Errorf("answer = %q %v", answer.body, answer.header)
		}
	})
	t.Run("behind its end is nothing", func(t *testing.T) {
		if got := w.readLog(t, record.ID, "?after=99"); len(got.Entries) != 0 || got.Next != 99 || !got.Complete {
			t.Errorf("page = %+v", got)
		}
	})
	t.Run("in its record are the newest, for those who may see them", func(t *testing.T) {
		var got struct{ Logs *string }
		got = want[struct{ Logs *string }](t, w, http.StatusOK, request{id: "getDeployment", uuid: string(record.ID)})
		var entries []struct{ Output string }
		if err := json.Unmarshal([]byte(*got.Logs), &entries); err != nil || len(entries) != 5 || entries[4].Output != "five" {
			t.Errorf("logs = %s, %v", *got.Logs, err)
		}
		got = want[struct{ Logs *string }](t, w, http.StatusOK, request{id: "getDeployment", uuid: string(record.ID), token: w.mint(t, access.Read)})
		if got.Logs != nil {
			t.Error("a reader without read:sensitive was shown the log")
		}
	})
	for _, query := range []string{"?after=-1", "?after=x", "?limit=0", "?limit=1001", "?wait=21", "?type=out", "?format=xml", "?wait=1&wait=2", "?follow=1"} {
		t.Run(query+" is refused", func(t *testing.T) {
			want[problem](t, w, http.StatusUnprocessableEntity, request{id: "readLog", uuid: string(record.ID), query: query})
		})
	}
}

func TestLogFilters(t *testing.T) {
	w := newWorld(t)
	record := w.record(t, w.running(t), func(r *logbook.Recorder) {
		now := time.Now()
		r.StepStarted(1, "Start", "sh start", now, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte("out 1\nout 2\n"), now)
		r.Data(logbook.Stderr, 0, []byte("err 1\n"), now)
		r.StepEnded(1, now, 12, 6, 20)
		r.Message("the end", logbook.Stdout)
	})
	w.finish(t, record)
	for query, want := range map[string][]string{
		"?step=Start&type=stderr": {"err 1"},
		"?type=stderr":            {"err 1"},
		"?step=Stop":              {},
	} {
		t.Run(query+" reaches the end of the log", func(t *testing.T) {
			got := w.readLog(t, record.ID, query)
			if diff := cmp.Diff(got.outputs(), want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if again := w.readLog(t, record.ID, fmt.Sprintf("%s&after=%d", query, got.Next)); len(again.Entries) != 0 || !again.Complete {
				t.Errorf("asked after %d: %+v, want the end", got.Next, again)
			}
		})
	}
}

func TestALongLineIsOneLineOfText(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 2*logbook.MaxLineBytes+1)
	record := w.record(t, w.running(t), func(r *logbook.Recorder) {
		now := time.Now()
		r.StepStarted(1, "Start", "sh start", now, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte(long+"\nnext\n"), now)
		r.StepEnded(1, now, int64(len(long))+6, 0, 20)
	})
	w.finish(t, record)
	answer := w.ask(t, request{id: "readLog", uuid: string(record.ID), query: "?format=text"})
	if got, want := string(answer.body), "$ sh start\n"+long+"\nnext\n"; got != want {
		t.Errorf("text of %d bytes, want %d; it ends %q", len(got), len(want), got[max(0, len(got)-20):])
	}
}

// TestAFilterThatLeavesMuchOutIsNotSlow has more chunks than one read opens
// before the only line that is asked for.
func TestAFilterThatLeavesMuchOutIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		record := w.running(t)
		for range 100 {
			record = w.write(t, record, "no")
		}
		record = w.record(t, record, func(r *logbook.Recorder) { r.Message("yes", logbook.Stderr) })
		began := time.Now()
		got := w.readLog(t, record.ID, "?wait=20&type=stderr")
		if took := time.Since(began); fmt.Sprint(got.outputs()) != "[yes]" || got.Next != 101 || took > 0 {
			t.Errorf("after %s: page = %+v", took, got)
		}
		// Without a wait, next leads there.
		pages, after := 0, int64(0)
		for ; after < 101; pages++ {
			after = w.readLog(t, record.ID, fmt.Sprintf("?type=stderr&after=%d", after)).Next
			if pages > 101 {
				t.Fatalf("still at %d", after)
			}
		}
	})
}

// counted counts what a waiting reader does.
type counted struct {
	deployment.History
	gets, follows atomic.Int64
}

func (c *counted) Get(ctx context.Context, id deployment.ID) (deployment.Record, error) {
	c.gets.Add(1)
	return c.History.Get(ctx, id)
}

func (c *counted) Follow(ctx context.Context, id deployment.ID, now time.Time) error {
	c.follows.Add(1)
	return c.History.Follow(ctx, id, now)
}

func newCountedWorld(t *testing.T) (*world, *counted) {
	c := &counted{}
	w := newWorld(t, func(_ *rest.CatalogPorts, show *rest.ShowPorts) {
		c.History = show.History
		show.History = c
	})
	return w, c
}

func TestWaitingForALog(t *testing.T) {
	t.Run("answers as soon as there is more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.running(t)
			go func() {
				time.Sleep(3 * time.Second)
				w.write(t, record, "at last")
			}()
			began := time.Now()
			got := w.readLog(t, record.ID, "?wait=20")
			if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
				t.Errorf("it took %s, want 3 to 4 s", took)
			}
			if fmt.Sprint(got.outputs()) != "[at last]" || got.Next != 1 || got.Complete {
				t.Errorf("page = %+v", got)
			}
		})
	})
	t.Run("ends when the wait is over, and has not looked all the time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			record := w.running(t)
			began := time.Now()
			got := w.readLog(t, record.ID, "?wait=20&after=7")
			if took := time.Since(began); took != 20*time.Second || len(got.Entries) != 0 || got.Next != 7 || got.Complete {
				t.Errorf("after %s: page = %+v", took, got)
			}
			if gets := did.gets.Load(); gets > 45 {
				t.Errorf("the record was read %d times", gets)
			}
			if follows := did.follows.Load(); follows < 2 || follows > 5 {
				t.Errorf("it was noted %d times that somebody follows", follows)
			}
		})
	})
	t.Run("ends with the deployment, even one without a log", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.running(t)
			go func() {
				time.Sleep(2 * time.Second)
				w.finish(t, record)
			}()
			began := time.Now()
			if got := w.readLog(t, record.ID, "?wait=20"); !got.Complete || time.Since(began) > 3*time.Second {
				t.Errorf("after %s: page = %+v", time.Since(began), got)
			}
		})
	})
	t.Run("does not wait for what a filter leaves out to be read again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.write(t, w.running(t), "one", "two")
			if got := w.readLog(t, record.ID, "?wait=2&type=stderr"); len(got.Entries) != 0 || got.Next != 2 {
				t.Errorf("page = %+v", got)
			}
		})
	})
	t.Run("notes that somebody follows also while there is always more", func(t *testing.T) {
		w, did := newCountedWorld(t)
		record := w.write(t, w.running(t), "one")
		w.readLog(t, record.ID, "?wait=20")
		w.readLog(t, record.ID, "?wait=20")
		w.readLog(t, record.ID, "")
		if follows := did.follows.Load(); follows != 1 {
			t.Errorf("it was noted %d times, want once", follows)
		}
	})
	t.Run("ends when the client is gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.running(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			w.sendContext(t, ctx, "show", "GET", "/api/v1/deployments/"+string(record.ID)+"/logs?wait=20", request{})
			if took := time.Since(began); took != time.Second {
				t.Errorf("it took %s", took)
			}
		})
	})
}

func TestALogThatIsGoneIsSaidToBeGone(t *testing.T) {
	w := newWorld(t)
	record := w.write(t, w.running(t), "one")
	w.finish(t, record)
	if err := w.memory.Archive().Remove(t.Context(), record.ID.Book()); err != nil {
		t.Fatal(err)
	}
	got := want[problem](t, w, http.StatusGone, request{id: "readLog", uuid: string(record.ID)})
	if !strings.Contains(got.Message, "no longer kept") {
		t.Errorf("message = %q", got.Message)
	}
	shown := want[struct{ Logs string }](t, w, http.StatusOK, request{id: "getDeployment", uuid: string(record.ID)})
	if !strings.Contains(shown.Logs, "no longer kept") {
		t.Errorf("logs = %q", shown.Logs)
	}
}

// TestAPageFitsIntoAnAnswer reads a log of nothing but quotes, which double
// when an answer is quoted, to its end.
func TestAPageFitsIntoAnAnswer(t *testing.T) {
	w := newWorld(t)
	record := w.running(t)
	for range 6 {
		record = w.record(t, record, func(r *logbook.Recorder) {
			for range 20 {
				r.Message(strings.Repeat(`"`, 60<<10), logbook.Stdout)
			}
		})
	}
	w.finish(t, record)
	entries, pages := 0, 0
	for after := int64(0); ; pages++ {
		// Holding megabytes against openapi.yaml would take seconds.
		answer := w.send(t, "show", "GET", fmt.Sprintf("/api/v1/deployments/%s/logs?after=%d", record.ID, after), request{})
		quoted, err := json.Marshal(string(answer.body))
		if err != nil || len(quoted) > 6_000_000 {
			t.Fatalf("page %d has %d bytes once quoted, %v", pages, len(quoted), err)
		}
		page := into[shownLog](t, answer)
		if entries += len(page.Entries); page.Complete {
			break
		}
		if page.Next <= after {
			t.Fatalf("page %d goes nowhere: next %d after %d", pages, page.Next, after)
		}
		after = page.Next
	}
	if entries != 120 {
		t.Errorf("%d entries in %d pages, want 120", entries, pages)
	}
}
