package catalogapi

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// validation is what a client asks of a validation.
type validation struct {
	Pin         bool   `json:"pin"`
	Fingerprint string `json:"fingerprint"`
}

// validated is what a validation found.
type validated struct {
	Message     string  `json:"message"`
	UUID        string  `json:"uuid"`
	IsReachable bool    `json:"is_reachable"`
	IsUsable    bool    `json:"is_usable"`
	Fingerprint *string `json:"fingerprint"`
	HostKey     *string `json:"host_key"`
	Pinned      bool    `json:"pinned"`
}

// validateServer looks at a server's host key, pins it when told to, and then
// tries to log in. That a server does not answer is a finding, not a failure:
// a status that clients retry would have them knock for nothing.
func (k catalogAPI) validateServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, k.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	asked, err := wire.Decode[validation](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	seen, err := k.Inspector.HostKey(ctx, server, asked.Fingerprint)
	if errors.Is(err, fault.Unavailable) {
		return rest.Created(validated{UUID: string(server.ID), Message: fault.Public(err)}), nil
	}
	if err != nil {
		return rest.Answer{}, err
	}
	found := validated{UUID: string(server.ID), IsReachable: true, Fingerprint: &seen.Fingerprint, HostKey: &seen.Line}
	found.Pinned, found.Message, err = asked.decide(server.HostKey, seen)
	if err != nil {
		return rest.Answer{}, err
	}
	if found.Pinned {
		if err := k.pin(ctx, server, seen); err != nil {
			return rest.Answer{}, err
		}
		if found.IsUsable, err = k.login(ctx, server, &found.Message); err != nil {
			return rest.Answer{}, err
		}
	}
	return rest.Created(found), nil
}

// decide says whether the key that was seen is, or now becomes, the pinned one.
// Conflict if it is not the one that the client expects, or if it would take
// the place of another without having been named: whoever stands between us and
// a server must not get pinned by a script that pins whatever it sees.
func (v validation) decide(pinned string, seen catalog.PublicKey) (pin bool, message string, err error) {
	switch {
	case v.Fingerprint != "" && v.Fingerprint != seen.Fingerprint:
		return false, "", fault.New(fault.Conflict, "The server shows the host key %s, not %s. Nothing was pinned.", seen.Fingerprint, v.Fingerprint)
	case pinned == seen.Line:
		return true, "The server shows the pinned host key " + seen.Fingerprint + ".", nil
	case pinned == "" && v.Pin:
		return true, "The host key " + seen.Fingerprint + " is now pinned.", nil
	case pinned == "":
		return false, "The server shows the host key " + seen.Fingerprint + ". Compare it with the server's own and validate again with pin to pin it.", nil
	case v.Pin && v.Fingerprint != "":
		return true, "The host key " + seen.Fingerprint + " is now pinned in place of the one before.", nil
	case v.Pin:
		return false, "", fault.New(fault.Conflict,
			"The server shows the host key %s, which is not the pinned one. Name it as fingerprint to pin it in place of the one before.", seen.Fingerprint)
	}
	return false, "The server shows the host key " + seen.Fingerprint + ", which is not the pinned one. Nothing runs on it until its key is pinned again.", nil
}

// pin stores that the key was seen, as the pinned one.
func (k catalogAPI) pin(ctx context.Context, server *catalog.Server, seen catalog.PublicKey) error {
	was := server.UpdatedAt
	now := k.opts.RecordTime()
	server.HostKey, server.ValidatedAt, server.UpdatedAt = seen.Line, now, now
	return rest.NotFoundAs(k.Store.Update(ctx, server, was), catalog.KindServer.Title())
}

// login reports whether the private key opens the server and a start would find
// there what it needs, and adds to the message why not.
func (k catalogAPI) login(ctx context.Context, server *catalog.Server, message *string) (bool, error) {
	secrets, err := k.kept(ctx, server.KeyID)
	if err != nil {
		return false, err
	}
	err = k.Inspector.Usable(ctx, server, secrets[catalog.PrivateKeySecret])
	if errors.Is(err, fault.Unavailable) {
		*message += " " + fault.Public(err)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	*message += " Logging in works, and the server has what deployments need."
	return true, nil
}
