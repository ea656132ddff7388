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

// The life of a record: what each step of it changes, as pure functions. A
// [Ledger] keeps the result only if the record is still the one it started
// from.

// SameRequest reports whether both records are of one resource, with the same
// operation and options.
func (r Record) SameRequest(other Record) bool {
	return r.ID.Resource() == other.ID.Resource() && r.Operation == other.Operation && r.Options == other.Options
}

// SameWork reports whether both records ask for the same work: the same request
// and, where something is started, the same configuration.
func (r Record) SameWork(other Record) bool {
	return r.SameRequest(other) && (r.ConfigurationHash == other.ConfigurationHash || !r.Operation.Starts())
}

// StandsFor reports whether the record still answers a request that comes again
// without an Idempotency-Key. It does until it has ended, unless something newer
// was asked of the resource or its configuration has changed. newest is the
// resource's newest deployment.
func (r Record) StandsFor(repeat Record, newest ID) bool {
	return !r.Status.Terminal() && r.ID == newest && r.SameWork(repeat)
}

// Supersedes reports whether the record takes the place of a queued request of
// the same resource, so that the queued one never runs:
//
//   - A delete supersedes everything but a scrub: the secrets that a scrub looks
//     for go with the resource.
//   - A stop supersedes whatever starts the resource, and another stop.
//   - A deploy supersedes whatever starts the resource. A start or a restart
//     supersedes its like with other options or another configuration.
func (r Record) Supersedes(queued Record) bool {
	switch r.Operation {
	case catalog.Delete:
		return queued.Operation != catalog.Scrub
	case catalog.Stop:
		return queued.Operation.Starts() || queued.Operation == catalog.Stop
	case catalog.Deploy:
		return queued.Operation.Starts()
	case catalog.Start, catalog.Restart:
		return queued.Operation == r.Operation
	}
	return false
}

// AlreadyInState reports whether a resource in the state has nothing to do for this
// operation: a service or a database that runs is not started, and one that
// does not is not stopped. While a deployment of it runs, nobody knows what
// comes of it, so nothing is a Conflict then.
func (r Record) AlreadyInState(state catalog.State) bool {
	return state.Running == "" && slices.ContainsFunc(r.SatisfiedBy(), func(word string) bool {
		return state.Status == word || word != "" && strings.HasPrefix(state.Status, word)
	})
}

// SatisfiedBy are the words of which a status begins with one when it is what
// the operation is for; "" is that of a resource on which nothing ever ran. Any
// option asks for more than a status, and force for anything. Applications are
// deployed anew by starting them.
func (r Record) SatisfiedBy() []string {
	if r.Options != (catalog.Options{}) || r.ID.Kind() == catalog.KindApplication {
		return nil
	}
	switch r.Operation {
	case catalog.Start:
		return []string{"running"}
	case catalog.Stop:
		return []string{"", "exited"}
	}
	return nil
}

// Claimed is the record once it left the queue. Conflict unless it is queued.
func (r Record) Claimed(now time.Time) (Record, error) {
	if err := r.Status.To(InProgress); err != nil {
		return Record{}, err
	}
	r.Status, r.ClaimedAt, r.UpdatedAt = InProgress, now, now
	return r, nil
}

// Begun is the record with its lease taken. The errors are those of
// [Ledger.Begin].
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
	r.Lease = Lease{Owner: owner, Attempt: r.Lease.Attempt + 1, Expires: now.Add(length)}
	r.UpdatedAt = now
	return r, nil
}

// Advanced is the record with more progress and its lease renewed. Conflict if
// the lease is not the record's, whether or not it has expired: until another
// takes it, it can be renewed.
func (r Record) Advanced(lease Lease, progress Progress, now time.Time, length time.Duration) (Record, error) {
	if err := r.LeasedTo(lease); err != nil {
		return Record{}, err
	}
	r.Progress, r.UpdatedAt = progress, now
	r.Lease.Expires = now.Add(length)
	return r, nil
}

