package deployment

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// The life of a record: each transition is a pure function. A [Ledger] stores the result
// only if the record has not changed in the meantime.

// SameWork reports whether the record does what the other, new one asks for: both have the
// same resource, operation and options and, if they start the resource, the same
// configuration, and the record comes after the same deployments.
func (r Record) SameWork(other Record) bool {
	return r.ID.Resource() == other.ID.Resource() && r.Operation == other.Operation &&
		r.Options == other.Options && r.comesAfterAll(other) &&
		(r.ConfigurationHash == other.ConfigurationHash || !r.Operation.Starts())
}

// StandsFor reports whether the record is the answer to a repeated request without an
// Idempotency-Key. It is if all of this holds:
//
//   - it has not ended;
//   - it is the newest deployment of its resource;
//   - the repeat asks for the same work, with the same configuration.
func (r Record) StandsFor(repeat Record, newest ID) bool {
	return !r.Status.Terminal() && r.ID == newest && r.SameWork(repeat)
}

// Supersedes reports whether the record replaces a queued request of the same resource,
// so that the queued one never runs:
//
//   - A delete supersedes everything except a scrub, which needs the secrets that are
//     deleted with the resource.
//   - A stop supersedes every request that starts the resource, and another stop.
//   - A deploy supersedes every request that starts the resource. A start supersedes a
//     start, and a restart a restart, with other options or another configuration.
func (r Record) Supersedes(queued Record) bool {
	switch r.Operation {
	case Delete:
		return queued.Operation != Scrub
	case Stop:
		return queued.Operation.Starts() || queued.Operation == Stop
	case Deploy:
		return queued.Operation.Starts()
	case Start, Restart:
		return queued.Operation == r.Operation
	}
	return false
}

// IsGivenTo reports whether the token was given the deployment: one of its requests made it
// or was answered with it, or was answered with one that it superseded.
func (r Record) IsGivenTo(token string) bool {
	return token != "" && (r.Trigger.TokenID == token || slices.Contains(r.GivenTo, token))
}

// Given returns the record after a request of the token was answered with it. It is
// unchanged if the token was given it already, or if too many were.
func (r Record) Given(token string) Record {
	if token != "" && !r.IsGivenTo(token) && len(r.GivenTo) < MaxGivenTo {
		r.GivenTo = append(slices.Clip(r.GivenTo), token)
	}
	return r
}

// Succeeding returns the new record that supersedes the queued one. It is given to the same
// tokens.
func (r Record) Succeeding(queued Record) Record {
	for _, token := range append([]string{queued.Trigger.TokenID}, queued.GivenTo...) {
		r = r.Given(token)
	}
	return r
}

// AlreadyInState reports whether the operation has nothing to do for a resource in the
// state: a service or a database that runs is not started again, and one that does not
// run is not stopped. While a deployment of the resource runs, its next state is
// unknown, so AlreadyInState is false.
func (r Record) AlreadyInState(state catalog.State) bool {
	return state.Running == "" && slices.ContainsFunc(r.SatisfiedBy(), func(word string) bool {
		return state.Status == word || word != "" && strings.HasPrefix(state.Status, word)
	})
}

// SatisfiedBy returns the states in which the operation has nothing to do. Each is the
// beginning of a status, and "" is the status of a resource that was never deployed. A
// request with options always has something to do, and so has the start of an
// application, which deploys it again.
func (r Record) SatisfiedBy() []string {
	if r.Options != (Options{}) || r.ID.Kind() == catalog.KindApplication {
		return nil
	}
	switch r.Operation {
	case Start:
		return []string{"running"}
	case Stop:
		return []string{"", "exited"}
	}
	return nil
}

// Claimed returns the record after it has left the queue. Conflict unless it is queued.
func (r Record) Claimed(now time.Time) (Record, error) {
	if err := r.Status.To(InProgress); err != nil {
		return Record{}, err
	}
	r.Status, r.ClaimedAt, r.UpdatedAt = InProgress, now, now
	return r, nil
}

// Begun returns the record with its lease taken. It has the errors of [Leases.Begin].
func (r Record) Begun(owner string, now time.Time, length time.Duration) (Record, error) {
	switch {
	case r.Status.Terminal():
		return Record{}, fault.New(fault.Gone, "Deployment %s has ended.", r.ID)
	case r.Status != InProgress:
		return Record{}, fault.New(fault.Gone, "Deployment %s was never claimed.", r.ID)
	case r.Lease.Owner != owner && now.Before(r.Lease.Expires):
		return Record{}, fault.New(fault.Conflict, "Another runner works on deployment %s.", r.ID)
	}
	if r.StartedAt.IsZero() {
		r.StartedAt = now
	}
	r.Lease = Lease{Owner: owner, Attempt: r.Lease.Attempt + 1, Expires: now.Add(length),
		Woken: !r.ParkedAt.IsZero()}
	r.ParkedAt, r.UpdatedAt = time.Time{}, now
	return r, nil
}

