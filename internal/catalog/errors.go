package catalog

import (
	"errors"

	"waybill/internal/fault"
)

// ErrServer is in the chain of an error whose cause is a server of the team. Without it,
// Unavailable is an outage of Waybill's own services, which says nothing about a server.
var ErrServer = errors.New("the server is at fault")

// NewServerError is Unavailable with [ErrServer]: a server cannot be reached or used. The
// text is for the client and says why.
func NewServerError(format string, args ...any) error {
	return fault.Wrap(ErrServer, fault.Unavailable, format, args...)
}

// The errors of a [Store], defined once for all its implementations.

// NewNotFoundError is NotFound: no entity has this id.
func NewNotFoundError(id ID) error {
	return fault.New(fault.NotFound, "%s not found.", id.Kind().Title())
}

// NewNoServerError is NotFound: no server has this id.
func NewNoServerError() error { return fault.New(fault.NotFound, "%s not found.", KindServer.Title()) }

// NewExistsError is Conflict: the id is in use.
func NewExistsError(id ID) error {
	return fault.New(fault.Conflict, "%s %s exists already.", id.Kind().Title(), id)
}

// NewNoDependencyError is Invalid: a dependency of an entity does not exist. It names
// the dependency's field in the API.
func NewNoDependencyError(dependency ID) error {
	switch kind := dependency.Kind(); kind {
	case KindPrivateKey:
		return fault.InvalidField("private_key_uuid", "must be the uuid of a private key that exists")
	case KindServer:
		return fault.InvalidField("server_uuid", "must be the uuid of a server that exists")
	default:
		return fault.InvalidField("uuid", "must name something that exists")
	}
}

// NewJumpHostError is Invalid: the jump host of a server does not exist, or has a jump host
// of its own.
func NewJumpHostError() error {
	return fault.InvalidField("proxy_jump",
		"must be the uuid of a server that exists and has no proxy_jump of its own")
}

// NewIsJumpHostError is Invalid: a server is the jump host of another, so it cannot have one.
func NewIsJumpHostError() error {
	return fault.InvalidField("proxy_jump",
		"must be null, because other servers have this server as their proxy_jump")
}

// ErrStale is the cause of an error of [NewStaleError].
var ErrStale = errors.New("the entity changed after it was read")

// NewStaleError is Conflict with the cause [ErrStale]: the entity changed after it was read.
func NewStaleError(id ID) error {
	return fault.Wrap(ErrStale, fault.Conflict,
		"%s %s was changed by someone else in the meantime. Read it again.", id.Kind().Title(), id)
}

// NewInUseError is Conflict: other entities depend on the entity.
func NewInUseError(id ID) error {
	return fault.New(fault.Conflict,
		"%s %s is still in use. Delete what uses it first.", id.Kind().Title(), id)
}

// NewBusyError is Conflict: a deployment of the entity, or on it, has not ended.
func NewBusyError(id ID) error {
	return fault.New(fault.Conflict,
		"%s %s has a deployment that is queued or running. Wait for its end.", id.Kind().Title(), id)
}

// Check returns the page with its default filled in. Invalid if the limit is out of
// bounds or After is not an id of the kind.
func (p Page) Check(kind Kind) (Page, error) {
	if p.Limit == 0 {
		p.Limit = MaxPage
	}
	if p.Limit < 1 || p.Limit > MaxPage {
		return p, fault.InvalidField("limit", "must be 1 to 100")
	}
	if p.After == "" {
		return p, nil
	}
	if after, err := ParseID(p.After); err != nil || after.Kind() != kind {
		return p, fault.InvalidField("after", "must be the next of the page before")
	}
	return p, nil
}
