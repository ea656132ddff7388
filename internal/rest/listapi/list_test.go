package listapi_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

func TestHistory(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	uuids := w.Past(t, server, application, 13)

	for query, want := range map[string][]string{
		"":                 uuids[:10],
		"?take=100":        uuids,
		"?skip=1&take=2":   uuids[1:3],
		"?skip=12&take=10": uuids[12:],
		"?skip=13":         nil,
	} {
		t.Run("newest first with "+query, func(t *testing.T) {
			got := w.HistoryOf(t, application, query)
			if diff := cmp.Diff(got.UUIDs(), want); diff != "" || got.Count != 13 {
				t.Errorf("count %d (-got +want)\n%s", got.Count, diff)
			}
		})
	}
	t.Run("page by page is each once", func(t *testing.T) {
		for _, query := range []string{
			"?take=4", "?take=4&status=finished", "?take=13&status=finished", "?take=1",
		} {
			var got []string
			for next := ""; ; {
				page := w.HistoryOf(t, application, query+next)
				if got = append(got, page.UUIDs()...); page.Next == nil {
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
		waiting := w.Start(t, application)
		for query, want := range map[string][]string{
			"?status=queued":                  {waiting},
			"?status=failed":                  nil,
			"?status=finished&take=2":         uuids[:2],
			"?status=finished&skip=11&take=5": uuids[11:],
		} {
			got := w.HistoryOf(t, application, query)
			if diff := cmp.Diff(got.UUIDs(), want); diff != "" || got.Count != 0 {
				t.Errorf("%s: count %d, want null (-got +want)\n%s", query, got.Count, diff)
			}
		}
	})
	for _, query := range []string{
		"?take=0", "?take=101", "?skip=-1", "?skip=10001", "?take=x", "?since=2026-02-31T00:00:00Z",
		"?until=yesterday", "?kind=server", "?operation=run", "?server=web", "?trigger=",
		"?skip=1e3", "?status=done", "?cursor=nonsense",
		"?take=1&take=2",
		"?cursor=" + uuids[0][:24] + "zzzzzzzzzzzzzzz"} {
		t.Run(query+" is refused", func(t *testing.T) {
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "listApplicationDeployments", PathUUID: application, Query: query,
			})
		})
	}
}

// TestAFilterReadsALimitedNumberOfRecords has more history than one request looks
// through, with no match.
func TestAFilterReadsALimitedNumberOfRecords(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	w.Past(t, server, application, 101)
	got := w.HistoryOf(t, application, "?status=failed")
	if len(got.Deployments) != 0 || got.Next == nil {
		t.Fatalf("page = %+v, want an empty one that goes on", got)
	}
	if got = w.HistoryOf(t, application, "?status=failed&cursor="+*got.Next); got.Next != nil {
		t.Errorf("next = %v, want the end", *got.Next)
	}
}

// teamHistory reads a page of the history of the team.
func teamHistory(t *testing.T, w *resttest.World, r resttest.Request) resttest.ShownHistory {
	t.Helper()
	r.Operation = "listHistory"
	return resttest.Want[resttest.ShownHistory](t, w, http.StatusOK, r)
}

func TestHistoryOfTheTeam(t *testing.T) {
	w := resttest.New(t)
	server, other := w.Server(t), w.Server(t)
	service, database := w.Service(t, server), w.Database(t, other)
	uuids := []string{w.Run(t, "startService", service), w.Run(t, "startDatabase", database)}
	slices.Reverse(uuids)
	w.Past(t, server, w.Application(t, server), 1)
	application := teamHistory(t, w, resttest.Request{Query: "?take=1"}).UUIDs()
	uuids = append(application, uuids...)
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateDatabase", PathUUID: database, Body: resttest.Object{"tags": []string{"Green"}}})

	for query, want := range map[string][]string{
		"":                               uuids,
		"?kind=service":                  uuids[2:],
		"?kind=database&operation=start": uuids[1:2],
		"?server=" + other:               uuids[1:2],
		"?status=failed":                 nil,
		"?trigger=api":                   uuids,
		"?trigger=tester":                uuids,
		"?trigger=nightly":               nil,
		"?until=2026-01-01T00:00:00Z":    nil,
		"?since=2026-01-01T00:00:00.5Z":  uuids,
		"?since=9999-12-31T23:59:59Z":    nil,
		"?until=0000-01-01T00:00:00Z":    nil,
		"?since=0000-01-01T00:00:00Z":    uuids,
		"?until=9999-12-31T23:59:59Z":    uuids,
		"?take=100&status=finished":      uuids,
	} {
		t.Run(query, func(t *testing.T) {
			got := teamHistory(t, w, resttest.Request{Query: query})
			if diff := cmp.Diff(got.UUIDs(), want); diff != "" || got.Next != nil {
				t.Errorf("next %v (-got +want)\n%s", got.Next, diff)
			}
		})
	}
	t.Run("page by page is each once", func(t *testing.T) {
		var got []string
		for next := ""; ; {
			page := teamHistory(t, w, resttest.Request{Query: "?take=1" + next})
			if got = append(got, page.UUIDs()...); page.Next == nil {
				break
			}
			next = "&cursor=" + *page.Next
		}
		if diff := cmp.Diff(got, uuids); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("of a server", func(t *testing.T) {
		got := resttest.Want[resttest.ShownHistory](t, w, http.StatusOK, resttest.Request{
			Operation: "listServerDeployments", PathUUID: server, Query: "?take=1&operation=start"})
		if diff := cmp.Diff(got.UUIDs(), uuids[:1]); diff != "" || got.Next == nil {
			t.Errorf("next %v (-got +want)\n%s", got.Next, diff)
		}
	})
	t.Run("a database has its type", func(t *testing.T) {
		got := resttest.Want[struct{ Deployments []resttest.Object }](t, w, http.StatusOK,
			resttest.Request{Operation: "listHistory", Query: "?kind=database"})
		if got.Deployments[0]["database_type"] != "standalone-postgresql" {
			t.Errorf("record = %v", got.Deployments[0])
		}
	})
	t.Run("a token sees only what its scope covers", func(t *testing.T) {
		limited := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(other)}}, access.Read)
		got := teamHistory(t, w, resttest.Request{Token: limited})
		if diff := cmp.Diff(got.UUIDs(), uuids[1:2]); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("deployments of a deleted resource stay", func(t *testing.T) {
		if err := w.Memory.Catalog().Delete(t.Context(), catalog.ID(database), audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(teamHistory(t, w, resttest.Request{}).UUIDs(), uuids); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
}

func TestQueuedAndRunningDeploymentsOfAServer(t *testing.T) {
	w := resttest.New(t)
	first, second := w.Server(t), w.Server(t)
	running := w.Start(t, w.Application(t, first))
	w.Begin(t, first)
	var waiting []string
	for range 2 {
		waiting = append(waiting, w.Start(t, w.Application(t, first)))
	}
	other := w.Start(t, w.Application(t, second))

	t.Run("on one server, with places", func(t *testing.T) {
		got := resttest.Want[struct{ Running, Queue []resttest.ShownRecord }](t, w, http.StatusOK,
			resttest.Request{Operation: "listServerDeployments", PathUUID: first})
		if len(got.Running) != 1 || got.Running[0].DeploymentUUID != running ||
			got.Running[0].Status != "in_progress" || got.Running[0].Position != 0 {
			t.Errorf("running = %+v", got.Running)
		}
		if len(got.Queue) != 2 || got.Queue[0].DeploymentUUID != waiting[0] || got.Queue[0].Position != 1 ||
			got.Queue[1].Position != 2 {
			t.Errorf("queue = %+v", got.Queue)
		}
	})
	t.Run("on all of them, as a bare array, oldest first", func(t *testing.T) {
		var got []string
		for _, d := range resttest.Want[[]resttest.ShownRecord](t, w, http.StatusOK, resttest.Request{
			Operation: "listDeployments",
		}) {
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
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	w.Start(t, application)
	record := w.Write(t, w.Begin(t, server), "a line")
	w.Finish(t, record)
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
	got := resttest.Want[client](t, w, http.StatusOK, resttest.Request{
		Operation: "getDeployment", PathUUID: uuid,
	})
	if got.ID == 0 || *got.ApplicationID != application || *got.Name != "shop" || *got.ServerName != "web" ||
		*got.Commit != "HEAD" || got.FinishedAt == nil {
		t.Errorf("record = %+v", got)
	}
	if *got.URL != "/api/v1/deployments/"+uuid {
		t.Errorf("url = %s", *got.URL)
	}
	var entries []resttest.Object
	if err := json.Unmarshal([]byte(*got.Logs), &entries); err != nil || len(entries) != 1 {
		t.Errorf("logs = %q, want a text that is a JSON array", *got.Logs)
	}
	if listed := w.Ask(t, resttest.Request{
		Operation: "listApplicationDeployments", PathUUID: application,
	}); resttest.Into[resttest.ShownHistory](t, listed).Deployments[0].DeploymentUUID != uuid {
		t.Errorf("history = %s", listed.Body)
	}
}
