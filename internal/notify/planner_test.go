package notify_test

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/notify"
	"waybill/internal/schedule"
)

// sent is a queue that remembers its jobs, and fails while broken.
type sent struct {
	jobs   []notify.Job
	broken bool
}

func (s *sent) Send(_ context.Context, job notify.Job) error {
	if s.broken {
		return errors.New("no queue")
	}
	s.jobs = append(s.jobs, job)
	return nil
}

// plan is a planner over memory, with a server, a service and a clock.
type plan struct {
	*memory.Memory
	planner *notify.Planner
	queue   sent
	now     time.Time
	server  catalog.ID
	service catalog.ID
}

func newPlan(t *testing.T) *plan {
	p := &plan{Memory: memory.New(memory.Options{}), now: at}
	p.planner = notify.NewPlanner(notify.PlannerPorts{Store: p.Catalog(), History: p.History(),
		Queue: &p.queue, Marks: p.Deliveries()}, func() time.Time { return p.now })
	key := p.create(t, &catalog.PrivateKey{}, catalog.KindPrivateKey)
	p.server = p.create(t, &catalog.Server{KeyID: key, HostKey: "ssh-ed25519 AAAA", Concurrency: 1,
		QueueLimit: 25}, catalog.KindServer)
	p.service = p.create(t, &catalog.Service{Resource: catalog.Resource{ServerID: p.server,
		Labels: catalog.Labels{Tags: []string{"web"}}}}, catalog.KindService)
	return p
}

