package deployapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

type cancelled struct {
	Message        string
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string
}

func cancelling(uuid string) resttest.Request {
	return resttest.Request{Operation: "cancelDeployment", PathUUID: uuid}
}

func TestCancelOfAQueuedDeployment(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	uuid := w.Start(t, application)
	got := resttest.Want[cancelled](t, w, http.StatusOK, cancelling(uuid))
	if diff := cmp.Diff(got, cancelled{
		"Deployment cancelled successfully.", uuid, "cancelled-by-user",
	}); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	record := w.Show(t, uuid)
	if record["status"] != "cancelled-by-user" || record["reason"] != "cancelled" ||
		record["finished_at"] == nil ||
		record["cancel_requested_by"] != "tester" || record["log"].(map[string]any)["complete"] != true {
		t.Errorf("record = %v", record)
	}
	load := resttest.Want[struct{ Queue, Running []resttest.Object }](t, w, http.StatusOK, resttest.Request{
		Operation: "listServerDeployments", PathUUID: server,
	})
	if len(load.Queue)+len(load.Running) != 0 {
		t.Errorf("the server has %v", load)
	}
	if next := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "stopApplication", PathUUID: application,
	}); next.Position != 1 {
		t.Errorf("the next request is at %d, want 1", next.Position)
	}
}

func TestCancelOfARunningDeployment(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Start(t, w.Application(t, server))
	running := w.Begin(t, server)
	for range 2 {
		got := resttest.Want[cancelled](t, w, http.StatusOK, cancelling(uuid))
		if diff := cmp.Diff(got, cancelled{
			"Deployment cancellation requested.", uuid, "in_progress",
		}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
	signals, err := w.Memory.Ledger().Signals(t.Context(), running.ID, running.Lease)
	if err != nil || !signals.CancelRequested {
		t.Errorf("its runner is told %+v, %v", signals, err)
	}
	if record := w.Show(t, uuid); record["status"] != "in_progress" || record["cancel_requested_at"] == nil {
		t.Errorf("record = %v", record)
	}
}

func TestCancelOfAnEndedDeployment(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	ended := w.Start(t, w.Application(t, server))
	w.Finish(t, w.Begin(t, server))
	waiting := w.Start(t, w.Application(t, server))
	resttest.Want[cancelled](t, w, http.StatusOK, cancelling(waiting))
	for uuid, status := range map[string]string{ended: "finished", waiting: "cancelled-by-user"} {
		before := w.Show(t, uuid)
		got := resttest.Want[resttest.Problem](t, w, http.StatusBadRequest, cancelling(uuid))
		if wanted := "Deployment cannot be cancelled. Current status: " + status; got.Message != wanted {
			t.Errorf("message = %q, want %q", got.Message, wanted)
		}
		if diff := cmp.Diff(w.Show(t, uuid), before); diff != "" {
			t.Errorf("it changed the record (-after +before)\n%s", diff)
		}
	}
}

// A token without the ability changes nothing and learns nothing.
func TestCancelNeedsTheAbilityDeploy(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Start(t, w.Application(t, w.Server(t)))
	for token, status := range map[string]int{
		"-":                             http.StatusUnauthorized,
		w.Mint(t, access.Read):          http.StatusForbidden,
		w.Mint(t, access.Write):         http.StatusForbidden,
		w.Mint(t, access.ReadSensitive): http.StatusForbidden,
	} {
		for _, asked := range []string{uuid, "nonsense"} {
			r := cancelling(asked)
			r.Token = token
			if answer := w.Ask(t, r); answer.Status != status {
				t.Errorf("answer = %d %s, want %d", answer.Status, answer.Body, status)
			}
		}
	}
	if record := w.Show(t, uuid); record["status"] != "queued" {
		t.Errorf("it is %v", record["status"])
	}
	r := cancelling(uuid)
	r.Token = w.Mint(t, access.Deploy)
	r.Body = `{"reason":"clients may send what they like"}`
	resttest.Want[cancelled](t, w, http.StatusOK, r)
}

// TestEveryReasonIsDescribed shows a record with each: ask holds the answer
// against openapi.yaml.
func TestEveryReasonIsDescribed(t *testing.T) {
	for _, reason := range deployment.Reasons() {
		record := resttest.FullRecord("app")
		record.Outcome.Reason = reason
		w := resttest.New(t, resttest.WithRecord(record))
		if got := w.Show(t, string(record.ID)); got["reason"] != string(reason) {
			t.Errorf("reason = %v, want %s", got["reason"], reason)
		}
	}
}
