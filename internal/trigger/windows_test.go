package trigger_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/trigger"
	"waybill/internal/window"
)

// closeUntil freezes the team for a while from the clock of the world on.
func (w *world) closeUntil(t *testing.T, end time.Duration, outside window.Outside) {
	t.Helper()
	w.setTeam(t, window.Set{Outside: outside, Freeze: []window.Freeze{{
		From: w.now().Format(time.RFC3339), To: w.now().Add(end).Format(time.RFC3339), Reason: "release"}}})
}

func (w *world) setTeam(t *testing.T, set window.Set) {
	t.Helper()
	team, err := w.Catalog().Team(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next := catalog.Team{Windows: set, UpdatedAt: team.UpdatedAt.Add(time.Hour)}
	if err := w.Catalog().UpdateTeam(t.Context(), next, team.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

// ask delivers a request on the bus for the service, and returns its id.
func (w *world) ask(t *testing.T, id string, service catalog.ID, operation deployment.Operation) string {
	t.Helper()
	w.handle(t, w.requested(id, fields{"team": team, "resource_uuid": service, "operation": operation}))
	return "bus/" + id
}

func (w *world) tick(t *testing.T) {
	t.Helper()
	if err := w.intake.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// result returns the one result of the event.
func (w *world) result(t *testing.T, id string, service catalog.ID) trigger.Result {
	t.Helper()
	received, err := w.store.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return received.Results[service]
}

func TestP11AnEventOutsideOfTheWindowsWaitsForTheOpening(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	opening := w.now().Add(40 * time.Minute)
	w.closeUntil(t, 40*time.Minute, "")
	event := w.ask(t, "e1", service, deployment.Deploy)
	w.wantOutcome(t, event, service, trigger.Waiting)
	result := w.result(t, event, service)
	if !result.Until.Equal(opening) || !strings.Contains(result.Reason, "the team is frozen") ||
		!strings.Contains(result.Reason, "release") {
		t.Errorf("the result is %+v, want one until %s", result, opening)
	}
	for w.now().Before(opening.Add(-time.Minute)) {
		w.pass(time.Minute)
		w.tick(t)
	}
	if n := len(w.deployments(t, service)); n != 0 {
		t.Fatalf("%d deployments before the opening", n)
	}
	for _, wake := range w.queue.wakes {
		if wake.delay > trigger.MaxDelay {
			t.Errorf("a message is delayed by %s", wake.delay)
		}
	}
	newer := w.ask(t, "e2", service, deployment.Deploy)
	w.wantOutcome(t, event, service, trigger.Merged)
	w.wantOutcome(t, newer, service, trigger.Waiting)
	w.pass(time.Minute)
	w.tick(t)
	w.tick(t)
	w.wantOutcome(t, newer, service, trigger.Started)
	if n := len(w.deployments(t, service)); n != 1 {
		t.Errorf("%d deployments after the opening, want one", n)
	}
	if len(w.letters.all) > 0 {
		t.Errorf("dead letters: %+v", w.letters.all)
	}
}

func TestAnEventIsDroppedIfTheWindowsSaySo(t *testing.T) {
	for name, set := range map[string]window.Set{
		"in a freeze": {Outside: window.Drop,
			Freeze: []window.Freeze{{From: "2026-01-01 UTC", To: "2027-01-01 UTC"}}},
		"without an opening":     {Freeze: []window.Freeze{{From: "2026-01-01 UTC", To: "2036-01-01 UTC"}}},
		"outside of the windows": {Outside: window.Drop, Allow: []string{"Su UTC"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			service := w.service(t, 1)
			w.setTeam(t, set)
			event := w.ask(t, "e1", service, deployment.Restart)
			w.wantOutcome(t, event, service, trigger.Dropped)
			if reason := w.result(t, event, service).Reason; !strings.Contains(reason, "the team is") {
				t.Errorf("the reason is %q", reason)
			}
			w.setTeam(t, window.Set{})
			w.pass(time.Hour)
			w.tick(t)
			if n := len(w.deployments(t, service)); n != 0 || len(w.letters.all) > 0 {
				t.Errorf("%d deployments and %d dead letters", n, len(w.letters.all))
			}
			if event = w.ask(t, "e2", service, deployment.Restart); len(w.deployments(t, service)) != 1 {
				t.Errorf("the next event is %v", w.outcomes(t, event))
			}
		})
	}
}

func TestAStopByAnEventIsNeverBlocked(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	w.ask(t, "e1", service, deployment.Start)
	w.pass(time.Second)
	w.closeUntil(t, time.Hour, window.Drop)
	w.ask(t, "e2", service, deployment.Stop)
	records := w.deployments(t, service)
	if len(records) != 2 || records[1].Operation != deployment.Stop {
		t.Errorf("the deployments are %+v, want a start and a stop", records)
	}
}

// TestAnEventNoticesThatTheWindowsWereChanged: nothing wakes it.
func TestAnEventNoticesThatTheWindowsWereChanged(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	w.closeUntil(t, 100*time.Hour, "")
	event := w.ask(t, "e1", service, deployment.Deploy)
	w.setTeam(t, window.Set{})
	w.pass(15*time.Minute + time.Second)
	w.tick(t)
	w.wantOutcome(t, event, service, trigger.Started)
}

// TestTheDayOfTriesBeginsAtTheOpening: a full queue after a long freeze is no reason to give up.
func TestTheDayOfTriesBeginsAtTheOpening(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	w.closeUntil(t, 100*time.Hour, "")
	event := w.ask(t, "e1", service, deployment.Start)
	w.pass(100 * time.Hour)
	other := w.ask(t, "e2", service, deployment.Restart) // newer, and another operation
	w.wantOutcome(t, event, service, trigger.Merged)
	w.wantOutcome(t, other, service, trigger.Started)

	w = newWorld(t)
	service = w.service(t, 1)
	w.closeUntil(t, 100*time.Hour, "")
	event = w.ask(t, "e1", service, deployment.Start)
	w.setTeam(t, window.Set{})
	blocked := deployment.NewRequests(w.Catalog(), w.Ledger(), deployment.RequestsOptions{Now: w.now})
	if _, err := blocked.Request(t.Context(), deployment.Request{
		Resource: service, Operation: deployment.Restart}); err != nil {
		t.Fatal(err)
	}
	w.pass(100 * time.Hour)
	w.tick(t)
	w.wantOutcome(t, event, service, trigger.Waiting)
	if reason := w.result(t, event, service).Reason; !strings.Contains(reason, "is queued") {
		t.Errorf("the reason is %q, want the queued restart", reason)
	}
}

// TestAPushOutsideOfTheWindowsChangesNoTag: the tag changes with the deployment, at the opening.
func TestAPushOutsideOfTheWindowsChangesNoTag(t *testing.T) {
	w := newWorld(t)
	app := w.image(t, 1, webImages("v*"))
	tag := func() string {
		t.Helper()
		stored, err := catalog.Find[*catalog.Application](t.Context(), w.Catalog(), app)
		if err != nil {
			t.Fatal(err)
		}
		return stored.Image.Tag
	}
	was := tag()
	w.closeUntil(t, 10*time.Minute, "")
	w.handle(t, w.pushed("e1", "team/web", "v1.1.0", 1))
	if got := tag(); got != was || len(w.deployments(t, app)) != 0 {
		t.Errorf("the tag is %s and there are %d deployments in the freeze", got, len(w.deployments(t, app)))
	}
	w.pass(10 * time.Minute)
	w.tick(t)
	if records := w.deployments(t, app); tag() != "v1.1.0" || len(records) != 1 ||
		records[0].Options.DockerTag != "v1.1.0" {
		t.Errorf("the tag is %s, and the deployments are %+v", tag(), records)
	}
}
