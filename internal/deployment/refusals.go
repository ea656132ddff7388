package deployment

import (
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// The refusals of a [Ledger] and a [History], worded once for all their
// implementations.

// Missing is NotFound: there is no such deployment.
func Missing() error { return fault.New(fault.NotFound, "Deployment not found.") }

// Taken is Conflict: the id is in use.
func Taken(id ID) error { return fault.New(fault.Conflict, "Deployment %s exists already.", id) }

// NothingToClaim is NotFound: no deployment of the server can start now.
func NothingToClaim(server catalog.ID) error {
	return fault.New(fault.NotFound, "Nothing on server %s can start now.", server)
}

// QueueFull is Exhausted: as many wait for the server as may.
func QueueFull() error {
	return fault.New(fault.Exhausted, "Deployment queue is full. Please wait for existing deployments to complete.")
}

// ServerGone is Conflict: the server that the resource is on does not exist.
func ServerGone() error { return fault.New(fault.Conflict, "The server of this resource is gone.") }

// OtherQueued is Conflict: the resource has another request queued.
func OtherQueued(queued Record) error {
	return fault.New(fault.Conflict,
		"Deployment %s (%s) of this resource is queued, and this request does not supersede it. Wait for it to start, or cancel it.",
		queued.ID, queued.Operation)
}

// NotCancellable is Conflict: the deployment has ended. The words are upstream's.
func NotCancellable(record Record) error {
	return fault.New(fault.Conflict, "Deployment cannot be cancelled. Current status: %s", record.Status)
}

// Lost is Conflict: the lease is another's now.
func Lost(id ID) error {
	return fault.New(fault.Conflict, "The lease on deployment %s is another runner's now.", id)
}

// ErrNeedless is the cause of what [Needless] returns.
var ErrNeedless = errors.New("the resource is in the state that was asked for")

// Needless is Conflict by [ErrNeedless]. The words are upstream's.
func Needless(record Record) error {
	state := "running"
	if record.Operation == catalog.Stop {
		state = "stopped"
	}
	return fault.Wrap(ErrNeedless, fault.Conflict, "%s is already %s.", record.ID.Kind().Title(), state)
}
