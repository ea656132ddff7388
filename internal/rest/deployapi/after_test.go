package deployapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest/resttest"
)

// deployed is the answer of POST /deploy.
type deployed struct {
	Deployments []resttest.Queued
}

// settle looks at a waiting deployment, as dispatch does after the end of another.
func settle(t *testing.T, w *resttest.World, uuid string) {
	t.Helper()
	if _, err := w.Memory.Ledger().Settle(t.Context(), deployment.ID(uuid), time.Now()); err != nil {
		t.Fatal(err)
	}
}

// failNext claims the next deployment of the server and ends it as failed.
func failNext(t *testing.T, w *resttest.World, server string) {
	t.Helper()
	record := w.Begin(t, server)
	outcome := deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonExit}
	if err := w.Memory.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome,
		time.Now()); err != nil {
		t.Fatal(err)
	}
}

func TestAStartAfterADatabase(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	database, service := w.Database(t, server), w.Service(t, server)
	first := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startDatabase", PathUUID: database,
	}).DeploymentUUID
	start := resttest.Request{
		Operation: "startService", PathUUID: service,
		Body: resttest.Object{"after": []string{database}},
	}
	got := resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
	if got.Position != 0 || !slices.Equal(got.WaitingFor, []string{first}) {
		t.Errorf("answer = %+v, want it to wait for %s", got, first)
	}
	show := func() resttest.Object { return w.Show(t, got.DeploymentUUID) }
	record := show()
	want := []any{map[string]any{"resource_uuid": database, "deployment_uuid": first, "status": nil}}
	if diff := cmp.Diff(record["after"], any(want)); diff != "" || record["status"] != "queued" ||
		record["queued_at"] != nil || !cmp.Equal(record["waiting_for"], any([]any{first})) {
		t.Errorf("record = %v, after (-got +want):\n%s", record, diff)
	}
	load := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "listServerDeployments", PathUUID: server,
	})
	if waiting := load["waiting"].([]any); len(waiting) != 1 || len(load["queue"].([]any)) != 1 {
		t.Errorf("the server has %v queued and %v waiting", load["queue"], waiting)
	}
	all := resttest.Want[[]resttest.Object](t, w, http.StatusOK,
		resttest.Request{Operation: "listDeployments"})
	if len(all) != 2 {
		t.Errorf("the list has %d deployments, want 2", len(all))
	}
	if again := resttest.Want[resttest.Queued](t, w, http.StatusOK, start); !again.Repeated {
		t.Error("the same request is not a repeat")
	}
	w.Finish(t, w.Begin(t, server))
	settle(t, w, got.DeploymentUUID)
	want[0].(map[string]any)["status"] = "finished"
	if record := show(); record["queued_at"] == nil || !cmp.Equal(record["after"], any(want)) ||
		!cmp.Equal(record["waiting_for"], any([]any{})) {
		t.Errorf("after the end of the database: %v", record)
	}
}

func TestAFailedDatabaseIsNamed(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	database, service := w.Database(t, server), w.Service(t, server)
	first := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startDatabase", PathUUID: database,
	}).DeploymentUUID
	restart := resttest.Request{
		Operation: "restartService", PathUUID: service, Query: "?wait=0",
		Body: resttest.Object{"after": []string{database}},
	}
	got := resttest.Want[resttest.Queued](t, w, http.StatusOK, restart)
	if got.Status != "queued" || !slices.Equal(got.WaitingFor, []string{first}) {
		t.Errorf("answer = %+v", got)
	}
	failNext(t, w, server)
	settle(t, w, got.DeploymentUUID)
	record := w.Show(t, got.DeploymentUUID)
	text, _ := record["reason_text"].(string)
	if record["status"] != "failed" || record["reason"] != "dependency" || !strings.Contains(text, first) ||
		!strings.Contains(text, database) || !strings.Contains(text, "failed") {
		t.Errorf("it is %v, %v: %s", record["status"], record["reason"], text)
	}
	refused := resttest.Want[resttest.Problem](t, w, http.StatusConflict, restart)
	if !strings.Contains(refused.Message, database) {
		t.Errorf("message = %q, want one that names %s", refused.Message, database)
	}
}

