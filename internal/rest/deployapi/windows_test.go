package deployapi_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

// refusal is a 409 of closed windows.
type refusal struct {
	resttest.Problem
	NextOpening *string `json:"next_opening"`
}

// weekend is closed in the bubbles of these tests, which begin on Saturday, 2000-01-01 00:00 UTC.
func weekend() resttest.Object {
	return resttest.Object{"windows": resttest.Object{"allow": "Mo-Fr 07:00-17:00 UTC"}}
}

const monday = "2000-01-03T07:00:00.000000Z"

// inBubble runs the test in a bubble with a server.
func inBubble(t *testing.T, test func(t *testing.T, w *resttest.World, server string)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := resttest.New(t)
		test(t, w, w.Server(t))
	})
}

// entry is an entry of the audit.
type entry struct {
	Action string
	Target struct{ Kind, ID string }
	Token  struct{ Name string }
}

// audited returns the entries, newest first.
func audited(t *testing.T, w *resttest.World) []entry {
	t.Helper()
	time.Sleep(time.Microsecond) // a page ends before the present moment
	return resttest.Want[struct{ Entries []entry }](t, w, http.StatusOK, resttest.Request{
		Operation: "listAudit"}).Entries
}

// run makes the request and ends its deployment, whose uuid it returns.
func run(t *testing.T, w *resttest.World, server string, r resttest.Request) string {
	t.Helper()
	resttest.Want[resttest.Object](t, w, http.StatusOK, r)
	record := w.Begin(t, server)
	w.Finish(t, record)
	return string(record.ID)
}

// merge returns the members of both.
func merge(a, b resttest.Object) resttest.Object {
	all := resttest.Object{}
	maps.Copy(all, a)
	maps.Copy(all, b)
	return all
}

// starts are the requests that start the resource of a kind, which has the earlier deployment.
func starts(kind, uuid, earlier string) []resttest.Request {
	return []resttest.Request{
		{Operation: "start" + kind, PathUUID: uuid, Body: resttest.Object{"force": true}},
		{Operation: "start" + kind, PathUUID: uuid, Query: "?force=true"},
		{Operation: "restart" + kind, PathUUID: uuid},
		{Operation: "deploy", Body: resttest.Object{"uuid": uuid, "force": true}},
		{Operation: "rollbackDeployment", PathUUID: earlier},
	}
}

func TestOutsideOfItsWindowsNothingStarts(t *testing.T) {
	for kind := range resttest.New(t).Makers() {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *resttest.World, server string) {
				uuid := w.Makers()[kind](t, server)
				earlier := w.Run(t, "start"+kind, uuid)
				w.Change(t, http.StatusOK, "update"+kind, uuid, weekend())
				count := len(audited(t, w))
				w.Memory.Changes()
				for _, r := range starts(kind, uuid, earlier) {
					answer := w.Ask(t, r)
					got := resttest.Into[refusal](t, answer)
					if answer.Status != http.StatusConflict || got.NextOpening == nil ||
						*got.NextOpening != monday ||
						!strings.Contains(got.Message, "2000-01-03T07:00:00Z") ||
						!strings.Contains(got.Message, "is outside of its windows (Mo-Fr 07:00-17:00 UTC)") {
						t.Errorf("%s: answer = %d %s", r.Operation, answer.Status, answer.Body)
					}
					if wait := answer.Header.Get("Retry-After"); wait != "198000" && wait != "197999" {
						t.Errorf("%s: Retry-After = %q, want two days and seven hours", r.Operation, wait)
					}
				}
				if changes := w.Memory.Changes(); len(changes) > 0 || len(audited(t, w)) != count {
					t.Errorf("%d deployments changed, and %d entries were made", len(changes),
						len(audited(t, w))-count)
				}
				stop := resttest.Request{Operation: "stop" + kind, PathUUID: uuid}
				stopping := resttest.Want[resttest.Queued](t, w, http.StatusOK, stop).DeploymentUUID
				resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
					Operation: "cancelDeployment", PathUUID: stopping})
				run(t, w, server, stop)
				run(t, w, server, resttest.Request{Operation: "scrub",
					Body: resttest.Object{"resource_uuid": uuid}})
				resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
					Operation: "delete" + kind, PathUUID: uuid})
			})
		})
	}
}

