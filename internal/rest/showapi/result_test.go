package showapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

func resultOf(record deployment.Record, query string) resttest.Request {
	return resttest.Request{Operation: "getResult", PathUUID: string(record.ID), Query: query}
}

func TestResult(t *testing.T) {
	code := 3
	for _, c := range []struct {
		name    string
		outcome deployment.Outcome
		status  int
		says    string
	}{
		{
			name:    "of one that finished is 200",
			outcome: deployment.Outcome{Status: deployment.Finished},
			status:  http.StatusOK,
			says:    ": finished, after ",
		},
		{
			name: "of one that failed is 424",
			outcome: deployment.Outcome{
				Status: deployment.Failed, Reason: deployment.ReasonExit, ExitCode: &code,
			},
			status: http.StatusFailedDependency,
			says:   ": failed, exit, exit code 3, after ",
		},
		{
			name:    "of one that was cancelled is 424",
			outcome: deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled},
			status:  http.StatusFailedDependency,
			says:    ": cancelled-by-user, cancelled, after ",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := resttest.New(t)
			record := w.Write(t, w.Running(t), "one", "two")
			if err := w.Memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress,
				c.outcome, time.Now()); err != nil {
				t.Fatal(err)
			}
			answer := w.Ask(t, resultOf(record, "?wait=20"))
			body := string(answer.Body)
			if answer.Status != c.status || !strings.HasPrefix(body, "one\ntwo\n[waybill] Deployment ") ||
				!strings.Contains(body, c.says) {
				t.Errorf("answer = %d %q, want %d and %q", answer.Status, body, c.status, c.says)
			}
		})
	}
	t.Run("of one that was superseded names its successor", func(t *testing.T) {
		w := resttest.New(t)
		application := w.Application(t, w.Server(t))
		first := w.Start(t, application)
		next := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "stopApplication", PathUUID: application,
		}).DeploymentUUID
		answer := w.Ask(t, resttest.Request{Operation: "getResult", PathUUID: first})
		if want := fmt.Sprintf("[waybill] Deployment %s: cancelled-by-user, superseded by %s.\n", first,
			next); answer.Status != http.StatusFailedDependency || string(answer.Body) != want {
			t.Errorf("answer = %d %q, want %q", answer.Status, answer.Body, want)
		}
	})
	t.Run("of one that has not ended leads back to itself when the wait is over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			w, did := newCountedWorld(t)
			record := w.Running(t)
			began := time.Now()
			answer := w.Ask(t, resultOf(record, "?wait=20"))
			if took := time.Since(began); answer.Status != http.StatusSeeOther || took != 20*time.Second ||
				answer.Header.Get("Location") != "?wait=20" {
				t.Errorf("answer = %d to %q after %s", answer.Status, answer.Header.Get("Location"), took)
			}
			if gets, follows := did.gets.Load(), did.follows.Load(); gets > 13 || follows != 2 {
				t.Errorf("%d reads and %d notes that it is followed, want one in 10 s", gets, follows)
			}
		})
	})
	t.Run("of a long log has its end, and says what is left out", func(t *testing.T) {
		w := resttest.New(t)
		record := w.Running(t)
		line := strings.Repeat("x", 50_000)
		for range 10 {
			record = w.Write(t, record, line, line, line, line, line, line, line, line, line, line)
		}
		w.Finish(t, w.Write(t, record, "the last line"))
		body := string(w.Ask(t, resultOf(record, "")).Body)
		first, _, _ := strings.Cut(body, "\n")
		if len(body) > 4<<20 || !strings.HasPrefix(first, "The first ") ||
			!strings.Contains(body, "\nthe last line\n[waybill] ") {
			t.Errorf("%d bytes that begin with %q", len(body), first)
		}
	})
}