// Ended is the record in its terminal state. Conflict if the lease is not the
// record's, or if the record has ended.
func (r Record) Ended(lease Lease, progress Progress, outcome Outcome, now time.Time) (Record, error) {
	if err := r.LeasedTo(lease); err != nil {
		return Record{}, err
	}
	if err := r.Status.To(outcome.Status); err != nil {
		return Record{}, err
	}
	r.Status, r.Progress, r.Outcome = outcome.Status, progress, outcome
	r.FinishedAt, r.UpdatedAt = now, now
	return r, nil
}

// Reached reports whether the deployment has shown that its server can be reached
// with the pinned host key and the private key: it ended with its job seen there,
// and not because the server was out of reach.
func (r Record) Reached() bool {
	return r.Progress.Process != "" && r.Outcome.Reason != ReasonUnreachable
}

// Cancelled is the record once a user asked to cancel it. Conflict if it has
// ended.
func (r Record) Cancelled(by string, now time.Time) (Record, error) {
	if r.Status.Terminal() {
		return Record{}, NewNotCancellableError(r)
	}
	if r.CancelRequestedAt.IsZero() {
		r.CancelRequestedAt, r.CancelRequestedBy, r.UpdatedAt = now, by, now
	}
	if r.Status == Queued { // no runner has it, and none ever will
		r.Status, r.Outcome = Cancelled, Outcome{Status: Cancelled, Reason: ReasonCancelled}
		r.Progress.Log.Complete = true
		r.FinishedAt, r.UpdatedAt = now, now
	}
	return r, nil
}

// Superseded is the queued record once the successor takes its place. Conflict
// unless it is queued.
func (r Record) Superseded(successor Record) (Record, error) {
	if r.Status != Queued {
		return Record{}, NewNotCancellableError(r)
	}
	ended, err := r.Cancelled(successor.Trigger.Name, successor.QueuedAt)
	ended.Outcome.Reason, ended.Outcome.Successor = ReasonSuperseded, successor.ID
	return ended, err
}

// Rewritten is an ended record whose log was scrubbed, so that it ends at the
// mark now. Conflict unless it has ended and its log's digest is what it was.
func (r Record) Rewritten(was string, mark logbook.Mark, scrub Scrub) (Record, error) {
	if !r.Status.Terminal() || r.Progress.Log.Digest != was {
		return Record{}, fault.New(fault.Conflict, "The log of deployment %s is another by now.", r.ID)
	}
	scrub.Original = cmp.Or(r.Scrub.Original, was)
	r.Progress.Log, r.Scrub, r.UpdatedAt = mark, scrub, scrub.At
	return r, nil
}

// LostContact reports whether no runner seems to have the deployment: it was
// claimed, or its lease ran out, longer ago than a message takes to arrive.
// Its runner must then be called again.
func (r Record) LostContact(now time.Time) bool {
	since := r.Lease.Expires
	if since.IsZero() {
		since = r.ClaimedAt
	}
	return r.Status == InProgress && now.Sub(since) > contactGrace
}

// contactGrace is longer than a message takes on its way to a runner when all
// is well, and short enough that a lost one costs no minute more than the
// sweep's own.
const contactGrace = 20 * time.Second

// Orphaned reports whether the record does not belong where its server has it.
func (r Record) Orphaned(inQueue bool) bool {
	return r.Status.Terminal() || (inQueue && r.Status != Queued)
}

// LeasedTo is Conflict unless the lease is the record's.
func (r Record) LeasedTo(lease Lease) error {
	if r.Status != InProgress {
		return fault.New(fault.Conflict, "Deployment %s is %s: no runner works on it.", r.ID, r.Status)
	}
	if lease.Attempt == 0 || lease.Owner != r.Lease.Owner || lease.Attempt != r.Lease.Attempt {
		return NewLeaseLostError(r.ID)
	}
	return nil
}