func TestAnOverrideStartsOutsideOfTheWindows(t *testing.T) {
	for kind := range resttest.New(t).Makers() {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *resttest.World, server string) {
				token := w.Mint(t, access.Deploy, access.Write)
				deployer := w.Mint(t, access.Deploy)
				uuid := w.Makers()[kind](t, server)
				earlier := w.Run(t, "start"+kind, uuid)
				w.Change(t, http.StatusOK, "update"+kind, uuid, weekend())
				for _, r := range starts(kind, uuid, earlier) {
					body, _ := r.Body.(resttest.Object)
					r.Body, r.Token = merge(body, resttest.Object{
						"override_window": resttest.Object{"reason": " the shop is down "}}), deployer
					got := resttest.Want[resttest.Problem](t, w, http.StatusForbidden, r)
					if got.Message != "Missing required permissions: write" {
						t.Errorf("%s: message = %q", r.Operation, got.Message)
					}
					r.Token = token
					before := len(audited(t, w))
					id := run(t, w, server, r)
					override, _ := w.Show(t, id)["window_override"].(map[string]any)
					if override["reason"] != "the shop is down" || override["by"] != "tester" {
						t.Errorf("%s: window_override = %v", r.Operation, override)
					}
					entries := audited(t, w)
					if len(entries) != before+1 || entries[0].Action != "override-window" ||
						entries[0].Target.ID != id || entries[0].Target.Kind != "deployment" ||
						entries[0].Token.Name != "tester" {
						t.Errorf("%s: %d new entries, the newest is %+v", r.Operation, len(entries)-before,
							entries[0])
					}
				}
			})
		})
	}
}

func TestAnOverrideOfOpenWindowsIsNone(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		before := len(audited(t, w))
		application := w.Application(t, server)
		before++ // its creation
		queued := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: application,
			Body: resttest.Object{"override_window": resttest.Object{"reason": "in case"}}})
		if got := w.Show(t, queued.DeploymentUUID)["window_override"]; got != nil {
			t.Errorf("window_override = %v, want null", got)
		}
		if n := len(audited(t, w)) - before; n != 0 {
			t.Errorf("%d entries were made", n)
		}
		for _, reason := range []any{"", "  ", "a\nb", strings.Repeat("a", 201), nil} {
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "deploy", Body: resttest.Object{"uuid": application,
					"override_window": resttest.Object{"reason": reason}}})
		}
		resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "stopApplication", PathUUID: application,
			Body: resttest.Object{"override_window": resttest.Object{"reason": "in case"}}})
	})
}

// TestARepeatAfterTheWindowClosed: clients send a POST again if its answer was lost.
func TestARepeatAfterTheWindowClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		application := w.Application(t, server)
		w.Change(t, http.StatusOK, "updateApplication", application,
			resttest.Object{"windows": resttest.Object{"allow": "Sa 00:00-01:00 UTC"}})
		time.Sleep(time.Hour - time.Second)
		start := resttest.Request{Operation: "startApplication", PathUUID: application}
		first := resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
		time.Sleep(2 * time.Second)
		repeat := func() {
			t.Helper()
			again := resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
			if again.DeploymentUUID != first.DeploymentUUID || !again.Repeated {
				t.Errorf("answer = %+v, want a repeat of %s", again, first.DeploymentUUID)
			}
		}
		repeat()
		resttest.Want[refusal](t, w, http.StatusConflict, resttest.Request{
			Operation: "restartApplication", PathUUID: application})
		record := w.Begin(t, server) // what was queued in the window runs after its end
		if string(record.ID) != first.DeploymentUUID {
			t.Errorf("%s runs, want %s", record.ID, first.DeploymentUUID)
		}
		repeat()
		w.Finish(t, record)
		resttest.Want[refusal](t, w, http.StatusConflict, start)
	})
}

