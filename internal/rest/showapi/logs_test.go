package showapi_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
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
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

func TestLogPages(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	record = w.Write(t, record, "one", "two", "three")
	record = w.Write(t, record, "four", "five")

	t.Run("each entry comes once, and complete only at the end of a log that has ended", func(t *testing.T) {
		read := func() (all []string, complete []bool) {
			for after := int64(0); len(complete) < 4; {
				page := w.ReadLog(t, record.ID, fmt.Sprintf("?limit=2&after=%d", after))
				all = append(all, page.Outputs()...)
				complete = append(complete, page.Complete)
				after = page.Next
			}
			return all, complete
		}
		five := []string{"one", "two", "three", "four", "five"}
		all, complete := read()
		if diff := cmp.Diff(all, five); diff != "" || fmt.Sprint(complete) != "[false false false false]" {
			t.Errorf("while it runs: complete %v (-got +want)\n%s", complete, diff)
		}
		w.Finish(t, record)
		all, complete = read()
		if diff := cmp.Diff(all, five); diff != "" || fmt.Sprint(complete) != "[false false true true]" {
			t.Errorf("after its end: complete %v (-got +want)\n%s", complete, diff)
		}
	})
	t.Run("as lines", func(t *testing.T) {
		answer := w.Send(t, "show", "GET",
			"/api/v1/deployments/"+string(record.ID)+"/logs?format=ndjson&limit=2", resttest.Request{})
		lines := strings.Split(strings.TrimSuffix(string(answer.Body), "\n"), "\n")
		if len(lines) != 2 || !json.Valid([]byte(lines[1])) ||
			answer.Header.Get("Content-Type") != "application/x-ndjson" ||
			answer.Header.Get("Waybill-Log-Next") != "2" ||
			answer.Header.Get("Waybill-Log-Complete") != "false" {
			t.Errorf("answer = %s %v", answer.Body, answer.Header)
		}
	})
	t.Run("as text", func(t *testing.T) {
		answer := w.Ask(t, resttest.Request{
			Operation: "readLog", PathUUID: string(record.ID), Query: "?format=text&after=3",
		})
		if string(answer.Body) != "four\nfive\n" || answer.Header.Get("Waybill-Log-Next") != "5" ||
			answer.Header.Get("Waybill-Log-Complete") != "true" {
			t.Errorf("answer = %q %v", answer.Body, answer.Header)
		}
	})
	t.Run("behind its end is nothing", func(t *testing.T) {
		if got := w.ReadLog(t, record.ID, "?after=99"); len(got.Entries) != 0 || got.Next != 99 ||
			!got.Complete {
			t.Errorf("page = %+v", got)
		}
	})
	t.Run("in its record are the newest, for those who may see them", func(t *testing.T) {
		var got struct{ Logs *string }
		got = resttest.Want[struct{ Logs *string }](t, w, http.StatusOK, resttest.Request{
			Operation: "getDeployment", PathUUID: string(record.ID),
		})
		var entries []struct{ Output string }
		if err := json.Unmarshal([]byte(*got.Logs), &entries); err != nil || len(entries) != 5 ||
			entries[4].Output != "five" {
			t.Errorf("logs = %s, %v", *got.Logs, err)
		}
		got = resttest.Want[struct{ Logs *string }](t, w, http.StatusOK, resttest.Request{
			Operation: "getDeployment", PathUUID: string(record.ID), Token: w.Mint(t, access.Read),
		})
		if got.Logs != nil {
			t.Error("a reader without read:sensitive was shown the log")
		}
	})
	for _, query := range []string{
		"?after=-1.5", "?after=x", "?context=1", "?q=a&context=21", "?q=", "?q=(&regex=true", "?q=%ff",
		"?since=yesterday-or-tomorrow", "?type=stdout&stream=stdout", "?regex=true", "?found=1",
		"?limit=0", "?limit=1001", "?wait=21", "?type=out", "?format=xml", "?wait=1&wait=2", "?follow=x",
		"?follow=true&wait=1",
	} {
		t.Run(query+" is refused", func(t *testing.T) {
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "readLog", PathUUID: string(record.ID), Query: query,
			})
		})
	}
}

