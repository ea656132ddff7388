package e2e_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// historyPage is a page of a history.
type historyPage struct {
	Deployments []struct {
		DeploymentUUID string `json:"deployment_uuid"`
		Status         string
	}
	Next string
}

// walk reads all pages of a history and returns the uuids in their order.
func (w *world) walk(t *testing.T, path string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var uuids []string
	for cursor := ""; ; {
		var page historyPage
		if err := w.api.Get(ctx, path+cursor, &page); err != nil {
			t.Fatal(err)
		}
		for _, deployment := range page.Deployments {
			uuids = append(uuids, deployment.DeploymentUUID)
		}
		if page.Next == "" {
			return uuids
		}
		cursor = "&cursor=" + page.Next
	}
}

// TestHistoryOfTheTeam reads the histories over the indexes, whose rights only this needs.
func TestHistoryOfTheTeam(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	var position struct{ Next string }
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := w.api.Get(ctx, "/deployments/changes", &position); err != nil {
		t.Fatal(err)
	}
	var uuids []string
	for _, script := range []string{"echo one", "exit 3", "echo three"} {
		record, _ := w.deploy(t, w.shell(t, server, script))
		uuids = append([]string{record.DeploymentUUID}, uuids...)
	}
	for path, want := range map[string][]string{
		"/deployments/history?take=2&server=" + server:         uuids,
		"/deployments/history?status=failed&server=" + server:  uuids[1:2],
		"/deployments/history?kind=service&server=" + server:   nil,
		"/deployments/servers/" + server + "?take=1":           uuids,
		"/deployments/servers/" + server + "?operation=deploy": nil,
	} {
		if diff := cmp.Diff(w.walk(t, path), want); diff != "" {
			t.Errorf("%s (-got +want)\n%s", path, diff)
		}
	}
	var statistics struct{ Outcomes map[string]int }
	if err := w.api.Get(ctx, "/deployments/servers/"+server+"/statistics?days=2", &statistics); err != nil ||
		statistics.Outcomes["finished"] != 2 || statistics.Outcomes["failed"] != 1 {
		t.Errorf("statistics of the server: %+v, %v", statistics, err)
	}
	w.wantChanges(t, position.Next, uuids[2]+".queued", uuids[2]+".in_progress", uuids[2]+".finished",
		uuids[1]+".failed", uuids[0]+".finished")
	of := make(map[string]bool)
	for _, uuid := range w.walk(t, "/deployments/history?take=100&kind=application&status=finished") {
		of[uuid] = true
	}
	if !of[uuids[0]] || of[uuids[1]] || !of[uuids[2]] {
		t.Errorf("the history by time has %d deployments, and not the ones of this test", len(of))
	}
}

// wantChanges follows the feed from the position until it has had all these changes.
func (w *world) wantChanges(t *testing.T, position string, ids ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	missing := map[string]bool{}
	for _, id := range ids {
		missing[id] = true
	}
	for len(missing) > 0 {
		var answer struct {
			Changes []struct{ ID string }
			Next    string
		}
		if err := w.api.Get(ctx, "/deployments/changes?wait=20&after="+position, &answer); err != nil {
			t.Fatalf("%v; the feed lacks %v", err, missing)
		}
		for _, change := range answer.Changes {
			delete(missing, change.ID)
		}
		position = answer.Next
	}
}
