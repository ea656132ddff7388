package e2e_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waybill/localstack/client"
)

// freeze freezes what the path names from a minute ago to the end.
func (w *world) freeze(t *testing.T, path string, end time.Time, outside string) {
	t.Helper()
	w.setWindows(t, path, map[string]any{"outside": outside, "freeze": []map[string]any{{
		"from": time.Now().Add(-time.Minute).UTC().Format(time.RFC3339),
		"to":   end.UTC().Format(time.RFC3339), "reason": "e2e",
	}}})
}

func (w *world) setWindows(t *testing.T, path string, windows any) {
	t.Helper()
	if err := w.api.Do(t.Context(), "PATCH", path, map[string]any{"windows": windows}, nil); err != nil {
		t.Fatal(err)
	}
}

// wantClosed checks that the request is refused with the next opening.
func wantClosed(t *testing.T, err error, next time.Time) {
	t.Helper()
	refused, is := errors.AsType[*client.Error](err)
	if !is || refused.Status != http.StatusConflict || !strings.Contains(refused.Message, "is frozen until") {
		t.Fatalf("the answer is %v, want 409 by a freeze", err)
	}
	var body struct {
		NextOpening time.Time `json:"next_opening"`
	}
	if err := json.Unmarshal([]byte(refused.Body), &body); err != nil || !body.NextOpening.Equal(next) {
		t.Errorf("the next opening is %s, %v, want %s", body.NextOpening, err, next)
	}
}

// TestDeploymentWindows freezes an application and then its server.
func TestDeploymentWindows(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	app := w.shell(t, server, "echo started")
	w.await(t, w.start(t, app))
	next := time.Now().Add(time.Hour).Truncate(time.Second)
	for owner, path := range map[string]string{
		"the application": "/applications/" + app, "the server": "/servers/" + server,
	} {
		w.freeze(t, path, next, "wait")
		restart := func(api *client.Client, body any) (uuid string, err error) {
			var queued struct {
				UUID string `json:"deployment_uuid"`
			}
			err = api.Post(t.Context(), "/applications/"+app+"/restart", body, &queued)
			return queued.UUID, err
		}
		_, err := restart(w.api, map[string]any{"force": true})
		wantClosed(t, err, next)
		if !strings.Contains(err.Error(), owner) {
			t.Errorf("the message is %q, want one that names %s", err, owner)
		}
		var shown struct {
			WindowOpen  bool      `json:"window_open"`
			NextOpening time.Time `json:"next_opening"`
		}
		w.get(t, "/applications/"+app, &shown)
		if shown.WindowOpen || !shown.NextOpening.Equal(next) {
			t.Errorf("the application shows %+v, want an opening at %s", shown, next)
		}
		override := map[string]any{"override_window": map[string]any{"reason": "the shop is down"}}
		_, err = restart(client.New(w.url, w.mint(t, "deployer", "deploy")), override)
		wantAnswer(t, err, http.StatusForbidden, "Missing required permissions: write")
		made, api := w.mintWith(t, map[string]any{"name": "overrider",
			"abilities": []string{"deploy", "write"}})
		uuid, err := restart(api, override)
		if err != nil {
			t.Fatal(err)
		}
		if record := w.await(t, uuid); record.Status != "finished" {
			t.Errorf("the restart is %s", record.Status)
		}
		var record struct {
			WindowOverride struct{ Reason, By string } `json:"window_override"`
		}
		w.get(t, "/deployments/"+uuid, &record)
		if record.WindowOverride.Reason != "the shop is down" || record.WindowOverride.By != "overrider" {
			t.Errorf("the record has %+v, want the override", record.WindowOverride)
		}
		if all := w.audited(t, made.ID); len(all) != 1 || all[0] != "override-window "+uuid {
			t.Errorf("the audit has %q, want the override of %s", all, uuid)
		}
		stopped, _ := w.operate(t, app, "stop")
		if stopped.Status != "finished" {
			t.Errorf("the stop is %s", stopped.Status)
		}
		w.setWindows(t, path, nil)
		w.await(t, w.start(t, app))
	}
}

// TestP11AnEventWaitsForTheWindowOrIsDropped: the first event is dropped, the second one waits
// for the end of a freeze and then starts one deployment.
func TestP11AnEventWaitsForTheWindowOrIsDropped(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo started")
	path := "/applications/" + app
	id := fmt.Sprint("windows-", time.Now().UnixNano())
	send := func(name string) {
		t.Helper()
		w.deliver(t, rawEvent(id+name, "Deployment Requested", "any.source", map[string]any{
			"team": "e2e", "resource_uuid": app, "operation": "deploy"}))
		// The dead letter of a later event shows that this one has been handled.
		w.deliver(t, rawEvent(id+name+"-after", "Deployment Requested", "any.source",
			map[string]any{"team": "e2e"}))
		w.buried(t, id+name+"-after")
	}
	count := func() int {
		var page struct{ Deployments []client.Deployment }
		w.get(t, "/deployments/applications/"+app+"?take=100&trigger=bus", &page)
		return len(page.Deployments)
	}
	w.freeze(t, path, time.Now().Add(time.Hour), "drop")
	send("-dropped")
	opening := time.Now().Add(15 * time.Second).Truncate(time.Second)
	w.freeze(t, path, opening, "wait")
	send("-waits")
	if n := count(); n != 0 && time.Now().Before(opening) {
		t.Errorf("%d deployments before the opening", n)
	}
	started := w.triggered(t, "bus", app)
	if time.Now().Before(opening) {
		t.Errorf("it started before %s", opening)
	}
	if record := w.await(t, started[0].DeploymentUUID); record.Status != "finished" {
		t.Errorf("the deployment is %s", record.Status)
	}
	if n := count(); n != 1 {
		t.Errorf("%d deployments, want the one of the event that waited", n)
	}
}