func TestLogFilters(t *testing.T) {
	w := resttest.New(t)
	record := w.Record(t, w.Running(t), func(r *logbook.Recorder) {
		now := time.Now()
		r.StepStarted(1, "Start", "sh start", now, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte("out 1\nout 2\n"), now)
		r.Data(logbook.Stderr, 0, []byte("err 1\n"), now)
		r.StepEnded(1, now, 12, 6, 20)
		r.Message("the end", logbook.Stdout)
	})
	w.Finish(t, record)
	for query, want := range map[string][]string{
		"?step=Start&type=stderr": {"err 1"},
		"?type=stderr":            {"err 1"},
		"?step=Stop":              {},
	} {
		t.Run(query+" reaches the end of the log", func(t *testing.T) {
			got := w.ReadLog(t, record.ID, query)
			if diff := cmp.Diff(got.Outputs(), want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if again := w.ReadLog(t, record.ID,
				fmt.Sprintf("%s&after=%d", query, got.Next)); len(again.Entries) != 0 || !again.Complete {
				t.Errorf("asked after %d: %+v, want the end", got.Next, again)
			}
		})
	}
}

func TestALongLineIsOneLineOfText(t *testing.T) {
	w := resttest.New(t)
	long := strings.Repeat("x", 2*logbook.MaxLineBytes+1)
	record := w.Record(t, w.Running(t), func(r *logbook.Recorder) {
		now := time.Now()
		r.StepStarted(1, "Start", "sh start", now, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte(long+"\nnext\n"), now)
		r.StepEnded(1, now, int64(len(long))+6, 0, 20)
	})
	w.Finish(t, record)
	answer := w.Ask(t, resttest.Request{
		Operation: "readLog", PathUUID: string(record.ID), Query: "?format=text",
	})
	if got, want := string(answer.Body), "$ sh start\n"+long+"\nnext\n"; got != want {
		t.Errorf("text of %d bytes, want %d; it ends %q", len(got), len(want), got[max(0, len(got)-20):])
	}
}

// TestAFilterThatLeavesMuchOutIsNotSlow has more chunks than one read opens
// before the only line that is asked for.
func TestAFilterThatLeavesMuchOutIsNotSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := resttest.New(t)
		record := w.Running(t)
		for range 100 {
			record = w.Write(t, record, "no")
		}
		record = w.Record(t, record, func(r *logbook.Recorder) { r.Message("yes", logbook.Stderr) })
		began := time.Now()
		got := w.ReadLog(t, record.ID, "?wait=20&type=stderr")
		if took := time.Since(began); fmt.Sprint(got.Outputs()) != "[yes]" || got.Next != 101 || took > 0 {
			t.Errorf("after %s: page = %+v", took, got)
		}
		// Without a wait, next leads there.
		pages, after := 0, int64(0)
		for ; after < 101; pages++ {
			after = w.ReadLog(t, record.ID, fmt.Sprintf("?type=stderr&after=%d", after)).Next
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

func newCountedWorld(t *testing.T) (*resttest.World, *counted) {
	c := &counted{}
	w := resttest.New(t, func(_ *catalogapi.Ports, show *showapi.Ports) {
		c.History = show.History
		show.History = c
	})
	return w, c
}

func TestWaitingForALog(t *testing.T) {
	t.Run("answers as soon as there is more", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.Running(t)
			go func() {
				time.Sleep(3 * time.Second)
				w.Write(t, record, "at last")
			}()
			began := time.Now()
			got := w.ReadLog(t, record.ID, "?wait=20")
			if took := time.Since(began); took < 3*time.Second || took > 4*time.Second {
				t.Errorf("it took %s, want 3 to 4 s", took)
			}
			if fmt.Sprint(got.Outputs()) != "[at last]" || got.Next != 1 || got.Complete {
				t.Errorf("page = %+v", got)
			}
		})
	})
	t.Run("ends when the wait is over, and has not looked all the time", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			record := w.Running(t)
			began := time.Now()
			got := w.ReadLog(t, record.ID, "?wait=20&after=7")
			if took := time.Since(began); took != 20*time.Second || len(got.Entries) != 0 || got.Next != 7 ||
				got.Complete {
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
			record := w.Running(t)
			go func() {
				time.Sleep(2 * time.Second)
				w.Finish(t, record)
			}()
			began := time.Now()
			if got := w.ReadLog(t, record.ID, "?wait=20"); !got.Complete ||
				time.Since(began) > 3*time.Second {
				t.Errorf("after %s: page = %+v", time.Since(began), got)
			}
		})
	})
	t.Run("does not wait for what a filter leaves out to be read again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.Write(t, w.Running(t), "one", "two")
			if got := w.ReadLog(t, record.ID, "?wait=2&type=stderr"); len(got.Entries) != 0 || got.Next != 2 {
				t.Errorf("page = %+v", got)
			}
		})
	})
	t.Run("notes that somebody follows also while there is always more", func(t *testing.T) {
		w, did := newCountedWorld(t)
		record := w.Write(t, w.Running(t), "one")
		w.ReadLog(t, record.ID, "?wait=20")
		w.ReadLog(t, record.ID, "?wait=20")
		w.ReadLog(t, record.ID, "")
		if follows := did.follows.Load(); follows != 1 {
			t.Errorf("it was noted %d times, want once", follows)
		}
	})
	t.Run("ends when the client is gone", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, _ := newCountedWorld(t)
			record := w.Running(t)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			began := time.Now()
			w.SendContext(t, ctx, "show", "GET", "/api/v1/deployments/"+string(record.ID)+"/logs?wait=20",
				resttest.Request{})
			if took := time.Since(began); took != time.Second {
				t.Errorf("it took %s", took)
			}
		})
	})
}

