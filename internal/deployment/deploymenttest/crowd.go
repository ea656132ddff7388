package deploymenttest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func crowdCases() []testCase {
	return []testCase{
		{"TestP2: a hundred starts are claimed in their order, never more than the limit", testHundred},
		{"TestP2: many come, claim and end at once", testCrowd},
	}
}

// testHundred queues deployments of a hundred resources of one server at once. Several
// workers claim and end them.
func testHundred(t *testing.T, w *world) {
	const n = 100
	server := w.server(t, crowdLimit, n)
	records := make([]deployment.Record, n)
	for i := range records {
		records[i] = w.record(t, w.service(t, server), server)
	}
	for i, result := range together(records, func(record deployment.Record) (deployment.Receipt, error) {
		return w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
	}) {
		if result.err != nil || result.value.Position < 1 || result.value.Position > n {
			t.Errorf("start %d: position %d, %v", i, result.value.Position, result.err)
		}
	}
	_, order := w.load(t, server)
	if len(order) != n {
		t.Fatalf("%d wait, want %d", len(order), n)
	}
	seen := &crowd{size: n, order: order, claimed: map[deployment.ID]int{}, running: map[catalog.ID]bool{}}
	w.crowd(t, server, seen, nil)
	for _, record := range records {
		if got := w.get(t, record.ID); got.Status != deployment.Finished || got.Lease.Attempt != 1 {
			t.Errorf("%s is %s after %d attempts", record.ID, got.Status, got.Lease.Attempt)
		}
	}
}

// crowd is the record of several workers.
type crowd struct {
	size  int             // how many there are to claim
	order []deployment.ID // the queue, if all stood in it from the beginning

	mu      sync.Mutex
	claimed map[deployment.ID]int
	running map[catalog.ID]bool
	wrong   []string
}

const (
	crowdSize  = 24
	crowdLimit = 3
)

// testCrowd has several workers claim and end deployments of one server while more are
// queued, two for each resource.
func testCrowd(t *testing.T, w *world) {
	server := w.server(t, crowdLimit, 2*crowdSize)
	var records []deployment.Record
	for range crowdSize / 2 {
		service := w.service(t, server)
		for _, operation := range []deployment.Operation{deployment.Start, deployment.Restart} {
			record := w.record(t, service, server)
			record.Operation = operation
			records = append(records, record)
		}
	}
	w.crowd(t, server, &crowd{size: crowdSize, claimed: map[deployment.ID]int{},
		running: map[catalog.ID]bool{}}, records)
}

// crowd queues the records while workers claim and end all that there are.
func (w *world) crowd(t *testing.T, server catalog.ID, seen *crowd, records []deployment.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	var wait sync.WaitGroup
	for _, record := range records {
		wait.Go(func() { seen.check(w.insist(ctx, record)) })
	}
	for range crowdLimit + 1 {
		wait.Go(func() { seen.check(w.work(ctx, server, seen)) })
	}
	wait.Wait()
	for _, wrong := range seen.wrong {
		t.Error(wrong)
	}
	if len(seen.claimed) != seen.size {
		t.Errorf("%d were claimed, want %d", len(seen.claimed), seen.size)
	}
	running, queue := w.load(t, server)
	wantSame(t, "what is left", append(running, queue...), nil)
}

// insist queues the record. It waits while the resource has another one queued.
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

// work claims and ends deployments until all have ended.
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
		if load, err = w.History.Load(ctx, server); err != nil {
			return err
		}
		seen.passed(record.ID, load.Queue)
		record, err = w.Ledger.Begin(ctx, record.ID, "runner", w.now, lease)
		if err != nil {
			return err
		}
		seen.ends(record.ID)
		if err := w.Ledger.Finish(ctx, record.ID, record.Lease, record.Progress,
			deployment.Outcome{Status: deployment.Finished}, w.now); err != nil {
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

// passed checks that the claimed deployment has not passed an earlier one that could have
// started.
func (c *crowd) passed(claimed deployment.ID, queue []deployment.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, waiting := range queue {
		if c.order != nil && slices.Index(c.order, waiting.ID) < slices.Index(c.order, claimed) {
			c.wrong = append(c.wrong, fmt.Sprintf("%s was claimed before %s", claimed, waiting.ID))
		}
	}
}

func (c *crowd) ends(id deployment.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.running, id.Resource())
}

func (c *crowd) complete() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.claimed) >= c.size || len(c.wrong) > 0
}

func (c *crowd) check(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.wrong = append(c.wrong, err.Error())
	}
}

// yield lets other goroutines run first.
func yield(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Millisecond):
		return nil
	}
}
