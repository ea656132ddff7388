package schedule_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/schedule"
)

// world is a book, a keeper and a resource in memory.
type world struct {
	*memory.Memory
	book    *schedule.Book
	keeper  *schedule.Keeper
	service catalog.ID
	now     time.Time
	came    map[string]bool
	// reported are the missed runs, in the order of their reports.
	reported []string
}

func (w *world) HasEvent(_ context.Context, id string) (bool, error) { return w.came[id], nil }

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{Memory: memory.New(memory.Options{}), came: map[string]bool{},
		now:     time.Date(2027, 1, 1, 12, 0, 30, 0, time.UTC),
		service: "svc000000000000000000000"}
	for _, entity := range []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000000"}},
		&catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000000"},
			KeyID: "key000000000000000000000"},
		&catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: w.service},
			ServerID: "srv000000000000000000000"}},
	} {
		if err := w.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	opts := schedule.Options{Now: func() time.Time { return w.now }}
	w.Clock().Now = opts.Now
	w.book = schedule.NewBook(w.Schedules(), w.Clock(), opts)
	w.keeper = schedule.NewKeeper(schedule.Catalog{Schedules: w.Schedules(), Clock: w.Clock()},
		schedule.KeeperOptions{Now: opts.Now, Arrivals: w,
			Report: func(_ context.Context, missed schedule.Missed) error {
				w.reported = append(w.reported, missed.ID())
				return nil
			}})
	return w
}

func draft(t *testing.T, expression string) schedule.Schedule {
	t.Helper()
	id, err := schedule.NewID(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return schedule.Schedule{ID: id, Expression: expression, Timezone: "Europe/Berlin",
		Operation: deployment.Deploy, Enabled: true}
}

func noEntry(schedule.Schedule) (audit.Entry, error) { return audit.Entry{}, nil }

func (w *world) add(t *testing.T, expression string) schedule.Schedule {
	t.Helper()
	added, err := w.book.Add(t.Context(), w.service, draft(t, expression), noEntry)
	if err != nil {
		t.Fatalf("%s: %v %v", expression, err, fault.Fields(err))
	}
	return added
}

func (w *world) change(t *testing.T, id schedule.ID, edit func(*schedule.Schedule)) schedule.Schedule {
	t.Helper()
	changed, err := w.book.Change(t.Context(), w.service, id, func(s *schedule.Schedule) (bool, error) {
		edit(s)
		return true, nil
	}, noEntry)
	if err != nil {
		t.Fatal(err, fault.Fields(err))
	}
	return changed
}

func (w *world) stored(t *testing.T) []schedule.Schedule {
	t.Helper()
	set, err := w.Schedules().Of(t.Context(), w.service)
	if err != nil {
		t.Fatal(err)
	}
	return set.Schedules
}

// consistent checks that the clock has one copy of each enabled schedule and no other.
func (w *world) consistent(t *testing.T) {
	t.Helper()
	var want, got []string
	for _, s := range w.stored(t) {
		if s.Enabled {
			want = append(want, s.CopyName())
		}
	}
	for _, one := range w.Clock().Copies() {
		got = append(got, one.Name)
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("copies (-want +got):\n%s", diff)
	}
}

func TestAddMakesACopy(t *testing.T) {
	w := newWorld(t)
	added := w.add(t, "*/15 3 * * 1-5")
	want := schedule.Copy{Name: string(added.ID) + "-" + added.Generation, Schedule: added.ID,
		Resource: w.service, Expression: "cron(0/15 3 ? * MON-FRI *)", Timezone: "Europe/Berlin"}
	if diff := cmp.Diff([]schedule.Copy{want}, w.Clock().Copies()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]schedule.Schedule{added}, w.stored(t)); diff != "" {
		t.Error(diff)
	}
	disabled := draft(t, "@daily")
	disabled.Enabled = false
	if _, err := w.book.Add(t.Context(), w.service, disabled, noEntry); err != nil {
		t.Fatal(err)
	}
	w.consistent(t)
}

