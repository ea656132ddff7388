package deployment

import (
	"time"

	"waybill/internal/fault"
)

// A deployment is parked while it has no runner on purpose: its job runs on the server, and no
// reader or request follows it. The runner gives up its lease and sends a delayed message, the
// wake-up, that calls the next one. Each parking has a number, from 1, and its wake-up has the
// same one. A wake-up of an earlier parking does nothing, unless the right one is overdue. So
// late and repeated wake-ups do not add up: the deployment is not woken more often for them.

// ParkedFor is how long the deployment is parked for the nth time, at most: 5, 10, 20, and
// from then on 30 seconds.
func ParkedFor(parking int) time.Duration {
	const first, longest = 5 * time.Second, 30 * time.Second
	if parking > 3 {
		return longest
	}
	return first << max(parking-1, 0)
}

// wakesAt is when a parked deployment is woken at the latest, if no message is late.
func (r Record) wakesAt() time.Time { return r.ParkedAt.Add(ParkedFor(r.Progress.Parkings)) }

// IsParked reports whether the deployment is parked.
func (r Record) IsParked() bool { return r.Status == InProgress && !r.ParkedAt.IsZero() }

// Attempts is how many runners have taken the deployment. A runner that comes back to a
// parked deployment is no further one.
func (r Record) Attempts() int {
	attempts := r.Lease.Attempt - r.Progress.Parkings
	if r.IsParked() { // its next lease is not counted yet
		attempts++
	}
	return attempts
}

// Parked returns the record with the progress, parked by the holder of the lease, who gives
// it up. Conflict if the record has another lease.
func (r Record) Parked(lease Lease, progress Progress, now time.Time) (Record, error) {
	const noLease = 0
	r, err := r.Advanced(lease, progress, now, noLease)
	if err != nil {
		return Record{}, err
	}
	r.ParkedAt = now
	return r, nil
}

// Resumed returns the record with its lease taken, as [Record.Begun] does, for the wake-up of a
// parking. Gone if the deployment was parked twice since: then it has other wake-ups.
//
// If it was parked once since, the wake-up of that parking should come. It is lost if its runner
// died before it sent it. So the earlier one is kept, by a Conflict, and takes its
// place when it is overdue.
func (r Record) Resumed(parking int, owner string, now time.Time, length time.Duration) (Record, error) {
	switch {
	case parking < r.Progress.Parkings-1:
		return Record{}, fault.New(fault.Gone, "Deployment %s was woken already.", r.ID)
	case parking < r.Progress.Parkings && r.IsParked() && now.Before(r.wakesAt()):
		return Record{}, fault.New(fault.Conflict, "Deployment %s is parked, and will be woken.", r.ID)
	}
	return r.Begun(owner, now, length)
}

// Signalled reports whether the record is parked, and was so before, and a user or a reader has
// written on it since: then its runner must be woken at once. What was written before it was
// parked is known to the runner that parked it. The times are not compared with
// the one of the parking, because they are of another clock.
func (r Record) Signalled(before Record) bool {
	return r.IsParked() && before.IsParked() && (!r.FollowedAt.Equal(before.FollowedAt) ||
		!r.CancelRequestedAt.Equal(before.CancelRequestedAt))
}
