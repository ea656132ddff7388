package trigger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/trigger"
	"waybill/internal/trigger/triggertest"
)

func TestTheNewestEventWins(t *testing.T) {
	t.Run("an older one is merged into what was started", func(t *testing.T) {
		w := debounced(0)(t)
		w.handle(t, w.deploys("new", time.Minute))
		w.handle(t, w.deploys("old", 0))
		w.wantOutcome(t, "bus/new", oneID, trigger.Started)
		w.wantOutcome(t, "bus/old", oneID, trigger.Merged)
		if records := w.deployments(t, oneID); len(records) != 1 || records[0].Options.DockerTag != "new" {
			t.Errorf("the deployments are %+v", records)
		}
	})
	t.Run("a time in the future counts as the arrival", func(t *testing.T) {
		w := debounced(0)(t)
		w.handle(t, w.deploys("future", 48*time.Hour))
		w.pass(time.Minute)
		w.handle(t, w.deploys("now", time.Hour))
		w.wantOutcome(t, "bus/now", oneID, trigger.Started)
	})
	t.Run("of one time, the later arrival", func(t *testing.T) {
		w := debounced(0)(t)
		for _, id := range []string{"b", "a"} { // a clock of whole seconds, as EventBridge has
			w.handle(t, w.deploys(id, 0))
			w.pass(time.Millisecond)
			w.wantOutcome(t, "bus/"+id, oneID, trigger.Started)
		}
	})
}

func TestDebounce(t *testing.T) {
	w := debounced(30)(t)
	w.handle(t, w.deploys("a", 0))
	if len(w.queue.wakes) != 1 || w.queue.wakes[0] != (wake{oneID, 30 * time.Second}) {
		t.Errorf("the messages for later are %+v, want one after 30 s", w.queue.wakes)
	}
	w.wantOutcome(t, "bus/a", oneID, trigger.Waiting)
	w.pass(20 * time.Second)
	w.handle(t, w.deploys("b", time.Second))
	w.handle(t, trigger.NewWake(oneID)) // too soon
	if records := w.deployments(t, oneID); len(records) > 0 {
		t.Fatalf("it was started before the end: %+v", records)
	}
	w.pass(10 * time.Second)
	w.handle(t, trigger.NewWake(oneID))
	if records := w.deployments(t, oneID); len(records) != 1 || records[0].Options.DockerTag != "b" {
		t.Errorf("the deployments are %+v, want the one of the newest event", records)
	}
	w.wantOutcome(t, "bus/a", oneID, trigger.Merged)
	w.wantOutcome(t, "bus/b", oneID, trigger.Started)
}

func TestAFullQueueIsTriedForADay(t *testing.T) {
	for _, full := range []bool{false, true} {
		t.Run(fmt.Sprint("full for ever: ", full), func(t *testing.T) {
			w := newWorld(t)
			small := catalog.ID("srv000000000000000000002")
			w.add(t, &catalog.Server{Meta: catalog.Meta{ID: small}, KeyID: keyID, HostKey: "ssh-ed25519 AAAA",
				Concurrency: 1, QueueLimit: 1})
			other := catalog.ID("app000000000000000000002")
			for _, id := range []catalog.ID{oneID, other} {
				w.add(t, &catalog.Application{Resource: catalog.Resource{Meta: catalog.Meta{ID: id},
					ServerID: small}, Image: &catalog.Image{Name: "web", Tag: "v0"}})
			}
			blocking := w.request(t, other, deployment.Deploy, deployment.Options{}).Record.ID
			w.handle(t, w.deploys("e", 0))
			w.wantOutcome(t, "bus/e", oneID, trigger.Waiting)
			began, tries := w.now(), len(w.queue.wakes)
			ended := func() bool {
				return len(w.letters.all)+len(w.deployments(t, oneID)) > 0 ||
					w.now().Sub(began) > 48*time.Hour
			}
			for !ended() {
				w.pass(time.Minute)
				if !full && w.now().Sub(began) == 23*time.Hour {
					if _, err := w.Ledger().Cancel(t.Context(), blocking, "ops", w.now()); err != nil {
						t.Fatal(err)
					}
				}
				if err := w.intake.Tick(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			took := w.now().Sub(began)
			if tries = len(w.queue.wakes) - tries; tries < 100 {
				t.Errorf("%d tries in %s, want one at least every 5 minutes", tries, took)
			}
			if !full {
				w.wantOutcome(t, "bus/e", oneID, trigger.Started)
				return
			}
			if took < 24*time.Hour || took > 24*time.Hour+10*time.Minute {
				t.Errorf("it is a dead letter after %s, want 24 h", took)
			}
			w.wantLetter(t, "", "queue is full")
			w.wantOutcome(t, "bus/e", oneID, trigger.Dead)
			if !strings.Contains(w.letters.all[0].Body, `"bus/e"`) || w.letters.all[0].Resource != oneID {
				t.Errorf("the letter is %+v", w.letters.all[0])
			}
		})
	}
}

// TestAStartThatWasRefusedKeepsItsID starts twice at once: the one is refused by a full queue, and
// the other is not. The retry of the first finds the deployment of the second.
func TestAStartThatWasRefusedKeepsItsID(t *testing.T) {
	w := debounced(0)(t)
	ports := w.ports()
	requests := &twice{Requests: ports.Requests}
	ports.Requests = requests
	w.intake = trigger.NewIntake(ports, w.opts)
	w.handle(t, w.deploys("e", 0))
	w.wantOutcome(t, "bus/e", oneID, trigger.Waiting)
	w.pass(10 * time.Minute)
	if err := w.intake.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantOutcome(t, "bus/e", oneID, trigger.Started)
	if records := w.deployments(t, oneID); len(records) != 1 {
		t.Errorf("%d deployments, want 1", len(records))
	}
}

// twice makes the first request, and answers that the queue is full.
type twice struct {
	trigger.Requests
	asked bool
}

func (r *twice) Request(ctx context.Context, request deployment.Request) (deployment.Receipt, error) {
	receipt, err := r.Requests.Request(ctx, request)
	if !r.asked && err == nil {
		r.asked = true
		return deployment.Receipt{}, deployment.NewQueueFullError()
	}
	return receipt, err
}

// TestP11ABurstEndsOnTheNewestVersions runs over the tables in package dynamostore, too.
func TestP11ABurstEndsOnTheNewestVersions(t *testing.T) {
	m := memory.New(memory.Options{})
	triggertest.TestBurst(t, triggertest.Stack{Store: m.Triggers(), Catalog: m.Catalog(), Ledger: m.Ledger(),
		History: m.History()})
}