func (p *plan) create(t *testing.T, entity catalog.Entity, kind catalog.Kind) catalog.ID {
	t.Helper()
	id, err := catalog.NewID(kind, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	entity.Common().ID, entity.Common().Name = id, "demo "+string(kind)
	if err := p.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	return id
}

func (p *plan) notification(
	t *testing.T, n catalog.Notification, events ...catalog.NotificationEvent,
) catalog.ID {
	t.Helper()
	n.Channel, n.Events = catalog.ChannelWebhook, events
	if n.StuckAfter == 0 {
		n.StuckAfter = catalog.DefaultStuckAfter
	}
	return p.create(t, &n, catalog.KindNotification)
}

// request queues an operation on the service.
func (p *plan) request(t *testing.T, operation deployment.Operation) deployment.Record {
	t.Helper()
	p.now = p.now.Add(time.Second)
	requests := deployment.NewRequests(p.Catalog(), p.Ledger(),
		deployment.RequestsOptions{Now: func() time.Time { return p.now }, Snapshots: p.Snapshots()})
	receipt, err := requests.Request(t.Context(), deployment.Request{Resource: p.service,
		Operation: operation, Options: deployment.Options{Force: true},
		Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci"}})
	if err != nil {
		t.Fatal(err)
	}
	return receipt.Record
}

// begin claims and begins the next deployment of the server.
func (p *plan) begin(t *testing.T) deployment.Record {
	t.Helper()
	record, err := p.Ledger().Claim(t.Context(), p.server, p.now)
	if err == nil {
		record, err = p.Ledger().Begin(t.Context(), record.ID, "runner", p.now, time.Hour)
	}
	if err != nil {
		t.Fatal(err)
	}
	return record
}

// run runs an operation for the time and returns its last change.
func (p *plan) run(
	t *testing.T, operation deployment.Operation, took time.Duration, outcome deployment.Outcome,
) deployment.Change {
	t.Helper()
	p.request(t, operation)
	record := p.begin(t)
	p.now = p.now.Add(took)
	err := p.Ledger().Finish(t.Context(), record.ID, record.Lease, record.Progress, outcome, p.now)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := p.History().Get(t.Context(), record.ID)
	if err != nil {
		t.Fatal(err)
	}
	return deployment.Change{Record: ended, Previous: deployment.InProgress}
}

func outcome(status deployment.Status, reason deployment.Reason) deployment.Outcome {
	return deployment.Outcome{Status: status, Reason: reason}
}

// told delivers the change and returns the events of the jobs by notification.
func (p *plan) told(t *testing.T, change deployment.Change) []catalog.NotificationEvent {
	t.Helper()
	p.queue.jobs = nil
	if err := p.planner.Changed(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	var events []catalog.NotificationEvent
	for _, job := range p.queue.jobs {
		events = append(events, job.Event)
	}
	return events
}

func wantEvents(
	t *testing.T, what string, got []catalog.NotificationEvent, want ...catalog.NotificationEvent,
) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestWhichEndsAreTold(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventFailed, catalog.EventFinished,
		catalog.EventCancelled, catalog.EventRecovered)
	finished := outcome(deployment.Finished, "")
	failed := outcome(deployment.Failed, deployment.ReasonExit)
	first := p.run(t, deployment.Start, time.Second, finished)
	wantEvents(t, "the first start", p.told(t, first), catalog.EventFinished)
	wantEvents(t, "a failure", p.told(t, p.run(t, deployment.Restart, time.Second, failed)),
		catalog.EventFailed)
	if got := p.queue.jobs[0].Facts.Compare; got != first.Record.ID {
		t.Errorf("compares with %q, want the first start", got)
	}
	wantEvents(t, "a stop after it", p.told(t, p.run(t, deployment.Stop, time.Second, finished)),
		catalog.EventFinished)
	cancelled := outcome(deployment.Cancelled, deployment.ReasonCancelled)
	wantEvents(t, "a cancelled start", p.told(t, p.run(t, deployment.Start, time.Second, cancelled)),
		catalog.EventCancelled)
	recovered := p.run(t, deployment.Start, time.Second, finished)
	wantEvents(t, "the first start that finishes", p.told(t, recovered), catalog.EventRecovered)
	wantEvents(t, "the next one", p.told(t, p.run(t, deployment.Start, time.Second, finished)),
		catalog.EventFinished)
	wantEvents(t, "the recovery, told again", p.told(t, recovered), catalog.EventRecovered)
	superseded := recovered
	superseded.Record.Status = deployment.Cancelled
	superseded.Record.Outcome.Reason = deployment.ReasonSuperseded
	wantEvents(t, "a superseded one", p.told(t, superseded))
	update := recovered
	update.Record.Operation = deployment.Update
	wantEvents(t, "an update of the definition", p.told(t, update))
	claimed := recovered
	claimed.Record.Status = deployment.InProgress
	wantEvents(t, "a claim", p.told(t, claimed))
}

func TestARepeatedChangeMakesTheSameJobs(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventFailed)
	change := p.run(t, deployment.Start, time.Second, outcome(deployment.Failed, deployment.ReasonExit))
	p.told(t, change)
	first := p.queue.jobs
	p.now = p.now.Add(time.Hour)
	p.told(t, change)
	if diff := cmp.Diff(p.queue.jobs, first); diff != "" {
		t.Errorf("the repeat differs:\n%s", diff)
	}
	if len(first) != 1 || strings.ContainsAny(first[0].ID, ". ") {
		t.Errorf("jobs %+v", first)
	}
	p.queue.broken = true
	if err := p.planner.Changed(t.Context(), change); err == nil {
		t.Error("a job that could not be sent is no error")
	}
}

func TestFilters(t *testing.T) {
	for _, c := range []struct {
		name string
		n    func(p *plan) catalog.Notification
		told bool
	}{
		{"none", func(*plan) catalog.Notification { return catalog.Notification{} }, true},
		{"its kind", func(*plan) catalog.Notification {
			return catalog.Notification{Kinds: []catalog.Kind{catalog.KindService}}
		}, true},
		{"another kind", func(*plan) catalog.Notification {
			return catalog.Notification{Kinds: []catalog.Kind{catalog.KindDatabase}}
		}, false},
		{"its tag", func(*plan) catalog.Notification {
			return catalog.Notification{Tags: []string{"web"}}
		}, true},
		{"another tag", func(*plan) catalog.Notification {
			return catalog.Notification{Tags: []string{"blue"}}
		}, false},
		{"its uuid", func(p *plan) catalog.Notification {
			return catalog.Notification{ResourceIDs: []catalog.ID{p.service}}
		}, true},
		{"its uuid and another tag", func(p *plan) catalog.Notification {
			return catalog.Notification{ResourceIDs: []catalog.ID{p.service}, Tags: []string{"blue"}}
		}, false},
		{"disabled", func(*plan) catalog.Notification { return catalog.Notification{Disabled: true} }, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newPlan(t)
			p.notification(t, c.n(p), catalog.EventFailed)
			failed := outcome(deployment.Failed, deployment.ReasonExit)
			change := p.run(t, deployment.Start, time.Second, failed)
			if got := len(p.told(t, change)) > 0; got != c.told {
				t.Errorf("told: %t, want %t", got, c.told)
			}
		})
	}
}

// watch sweeps and returns how many jobs were sent.
func (p *plan) watch(t *testing.T) int {
	t.Helper()
	p.queue.jobs = nil
	load, err := p.History().Load(t.Context(), p.server)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.planner.Watch(t.Context(), load); err != nil && !p.queue.broken {
		t.Fatal(err)
	}
	return len(p.queue.jobs)
}

func wantJobs(t *testing.T, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d jobs, want %d", what, got, want)
	}
}

