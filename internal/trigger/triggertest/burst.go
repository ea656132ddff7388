package triggertest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/trigger"
	"waybill/internal/trigger/requested"
)

// Stack are views of one state, which has only the resources of the test.
type Stack struct {
	Store   trigger.Store
	Catalog catalog.Store
	Ledger  deployment.Ledger
	History deployment.History
}

// The size of the burst.
const (
	burstEvents    = 500
	burstResources = 50
	burstProcesses = 8
	burstTeam      = "shop"
)

// clock is a time that tests move, for several goroutines.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// silent drops messages for later, as if they were lost, and counts dead letters.
type silent struct {
	mu      sync.Mutex
	letters []trigger.Letter
}

func (*silent) Wake(context.Context, catalog.ID, time.Duration) error { return nil }

func (s *silent) Bury(_ context.Context, letter trigger.Letter) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter)
	return nil
}

// burst is a running test.
type burst struct {
	Stack
	silent
	clock     clock
	intake    *trigger.Intake
	resources []catalog.ID
	newest    map[catalog.ID]string
}

// TestBurst delivers 500 events for 50 resources out of order, each twice, to several processes at
// once. Half of the resources collect events. Each resource must end on its newest version, and
// the results of all events must be those of the deployments.
func TestBurst(t *testing.T, stack Stack) {
	t.Helper()
	b := &burst{Stack: stack, clock: clock{at: start()}, newest: map[catalog.ID]string{}}
	b.intake = trigger.NewIntake(trigger.Ports{Store: b.Store, Catalog: b.Catalog, Records: b.History,
		Requests: deployment.NewRequests(b.Catalog, b.Ledger, deployment.RequestsOptions{Now: b.clock.now}),
		Queue:    &b.silent, Letters: &b.silent}, trigger.IntakeOptions{Team: burstTeam, Now: b.clock.now,
		CheckRequest: requested.Check})
	b.create(t)
	b.deliver(t, b.messages())
	b.clock.pass(time.Minute)
	if err := b.intake.Tick(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.count(t)
}

// create makes the resources.
func (b *burst) create(t *testing.T) {
	t.Helper()
	key, server := catalog.ID("key000000000000000000b57"), catalog.ID("srv000000000000000000b57")
	entities := []catalog.Entity{&catalog.PrivateKey{Meta: catalog.Meta{ID: key}},
		&catalog.Server{Meta: catalog.Meta{ID: server, Name: "web-1"}, KeyID: key,
			HostKey: "ssh-ed25519 AAAA", Concurrency: 2, QueueLimit: 1000}}
	for i := range burstResources {
		id := catalog.ID(fmt.Sprintf("app0000000000000000b57%02d", i))
		resource := catalog.Resource{Meta: catalog.Meta{ID: id}, ServerID: server}
		if i%2 == 0 {
			resource.Debounce = 10 * time.Second
		}
		entities = append(entities, &catalog.Application{Resource: resource,
			Image: &catalog.Image{Name: "web", Tag: "v0"}})
		b.resources = append(b.resources, id)
	}
	for _, entity := range entities {
		if err := b.Catalog.Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
}

// messages are all events, twice and in a random order.
func (b *burst) messages() []string {
	var all []string
	for n := range burstEvents {
		id, resource := fmt.Sprint("e", n), b.resources[n%burstResources]
		b.newest[resource] = id
		at := b.clock.now().Add(time.Duration(n-burstEvents) * time.Second)
		body, _ := json.Marshal(map[string]any{"id": id, "detail-type": trigger.RequestedType, "source": "ci",
			"time": at.Format(time.RFC3339), "detail": map[string]any{"team": burstTeam,
				"resource_uuid": resource, "operation": "deploy",
				"options": map[string]any{"docker_tag": id}}})
		all = append(all, string(body), string(body))
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}

// deliver hands the messages to several processes. One that must come again does.
func (b *burst) deliver(t *testing.T, messages []string) {
	t.Helper()
	var processes sync.WaitGroup
	next := make(chan string)
	for range burstProcesses {
		processes.Go(func() {
			for body := range next {
				if err := b.intake.Handle(t.Context(), body); err != nil {
					t.Errorf("Handle: %v", err)
				}
			}
		})
	}
	for _, body := range messages {
		next <- body
	}
	close(next)
	processes.Wait()
}

// count compares each result with the deployments.
func (b *burst) count(t *testing.T) {
	t.Helper()
	made := map[string]int{}
	for _, resource := range b.resources {
		listing, err := b.History.List(t.Context(), resource, deployment.Page{Take: 100})
		if err != nil {
			t.Fatal(err)
		}
		last := ""
		for _, record := range listing.Records {
			made[record.Options.DockerTag]++
			if record.Status == deployment.Queued {
				last = record.Options.DockerTag
			}
		}
		if last != b.newest[resource] {
			t.Errorf("%s ends on %s, want %s", resource, last, b.newest[resource])
		}
	}
	counts := map[trigger.Outcome]int{}
	for n := range burstEvents {
		id := fmt.Sprint("e", n)
		received, err := b.Store.Get(t.Context(), "bus/"+id)
		if err != nil || len(received.Results) != 1 || !received.Settled {
			t.Fatalf("%s is %+v; %v", id, received, err)
		}
		for _, result := range received.Results {
			counts[result.Outcome]++
			if want := map[trigger.Outcome]int{trigger.Started: 1}[result.Outcome]; made[id] != want {
				t.Errorf("%s is %s and has %d deployments", id, result.Outcome, made[id])
			}
		}
	}
	t.Logf("%d events, %d deployments: %v", burstEvents, len(made), counts)
	if counts[trigger.Started]+counts[trigger.Merged] != burstEvents || counts[trigger.Started] != len(made) {
		t.Errorf("%d events have the results %v, and there are %d deployments", burstEvents, counts,
			len(made))
	}
	if len(b.letters) > 0 {
		t.Errorf("dead letters: %+v", b.letters)
	}
}
