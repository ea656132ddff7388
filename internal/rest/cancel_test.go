package rest_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

type cancelled struct {
	Message        string
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string
}

func cancelling(uuid string) request { return request{id: "cancelDeployment", uuid: uuid} }

func (w *world) show(t *testing.T, uuid string) object {
	t.Helper()
	return want[object](t, w, http.StatusOK, request{id: "getDeployment", uuid: uuid})
}

func TestCancelOfOneThatWaits(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application := w.application(t, server)
	uuid := w.start(t, application)
	got := want[cancelled](t, w, http.StatusOK, cancelling(uuid))
	if diff := cmp.Diff(got, cancelled{"Deployment cancelled successfully.", uuid, "cancelled-by-user"}); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	record := w.show(t, uuid)
	if record["status"] != "cancelled-by-user" || record["reason"] != "cancelled" || record["finished_at"] == nil ||
		record["cancel_requested_by"] != "tester" || record["log"].(map[string]any)["complete"] != true {
		t.Errorf("record = %v", record)
	}
	load := want[struct{ Queue, Running []object }](t, w, http.StatusOK, request{id: "listServerDeployments", uuid: server})
	if len(load.Queue)+len(load.Running) != 0 {
		t.Errorf("the server has %v", load)
	}
	if next := want[queued](t, w, http.StatusOK, request{id: "stopApplication", uuid: application}); next.Position != 1 {
		t.Errorf("the next request is at %d, want 1", next.Position)
	}
}

func TestCancelOfOneThatRuns(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	uuid := w.start(t, w.application(t, server))
	running := w.begin(t, server)
	for range 2 {
		got := want[cancelled](t, w, http.StatusOK, cancelling(uuid))
		if diff := cmp.Diff(got, cancelled{"Deployment cancellation requested.", uuid, "in_progress"}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
	signals, err := w.memory.Ledger().Signals(t.Context(), running.ID, running.Lease)
	if err != nil || !signals.CancelRequested {
		t.Errorf("its runner is told %+v, %v", signals, err)
	}
	if record := w.show(t, uuid); record["status"] != "in_progress" || record["cancel_requested_at"] == nil {
		t.Errorf("record = %v", record)
	}
}

func TestCancelOfOneThatHasEnded(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	ended := w.start(t, w.application(t, server))
	w.finish(t, w.begin(t, server))
	waiting := w.start(t, w.application(t, server))
	want[cancelled](t, w, http.StatusOK, cancelling(waiting))
	for uuid, status := range map[string]string{ended: "finished", waiting: "cancelled-by-user"} {
		before := w.show(t, uuid)
		got := want[problem](t, w, http.StatusBadRequest, cancelling(uuid))
		if wanted := "Deployment cannot be cancelled. Current status: " + status; got.Message != wanted {
			t.Errorf("message = %q, want %q", got.Message, wanted)
		}
		if diff := cmp.Diff(before, w.show(t, uuid)); diff != "" {
			t.Errorf("it changed the record (-before +after)\n%s", diff)
		}
	}
}

// TestCancelIsForTheAbilityDeploy holds that who may not cancel changes nothing
// and learns nothing.
func TestCancelIsForTheAbilityDeploy(t *testing.T) {
	w := newWorld(t)
	uuid := w.start(t, w.application(t, w.server(t)))
	for token, status := range map[string]int{
		"-":                             http.StatusUnauthorized,
		w.mint(t, access.Read):          http.StatusForbidden,
		w.mint(t, access.Write):         http.StatusForbidden,
		w.mint(t, access.ReadSensitive): http.StatusForbidden,
	} {
		for _, asked := range []string{uuid, "nonsense"} {
			r := cancelling(asked)
			r.token = token
			if answer := w.ask(t, r); answer.status != status {
				t.Errorf("answer = %d %s, want %d", answer.status, answer.body, status)
			}
		}
	}
	if record := w.show(t, uuid); record["status"] != "queued" {
		t.Errorf("it is %v", record["status"])
	}
	r := cancelling(uuid)
	r.token = w.mint(t, access.Deploy)
	r.body = `{"reason":"clients may send what they like"}`
	r.query = "?docker_cleanup=true"
	want[cancelled](t, w, http.StatusOK, r)
}

// TestEveryReasonIsDescribed shows a record with each: ask holds the answer
// against openapi.yaml.
func TestEveryReasonIsDescribed(t *testing.T) {
	for _, reason := range deployment.Reasons() {
		record := fullRecord("app")
		record.Outcome.Reason = reason
		w := newWorld(t, func(_ *rest.CatalogPorts, show *rest.ShowPorts) { show.History = oneRecord{record} })
		if got := w.show(t, string(record.ID)); got["reason"] != string(reason) {
			t.Errorf("reason = %v, want %s", got["reason"], reason)
		}
	}
}
