package inspection

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Desk answers the questions, in the inspect function.
type Desk struct {
	inspector catalog.Inspector
	sessions  catalog.Sessions
	now       func() time.Time
}

// NewDesk returns a desk that asks the inspector, in a session of the server.
func NewDesk(inspector catalog.Inspector, sessions catalog.Sessions, now func() time.Time) *Desk {
	return &Desk{inspector: inspector, sessions: sessions, now: now}
}

// Answer answers the question of an event. Invalid if it is not one of [Client]'s.
func (d *Desk) Answer(ctx context.Context, asked json.RawMessage) (any, error) {
	var q question
	if err := json.Unmarshal(asked, &q); err != nil {
		return nil, fault.New(fault.Invalid, "the question is not of a known form") // quotes nothing of it
	}
	limit, known := limits[q.Ask]
	if !known {
		return nil, fault.New(fault.Invalid, "the question is not a known one")
	}
	limited, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var found verdict
	err := catalog.InSession(limited, d.sessions, q.server().ID, d.now(), rand.Reader, func() (err error) {
		found, err = d.inspect(limited, q)
		return err
	})
	switch {
	case errors.Is(err, catalog.ErrServer):
		return verdict{Unfit: fault.Public(err)}, nil
	case errors.Is(err, fault.Unavailable):
		return verdict{Away: true}, nil
	case errors.Is(err, fault.Exhausted):
		return verdict{Busy: true}, nil
	case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
		return verdict{Unfit: "The server has not answered within " + limit.String() + "."}, nil
	}
	return found, err
}

func (d *Desk) inspect(ctx context.Context, q question) (verdict, error) {
	switch q.Ask {
	case askLogin:
		return verdict{}, d.inspector.Login(ctx, q.server(), q.login())
	case askUsable:
		health, err := d.inspector.Usable(ctx, q.server(), q.login())
		return verdict{Health: health}, err
	}
	key, err := d.inspector.HostKey(ctx, q.server(), q.login(), q.Fingerprint)
	return verdict{HostKey: key.Line}, err
}
