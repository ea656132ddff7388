package catalog

import (
	"context"
	"io"
	"time"

	"waybill/internal/fault"
)

// The limits of [Sessions].
const (
	// MaxSessions is how many sessions the API has with one server at a time.
	MaxSessions = 3
	// SessionTime is how long a place counts that is not freed, because its function died.
	// No function of the API runs for so long.
	SessionTime = 30 * time.Second
)

// Sessions limits the sessions that the API has with a server at a time, over all instances
// of its functions. Runners need no place: a server has a limit of its own for them. All
// methods may be called concurrently.
type Sessions interface {
	// Take takes one of the server's [MaxSessions] places for the holder, a random text.
	// It counts until it is freed, at most for [SessionTime]. Exhausted if no place is
	// free.
	Take(ctx context.Context, server ID, holder string, now time.Time) error
	// Free frees the holder's place. It does nothing if the holder has none.
	Free(ctx context.Context, server ID, holder string) error
}

// NewNoSessionError is Exhausted: all places of a server are taken.
func NewNoSessionError() error {
	return fault.New(fault.Exhausted,
		"%d other requests are connected to the server, and more are not allowed at a time. Try again later.",
		MaxSessions)
}

// InSession calls do while it has a place with the server. random is crypto/rand.Reader
// outside tests. A place that cannot be freed expires.
func InSession(
	ctx context.Context, sessions Sessions, server ID, now time.Time, random io.Reader, do func() error,
) error {
	holder, err := RandomText(IDLength, random)
	if err != nil {
		return err
	}
	if err := sessions.Take(ctx, server, holder, now); err != nil {
		return err
	}
	defer func() { _ = sessions.Free(context.WithoutCancel(ctx), server, holder) }()
	return do()
}