func TestAnExpiredLogIsGone(t *testing.T) {
	w := resttest.New(t)
	record := w.Write(t, w.Running(t), "one")
	w.Finish(t, record)
	if err := w.Memory.Archive().Remove(t.Context(), record.ID.Book()); err != nil {
		t.Fatal(err)
	}
	got := resttest.Want[resttest.Problem](t, w, http.StatusGone, resttest.Request{
		Operation: "readLog", PathUUID: string(record.ID),
	})
	if !strings.Contains(got.Message, "no longer kept") {
		t.Errorf("message = %q", got.Message)
	}
	shown := resttest.Want[struct{ Logs string }](t, w, http.StatusOK, resttest.Request{
		Operation: "getDeployment", PathUUID: string(record.ID),
	})
	if !strings.Contains(shown.Logs, "no longer kept") {
		t.Errorf("logs = %q", shown.Logs)
	}
}

// TestAPageFitsIntoAnAnswer reads a log of nothing but quotes, which double
// when an answer is quoted, to its end.
func TestAPageFitsIntoAnAnswer(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	for range 6 {
		record = w.Record(t, record, func(r *logbook.Recorder) {
			for range 20 {
				r.Message(strings.Repeat(`"`, 60<<10), logbook.Stdout)
			}
		})
	}
	w.Finish(t, record)
	entries, pages := 0, 0
	for after := int64(0); ; pages++ {
		// Holding megabytes against openapi.yaml would take seconds.
		answer := w.Send(t, "show", "GET",
			fmt.Sprintf("/api/v1/deployments/%s/logs?after=%d", record.ID, after), resttest.Request{})
		quoted, err := json.Marshal(string(answer.Body))
		if err != nil || len(quoted) > 6_000_000 {
			t.Fatalf("page %d has %d bytes once quoted, %v", pages, len(quoted), err)
		}
		page := resttest.Into[resttest.ShownLog](t, answer)
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

// opens counts the chunks that are read.
type opens struct {
	logbook.Archive
	n atomic.Int64
}

func (o *opens) Open(ctx context.Context, book logbook.Book,
	number int) (logbook.Header, io.ReadCloser, error) {
	o.n.Add(1)
	return o.Archive.Open(ctx, book, number)
}

// TestAStepIsReadFromItsFirstEntry: the record says where it is, so no chunk before it is
// opened.
func TestAStepIsReadFromItsFirstEntry(t *testing.T) {
	counted := &opens{}
	w := resttest.New(t, func(_ *catalogapi.Ports, show *showapi.Ports) {
		counted.Archive, show.Archive = show.Archive, counted
	})
	now := time.Now()
	record := w.Running(t)
	for range 20 {
		record = w.Write(t, record, "before any step")
	}
	record.Progress.Steps = []deployment.Step{{Name: "Pull", StartedAt: now, First: 21},
		{Name: "Start", StartedAt: now, First: 23}}
	record = w.Record(t, record, func(r *logbook.Recorder) {
		r.StepStarted(1, "Pull", "docker pull", now, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte("pulled\n"), now)
		r.StepStarted(2, "Start", "docker up", now, 7, 0, 20)
	})
	w.Finish(t, record)
	for step, want := range map[string]string{"Pull": "pulled", "Start": ""} {
		counted.n.Store(0)
		got := w.ReadLog(t, record.ID, "?step="+step)
		outputs := got.Outputs()
		if len(outputs) == 0 || outputs[len(outputs)-1] != want || counted.n.Load() != 1 || !got.Complete {
			t.Errorf("%s: %q out of %d chunks", step, outputs, counted.n.Load())
		}
	}
}
