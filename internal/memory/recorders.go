package memory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"waybill/internal/deployment"
)

// Sender is a [deployment.Sender] that records the ids and the wake-ups.
type Sender struct {
	mu    sync.Mutex
	sent  []deployment.ID
	woken []WakeUp
}

// WakeUp is what [Sender.Wake] was called with.
type WakeUp struct {
	ID      deployment.ID
	Parking int
	Delay   time.Duration
}

// Wake records the wake-up.
func (s *Sender) Wake(ctx context.Context, id deployment.ID, parking int, delay time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.woken = append(s.woken, WakeUp{id, parking, delay})
	return nil
}

// WakeUps returns the wake-ups that were sent, in order.
func (s *Sender) WakeUps() []WakeUp {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.woken)
}

// Send records the id.
func (s *Sender) Send(ctx context.Context, id deployment.ID) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent = append(s.sent, id)
	return nil
}

// Sent returns the ids that were sent, in order.
func (s *Sender) Sent() []deployment.ID {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.sent)
}

// Feed is a [deployment.Feed] that records the changes.
type Feed struct {
	mu      sync.Mutex
	changes []deployment.Change
	listed  []deployment.Listed
}

// Append records the change.
func (f *Feed) Append(ctx context.Context, change deployment.Change, now time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.changes = append(f.changes, change)
	f.listed = append(f.listed, deployment.Listed{At: now.Truncate(time.Microsecond), ID: change.ID()})
	return nil
}

// Since returns the changes in the order of their times and ids.
func (f *Feed) Since(ctx context.Context, from time.Time, limit int) ([]deployment.Listed, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var since []deployment.Listed
	for _, one := range f.listed {
		if !one.At.Before(from) {
			since = append(since, one)
		}
	}
	slices.SortFunc(since, func(a, b deployment.Listed) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
	})
	return since[:min(limit, len(since))], nil
}

// Changes returns the changes, in order.
func (f *Feed) Changes() []deployment.Change {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.changes)
}

// Publisher is a [deployment.Publisher] that records the changes.
type Publisher struct {
	mu        sync.Mutex
	published []deployment.Change
}

// Publish records the change.
func (p *Publisher) Publish(ctx context.Context, change deployment.Change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.published = append(p.published, change)
	return nil
}

// Published returns the published changes, in order.
func (p *Publisher) Published() []deployment.Change {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.published)
}
