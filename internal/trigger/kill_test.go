package trigger_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/trigger"
)

// errKilled is the error of every call of a process that is dead.
var errKilled = errors.New("killed")

// killer ends a process at one of its calls: before the call has an effect, or after it. From
// then on, every call fails. Each port counts.
type killer struct {
	at    int // the call, from 1; 0 never
	after bool
	calls int
	dead  bool
}

// do makes the call unless the process dies before.
func (k *killer) do(call func() error) error {
	if k.calls++; k.dead {
		return errKilled
	}
	if k.dead = k.calls == k.at; k.dead && !k.after {
		return errKilled
	}
	err := call()
	if k.dead {
		return errKilled
	}
	return err
}

// mortal is every port of the use case, with one killer.
type mortal struct {
	trigger.Store
	*killer
	requests trigger.Requests
	queue    trigger.Waker
	letters  trigger.Letters
}

func (m mortal) Get(ctx context.Context, id string) (r trigger.Received, err error) {
	return r, m.do(func() error { r, err = m.Store.Get(ctx, id); return err })
}

func (m mortal) Receive(ctx context.Context, event trigger.Event, now time.Time) (
	r trigger.Received, err error) {
	return r, m.do(func() error { r, err = m.Store.Receive(ctx, event, now); return err })
}

func (m mortal) Slot(ctx context.Context, id catalog.ID) (s trigger.Slot, err error) {
	return s, m.do(func() error { s, err = m.Store.Slot(ctx, id); return err })
}

func (m mortal) Save(ctx context.Context, slot trigger.Slot, results map[string]trigger.Result) error {
	return m.do(func() error { return m.Store.Save(ctx, slot, results) })
}

func (m mortal) Record(ctx context.Context, id string, results map[catalog.ID]trigger.Result,
	settled bool) error {
	return m.do(func() error { return m.Store.Record(ctx, id, results, settled) })
}

func (m mortal) Due(ctx context.Context, now time.Time, limit int) (due []catalog.ID, err error) {
	return due, m.do(func() error { due, err = m.Store.Due(ctx, now, limit); return err })
}

func (m mortal) Request(ctx context.Context, r deployment.Request) (receipt deployment.Receipt, err error) {
	return receipt, m.do(func() error { receipt, err = m.requests.Request(ctx, r); return err })
}

func (m mortal) Wake(ctx context.Context, resource catalog.ID, delay time.Duration) error {
	return m.do(func() error { return m.queue.Wake(ctx, resource, delay) })
}

func (m mortal) Bury(ctx context.Context, letter trigger.Letter) error {
	return m.do(func() error { return m.letters.Bury(ctx, letter) })
}

// mortal returns a use case over the world that dies at the call.
func (w *world) mortal(k *killer) *trigger.Intake {
	ports := w.ports()
	m := mortal{Store: w.store, killer: k, requests: ports.Requests, queue: w.queue, letters: w.letters}
	ports.Store, ports.Requests, ports.Queue, ports.Letters = m, m, m, m
	return trigger.NewIntake(ports, w.opts)
}

// plot is a story of messages. Each is delivered in order; a message whose process dies comes
// again after all others.
type plot struct {
	name     string
	world    func(t *testing.T) *world
	messages func(w *world) []string
	// outcomes are the results of the events in a run without a death. A death changes the order
	// in which events are handled, so one that has a newer one may be started or merged.
	outcomes map[string]trigger.Outcome
	letters  int
}

// debounced is a world with one application that collects events.
func debounced(seconds int) func(*testing.T) *world {
	return func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t)
		w.add(t, &catalog.Application{Resource: catalog.Resource{Meta: catalog.Meta{ID: oneID},
			ServerID: serverID, Debounce: time.Duration(seconds) * time.Second,
			Labels: catalog.Labels{Tags: []string{"prod"}}}, Image: &catalog.Image{Name: "web", Tag: "v0"}})
		return w
	}
}

const oneID = catalog.ID("app000000000000000000001")

// deploys is a request on the bus for the application, of a time, with a tag of its own.
func (w *world) deploys(id string, after time.Duration) string {
	return envelope(id, trigger.RequestedType, "shop.ci", w.now().Add(after-time.Hour), fields{"team": team,
		"resource_uuid": oneID, "operation": "deploy", "options": fields{"docker_tag": id}})
}