func TestARateBeginsWithItsFirstStep(t *testing.T) {
	w := newWorld(t)
	added := w.add(t, "rate(2 hours)")
	start := time.Date(2027, 1, 1, 14, 0, 0, 0, time.UTC)
	if got := w.Clock().Copies()[0].Start; !added.Start.Equal(start) || !got.Equal(start) {
		t.Errorf("it starts at %s, its copy at %s", added.Start, got)
	}
	// Another change keeps the steps, and its copy begins with the next one.
	w.now = w.now.Add(5 * time.Hour)
	changed := w.change(t, added.ID, func(s *schedule.Schedule) { s.Flexible = time.Minute })
	next := time.Date(2027, 1, 1, 18, 0, 0, 0, time.UTC)
	if got := w.Clock().Copies()[0].Start; !changed.Start.Equal(start) || !got.Equal(next) {
		t.Errorf("it starts at %s, its copy at %s", changed.Start, got)
	}
	changed = w.change(t, added.ID, func(s *schedule.Schedule) { s.Expression = "rate(1 day)" })
	if want := time.Date(2027, 1, 2, 17, 0, 0, 0, time.UTC); !changed.Start.Equal(want) {
		t.Errorf("another rate starts at %s", changed.Start)
	}
	changed = w.change(t, added.ID, func(s *schedule.Schedule) { s.Expression = "@daily" })
	if !changed.Start.IsZero() || !w.Clock().Copies()[0].Start.IsZero() {
		t.Errorf("a cron starts at %s", changed.Start)
	}
	w.consistent(t)
}

func TestAChangeOfTheRunsMakesAnotherCopy(t *testing.T) {
	w := newWorld(t)
	added := w.add(t, "0 3 * * *")
	for name, c := range map[string]struct {
		edit    func(*schedule.Schedule)
		another bool
	}{
		"operation":  {func(s *schedule.Schedule) { s.Operation = deployment.Stop }, false},
		"options":    {func(s *schedule.Schedule) { s.Options.Force = true }, false},
		"expression": {func(s *schedule.Schedule) { s.Expression = "0 4 * * *" }, true},
		"timezone":   {func(s *schedule.Schedule) { s.Timezone = "Asia/Tokyo" }, true},
		"flexible":   {func(s *schedule.Schedule) { s.Flexible += time.Minute }, true},
		"disabled":   {func(s *schedule.Schedule) { s.Enabled = false }, true},
		"enabled":    {func(s *schedule.Schedule) { s.Enabled = true }, false},
	} {
		t.Run(name, func(t *testing.T) {
			before := w.change(t, added.ID, func(s *schedule.Schedule) { s.Enabled = true }).Generation
			after := w.change(t, added.ID, c.edit).Generation
			if (before != after) != c.another {
				t.Errorf("its copy was %s and is %s", before, after)
			}
			w.consistent(t)
		})
	}
	if err := w.book.Remove(t.Context(), w.service, added.ID, noEntry); err != nil {
		t.Fatal(err)
	}
	w.consistent(t)
	if len(w.stored(t)) != 0 {
		t.Error("it is still there")
	}
}

