package sqsqueue

import (
	"cmp"
	"context"
	"errors"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// How long a message stays hidden. The queue itself hides it for the longest run of a
// function. A runner reduces that to the length of its lease, and extends it several
// times per lease while it lives. So the message of a dead runner is visible again
// within one lease, when the lease on the deployment has expired, or nearly so.
const (
	// renewals is how often a message is hidden again per lease.
	renewals = 4

	// A message that was received while another runner holds the lease comes back
	// after a quarter of a lease, the first soonTimes times: most likely it is the
	// message of a dead runner, seconds before the lease expires. After that it is a
	// duplicate for a deployment that is being worked on, and a lease is soon enough.
	soonTimes = 3

	// freshAfter is how often a wake-up is received before a new message takes its place, after
	// nearly ten minutes. A deployment may be followed for hours after it was parked, and its
	// wake-up is kept for as long. The age of the oldest message must not look as if the queue
	// did not move, and the wake-up must not become a dead letter.
	freshAfter = 15
)

// Message is a received message.
type Message struct {
	Body    string
	Receipt string
	// Receives is how often it was received, including this time.
	Receives int
	// Lease is how long a runner may be silent, in whole seconds; deployment.LeaseLength
	// when zero.
	Lease time.Duration
}

// Handle runs the deployment that the message names while it keeps the message hidden,
// as [Queue.HoldWhile] does. The number of the parking is 0 unless the message is a wake-up.
// Invalid if [Queue.Send] and [Queue.Wake] did not make the message.
//
// A wake-up that finds another runner is kept like any other message, because it may be the only
// one that is left. Once the deployment is parked again or has ended, it is deleted. Before it is old,
// a new message takes its place.
func (q *Queue) Handle(
	ctx context.Context, message Message, run func(ctx context.Context, id deployment.ID, parking int) error,
) error {
	id, parking, err := Read(message.Body)
	if err != nil {
		return err
	}
	err = q.HoldWhile(ctx, message, func(ctx context.Context) error { return run(ctx, id, parking) })
	if parking > 0 && message.Receives >= freshAfter && errors.Is(err, fault.Conflict) {
		return q.Wake(ctx, id, parking, message.pause())
	}
	return err
}

// HoldWhile runs the work while it keeps the message hidden, and returns the work's
// error. It hides the message before the work begins; if that fails, it does not run the
// work. Later failures only make the message visible too early, which the lease allows
// for; they are added to an error of the work.
//
// If the work returns Conflict, another runner holds the lease. HoldWhile then hides the
// message for a pause.
func (q *Queue) HoldWhile(ctx context.Context, message Message, work func(context.Context) error) error {
	message.Lease = message.lease()
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

// pause is how long the message stays hidden while another runner holds the lease.
func (m Message) pause() time.Duration {
	if m.Receives <= soonTimes {
		return (m.lease() / renewals).Round(time.Second)
	}
	return m.lease()
}

func (m Message) lease() time.Duration { return cmp.Or(m.Lease, deployment.LeaseLength) }

// renew holds the message until ctx is done. It returns the error of the last renewal.
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

// joinAfter adds other to err. Without err it returns nil.
func joinAfter(err, other error) error {
	if err == nil {
		return nil
	}
	return errors.Join(err, other)
}