func TestARepeatWithAKeyAfterTheWindowClosed(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		application := w.Application(t, server)
		w.Change(t, http.StatusOK, "updateApplication", application,
			resttest.Object{"windows": resttest.Object{"allow": "Sa 00:00-01:00 UTC"}})
		start := resttest.Request{Operation: "startApplication", PathUUID: application,
			Header: map[string]string{"Idempotency-Key": "k"}}
		first := resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
		w.Finish(t, w.Begin(t, server))
		time.Sleep(2 * time.Hour)
		again := resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
		if again.DeploymentUUID != first.DeploymentUUID {
			t.Errorf("answer = %+v, want a repeat of %s", again, first.DeploymentUUID)
		}
	})
}

func TestADeployOfSomeClosedResources(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		closed, open := w.Service(t, server), w.Service(t, server)
		w.Change(t, http.StatusOK, "updateService", closed, weekend())
		got := resttest.Want[struct {
			Deployments []struct {
				resttest.Queued
				NextOpening string `json:"next_opening"`
			}
		}](t, w, http.StatusOK, resttest.Request{
			Operation: "deploy", Body: resttest.Object{"uuid": closed + "," + open}}).Deployments
		if len(got) != 2 || got[0].DeploymentUUID != "" || got[0].NextOpening != monday ||
			!strings.Contains(got[0].Message, "outside of its windows") ||
			got[1].DeploymentUUID == "" || got[1].NextOpening != "" {
			t.Errorf("deployments = %+v", got)
		}
		if got := resttest.Want[refusal](t, w, http.StatusConflict, resttest.Request{
			Operation: "deploy", Body: resttest.Object{"uuid": closed}}); *got.NextOpening != monday {
			t.Errorf("answer = %+v", got)
		}
	})
}

// TestEachOwnerClosesAStart has windows on the resource, the server and the team in turn.
func TestEachOwnerClosesAStart(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		application := w.Application(t, server)
		start := resttest.Request{Operation: "startApplication", PathUUID: application}
		frozen := resttest.Object{"freeze": []resttest.Object{
			{"from": "2000-01-01 UTC", "to": "2009-12-31 UTC", "reason": "moving"}}}
		for _, c := range []struct {
			operation, uuid, says string
			status                int
			body                  resttest.Object
		}{
			{"updateApplication", application, "the application shop is frozen", http.StatusOK,
				resttest.Object{"windows": frozen}},
			{"updateServer", server, "the server web is frozen", http.StatusCreated,
				resttest.Object{"windows": frozen}},
			{"updateTeamWindows", "", "the team is frozen", http.StatusOK, frozen},
		} {
			w.Change(t, c.status, c.operation, c.uuid, c.body)
			answer := w.Ask(t, start)
			got := resttest.Into[refusal](t, answer)
			if answer.Status != http.StatusConflict || !strings.Contains(got.Message, c.says) ||
				!strings.Contains(got.Message, "until 2010-01-01T00:00:00Z (moving)") ||
				!strings.Contains(got.Message, "never within a year") || got.NextOpening != nil ||
				answer.Header.Get("Retry-After") != "" {
				t.Errorf("answer = %d %s", answer.Status, answer.Body)
			}
			reset := resttest.Object{"windows": nil}
			if c.uuid == "" {
				reset = resttest.Object{"freeze": nil}
			}
			w.Change(t, c.status, c.operation, c.uuid, reset)
		}
		resttest.Want[resttest.Queued](t, w, http.StatusOK, start)
	})
}

func TestANewResourceIsNotStartedOutsideOfTheWindows(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World, server string) {
		made := resttest.Want[struct {
			DeploymentUUID *string `json:"deployment_uuid"`
			Warnings       []string
		}](t, w, http.StatusCreated, resttest.Request{Operation: "createService",
			Body: merge(weekend(), resttest.Object{"server_uuid": server, "instant_deploy": true,
				"docker_compose": resttest.ExampleCompose})})
		if made.DeploymentUUID != nil || len(made.Warnings) != 1 ||
			!strings.Contains(made.Warnings[0], "it was not started. No deployment may start now") {
			t.Errorf("answer = %+v", made)
		}
	})
}