func TestWhatIsRefusedChangesNothing(t *testing.T) {
	w := newWorld(t)
	added := w.add(t, "0 3 * * *")
	stored := w.stored(t)
	refusal := fault.InvalidField("expression", "was refused by the clock")
	for name, c := range map[string]struct {
		edit  func(*schedule.Schedule)
		field string
	}{
		"an expression": {func(s *schedule.Schedule) { s.Expression = "never" }, "expression"},
		"a zone":        {func(s *schedule.Schedule) { s.Timezone = "Berlin" }, "timezone"},
		"an operation":  {func(s *schedule.Schedule) { s.Operation = deployment.Delete }, "operation"},
		"no operation":  {func(s *schedule.Schedule) { s.Operation = "" }, "operation"},
		"seconds":       {func(s *schedule.Schedule) { s.Flexible = time.Second }, "flexible_minutes"},
		"two days": {func(s *schedule.Schedule) { s.Flexible = 48 * time.Hour },
			"flexible_minutes"},
		"a past time": {func(s *schedule.Schedule) { s.Expression = "at(2026-12-31T23:59:59)" },
			"expression"},
		"a day that is none": {func(s *schedule.Schedule) { s.Expression = "0 3 30 2 *" }, "expression"},
		"another opinion":    {func(s *schedule.Schedule) { s.Expression = "0 4 * * *" }, "expression"},
	} {
		t.Run(name, func(t *testing.T) {
			w.Clock().Refuse = func(schedule.Copy) error { return refusal }
			defer func() { w.Clock().Refuse = nil }()
			edit := func(s *schedule.Schedule) (bool, error) {
				c.edit(s)
				return true, nil
			}
			_, err := w.book.Change(t.Context(), w.service, added.ID, edit, noEntry)
			if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)[c.field]) != 1 {
				t.Errorf("Change: %v %v", err, fault.Fields(err))
			}
			made := draft(t, "0 4 * * *")
			c.edit(&made)
			if _, err := w.book.Add(t.Context(), w.service, made, noEntry); !errors.Is(err, fault.Invalid) {
				t.Errorf("Add: %v", err)
			}
			if diff := cmp.Diff(stored, w.stored(t)); diff != "" {
				t.Error(diff)
			}
			w.consistent(t)
		})
	}
	_, err := w.book.Change(t.Context(), w.service, "sch000000000000000000000",
		func(*schedule.Schedule) (bool, error) { return true, nil }, noEntry)
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("a change of an unknown one: %v", err)
	}
	if err := w.book.Remove(t.Context(), w.service, "sch000000000000000000000", noEntry); !errors.Is(err,
		fault.NotFound) {
		t.Errorf("the removal of an unknown one: %v", err)
	}
	_, err = w.book.Add(t.Context(), "svc999999999999999999999", draft(t, "@daily"), noEntry)
	if !errors.Is(err, fault.NotFound) {
		t.Errorf("for no resource: %v", err)
	}
	w.consistent(t)
}

func TestAResourceHasALimitOfSchedules(t *testing.T) {
	w := newWorld(t)
	var group sync.WaitGroup
	var mu sync.Mutex
	stored, full := 0, 0
	for range schedule.MaxPerResource + 6 {
		one := draft(t, "@daily")
		group.Go(func() {
			for {
				_, err := w.book.Add(t.Context(), w.service, one, noEntry)
				if errors.Is(err, schedule.ErrChanged) {
					continue
				}
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					stored++
				case errors.Is(err, fault.Conflict) && strings.Contains(fault.Public(err), "20 schedules"):
					full++
				default:
					t.Error(err)
				}
				return
			}
		})
	}
	group.Wait()
	if stored != schedule.MaxPerResource || full != 6 || len(w.stored(t)) != stored {
		t.Errorf("%d are stored, %d refused", stored, full)
	}
	w.consistent(t)
}

