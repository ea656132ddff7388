package sqsqueue

import (
	"context"
	"errors"
	"time"

	"waybill/internal/fault"
)

// How long a message stays hidden. The queue itself hides it for as long as a
// function may run; a runner makes that the length of its lease and says again,
// renewals times in it, that it lives, so that the message of one that died is
// there for the next within that time: whoever gets it finds the lease run out,
// or nearly.
const (
	// DefaultLease is the length of a lease when a message says none.
	DefaultLease = 40 * time.Second
	renewals     = 4

	// A message that met another runner at work comes back soon at first, after
	// a quarter of a lease: it is most likely the dead runner's own, a few
	// seconds before the lease runs out. After that it is a second message of a
	// deployment in good hands, and only has to be there when those let go.
	soonTimes = 3
)

// Message is a received message, as far as it takes to keep it.
type Message struct {
	Receipt string
	// Receives is how often it was received, this time included.
	Receives int
	// Lease is how long a runner may be silent, in whole seconds; DefaultLease
	// when zero.
	Lease time.Duration
}

// Keep does the work with the message held, and returns its error. Before
// work begins the message is held once: if that fails, nothing is done.
// Later failures only make the message visible too early, which the lease
// survives; they are told with the work's own error, if there is one.
//
// After Conflict, which says that another runner is at work, the message is
// hidden until it is worth another look.
func (q *Queue) Keep(ctx context.Context, message Message, work func(context.Context) error) error {
	if message.Lease == 0 {
		message.Lease = DefaultLease
	}
	if err := q.Hold(ctx, message.Receipt, message.Lease); err != nil {
		return err
	}
	renewing, stop := context.WithCancel(ctx)
	defer stop() // also when work panics
	failed := make(chan error, 1)
	go func() { failed <- q.renew(renewing, message) }()
	err := work(ctx)
	stop()
	err = joinAfter(err, <-failed)
	if errors.Is(err, fault.Conflict) {
		err = joinAfter(err, q.Hold(ctx, message.Receipt, message.pause()))
	}
	return err
}

// pause is how long a message that met another runner waits.
func (m Message) pause() time.Duration {
	if m.Receives <= soonTimes {
		return (m.Lease / renewals).Round(time.Second)
	}
	return m.Lease
}

// renew holds the message until ctx is done, and returns why the last renewal
// failed, or nil if it did not.
func (q *Queue) renew(ctx context.Context, message Message) error {
	ticker := time.NewTicker(message.Lease / renewals)
	defer ticker.Stop()
	var last error
	for {
		select {
		case <-ctx.Done():
			return last
		case <-ticker.C:
			err := q.Hold(ctx, message.Receipt, message.Lease)
			if ctx.Err() == nil {
				last = err
			}
		}
	}
}

// joinAfter tells of what else failed, if anything failed at all.
func joinAfter(err, other error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, other)
}
