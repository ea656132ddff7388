package deploymenttest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func racesCases() []testCase {
	return []testCase{
		{"TestP2: identical requests at once are one deployment", testIdenticalAtOnce},
		{"a queue that fills while many come takes exactly its limit", testFillingQueue},
		{"of many runners that begin at once, one does", testBeginAtOnce},
		{"of a Delete and an Enqueue at once, one wins", testDeleteAtOnce},
		{"TestP2: many come, claim and end at once", testCrowd},
	}
}

func testIdenticalAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	for name, request := range map[string]deployment.RequestKey{"with a key": key("race", time.Minute), "without": {}} {
		records := make([]deployment.Record, 12)
		for i := range records {
			records[i] = w.record(t, service, server)
		}
		got := together(records, func(record deployment.Record) (deployment.Receipt, error) {
			return w.Ledger.Enqueue(t.Context(), record, request)
		})
		first := w.state(t, service).Queued
		fresh := 0
		for _, result := range got {
			if result.err != nil || string(result.value.Record.ID) != first {
				t.Errorf("%s: answered with %s, %v; want %s", name, result.value.Record.ID, result.err, first)
			}
			if !result.value.Repeated {
				fresh++
			}
		}
		if fresh != 1 {
			t.Errorf("%s: %d were accepted as new, want 1", name, fresh)
		}
		w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Outcome{Status: deployment.Finished})
	}
	if got := w.state(t, service).Deployments; got != 2 {
		t.Errorf("the history has %d deployments, want 2", got)
	}
}

func testFillingQueue(t *testing.T, w *world) {
	server := w.server(t, 1, 5)
	records := make([]deployment.Record, 12)
	for i := range records {
		records[i] = w.record(t, w.service(t, server), server)
	}
	accepted := 0
	for _, result := range together(records, func(record deployment.Record) (deployment.Receipt, error) {
		return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	}) {
		if result.err == nil {
			accepted++
		} else {
			wantKind(t, result.err, fault.Exhausted)
		}
	}
	if _, queue := w.load(t, server); accepted != 5 || len(queue) != 5 {
		t.Errorf("%d accepted and %d queued, want 5", accepted, len(queue))
	}
}

func testBeginAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.enqueue(t, w.service(t, server), server)
	id := w.claim(t, server).ID
	begun := 0
	for _, result := range together([]string{"a", "b", "c", "d", "e", "f"}, func(owner string) (deployment.Record, error) {
		return w.Ledger.Begin(t.Context(), id, owner, w.now, lease)
	}) {
		if result.err == nil {
			begun++
		} else {
			wantKind(t, result.err, fault.Conflict)
		}
	}
	if begun != 1 {
		t.Errorf("%d have begun, want 1", begun)
	}
}

func testDeleteAtOnce(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for range 5 {
		service := w.service(t, server)
		record := w.record(t, service, server)
		got := together([]bool{true, false}, func(remove bool) (deployment.Receipt, error) {
			if remove {
				return deployment.Receipt{}, w.Store.Delete(t.Context(), service)
			}
			return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
		})
		if (got[0].err == nil) == (got[1].err == nil) {
			t.Errorf("Delete: %v, Enqueue: %v; want one of them to win", got[0].err, got[1].err)
		}
		if got[1].err == nil {
			w.finish(t, w.begin(t, w.claim(t, server).ID, "runner"), deployment.Outcome{Status: deployment.Finished})
		}
	}
}

// result is what one of several calls at once returned.
type result[T any] struct {
	value T
	err   error
}

// together calls f with each of the arguments, all at once.
func together[A, T any](arguments []A, f func(A) (T, error)) []result[T] {
	results := make([]result[T], len(arguments))
	start := make(chan struct{})
	var wait sync.WaitGroup
	for i, argument := range arguments {
		wait.Go(func() {
			<-start
			results[i].value, results[i].err = f(argument)
		})
	}
	close(start)
	wait.Wait()
	return results
}

// crowd is what testCrowd saw.
type crowd struct {
	mu      sync.Mutex
	claimed map[deployment.ID]int
	running map[catalog.ID]bool
	wrong   []string
}

const (
	crowdSize  = 24
	crowdLimit = 3
)

// testCrowd has several workers claim and end deployments of one server while
// these are still being queued, each resource twice.
func testCrowd(t *testing.T, w *world) {
	server := w.server(t, crowdLimit, 2*crowdSize)
	var records []deployment.Record
	for range crowdSize / 2 {
		service := w.service(t, server)
		for _, operation := range []catalog.Operation{catalog.Start, catalog.Restart} {
			record := w.record(t, service, server)
			record.Operation = operation
			records = append(records, record)
		}
	}
	seen := &crowd{claimed: map[deployment.ID]int{}, running: map[catalog.ID]bool{}}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wait sync.WaitGroup
	for _, record := range records {
		wait.Go(func() { seen.check(w.insist(ctx, record)) })
	}
	for range 4 {
		wait.Go(func() { seen.check(w.work(ctx, server, seen)) })
	}
	wait.Wait()
	for _, wrong := range seen.wrong {
		t.Error(wrong)
	}
	if len(seen.claimed) != len(records) {
		t.Errorf("%d were claimed, want %d", len(seen.claimed), len(records))
	}
	running, queue := w.load(t, server)
	wantSame(t, "what is left", append(running, queue...), nil)
}

// insist queues the record, waiting while its resource has the other one.
func (w *world) insist(ctx context.Context, record deployment.Record) error {
	for {
		_, err := w.Ledger.Enqueue(ctx, record, deployment.RequestKey{})
		if !errors.Is(err, fault.Conflict) {
			return err
		}
		if err := yield(ctx); err != nil {
			return err
		}
	}
}

// work claims and ends deployments until all have been.
func (w *world) work(ctx context.Context, server catalog.ID, seen *crowd) error {
	for !seen.complete() {
		load, err := w.History.Load(ctx, server)
		if err != nil {
			return err
		}
		if len(load.Running) > crowdLimit {
			return fmt.Errorf("%d ran at once, at most %d may", len(load.Running), crowdLimit)
		}
		record, err := w.Ledger.Claim(ctx, server, w.now)
		if errors.Is(err, fault.NotFound) {
			if err := yield(ctx); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		seen.began(record.ID)
		record, err = w.Ledger.Begin(ctx, record.ID, "runner", w.now, lease)
		if err != nil {
			return err
		}
		seen.ends(record.ID)
		if err := w.Ledger.Finish(ctx, record.ID, record.Lease, record.Progress, deployment.Outcome{Status: deployment.Finished}, w.now); err != nil {
			return err
		}
	}
	return nil
}

func (c *crowd) began(id deployment.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.claimed[id]++; c.claimed[id] > 1 {
		c.wrong = append(c.wrong, fmt.Sprintf("%s was claimed %d times", id, c.claimed[id]))
	}
	if c.running[id.Resource()] {
		c.wrong = append(c.wrong, fmt.Sprintf("two of %s ran at once", id.Resource()))
	}
	c.running[id.Resource()] = true
}

func (c *crowd) ends(id deployment.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id.Resource())
}

func (c *crowd) complete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.claimed) >= crowdSize || len(c.wrong) > 0
}

func (c *crowd) check(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.wrong = append(c.wrong, err.Error())
	}
}

// yield lets others go first.
func yield(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Millisecond):
		return nil
	}
}
