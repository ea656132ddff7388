package showapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

var nextCall = regexp.MustCompile(`(?m)^\[waybill\] The log continues\. Next: GET (/api/v1/\S+)\n\z`)

// TestTextIsTheWholeLog has more entries than a page of JSON, and its error last.
func TestTextIsTheWholeLog(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	for i := range 3 {
		record = w.Record(t, record, func(r *logbook.Recorder) {
			for n := range 800 {
				r.Message(fmt.Sprintf("line %d", 800*i+n), logbook.Stdout)
			}
		})
	}
	record = w.Write(t, record, "the error")
	running := w.Text(t, record.ID, "")
	if !strings.Contains(running, "\nthe error\n[waybill] The deployment has not ended") ||
		!strings.Contains(running, "after=2401") {
		t.Errorf("while it runs the text ends %q", running[len(running)-200:])
	}
	w.Finish(t, record)
	if got := w.Text(t, record.ID, ""); strings.Count(got, "\n") != 2401 ||
		!strings.HasSuffix(got, "\nthe error\n") {
		t.Errorf("%d lines, the last %q", strings.Count(got, "\n"), got[len(got)-60:])
	}
	if got := w.Text(t, record.ID, "&limit=2&after=5"); !strings.HasPrefix(got,
		"line 5\nline 6\n[waybill] The log continues. Next: GET ") {
		t.Errorf("with a limit: %q", got)
	}
}

// TestATextThatDoesNotFitNamesTheNextCall reads a log of 9 MiB by the calls that
// the texts name.
func TestATextThatDoesNotFitNamesTheNextCall(t *testing.T) {
	w := resttest.New(t)
	record := w.Running(t)
	for range 3 {
		record = w.Record(t, record, func(r *logbook.Recorder) {
			for range 3 << 10 {
				r.Message(strings.Repeat("x", 1023), logbook.Stdout)
			}
		})
	}
	w.Finish(t, record)
	path, lines, calls := "/api/v1/deployments/"+string(record.ID)+"/logs?format=text&type=stdout", 0, 0
	for ; path != "" && calls < 10; calls++ {
		answer := w.Send(t, "show", "GET", path, resttest.Request{})
		text := string(answer.Body)
		if len(text) > 4<<20+300 {
			t.Fatalf("call %d answers %d bytes", calls, len(text))
		}
		path = ""
		if next := nextCall.FindStringSubmatch(text); next != nil {
			path, text = next[1], strings.TrimSuffix(text, next[0])
		}
		lines += strings.Count(text, "\n")
	}
	if lines != 9<<10 || calls != 3 {
		t.Errorf("%d lines in %d calls, want %d in 3", lines, calls, 9<<10)
	}
}

func TestTextOptions(t *testing.T) {
	w := resttest.New(t)
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	record := w.Record(t, w.Running(t), func(r *logbook.Recorder) {
		r.StepStarted(1, "Pull", "docker compose pull", at, 0, 0, 10)
		r.Data(logbook.Stdout, 0, []byte("done\n"), at)
		r.StepEnded(1, at, 5, 0, 20)
		r.StepStarted(2, "Start", "docker compose up", at, 5, 0, 30)
		r.Data(logbook.Stdout, 5, []byte("up\n"), at)
		r.StepEnded(2, at, 8, 0, 40)
	})
	w.Finish(t, record)
	for query, want := range map[string]string{
		"":               "$ docker compose pull\ndone\n$ docker compose up\nup\n",
		"&headings=true": "== Pull ==\n$ docker compose pull\ndone\n== Start ==\n$ docker compose up\nup\n",
		"&timestamps=1&step=Start": "2026-01-02T03:04:05.000000Z $ docker compose up\n" +
			"2026-01-02T03:04:05.000000Z up\n",
	} {
		if diff := cmp.Diff(w.Text(t, record.ID, query), want); diff != "" {
			t.Errorf("%q (-got +want)\n%s", query, diff)
		}
	}
	resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
		Operation: "readLog", PathUUID: string(record.ID), Query: "?timestamps=true",
	})
}

// TestTextDoesNotCommandATerminal has what a program may print.
func TestTextDoesNotCommandATerminal(t *testing.T) {
	w := resttest.New(t)
	record := w.Write(t, w.Running(t),
		"\x1b[32mgreen\x1b[0m "+
			"\x1b[2J\x1b]0;title\x07\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\ "+
			"\x1b[1;1Hmoved \x1b[31mred")
	want := "\x1b[32mgreen\x1b[0m link moved \x1b[31mred\n\x1b[0m"
	if got := w.Text(t, record.ID, ""); !strings.HasPrefix(got, want+"[waybill] ") {
		t.Errorf("text = %q, want %q and a notice", got, want)
	}
	w.Finish(t, record)
	if got := w.Text(t, record.ID, ""); got != want {
		t.Errorf("text = %q, want %q", got, want)
	}
}

func TestALogInsideOfARecord(t *testing.T) {
	t.Run("is absent while it is empty", func(t *testing.T) {
		w := resttest.New(t)
		if shown, _ := w.WithLog(t, w.Running(t).ID); shown.Logs != nil {
			t.Errorf("logs = %q", *shown.Logs)
		}
	})
	t.Run("says that it begins in the middle", func(t *testing.T) {
		w := resttest.New(t)
		record := w.Record(t, w.Running(t), func(r *logbook.Recorder) {
			for range 3 << 10 {
				r.Message(strings.Repeat("x", 500), logbook.Stdout)
			}
		})
		_, entries := w.WithLog(t, record.ID)
		first, second := entries[0], entries[1]
		if first.Order < 1 || first.Order+1 != second.Order || first.Batch != 1 ||
			!strings.Contains(first.Output, "The first ") ||
			!strings.Contains(first.Output, "/api/v1/deployments/"+string(record.ID)+"/logs") {
			t.Errorf("it begins %+v, then with order %d", first, second.Order)
		}
	})
}

// away is an archive that does not answer.
type away struct{ logbook.Archive }

func (away) Open(context.Context, logbook.Book, int) (logbook.Header, io.ReadCloser, error) {
	return logbook.Header{}, nil, fault.Wrap(errors.New("connection refused"), fault.Unavailable,
		"The store of logs does not answer.")
}

func TestARecordIsShownWhileItsLogIsUnavailable(t *testing.T) {
	w := resttest.New(t, func(_ *catalogapi.Ports, show *showapi.Ports) { show.Archive = away{show.Archive} })
	record := w.Write(t, w.Running(t), "one")
	shown, entries := w.WithLog(t, record.ID)
	if shown.Status != "in_progress" || len(entries) != 1 ||
		!strings.Contains(entries[0].Output, "unavailable") {
		t.Errorf("shown = %+v, %+v", shown, entries)
	}
	answer := w.Ask(t, resttest.Request{Operation: "readLog", PathUUID: string(record.ID)})
	if answer.Status != http.StatusServiceUnavailable || answer.Header.Get("Retry-After") == "" {
		t.Errorf("the log answers %d %v", answer.Status, answer.Header)
	}
}
