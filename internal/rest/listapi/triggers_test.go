package listapi_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
	"waybill/internal/trigger"
)

// TestRecentTriggers lists events with results, to tokens with and without a scope.
func TestRecentTriggers(t *testing.T) {
	w := resttest.New(t)
	one, other := w.Application(t, w.Server(t)), w.Application(t, w.Server(t))
	store, at := w.Memory.Triggers(), time.Date(2026, 11, 30, 18, 0, 0, 0, time.UTC)
	receive := func(event trigger.Event, results map[catalog.ID]trigger.Result) {
		t.Helper()
		at = at.Add(time.Minute)
		event.Time = at.Add(-time.Second)
		if _, err := store.Receive(t.Context(), event, at); err != nil {
			t.Fatal(err)
		}
		if err := store.Record(t.Context(), event.ID, results, true); err != nil {
			t.Fatal(err)
		}
	}
	started := deployment.ID(one + "0000000000000000")
	receive(trigger.Event{ID: "image/1", Source: trigger.Image, Image: &trigger.Pushed{Account: "1",
		Repository: "team/web", Tag: "v1", Digest: "sha256:0a"}}, map[catalog.ID]trigger.Result{
		catalog.ID(one):   {Outcome: trigger.Started, Deployment: started, At: at},
		catalog.ID(other): {Outcome: trigger.Waiting, Reason: "It waits.", Until: at.Add(time.Hour), At: at}})
	receive(trigger.Event{ID: "bus/2", Source: trigger.Bus}, map[catalog.ID]trigger.Result{
		"": {Outcome: trigger.Dead, Reason: "detail.team is required.", At: at}})
	list := func(token string) []any {
		t.Helper()
		got := resttest.Want[resttest.Object](t, w, http.StatusOK,
			resttest.Request{Operation: "listTriggers", Token: token})
		return got["events"].([]any)
	}
	result := func(resource any, fields map[string]any) map[string]any {
		all := map[string]any{"resource_uuid": resource, "reason": nil, "deployment_uuid": nil,
			"merged_into": nil, "waits_until": nil, "at": "2026-11-30T18:00:00.000000Z"}
		for name, value := range fields {
			all[name] = value
		}
		return all
	}
	ofOne := result(one, map[string]any{"result": "started", "deployment_uuid": string(started)})
	ofOther := result(other, map[string]any{"result": "waiting", "reason": "It waits.",
		"waits_until": "2026-11-30T19:00:00.000000Z"})
	results := []any{ofOne, ofOther}
	if other < one {
		results = []any{ofOther, ofOne}
	}
	image := map[string]any{"id": "image/1", "source": "image", "name": "team/web:v1",
		"time": "2026-11-30T18:00:59.000000Z", "received_at": "2026-11-30T18:01:00.000000Z",
		"caused_by": []any{}, "object": nil, "push": nil, "image": map[string]any{"account": "1",
			"repository": "team/web", "tag": "v1", "digest": "sha256:0a"}, "results": results}
	all := list(w.Mint(t, access.Read))
	if len(all) != 2 || all[0].(map[string]any)["id"] != "bus/2" {
		t.Fatalf("the events are %v, want both, the newest first", all)
	}
	if diff := cmp.Diff(all[1], any(image)); diff != "" {
		t.Errorf("the event of an image (-got +want)\n%s", diff)
	}
	image["results"] = []any{ofOne}
	scoped := list(w.MintFor(t, access.Scope{Resources: []catalog.ID{catalog.ID(one)}}, access.Read))
	if diff := cmp.Diff(scoped, []any{image}); diff != "" {
		t.Errorf("for a token of one resource (-got +want)\n%s", diff)
	}
}