// TestRepairMendsWhatACrashLeft has each state that a crash leaves, and what a deletion does.
func TestRepairMendsWhatACrashLeft(t *testing.T) {
	w := newWorld(t)
	kept, lost := w.add(t, "0 3 * * *"), w.add(t, "rate(1 hour)")
	disabled := w.add(t, "0 5 * * *")
	w.change(t, disabled.ID, func(s *schedule.Schedule) { s.Enabled = false })
	over := w.add(t, "at(2027-01-01T13:30:00)") // 12:30 in UTC
	for _, name := range []string{lost.CopyName(), over.CopyName()} {
		if err := w.Clock().Clear(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	strange := schedule.Copy{Name: string(kept.ID) + "-other000", Expression: "cron(0 3 * * ? *)"}
	if err := w.Clock().Set(t.Context(), strange); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(schedule.Grace)
	repair := func(want ...string) {
		t.Helper()
		if err := w.keeper.Repair(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, one := range w.Clock().Copies() {
			got = append(got, one.Name)
		}
		slices.Sort(want)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("copies (-want +got):\n%s", diff)
		}
	}
	repair(kept.CopyName(), lost.CopyName(), over.CopyName(), strange.Name) // young
	w.now = w.now.Add(time.Hour)
	if err := w.Clock().Clear(t.Context(), over.CopyName()); err != nil { // its time is over
		t.Fatal(err)
	}
	if err := w.Clock().Clear(t.Context(), lost.CopyName()); err != nil {
		t.Fatal(err)
	}
	repair(kept.CopyName(), lost.CopyName())
	for _, one := range w.Clock().Copies() {
		if one.Name == lost.CopyName() && !one.Start.Equal(time.Date(2027, 1, 1, 14, 0, 0, 0, time.UTC)) {
			t.Errorf("the copy of the rate starts at %s", one.Start)
		}
	}
	if err := w.Catalog().Delete(t.Context(), w.service, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	w.now = w.now.Add(schedule.Grace + time.Second)
	repair()
}

func TestACrashBetweenCopyAndDefinitionIsRepaired(t *testing.T) {
	w := newWorld(t)
	added := w.add(t, "0 3 * * *")
	ctx, cancel := context.WithCancel(t.Context())
	_, err := w.book.Change(ctx, w.service, added.ID, func(s *schedule.Schedule) (bool, error) {
		s.Expression = "0 4 * * *"
		return true, nil
	}, func(schedule.Schedule) (audit.Entry, error) {
		cancel() // the definition is not stored, and nothing is cleared
		return audit.Entry{}, nil
	})
	if !errors.Is(err, context.Canceled) || len(w.Clock().Copies()) != 2 {
		t.Fatalf("Change: %v, copies %v", err, w.Clock().Copies())
	}
	w.now = w.now.Add(schedule.Grace + time.Second)
	if err := w.keeper.Repair(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.consistent(t)
}

func TestMissed(t *testing.T) {
	w := newWorld(t)
	daily := w.add(t, "0 14 * * *") // 13:00 in UTC
	flexible := w.add(t, "0 14 * * *")
	w.change(t, flexible.ID, func(s *schedule.Schedule) { s.Flexible = 15 * time.Minute })
	off := w.add(t, "0 14 * * *")
	w.change(t, off.ID, func(s *schedule.Schedule) { s.Enabled = false })
	due := time.Date(2027, 1, 1, 13, 0, 0, 0, time.UTC)
	missed := func(at time.Time) (found []schedule.ID) {
		t.Helper()
		w.now = at
		all, err := w.keeper.Missed(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, one := range all {
			if one.Resource != w.service || !one.Due.Equal(due) ||
				one.ID() != "schedule-missed/"+string(one.Schedule.ID)+"/2027-01-01T13:00:00Z" {
				t.Errorf("missed: %+v %s", one, one.ID())
			}
			found = append(found, one.Schedule.ID)
		}
		return found
	}
	for _, c := range []struct {
		after time.Duration
		want  []schedule.ID
	}{
		{-time.Minute, nil},
		{9*time.Minute + 59*time.Second, nil},
		{10 * time.Minute, []schedule.ID{daily.ID}},
		{24 * time.Minute, []schedule.ID{daily.ID}},
		{25 * time.Minute, []schedule.ID{daily.ID, flexible.ID}},
		{40 * time.Minute, []schedule.ID{daily.ID, flexible.ID}},
		{41 * time.Minute, []schedule.ID{flexible.ID}},
		{2 * time.Hour, nil},
	} {
		if diff := cmp.Diff(c.want, missed(due.Add(c.after))); diff != "" {
			t.Errorf("after %s: %s", c.after, diff)
		}
	}
	w.now = due.Add(10 * time.Minute)
	for range 2 {
		if err := w.keeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	id := "schedule-missed/" + string(daily.ID) + "/2027-01-01T13:00:00Z"
	if diff := cmp.Diff([]string{id, id}, w.reported); diff != "" {
		t.Errorf("reported by two sweeps: %s", diff)
	}
	w.came[schedule.EventID(daily.ID, due)] = true
	if got := missed(due.Add(10 * time.Minute)); got != nil {
		t.Errorf("after the event has come: %v", got)
	}
	delete(w.came, schedule.EventID(daily.ID, due))
	w.now = due.Add(5 * time.Minute)
	w.change(t, daily.ID, func(s *schedule.Schedule) { s.Operation = deployment.Stop })
	if got := missed(due.Add(10 * time.Minute)); got != nil {
		t.Errorf("for a schedule that was another one then: %v", got)
	}
}

func TestDue(t *testing.T) {
	s := schedule.Schedule{Expression: "0 14 * * *", Timezone: "UTC", Enabled: true}
	sent := time.Date(2027, 1, 1, 14, 0, 9, 0, time.UTC)
	for text, want := range map[string]string{
		"2027-01-01T14:00:00Z":      "2027-01-01T14:00:00Z",
		"2027-01-01T15:00:59+01:00": "2027-01-01T14:00:00Z",
		schedule.DueAttribute:       "2027-01-01T14:00:00Z",
	} {
		if got, err := s.Due(text, sent); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "now", "<aws.scheduler.attempt-number>"} {
		if _, err := s.Due(text, sent); !errors.Is(err, fault.Invalid) {
			t.Errorf("%s: %v, want Invalid", text, err)
		}
	}
	s.Expression = "at(2027-01-01T15:00:00)"
	if _, err := s.Due(schedule.DueAttribute, sent); !errors.Is(err, fault.Invalid) {
		t.Errorf("before its only run: %v, want Invalid", err)
	}
	if got, want := schedule.EventID("sch0", sent.In(time.FixedZone("x", 3600))),
		"schedule/sch0/2027-01-01T14:00:00Z"; got != want {
		t.Errorf("the id of the event is %s, want %s", got, want)
	}
}

func TestMessages(t *testing.T) {
	good := `{"source":"waybill.schedule","schedule_uuid":"sch000000000000000000000",` +
		`"resource_uuid":"svc000000000000000000000","due":"2027-01-01T12:00:07Z"}`
	got, err := schedule.ReadMessage([]byte(good))
	want := schedule.Message{Source: schedule.MessageSource, Schedule: "sch000000000000000000000",
		Resource: "svc000000000000000000000", Due: "2027-01-01T12:00:00Z"}
	if err != nil || got != want || !schedule.IsMessage([]byte(good)) {
		t.Errorf("%+v, %v", got, err)
	}
	for field, replaced := range map[string][2]string{
		"source": {"waybill.schedule", "other"}, "schedule_uuid": {`"sch0`, `"xyz0`},
		"resource_uuid": {"svc", "srv"}, "due": {"2027-01-01T12:00:07Z", "soon"},
	} {
		bad := strings.Replace(good, replaced[0], replaced[1], 1)
		if _, err := schedule.ReadMessage([]byte(bad)); !errors.Is(err, fault.Invalid) ||
			len(fault.Fields(err)[field]) != 1 {
			t.Errorf("%s: %v %v", field, err, fault.Fields(err))
		}
	}
	for _, text := range []string{"", "{", "[]", `{"source":"aws.s3"}`} {
		if schedule.IsMessage([]byte(text)) {
			t.Errorf("%s is a message", text)
		}
	}
}

func TestIDs(t *testing.T) {
	id, err := schedule.NewID(bytes.NewReader(make([]byte, 21)))
	if err != nil || id != "sch000000000000000000000" || !schedule.IsID(string(id)) {
		t.Errorf("NewID: %s, %v", id, err)
	}
	if _, err := schedule.NewID(bytes.NewReader(nil)); !errors.Is(err, fault.Internal) {
		t.Errorf("without random bytes: %v", err)
	}
	for _, text := range []string{"", "sch", "svc000000000000000000000", "sch00000000000000000000A",
		"sch0000000000000000000000"} {
		if schedule.IsID(text) {
			t.Errorf("%q is an id", text)
		}
	}
}
