package trigger_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
	"waybill/internal/trigger"
	"waybill/internal/window"
)

// end claims the next deployment of the server and ends it.
func (w *world) end(t *testing.T, status deployment.Status) {
	t.Helper()
	record, err := w.Ledger().Claim(t.Context(), serverID, w.now())
	if err == nil {
		record, err = w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), time.Minute)
	}
	if err == nil {
		err = w.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress,
			deployment.Outcome{Status: status}, w.now())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// begun starts the service by the API, and returns the deployment.
func (w *world) begun(t *testing.T, service catalog.ID) deployment.ID {
	t.Helper()
	receipt, err := w.ports().Requests.Request(t.Context(), deployment.Request{Resource: service,
		Operation: deployment.Start, Trigger: deployment.Trigger{Kind: deployment.TriggerAPI}})
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Record.ID
}

func TestP11AnEventMayComeAfterOtherDeployments(t *testing.T) {
	for name, c := range map[string]struct {
		end  deployment.Status
		want deployment.Status
	}{
		"that finish": {deployment.Finished, deployment.Queued},
		"that fail":   {deployment.Failed, deployment.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			database, service := w.service(t, 1), w.service(t, 2)
			first := w.begun(t, database)
			for range 3 {
				w.handle(t, w.requested("e1", fields{"team": team, "resource_uuid": service,
					"operation": "deploy", "options": fields{"after": []catalog.ID{database}}}))
			}
			records := w.deployments(t, service)
			if len(records) != 1 || !records[0].Waiting() || !slices.Equal(records[0].WaitsFor(),
				[]deployment.ID{first}) {
				t.Fatalf("the deployments are %+v", records)
			}
			w.wantOutcome(t, "bus/e1", service, trigger.Waiting)
			received, err := w.store.Get(t.Context(), "bus/e1")
			if err != nil {
				t.Fatal(err)
			}
			waits := received.Results[service]
			if waits.Deployment != records[0].ID || !strings.Contains(waits.Reason, string(first)) {
				t.Errorf("the result is %+v", waits)
			}
			w.end(t, c.end)
			if _, err := w.Ledger().Settle(t.Context(), records[0].ID, w.now()); err != nil {
				t.Fatal(err)
			}
			w.pass(time.Minute)
			if err := w.intake.Tick(t.Context()); err != nil {
				t.Fatal(err)
			}
			w.wantOutcome(t, "bus/e1", service, trigger.Started)
			if records = w.deployments(t, service); len(records) != 1 || records[0].Status != c.want {
				t.Errorf("the deployments are %+v", records)
			}
		})
	}
}

func TestClosedWindowsDoNotHoldADeploymentThatWaitsAlready(t *testing.T) {
	w := newWorld(t)
	database, service := w.service(t, 1), w.service(t, 2)
	w.begun(t, database)
	w.handle(t, w.requested("e1", fields{"team": team, "resource_uuid": service, "operation": "start",
		"options": fields{"after": []catalog.ID{database}}}))
	w.closeUntil(t, time.Hour, window.Drop)
	w.end(t, deployment.Finished)
	if _, err := w.Ledger().Settle(t.Context(), w.deployments(t, service)[0].ID, w.now()); err != nil {
		t.Fatal(err)
	}
	w.pass(time.Minute)
	if err := w.intake.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantOutcome(t, "bus/e1", service, trigger.Started)
}

func TestANewerEventTakesThePlaceOfOneThatWaits(t *testing.T) {
	w := newWorld(t)
	database, service := w.service(t, 1), w.service(t, 2)
	w.begun(t, database)
	for _, name := range []string{"e1", "e2"} {
		w.handle(t, w.requested(name, fields{"team": team, "resource_uuid": service, "operation": "deploy",
			"options": fields{"after": []catalog.ID{database}, "force": name == "e2"}}))
		w.pass(time.Second)
	}
	w.wantOutcome(t, "bus/e1", service, trigger.Merged)
	w.wantOutcome(t, "bus/e2", service, trigger.Waiting)
	records := w.deployments(t, service)
	if len(records) != 2 || records[1].Status != deployment.Queued ||
		records[0].Outcome.Successor != records[1].ID {
		t.Errorf("the deployments are %+v", records)
	}
}

func TestAnEventAfterWhatDoesNotRunIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	database, service := w.service(t, 1), w.service(t, 2)
	for name, c := range map[string]struct {
		operation string
		after     catalog.ID
		says      string
	}{
		"idle":    {"deploy", database, string(database) + ") is not running"},
		"unknown": {"deploy", "svc999999999999999999999", "svc999999999999999999999"},
		"stop":    {"stop", database, "is for a start"},
	} {
		w.letters.all = nil
		w.handle(t, w.requested(name, fields{"team": team, "resource_uuid": service, "operation": c.operation,
			"options": fields{"after": []catalog.ID{c.after}}}))
		if len(w.letters.all) != 1 || !strings.Contains(w.letters.all[0].Reason, c.says) {
			t.Errorf("%s: the letters are %+v", name, w.letters.all)
		}
	}
	if records := w.deployments(t, service); len(records) > 0 {
		t.Errorf("the deployments are %+v", records)
	}
}

func TestADeclarationMayComeAfterOthers(t *testing.T) {
	w := newWorld(t)
	database := w.service(t, 1)
	app := w.image(t, 2, catalog.TriggerRule{Kind: catalog.TriggerImage, Repository: "team/web", Tag: "v*",
		Options: catalog.TriggerOptions{After: []catalog.ID{database}}})
	first := w.begun(t, database)
	w.handle(t, w.pushed("e1", "team/web", "v1.1.0", 1))
	records := w.deployments(t, app)
	if len(records) != 1 || !slices.Equal(records[0].WaitsFor(), []deployment.ID{first}) {
		t.Errorf("the deployments are %+v", records)
	}
}

func TestAScheduleMayComeAfterOthers(t *testing.T) {
	w := newWorld(t)
	database, service := w.service(t, 1), w.service(t, 2)
	id := w.scheduled(t, service, func(s *schedule.Schedule) { s.After = []catalog.ID{database} })
	w.pass(time.Hour)
	first := w.begun(t, database)
	w.handle(t, isDue(id, service, "2026-11-30T19:00:00Z"))
	records := w.deployments(t, service)
	if len(records) != 1 || !slices.Equal(records[0].WaitsFor(), []deployment.ID{first}) {
		t.Errorf("the deployments are %+v", records)
	}
}
