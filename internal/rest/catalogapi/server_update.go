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
func (k catalogAPI) updateServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	for attempt := 1; ; attempt++ {
		server, err := k.changeServer(ctx, c)
		if errors.Is(err, errMet) && attempt < attempts {
			continue // there is nothing to wait for: the other change is made
		}
		if err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(wire.ShowServer(server)), nil
	}
}

func (k catalogAPI) changeServer(ctx context.Context, c *rest.Call) (*catalog.Server, error) {
	present, err := rest.Find[*catalog.Server](ctx, k.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return nil, err
	}
	given, err := laidOver(wire.WriteServer(present), c.Body)
	if err != nil {
		return nil, err
	}
	changed := given.Server(present.Meta)
	changed.ValidatedAt = present.ValidatedAt
	if err := catalog.Check(changed); err != nil {
		return nil, err
	}
	if changed.HostKey, err = k.hostKey(given.HostKey); err != nil {
		return nil, err
	}
	if present.ForbidHostAccess && !changed.ForbidHostAccess {
		// Whoever may register a compose file must not be able to lift what it is
		// judged by.
		if err := c.Token.Require(access.Root); err != nil {
			return nil, err
		}
	}
	if err := k.mayShare(ctx, c.Token, changed); err != nil {
		return nil, err
	}
	if err := k.mayBecome(ctx, present, changed); err != nil {
		return nil, err
	}
	if *changed == *present {
		return present, nil
	}
	if changed.Address != present.Address || changed.Port != present.Port || changed.HostKey != present.HostKey {
		changed.ValidatedAt = time.Time{} // nobody has seen the key there
	}
	return changed, k.replace(ctx, present, changed)
}

// mayBecome refuses the changes that a server cannot bear.
func (k catalogAPI) mayBecome(ctx context.Context, present, changed *catalog.Server) error {
	if changed.KeyID != present.KeyID {
		if err := k.opensWith(ctx, changed); err != nil {
			return err
		}
	}
	if changed.DataDir == present.DataDir {
		return nil
	}
	resources, err := k.resources(ctx, func(r *catalog.Resource) bool { return r.ServerID == present.ID })
	if err == nil && len(resources) > 0 {
		err = fault.InvalidField("data_dir", "cannot be changed while resources are on the server: their folders are in %s", present.DataDir)
	}
	return err
}

// opensWith is Invalid unless the server's key is there and opens it.
func (k catalogAPI) opensWith(ctx context.Context, server *catalog.Server) error {
	const field = "private_key_uuid"
	if _, err := catalog.Find[*catalog.PrivateKey](ctx, k.Store, server.KeyID); errors.Is(err, fault.NotFound) {
		return fault.InvalidField(field, "must be the uuid of a key made with POST /security/keys")
	} else if err != nil {
		return err
	}
	secrets, err := k.kept(ctx, server.KeyID)
	if err != nil {
		return err
	}
	return k.opens(ctx, server, secrets[catalog.PrivateKeySecret], field)
}

// laidOver is what was given with the changes of a body laid over it; null sets
// the default.
func laidOver(given wire.NewServer, patch []byte) (wire.NewServer, error) {
	all, err := wire.Members(given)
	if err != nil {
		return wire.NewServer{}, err
	}
	changes, err := wire.Decode[map[string]json.RawMessage](patch)
	if err != nil {
		return wire.NewServer{}, err
	}
	for name, value := range changes {
		if all[name] = value; wire.IsNull(value) {
			delete(all, name)
		}
	}
	body, err := json.Marshal(all)
	if err != nil {
		return wire.NewServer{}, fault.Wrap(err, fault.Internal, "put a body together")
	}
	return wire.Decode[wire.NewServer](body)
}