// Advanced returns the record with the progress and a renewed lease. Conflict if the
// record has another lease. An expired lease can be renewed until another runner takes
// it.
func (r Record) Advanced(lease Lease, progress Progress, now time.Time,
	length time.Duration) (Record, error) {
	if err := r.LeasedTo(lease); err != nil {
		return Record{}, err
	}
	r.Progress, r.UpdatedAt = progress, now
	r.Lease.Expires = now.Add(length)
	return r, nil
}

// Ended returns the record in its terminal state, without what only a runner needs.
// Conflict if the record has another lease or has ended.
func (r Record) Ended(lease Lease, progress Progress, outcome Outcome, now time.Time) (Record, error) {
	if err := r.LeasedTo(lease); err != nil {
		return Record{}, err
	}
	if err := r.Status.To(outcome.Status); err != nil {
		return Record{}, err
	}
	r.Status, r.Progress, r.Outcome = outcome.Status, progress, outcome
	r.FinishedAt, r.UpdatedAt = now, now
	r.ExpiresAt = r.expiry()
	r.Lease, r.FollowedAt, r.ParkedAt = Lease{Attempt: lease.Attempt}, time.Time{}, time.Time{}
	return r, nil
}

// Started reports whether the deployment has started its resource. The resource runs with
// the secrets that were current at StartedAt, or with later ones.
func (r Record) Started() bool { return r.Status == Finished && r.Operation.Starts() }

// Reached reports whether the deployment shows that its server can be reached with the
// pinned host key and the private key: its job was seen there, and it did not end
// because the server was unreachable.
func (r Record) Reached() bool {
	return r.Progress.Process != "" && r.Outcome.Reason != ReasonUnreachable
}

// Cancelled returns the record after a user's request to cancel it. Conflict if it has
// ended.
func (r Record) Cancelled(by string, now time.Time) (Record, error) {
	if r.Status.Terminal() {
		return Record{}, NewNotCancellableError(r)
	}
	if r.CancelRequestedAt.IsZero() {
		r.CancelRequestedAt, r.CancelRequestedBy, r.UpdatedAt = now, by, now
	}
	if r.Status == Queued { // no runner will ever get it
		r.Status, r.Outcome = Cancelled, Outcome{Status: Cancelled, Reason: ReasonCancelled}
		r.Progress.Log.Complete = true
		r.FinishedAt, r.UpdatedAt = now, now
		r.ExpiresAt = r.expiry()
	}
	return r, nil
}

// Superseded returns the queued record after the successor has replaced it. Conflict
// unless it is queued.
func (r Record) Superseded(successor Record) (Record, error) {
	if r.Status != Queued {
		return Record{}, NewNotCancellableError(r)
	}
	ended, err := r.Cancelled(successor.Trigger.Name, successor.CreatedAt)
	ended.Outcome.Reason, ended.Outcome.Successor = ReasonSuperseded, successor.ID
	return ended, err
}

// Rewritten returns an ended record after its log was scrubbed and ends at the mark.
// Conflict unless the record has ended and the digest of its log is was.
func (r Record) Rewritten(was string, mark logbook.Mark, scrub ScrubSummary) (Record, error) {
	if !r.Status.Terminal() || r.Progress.Log.Digest != was {
		return Record{}, fault.New(fault.Conflict, "The log of deployment %s is another by now.", r.ID)
	}
	scrub.Original = cmp.Or(r.Scrub.Original, was)
	r.Progress.Log, r.Scrub, r.UpdatedAt = mark, scrub, scrub.At
	return r, nil
}

// LostContact reports whether the deployment seems to have no runner: it was claimed, its
// lease expired, or it should have been woken, longer ago than a message takes to arrive. It
// must then be sent to a runner again.
func (r Record) LostContact(now time.Time) bool {
	since := r.Lease.Expires
	if since.IsZero() {
		since = r.ClaimedAt
	}
	if r.IsParked() {
		since = r.wakesAt()
	}
	return r.Status == InProgress && now.Sub(since) > contactGrace
}

// contactGrace is longer than a message normally takes to a runner. It is short enough
// that the next sweep, within a minute, replaces a lost message.
const contactGrace = 20 * time.Second

// Orphaned reports whether the record does not belong in the queue or in the running set
// of its server.
func (r Record) Orphaned(inQueue bool) bool {
	return r.Status.Terminal() || (inQueue && r.Status != Queued)
}

// LeasedTo returns Conflict unless the record has this lease.
func (r Record) LeasedTo(lease Lease) error {
	if r.Status != InProgress {
		return fault.New(fault.Conflict, "Deployment %s is %s: no runner works on it.", r.ID, r.Status)
	}
	if lease.Attempt == 0 || lease.Owner != r.Lease.Owner || lease.Attempt != r.Lease.Attempt {
		return NewLeaseLostError(r.ID)
	}
	return nil
}