func TestRefusedAfter(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service, other, hidden := w.Service(t, server), w.Service(t, server), w.Service(t, server)
	resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startService", PathUUID: other,
	})
	resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startService", PathUUID: service, Body: resttest.Object{"after": []string{other}},
	})
	const unknown = "svc000000000000000000000"
	limited := w.MintFor(t, access.Scope{Resources: []catalog.ID{catalog.ID(service), catalog.ID(other)}},
		access.Deploy)
	for name, r := range map[string]resttest.Request{
		"a cycle":             {Operation: "restartService", PathUUID: other, Body: after(service)},
		"itself":              {Operation: "restartService", PathUUID: other, Body: after(other)},
		"an unknown resource": {Operation: "startService", PathUUID: service, Body: after(unknown)},
		"a server":            {Operation: "startService", PathUUID: service, Body: after(server)},
		"eleven": {Operation: "startService", PathUUID: service,
			Body: after(make([]string, 11)...)},
		"a stop": {Operation: "stopService", PathUUID: service, Body: after(other)},
		"a resource outside of the scope": {Operation: "startService", PathUUID: service, Body: after(hidden),
			Token: limited},
		"no list": {Operation: "startService", PathUUID: service,
			Body: resttest.Object{"after": other}},
		"all of a request": {Operation: "deploy",
			Body: resttest.Object{"uuid": other + "," + service, "after": []string{service, other}}},
		"an unknown one of a request": {Operation: "deploy",
			Body: resttest.Object{"uuid": other + "," + service, "after": []string{other, unknown}}},
	} {
		problem := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, r)
		if len(problem.Errors["after"]) == 0 && len(problem.Errors["after.0"]) == 0 {
			t.Errorf("%s: errors = %v", name, problem.Errors)
		}
		cycle := other + " after " + service + " after " + other
		if name == "a cycle" && !strings.Contains(problem.Errors["after"][0], cycle) {
			t.Errorf("%s: errors = %v", name, problem.Errors)
		}
	}
	queued := w.Get(t, "getService", service)["queued_deployment_uuid"].(string)
	if got := w.Show(t, queued); got["status"] != "queued" {
		t.Errorf("the waiting one is %v", got["status"])
	}
}

func after(uuids ...string) resttest.Object { return resttest.Object{"after": uuids} }

func TestDeploySeveralInTheirOrder(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	database, one, two := w.Database(t, server), w.Service(t, server), w.Service(t, server)
	for name, r := range map[string]resttest.Request{
		"body": {Body: resttest.Object{"uuid": one + "," + database + "," + two,
			"after": []string{database}}},
		"query": {Query: "?uuid=" + one + "," + two + "," + database + "&after=" + database,
			Header: map[string]string{"Idempotency-Key": "several"}},
	} {
		r.Operation = "deploy"
		got := resttest.Want[deployed](t, w, http.StatusOK, r).Deployments
		if len(got) != 3 || got[0].ResourceUUID != database || got[0].Position != 1 ||
			!slices.Equal(got[1].WaitingFor, []string{got[0].DeploymentUUID}) ||
			!slices.Equal(got[2].WaitingFor, []string{got[0].DeploymentUUID}) {
			t.Fatalf("%s: %+v", name, got)
		}
		again := resttest.Want[deployed](t, w, http.StatusOK, r).Deployments
		for i := range again {
			if again[i].DeploymentUUID != got[i].DeploymentUUID || !again[i].Repeated {
				t.Errorf("%s: the repeat answers %+v", name, again[i])
			}
		}
		for i, each := range got {
			if i > 0 {
				settle(t, w, each.DeploymentUUID)
			}
			w.Finish(t, w.Begin(t, server))
		}
	}
}

func TestARefusedMemberRefusesWhatComesAfterIt(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	database, service := w.Database(t, server), w.Service(t, server)
	resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startDatabase", PathUUID: database,
	})
	w.Finish(t, w.Begin(t, server))
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "stopDatabase", PathUUID: database,
	})
	problem := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
		Operation: "deploy",
		Body:      resttest.Object{"uuid": service + "," + database, "after": []string{database}},
	})
	if !strings.Contains(problem.Message, "does not supersede") {
		t.Errorf("message = %q", problem.Message)
	}
	if count := w.Get(t, "getService", service)["deployments_count"]; count != 0.0 {
		t.Errorf("the service has %v deployments", count)
	}
}
