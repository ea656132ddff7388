package deployment

import (
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The refusals of a [Ledger] and a [History], worded once for all their
// implementations.

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

// NewQueueFullError is Exhausted: as many wait for the server as may.
func NewQueueFullError() error {
	return fault.New(fault.Exhausted, "Deployment queue is full. Please wait for existing deployments to complete.")
}

// NewServerGoneError is Conflict: the server that the resource is on does not exist.
func NewServerGoneError() error {
	return fault.New(fault.Conflict, "The server of this resource is gone.")
}

// NewOtherQueuedError is Conflict: the resource has another request queued.
func NewOtherQueuedError(queued Record) error {
	return fault.New(fault.Conflict,
		"Deployment %s (%s) of this resource is queued, and this request does not supersede it. Wait for it to start, or cancel it.",
		queued.ID, queued.Operation)
}

// NewNotCancellableError is Conflict: the deployment has ended. The words are upstream's.
func NewNotCancellableError(record Record) error {
	return fault.New(fault.Conflict, "Deployment cannot be cancelled. Current status: %s", record.Status)
}

// NewLeaseLostError is Conflict: the lease is another's now.
func NewLeaseLostError(id ID) error {
	return fault.New(fault.Conflict, "The lease on deployment %s is another runner's now.", id)
}

// ErrAlreadyInState is the cause of what [NewAlreadyInStateError] returns.
var ErrAlreadyInState = errors.New("the resource is in the state that was asked for")

// NewAlreadyInStateError is Conflict by [ErrAlreadyInState]. The words are upstream's.
func NewAlreadyInStateError(record Record) error {
	state := "running"
	if record.Operation == catalog.Stop {
		state = "stopped"
	}
	return fault.Wrap(ErrAlreadyInState, fault.Conflict, "%s is already %s.", record.ID.Kind().Title(), state)
}
