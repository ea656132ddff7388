package listapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

// shownChanges is an answer of listChanges.
type shownChanges struct {
	Changes []struct{ ID, Status string }
	Next    string
}

func (c shownChanges) ids() []string {
	var ids []string
	for _, change := range c.Changes {
		ids = append(ids, change.ID)
	}
	return ids
}

func changes(t *testing.T, w *resttest.World, token, query string) shownChanges {
	t.Helper()
	return resttest.Want[shownChanges](t, w, http.StatusOK, resttest.Request{Operation: "listChanges",
		Token: token, Query: query})
}

// change appends a change of a deployment of the resource and returns its id.
func change(t *testing.T, w *resttest.World, resource string, status deployment.Status) string {
	t.Helper()
	change := deployment.Change{Record: deployment.Record{Status: status,
		ID: deployment.ID(resource + "1k1g29z5nk55a62r")}}
	if err := w.Memory.Feed().Append(t.Context(), change, time.Now()); err != nil {
		t.Fatal(err)
	}
	return change.ID()
}

// TestWaitForAChange runs in virtual time.
func TestWaitForAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := resttest.New(t)
		server, other := w.Server(t), w.Server(t)
		service, application := w.Service(t, server), w.Application(t, other)
		limited := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(other)}}, access.Read)
		start := changes(t, w, "", "")
		if len(start.Changes) != 0 {
			t.Errorf("without after there are changes: %v", start.Changes)
		}
		wait := func(token string, query string, want []string, after time.Duration) shownChanges {
			t.Helper()
			began := time.Now()
			got := changes(t, w, token, query)
			if diff := cmp.Diff(got.ids(), want); diff != "" {
				t.Errorf("%s (-got +want)\n%s", query, diff)
			}
			if took := time.Since(began).Round(time.Second); took != after {
				t.Errorf("%s took %s, want %s", query, took, after)
			}
			return got
		}
		next := wait("", "?wait=20&after="+start.Next, nil, 20*time.Second)
		var queued string
		go func() {
			time.Sleep(2500 * time.Millisecond)
			queued = change(t, w, service, deployment.Queued)
		}()
		time.Sleep(time.Millisecond)
		first := wait("", "?wait=20&after="+next.Next, []string{service + "1k1g29z5nk55a62r.queued"},
			3*time.Second)
		if queued != first.Changes[0].ID || first.Changes[0].Status != "queued" {
			t.Errorf("changes = %+v", first)
		}
		begun := change(t, w, service, deployment.InProgress)
		second := wait("", "?wait=20&after="+first.Next, []string{begun}, 0)
		wait("", "?after="+second.Next, nil, 0)
		wait("", "?after="+start.Next, []string{queued, begun}, 0)
		wait(limited, "?wait=1&after="+start.Next, nil, time.Second)
		mine := change(t, w, application, deployment.Failed)
		wait(limited, "?wait=1&after="+start.Next, []string{mine}, 0)

		time.Sleep(2 * time.Hour)
		problem := resttest.Want[resttest.Problem](t, w, http.StatusGone,
			resttest.Request{Operation: "listChanges", Query: "?after=" + second.Next})
		if !strings.Contains(problem.Message, "history") {
			t.Errorf("message = %q", problem.Message)
		}
	})
}

func TestBadPositionsAreRefused(t *testing.T) {
	w := resttest.New(t)
	for _, query := range []string{"?after=nonsense", "?wait=21", "?wait=-1", "?position=x"} {
		resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity,
			resttest.Request{Operation: "listChanges", Query: query})
	}
}