func TestAQueuedDeploymentIsStuckOnce(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventStuck)
	p.notification(t, catalog.Notification{StuckAfter: time.Hour}, catalog.EventStuck)
	p.notification(t, catalog.Notification{}, catalog.EventFailed)
	p.request(t, deployment.Start)
	p.now = p.now.Add(9 * time.Minute)
	wantJobs(t, "before the limit", p.watch(t), 0)
	p.now = p.now.Add(time.Minute)
	p.queue.broken = true
	wantJobs(t, "without a queue", p.watch(t), 0)
	p.queue.broken = false
	p.now = p.now.Add(time.Minute)
	wantJobs(t, "after the limit", p.watch(t), 1)
	if job := p.queue.jobs[0]; job.Event != catalog.EventStuck || !job.At.Before(p.now) {
		t.Errorf("job %+v, want the time of the first look", job)
	}
	wantJobs(t, "a minute later", p.watch(t), 0)
	p.now = p.now.Add(time.Hour)
	wantJobs(t, "after the longer limit", p.watch(t), 1)
}

func TestARunningDeploymentIsStuckAfterThreeTimesItsUsualTime(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventStuck)
	finished := outcome(deployment.Finished, "")
	for _, took := range []time.Duration{time.Minute, 2 * time.Minute, 30 * time.Minute} {
		p.run(t, deployment.Deploy, took, finished)
		p.run(t, deployment.Restart, time.Second, finished)
	}
	p.run(t, deployment.Deploy, 9*time.Hour, outcome(deployment.Failed, deployment.ReasonExit))
	p.request(t, deployment.Deploy)
	p.begin(t)
	p.now = p.now.Add(5 * time.Minute)
	wantJobs(t, "before three times the median", p.watch(t), 0)
	p.now = p.now.Add(time.Minute)
	wantJobs(t, "after three times the median", p.watch(t), 1)
	if usual := p.queue.jobs[0].Facts.Usual; usual != 2*time.Minute {
		t.Errorf("usual time %s, want 2m", usual)
	}
	wantJobs(t, "a minute later", p.watch(t), 0)
}

func TestWithoutAHistoryNothingIsUnusual(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventStuck)
	p.run(t, deployment.Deploy, time.Minute, outcome(deployment.Finished, ""))
	p.request(t, deployment.Deploy)
	p.begin(t)
	p.now = p.now.Add(5 * time.Hour)
	wantJobs(t, "after one deployment", p.watch(t), 0)
}

func TestAMissedScheduleIsToldOnce(t *testing.T) {
	p := newPlan(t)
	p.notification(t, catalog.Notification{}, catalog.EventScheduleMissed)
	missed := schedule.Missed{Resource: p.service, Due: at, Schedule: schedule.Schedule{
		ID: "sch000000000000000000001", Expression: "0 3 * * *", Operation: deployment.Restart}}
	for range 3 {
		if err := p.planner.ScheduleMissed(t.Context(), missed); err != nil {
			t.Fatal(err)
		}
	}
	missed.Due = missed.Due.Add(24 * time.Hour)
	if err := p.planner.ScheduleMissed(t.Context(), missed); err != nil {
		t.Fatal(err)
	}
	if len(p.queue.jobs) != 2 || p.queue.jobs[0].ID == p.queue.jobs[1].ID {
		t.Errorf("jobs %+v, want one for each due time", p.queue.jobs)
	}
	missed.Resource = "svc999999999999999999999"
	if err := p.planner.ScheduleMissed(t.Context(), missed); err != nil || len(p.queue.jobs) != 2 {
		t.Errorf("a deleted resource: %v, %d jobs", err, len(p.queue.jobs))
	}
}
