package catalogapi

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// validationRequest is the body of a validation.
type validationRequest struct {
	Pin         bool   `json:"pin"`
	Fingerprint string `json:"fingerprint"`
}

// validationResult answers a validation.
type validationResult struct {
	Message     string  `json:"message"`
	UUID        string  `json:"uuid"`
	IsReachable bool    `json:"is_reachable"`
	IsUsable    bool    `json:"is_usable"`
	Fingerprint *string `json:"fingerprint"`
	HostKey     *string `json:"host_key"`
	Pinned      bool    `json:"pinned"`
	// Health is null unless the server is usable and was measured.
	Health *wire.ServerHealth `json:"health"`
}

// validateServer validates a server as the request says. A server that does not answer is a
// result, not an error: clients would retry an error in vain.
func (a catalogAPI) validateServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	asked, err := wire.Decode[validationRequest](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	found, err := a.validate(ctx, c, server, asked)
	return rest.Created(found), err
}

// instantTime is how long the validation of a new server may take. The whole answer has to
// come within the 29 s that API Gateway waits.
const instantTime = 20 * time.Second

// validateNew validates a new server and returns warnings: why it is not usable, or those of its
// measurement. It pins no key that the request does not name. The server exists by now, so
// nothing is an error: a client that repeats the request would create another server.
func (a catalogAPI) validateNew(ctx context.Context, c *rest.Call, server *catalog.Server) []string {
	limited, cancel := context.WithTimeout(ctx, instantTime)
	defer cancel()
	const field = "instant_validate: "
	found, err := a.validate(limited, c, server, validationRequest{})
	switch {
	case err == nil && found.IsUsable && found.Health != nil:
		return found.Health.Warnings
	case err == nil && found.IsUsable:
		return nil
	case err == nil:
		return []string{field + found.Message}
	}
	a.opts.Log.LogAttrs(ctx, slog.LevelWarn, "a new server was not validated",
		slog.String("server", string(server.ID)), slog.String("error", err.Error()))
	return []string{field + "the server was not validated. POST /servers/" + string(server.ID) +
		"/validate does it."}
}

// validate reads the server's host key, pins it if the request says so, and then tries to
// log in if it is pinned.
func (a catalogAPI) validate(
	ctx context.Context, c *rest.Call, server *catalog.Server, asked validationRequest,
) (validationResult, error) {
	jump, err := a.jump(ctx, server)
	if err != nil {
		return validationResult{}, err
	}
	seen, err := a.Inspector.HostKey(ctx, server, catalog.Login{Jump: jump}, asked.Fingerprint)
	if errors.Is(err, catalog.ErrServer) {
		return validationResult{UUID: string(server.ID), Message: fault.Public(err)}, nil
	}
	if err != nil {
		return validationResult{}, err
	}
	found := validationResult{
		UUID: string(server.ID), IsReachable: true, Fingerprint: &seen.Fingerprint, HostKey: &seen.Line,
	}
	found.Pinned, found.Message, err = asked.decide(server.HostKey, seen)
	if err != nil {
		return validationResult{}, err
	}
	if found.Pinned {
		if err := a.pinHostKey(ctx, c, server, seen); err != nil {
			return validationResult{}, err
		}
		found.IsUsable, err = a.tryLogin(ctx, server, jump, &found)
	}
	return found, err
}

// decide returns whether the shown key is, or now becomes, the pinned one. Conflict if
// it is not the one that the client expects, or if it would replace another key
// although the request does not name it: a script that always pins must not pin the key
// of an attacker between Waybill and the server.
func (v validationRequest) decide(
	pinned string, seen catalog.PublicKey,
) (pin bool, message string, err error) {
	switch {
	case v.Fingerprint != "" && v.Fingerprint != seen.Fingerprint:
		return false, "", fault.New(fault.Conflict,
			"The server shows the host key %s, not %s. Nothing was pinned.", seen.Fingerprint, v.Fingerprint)
	case pinned == seen.Line:
		return true, "The server shows the pinned host key " + seen.Fingerprint + ".", nil
	case pinned == "" && v.Pin:
		return true, "The host key " + seen.Fingerprint + " is now pinned.", nil
	case pinned == "":
		return false, "The server shows the host key " + seen.Fingerprint +
			". Compare it with the server's own and validate again with pin to pin it.", nil
	case v.Pin && v.Fingerprint != "":
		return true, "The host key " + seen.Fingerprint + " is now pinned in place of the one before.", nil
	case v.Pin:
		return false, "", fault.New(fault.Conflict,
			"The server shows the host key %s, which is not the pinned one. Name it as fingerprint to pin "+
				"it in place of the one before.",
			seen.Fingerprint)
	}
	return false, "The server shows the host key " + seen.Fingerprint +
		", which is not the pinned one. Nothing runs on it until its key is pinned again.", nil
}

// pinHostKey stores the key as pinned, and the time at which it was seen. The time alone is an
// observation and no change, so the audit has no entry for it.
func (a catalogAPI) pinHostKey(
	ctx context.Context, c *rest.Call, server *catalog.Server, seen catalog.PublicKey,
) error {
	var entry audit.Entry
	if server.HostKey != seen.Line {
		var err error
		if entry, err = c.Entry(audit.Update, server.Target(), "host_key"); err != nil {
			return err
		}
	}
	was := server.UpdatedAt
	now := a.opts.RecordTime()
	server.HostKey, server.ValidatedAt, server.UpdatedAt = seen.Line, now, now
	return rest.WrapNotFound(a.Store.Update(ctx, server, was, entry), catalog.KindServer.Title())
}

// tryLogin reports whether the private key opens the server and the server has the
// programs for a start. If not, it adds the reason to the message of the result. If it has,
// its measurement is stored and added.
func (a catalogAPI) tryLogin(
	ctx context.Context, server *catalog.Server, jump *catalog.Jump, found *validationResult,
) (bool, error) {
	key, err := a.serverKey(ctx, server)
	if err != nil {
		return false, err
	}
	health, err := a.Inspector.Usable(ctx, server, catalog.Login{PrivateKey: key, Jump: jump})
	if errors.Is(err, catalog.ErrServer) {
		found.Message += " " + fault.Public(err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	found.Message += " Logging in works, and the server has what deployments need."
	if health.MeasuredAt.IsZero() {
		return true, nil
	}
	found.Health = wire.FromHealth(health)
	return true, a.Store.ObserveServer(ctx, server.ID, health)
}
