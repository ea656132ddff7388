package rest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type shownRecord struct {
	ID             int64
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string
	Position       int
}

type shownHistory struct {
	Count       int
	Deployments []shownRecord
	Next        *string
}

func (h shownHistory) uuids() []string {
	var uuids []string
	for _, d := range h.Deployments {
		uuids = append(uuids, d.DeploymentUUID)
	}
	return uuids
}

func (w *world) historyOf(t *testing.T, application, query string) shownHistory {
	t.Helper()
	return want[shownHistory](t, w, http.StatusOK, request{id: "listApplicationDeployments", uuid: application, query: query})
}

// past starts and finishes n deployments and returns their uuids, newest first.
func (w *world) past(t *testing.T, server, application string, n int) []string {
	t.Helper()
	var uuids []string
	for i := range n {
		// Each has a key of its own, or they would all be one.
		r := request{id: "startApplication", uuid: application, header: map[string]string{"Idempotency-Key": fmt.Sprint("past", i)}}
		uuids = append([]string{want[queued](t, w, http.StatusOK, r).DeploymentUUID}, uuids...)
		w.finish(t, w.begin(t, server))
	}
	return uuids
}

func TestHistory(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application := w.application(t, server)
	uuids := w.past(t, server, application, 13)

	for query, want := range map[string][]string{
		"":                 uuids[:10],
		"?take=100":        uuids,
		"?skip=1&take=2":   uuids[1:3],
		"?skip=12&take=10": uuids[12:],
		"?skip=13":         nil,
	} {
		t.Run("newest first with "+query, func(t *testing.T) {
			got := w.historyOf(t, application, query)
			if diff := cmp.Diff(got.uuids(), want); diff != "" || got.Count != 13 {
				t.Errorf("count %d (-got +want)\n%s", got.Count, diff)
			}
		})
	}
	t.Run("page by page is each once", func(t *testing.T) {
		for _, query := range []string{"?take=4", "?take=4&status=finished", "?take=13&status=finished", "?take=1"} {
			var got []string
			for next := ""; ; {
				page := w.historyOf(t, application, query+next)
				if got = append(got, page.uuids()...); page.Next == nil {
					break
				}
				next = "&cursor=" + *page.Next
			}
			if diff := cmp.Diff(got, uuids); diff != "" {
				t.Errorf("%s (-got +want)\n%s", query, diff)
			}
		}
	})
	t.Run("by status", func(t *testing.T) {
		waiting := w.start(t, application)
		for query, want := range map[string][]string{
			"?status=queued":                  {waiting},
			"?status=failed":                  nil,
			"?status=finished&take=2":         uuids[:2],
			"?status=finished&skip=11&take=5": uuids[11:],
		} {
			got := w.historyOf(t, application, query)
			if diff := cmp.Diff(got.uuids(), want); diff != "" || got.Count != 14 {
				t.Errorf("%s: count %d (-got +want)\n%s", query, got.Count, diff)
			}
		}
	})
	for _, query := range []string{"?take=0", "?take=101", "?skip=-1", "?take=x", "?skip=1e3", "?status=done", "?cursor=nonsense", "?take=1&take=2",
		"?cursor=" + uuids[0][:24] + "zzzzzzzzzzzzzzz"} {
		t.Run(query+" is refused", func(t *testing.T) {
			want[problem](t, w, http.StatusUnprocessableEntity, request{id: "listApplicationDeployments", uuid: application, query: query})
		})
	}
}

// TestAFilterDoesNotLookForever has more history than one request looks
// through, with one match at its far end.
func TestAFilterDoesNotLookForever(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application := w.application(t, server)
	w.past(t, server, application, 1001)
	got := w.historyOf(t, application, "?status=failed")
	if len(got.Deployments) != 0 || got.Next == nil {
		t.Fatalf("page = %+v, want an empty one that goes on", got)
	}
	if got = w.historyOf(t, application, "?status=failed&cursor="+*got.Next); got.Next != nil {
		t.Errorf("next = %v, want the end", *got.Next)
	}
}

func TestWhatWaitsAndRuns(t *testing.T) {
	w := newWorld(t)
	first, second := w.server(t), w.server(t)
	running := w.start(t, w.application(t, first))
	w.begin(t, first)
	var waiting []string
	for range 2 {
		waiting = append(waiting, w.start(t, w.application(t, first)))
	}
	other := w.start(t, w.application(t, second))

	t.Run("on one server, with places", func(t *testing.T) {
		got := want[struct{ Running, Queue []shownRecord }](t, w, http.StatusOK, request{id: "listServerDeployments", uuid: first})
		if len(got.Running) != 1 || got.Running[0].DeploymentUUID != running || got.Running[0].Status != "in_progress" || got.Running[0].Position != 0 {
			t.Errorf("running = %+v", got.Running)
		}
		if len(got.Queue) != 2 || got.Queue[0].DeploymentUUID != waiting[0] || got.Queue[0].Position != 1 || got.Queue[1].Position != 2 {
			t.Errorf("queue = %+v", got.Queue)
		}
	})
	t.Run("on all of them, as a bare array, oldest first", func(t *testing.T) {
		var got []string
		for _, d := range want[[]shownRecord](t, w, http.StatusOK, request{id: "listDeployments"}) {
			got = append(got, d.DeploymentUUID)
		}
		if diff := cmp.Diff(got, []string{running, waiting[0], waiting[1], other}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
}

// TestRecordsHaveTheTypesOfExistingClients decodes a record as strictly as the
// client that is out there does: a wrong type costs it three retries and then
// the answer.
func TestRecordsHaveTheTypesOfExistingClients(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application := w.application(t, server)
	w.start(t, application)
	record := w.write(t, w.begin(t, server), "a line")
	w.finish(t, record)
	uuid := string(record.ID)
	type client struct {
		ID             int64   `json:"id"`
		DeploymentUUID string  `json:"deployment_uuid"`
		Status         string  `json:"status"`
		ApplicationID  *string `json:"application_id"`
		Name           *string `json:"application_name"`
		ServerName     *string `json:"server_name"`
		Commit         *string `json:"commit"`
		Message        *string `json:"commit_message"`
		URL            *string `json:"deployment_url"`
		FinishedAt     *string `json:"finished_at"`
		CreatedAt      *string `json:"created_at"`
		Logs           *string `json:"logs"`
		PullRequestID  int     `json:"pull_request_id"`
		ForceRebuild   bool    `json:"force_rebuild"`
		ProcessID      *string `json:"current_process_id"`
	}
	got := want[client](t, w, http.StatusOK, request{id: "getDeployment", uuid: uuid})
	if got.ID == 0 || *got.ApplicationID != application || *got.Name != "shop" || *got.ServerName != "web" || *got.Commit != "HEAD" || got.FinishedAt == nil {
		t.Errorf("record = %+v", got)
	}
	if *got.URL != "/api/v1/deployments/"+uuid {
		t.Errorf("url = %s", *got.URL)
	}
	var entries []object
	if err := json.Unmarshal([]byte(*got.Logs), &entries); err != nil || len(entries) != 1 {
		t.Errorf("logs = %q, want a text that is a JSON array", *got.Logs)
	}
	if listed := w.ask(t, request{id: "listApplicationDeployments", uuid: application}); into[shownHistory](t, listed).Deployments[0].DeploymentUUID != uuid {
		t.Errorf("history = %s", listed.body)
	}
}
