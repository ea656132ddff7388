package deployment

import (
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The errors of a [Ledger] and a [History], defined once for all their implementations.

// NewNotFoundError is NotFound: there is no such deployment.
func NewNotFoundError() error { return fault.New(fault.NotFound, "Deployment not found.") }

// NewExistsError is Conflict: the id is in use.
func NewExistsError(id ID) error {
	return fault.New(fault.Conflict, "Deployment %s exists already.", id)
}

// NewNothingToClaimError is NotFound: no deployment of the server can start now.
func NewNothingToClaimError(server catalog.ID) error {
	return fault.New(fault.NotFound, "Nothing on server %s can start now.", server)
}

// NewQueueFullError is Exhausted: the queue of the server is full.
func NewQueueFullError() error {
	return fault.New(fault.Exhausted, "Deployment queue is full. Please wait for existing deployments to "+
		"complete.")
}

// NewWaitingFullError is Exhausted: as many deployments of the server wait for others as its
// queue may have.
func NewWaitingFullError() error {
	return fault.New(fault.Exhausted, "Too many deployments of this server wait for others. Please wait for "+
		"these to complete.")
}

// NewUnknownDependencyError is Invalid: a request comes after something that does not exist.
func NewUnknownDependencyError(id catalog.ID) error {
	return fault.InvalidField("after", "names %s, which is no application, service or database", id)
}

// ErrDependencyEnded is the cause of an error of [NewDependencyEndedError].
var ErrDependencyEnded = errors.New("a dependency has ended")

// NewDependencyEndedError is Conflict with the cause [ErrDependencyEnded]: a deployment that
// the record waits for has ended since the request looked at it.
func NewDependencyEndedError() error {
	return fault.Wrap(ErrDependencyEnded, fault.Conflict, "A deployment that this one comes after ended "+
		"just now. Try again.")
}

// NewServerGoneError is Conflict: the server of the resource does not exist.
func NewServerGoneError() error {
	return fault.New(fault.Conflict, "The server of this resource is gone.")
}

// NewUnpinnedError is Conflict: the server has no pinned host key.
func NewUnpinnedError(server *catalog.Server) error {
	return fault.New(fault.Conflict,
		"The host key of server %s is not pinned. "+
			"POST /servers/%s/validate shows its fingerprint and pins it.",
		server.Name, server.ID)
}

// ErrOtherQueued is the cause of an error of [NewOtherQueuedError].
var ErrOtherQueued = errors.New("another request of the resource is queued")

// NewOtherQueuedError is Conflict with the cause [ErrOtherQueued]: the resource has another
// request queued.
func NewOtherQueuedError(queued Record) error {
	return fault.Wrap(ErrOtherQueued, fault.Conflict,
		"Deployment %s (%s) of this resource is queued, and this request does not supersede it. "+
			"Wait for it to start, or cancel it.",
		queued.ID, queued.Operation)
}

// NewNotCancellableError is Conflict: the deployment has ended. The text is upstream's.
func NewNotCancellableError(record Record) error {
	return fault.New(fault.Conflict, "Deployment cannot be cancelled. Current status: %s", record.Status)
}

// NewLeaseLostError is Conflict: another runner has the lease.
func NewLeaseLostError(id ID) error {
	return fault.New(fault.Conflict, "The lease on deployment %s is another runner's now.", id)
}

// ErrAlreadyInState is the cause of an error of [NewAlreadyInStateError].
var ErrAlreadyInState = errors.New("the resource is in the state that was asked for")

// NewAlreadyInStateError is Conflict with the cause [ErrAlreadyInState]. The text is
// upstream's.
func NewAlreadyInStateError(record Record) error {
	state := "running"
	if record.Operation == Stop {
		state = "stopped"
	}
	return fault.Wrap(ErrAlreadyInState, fault.Conflict, "%s is already %s.", record.ID.Kind().Title(), state)
}
