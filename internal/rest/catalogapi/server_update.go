package catalogapi

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// updateServer changes a server. Nothing connects to it unless its key changes.
func (a catalogAPI) updateServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	for attempt := 1; ; attempt++ {
		server, err := a.changeServer(ctx, c)
		if errors.Is(err, errConcurrentChange) && attempt < maxAttempts {
			continue // there is nothing to wait for: the other change is made
		}
		if err != nil {
			return rest.Answer{}, err
		}
		warnings, err := wire.ServerChangeWarnings(c.Body)
		return serverAnswer(server, warnings), err
	}
}

func (a catalogAPI) changeServer(ctx context.Context, c *rest.Call) (*catalog.Server, error) {
	present, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return nil, err
	}
	given, err := mergePatch(wire.InputOfServer(present), c.Body)
	if err != nil {
		return nil, err
	}
	changed := given.Server(present.Meta)
	changed.ValidatedAt, changed.Health = present.ValidatedAt, present.Health
	if err := catalog.Check(changed); err != nil {
		return nil, err
	}
	if changed.HostKey, err = a.parseHostKey(given.HostKey); err != nil {
		return nil, err
	}
	if present.ForbidHostAccess && !changed.ForbidHostAccess {
		// A caller who may register a compose file must not be able to switch off the
		// check of it.
		if err := c.Token.Require(access.Root); err != nil {
			return nil, err
		}
	}
	if err := a.mayShare(ctx, c.Token, changed); err != nil {
		return nil, err
	}
	if err := a.checkChange(ctx, present, changed); err != nil {
		return nil, err
	}
	fields, err := changedMembers(wire.InputOfServer(present), wire.InputOfServer(changed))
	if err != nil || len(fields) == 0 {
		return present, err
	}
	if changed.Address != present.Address || changed.Port != present.Port ||
		changed.ProxyJump != present.ProxyJump || changed.HostKey != present.HostKey {
		changed.ValidatedAt = time.Time{} // nobody has seen the key there
	}
	return changed, a.replace(ctx, c, present, changed, fields)
}

// checkChange refuses a key that does not open the server, and another data folder
// while resources are on the server.
func (a catalogAPI) checkChange(ctx context.Context, present, changed *catalog.Server) error {
	if changed.KeyID != present.KeyID {
		if err := a.checkKey(ctx, changed); err != nil {
			return err
		}
	}
	if changed.DataDir == present.DataDir {
		return nil
	}
	resources, err := a.resources(ctx, onServer(present.ID))
	if err == nil && len(resources) > 0 {
		err = fault.InvalidField("data_dir",
			"cannot be changed while resources are on the server: their folders are in %s", present.DataDir)
	}
	return err
}

// checkKey returns Invalid unless the server's key exists and opens the server.
func (a catalogAPI) checkKey(ctx context.Context, server *catalog.Server) error {
	const field = "private_key_uuid"
	key, err := catalog.Find[*catalog.PrivateKey](ctx, a.Store, server.KeyID)
	if errors.Is(err, fault.NotFound) {
		return fault.InvalidField(field, "must be the uuid of a key made with POST /security/keys")
	}
	if err != nil {
		return err
	}
	secrets, err := a.storedSecrets(ctx, key)
	if err != nil {
		return err
	}
	jump, err := a.jump(ctx, server)
	if err != nil {
		return err
	}
	login := catalog.Login{PrivateKey: secrets.Values[catalog.PrivateKeySecret], Jump: jump}
	return a.checkLogin(ctx, server, login, field)
}

// mergePatch returns the input with the patch merged in. Null sets the default.
func mergePatch(given wire.ServerInput, patch []byte) (wire.ServerInput, error) {
	all, err := wire.Members(given)
	if err != nil {
		return wire.ServerInput{}, err
	}
	changes, err := wire.ServerChanges(patch)
	if err != nil {
		return wire.ServerInput{}, err
	}
	for name, value := range changes {
		if all[name] = value; wire.IsNull(value) {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		return wire.ServerInput{}, fault.Wrap(err, fault.Internal, "put a body together")
	}
	return wire.Decode[wire.ServerInput](body)
}