func plots() []plot {
	two := func(w *world) []string {
		return []string{w.deploys("new", time.Minute), w.deploys("old", 0)}
	}
	return []plot{
		{"one event", debounced(0), func(w *world) []string { return []string{w.deploys("e", 0)} },
			map[string]trigger.Outcome{"bus/e": trigger.Started}, 0},
		{"three times the same", debounced(0), func(w *world) []string {
			return []string{w.deploys("e", 0), w.deploys("e", 0), w.deploys("e", 0)}
		}, map[string]trigger.Outcome{"bus/e": trigger.Started}, 0},
		{"an older one after the start of a newer one", debounced(0), two,
			map[string]trigger.Outcome{"bus/new": trigger.Started, "bus/old": trigger.Merged}, 0},
		{"an older one while a newer one waits", debounced(10), two,
			map[string]trigger.Outcome{"bus/new": trigger.Started, "bus/old": trigger.Merged}, 0},
		{"a newer one while an older one waits", debounced(10), func(w *world) []string {
			return []string{w.deploys("old", 0), w.deploys("new", time.Minute)}
		}, map[string]trigger.Outcome{"bus/new": trigger.Started, "bus/old": trigger.Merged}, 0},
		{"a newer one after the start of an older one", debounced(0), func(w *world) []string {
			return []string{w.deploys("old", 0), w.deploys("new", time.Minute)}
		}, map[string]trigger.Outcome{"bus/new": trigger.Started, "bus/old": trigger.Started}, 0},
		{"an event that can start nothing", debounced(0), func(w *world) []string {
			return []string{w.requested("bad", fields{"team": "other", "tag": "prod", "operation": "stop"})}
		}, map[string]trigger.Outcome{"bus/bad": trigger.Dead}, 1},
		{"an event of a resource that is deleted before its start", debounced(10), func(w *world) []string {
			return []string{w.deploys("e", 0), deleteOne}
		},
			map[string]trigger.Outcome{"bus/e": trigger.Dead}, 1},
	}
}

// deleteOne is a message of a plot that deletes the application.
const deleteOne = "delete"

// TestP11ADeathAtEveryCallLosesAndDoublesNothing kills the process at each of its calls, before
// and after its effect, and then a second process at each of its own.
func TestP11ADeathAtEveryCallLosesAndDoublesNothing(t *testing.T) {
	deaths := 0
	for _, p := range plots() {
		t.Run(p.name, func(t *testing.T) {
			for first := 1; ; first++ {
				alive := true
				for _, after := range []bool{false, true} {
					killed := p.play(t, &killer{at: first, after: after}, &killer{})
					alive = alive && !killed
					if !killed {
						continue
					}
					deaths++
					for second := 1; ; second++ {
						next := &killer{at: second, after: second%2 == 0}
						if !p.play(t, &killer{at: first, after: after}, next) {
							break
						}
						deaths += 2
					}
				}
				if alive {
					break
				}
			}
		})
	}
	t.Logf("%d deaths", deaths)
	if deaths < 300 {
		t.Errorf("%d deaths, want some hundred: does the killer count the calls?", deaths)
	}
}

// play runs the plot with two processes that may die, and then with one that does not. It reports
// whether the last of the killers has killed.
func (p plot) play(t *testing.T, first, second *killer) (killed bool) {
	t.Helper()
	w := p.world(t)
	waiting := p.messages(w)
	for _, k := range []*killer{first, second, {}} {
		intake := w.mortal(k)
		var again []string
		for _, message := range waiting {
			if message == deleteOne {
				if err := w.Catalog().Delete(t.Context(), oneID, audit.Entry{}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := intake.Handle(t.Context(), message); err != nil {
				again = append(again, message)
			}
			if k.dead { // another process handles what is left
				intake, k = w.mortal(&killer{}), &killer{dead: true}
				killed = true
			}
		}
		waiting = again
		w.pass(10 * time.Second)
		for range 3 { // the ticks of some minutes
			if err := intake.Tick(t.Context()); err != nil && !errors.Is(err, errKilled) {
				t.Fatal(err)
			}
			w.pass(time.Minute)
		}
	}
	if len(waiting) > 0 {
		t.Fatalf("%d messages are never handled", len(waiting))
	}
	p.check(t, w, fmt.Sprintf("killed at %+v and %+v", first, second))
	return (second.at == 0 && first.dead) || second.dead
}

// check compares what is stored with the deployments.
func (p plot) check(t *testing.T, w *world, when string) {
	t.Helper()
	slot, err := w.store.Slot(t.Context(), oneID)
	if err != nil || slot.Pending != nil {
		t.Fatalf("%s: %+v waits for ever; %v", when, slot.Pending, err)
	}
	made := map[string]int{}
	for _, record := range w.deployments(t, oneID) {
		made["bus/"+record.Trigger.Name]++
	}
	for id, want := range p.outcomes {
		received, err := w.store.Get(t.Context(), id)
		if err != nil || len(received.Results) != 1 || !received.Settled {
			t.Fatalf("%s: the event %s is %+v; %v", when, id, received, err)
		}
		for _, result := range received.Results {
			older := id == "bus/old" &&
				(result.Outcome == trigger.Started || result.Outcome == trigger.Merged)
			if result.Outcome != want && !older {
				t.Fatalf("%s: %s is %+v, want %s", when, id, result, want)
			}
			if started := result.Outcome == trigger.Started; made[id] > 1 || (made[id] == 1) != started {
				t.Fatalf("%s: %s is %s and has %d deployments", when, id, result.Outcome, made[id])
			}
		}
	}
	if ids := slices.Collect(maps.Keys(made)); len(ids) > len(p.outcomes) {
		t.Fatalf("%s: deployments of %v", when, ids)
	}
	if n := len(w.letters.all); n < p.letters || p.letters == 0 && n > 0 {
		t.Fatalf("%s: %d dead letters, want at least %d", when, n, p.letters)
	}
}
