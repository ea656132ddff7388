package trigger_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
	"waybill/internal/trigger"
)

// scheduled adds a daily schedule, at 19:00 in UTC, to the resource.
func (w *world) scheduled(t *testing.T, resource catalog.ID, edit func(*schedule.Schedule)) schedule.ID {
	t.Helper()
	id, err := schedule.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	w.define(t, resource, func(set *schedule.Set) {
		one := schedule.Schedule{ID: id, Expression: "0 19 * * *", Timezone: "UTC",
			Operation: deployment.Restart, Enabled: true}
		edit(&one)
		set.Schedules = append(set.Schedules, one)
	})
	return id
}

func (w *world) define(t *testing.T, resource catalog.ID, edit func(*schedule.Set)) {
	t.Helper()
	set, err := w.Schedules().Of(t.Context(), resource)
	if err != nil {
		t.Fatal(err)
	}
	edit(&set)
	if err := w.Schedules().Replace(t.Context(), set, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

func asItIs(*schedule.Schedule) {}

// isDue is the message of a schedule.
func isDue(id schedule.ID, resource catalog.ID, due string) string {
	return fmt.Sprintf(`{"source":"waybill.schedule","schedule_uuid":%q,"resource_uuid":%q,"due":%q}`,
		id, resource, due)
}

const sevenPM = "2026-11-30T19:00:00Z"

func TestP11ADueScheduleStartsOneDeployment(t *testing.T) {
	for name, due := range map[string]string{
		"with the due time": sevenPM, "with seconds": "2026-11-30T19:00:07Z",
		"without it": schedule.DueAttribute,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			service := w.service(t, 1)
			id := w.scheduled(t, service, func(s *schedule.Schedule) {
				s.Expression, s.Options.Force = "* * * * *", true
			})
			w.pass(time.Hour + 9*time.Second)
			sent := w.now()
			for range 3 {
				if err := w.intake.HandleSent(t.Context(), isDue(id, service, due), sent); err != nil {
					t.Fatal(err)
				}
				w.pass(time.Minute)
			}
			records := w.deployments(t, service)
			want := deployment.Trigger{Kind: deployment.TriggerSchedule, Name: string(id)}
			if len(records) != 1 || records[0].Operation != deployment.Restart || !records[0].Options.Force ||
				records[0].Trigger.Kind != want.Kind || records[0].Trigger.Name != want.Name {
				t.Fatalf("deployments = %+v, want one by %+v", records, want)
			}
			w.wantOutcome(t, "schedule/"+string(id)+"/"+sevenPM, service, trigger.Started)
			if events, err := w.store.Recent(t.Context(), 10); err != nil || len(events) != 1 {
				t.Errorf("one message is %d events, %v", len(events), err)
			}
		})
	}
}

func TestAScheduleDoesWhatItsDefinitionSaysWhenItIsDue(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	id := w.scheduled(t, service, asItIs)
	w.define(t, service, func(set *schedule.Set) {
		set.Schedules[0].Operation = deployment.Deploy
		set.Schedules[0].Options.PullLatestImages = true
	})
	w.pass(time.Hour)
	w.handle(t, isDue(id, service, sevenPM))
	records := w.deployments(t, service)
	if len(records) != 1 || records[0].Operation != deployment.Deploy ||
		!records[0].Options.PullLatestImages {
		t.Errorf("deployments = %+v", records)
	}
}

func TestAScheduleThatIsGoneStartsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(t *testing.T, w *world, service catalog.ID)
		due    string
		reason string
	}{
		"disabled": {func(t *testing.T, w *world, service catalog.ID) {
			w.define(t, service, func(set *schedule.Set) { set.Schedules[0].Enabled = false })
		}, sevenPM, "disabled"},
		"deleted": {func(t *testing.T, w *world, service catalog.ID) {
			w.define(t, service, func(set *schedule.Set) { set.Schedules = nil })
		}, sevenPM, "no such schedule"},
		"with its resource": {func(t *testing.T, w *world, service catalog.ID) {
			if err := w.Catalog().Delete(t.Context(), service, audit.Entry{}); err != nil {
				t.Fatal(err)
			}
		}, sevenPM, "no such schedule"},
		"not due any more": {func(t *testing.T, w *world, service catalog.ID) {
			w.define(t, service, func(set *schedule.Set) {
				set.Schedules[0].Expression = "at(2030-01-01T00:00:00)"
			})
		}, schedule.DueAttribute, "not due"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			service := w.service(t, 1)
			id := w.scheduled(t, service, asItIs)
			w.pass(time.Hour)
			c.edit(t, w, service)
			for range 2 {
				w.handle(t, isDue(id, service, c.due))
			}
			if records := w.deployments(t, service); len(records) != 0 {
				t.Errorf("deployments = %+v", records)
			}
			received, err := w.store.Get(t.Context(), "schedule/"+string(id)+"/"+sevenPM)
			if err != nil {
				t.Fatal(err)
			}
			if got := received.Results[service]; got.Outcome != trigger.Dropped ||
				!strings.Contains(got.Reason, c.reason) {
				t.Errorf("the result is %+v", got)
			}
			if len(w.letters.all) != 0 {
				t.Errorf("there are dead letters: %+v", w.letters.all)
			}
		})
	}
}

func TestAMalformedMessageOfAScheduleIsADeadLetter(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	w.handle(t, isDue("sch", service, sevenPM))
	w.wantLetter(t, "schedule_uuid", "uuid of a schedule")
}

// TestMissedRunsAreFoundInTheEvents joins the event of a due schedule with the search for missed runs.
func TestMissedRunsAreFoundInTheEvents(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, 1)
	one, other := w.scheduled(t, service, asItIs), w.scheduled(t, service, asItIs)
	w.pass(time.Hour)
	w.handle(t, isDue(one, service, sevenPM))
	w.pass(schedule.MissedAfter)
	events := trigger.Arrivals{Store: w.store}
	keeper := schedule.NewKeeper(schedule.Catalog{Schedules: w.Schedules(), Clock: w.Clock()},
		schedule.KeeperOptions{Now: w.now, Arrivals: events})
	missed, err := keeper.Missed(t.Context())
	if err != nil || len(missed) != 1 || missed[0].Schedule.ID != other ||
		missed[0].Due.Format(time.RFC3339) != sevenPM {
		t.Errorf("missed: %+v, %v", missed, err)
	}
}
