package notify_test

import (
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/schedule"
	"waybill/internal/trigger"
)

// TestSweepsTellOfAMissedRunOnce joins the definitions, the events and the notifications: a run whose
// event has come is not missed, and another one is told once by many sweeps.
func TestSweepsTellOfAMissedRunOnce(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventScheduleMissed)
	due := p.now.UTC().Truncate(time.Hour).Add(time.Hour)
	one := schedule.Schedule{ID: "sch000000000000000000001", Expression: "0 * * * *", Timezone: "UTC",
		Operation: deployment.Restart, Enabled: true}
	other := one
	other.ID = "sch000000000000000000002"
	set := schedule.Set{Resource: p.service, Schedules: []schedule.Schedule{one, other}}
	if err := p.Schedules().Replace(t.Context(), set, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	event := trigger.Event{ID: schedule.EventID(one.ID, due), Source: trigger.Schedule, Time: due,
		Schedule: &trigger.Due{ScheduleID: string(one.ID), ResourceID: p.service, Due: due}}
	if _, err := p.Triggers().Receive(t.Context(), event, due); err != nil {
		t.Fatal(err)
	}
	keeper := schedule.NewKeeper(schedule.Catalog{Schedules: p.Schedules(), Clock: p.Clock()},
		schedule.KeeperOptions{Now: func() time.Time { return p.now },
			Arrivals: trigger.Arrivals{Store: p.Triggers()}, Report: p.planner.ScheduleMissed})
	for _, after := range []time.Duration{9, 10, 11, 12} {
		p.now = due.Add(after * time.Minute)
		if err := keeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if after < 10 && len(p.queue.jobs) != 0 {
			t.Fatalf("jobs after %d minutes: %+v", after, p.queue.jobs)
		}
	}
	if len(p.queue.jobs) != 1 {
		t.Fatalf("jobs %+v, want one", p.queue.jobs)
	}
	job := p.queue.jobs[0]
	if job.Event != catalog.EventScheduleMissed || job.Facts.Schedule != string(other.ID) ||
		job.Facts.Expression != "0 * * * *" || !job.Facts.Due.Equal(due) ||
		job.Facts.Operation != deployment.Restart || job.Facts.Resource != p.service {
		t.Errorf("job %+v", job)
	}
}
