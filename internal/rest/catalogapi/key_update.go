package catalogapi

import (
	"context"
	"errors"
	"sync"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// updateKey renames a key, or replaces its private key. The new private key must
// open every server that uses the key, so that a mistake locks no server out.
func (a catalogAPI) updateKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.DecodeKeyPatch(c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	present, err := rest.Find[*catalog.PrivateKey](ctx, a.Store, c.Params["uuid"], catalog.KindPrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	changed, private, err := a.changedKey(present, given)
	if err != nil {
		return rest.Answer{}, err
	}
	if given.PrivateKey != nil {
		if err := a.mayShare(ctx, c.Token, changed); err != nil {
			return rest.Answer{}, err
		}
		if err := a.checkLogins(ctx, present.ID, private); err != nil {
			return rest.Answer{}, err
		}
	}
	fields, err := a.changedKeyFields(ctx, present, changed, private)
	if err != nil {
		return rest.Answer{}, err
	}
	if len(fields) == 0 {
		return rest.Created(wire.FromKey(present)), nil
	}
	if given.PrivateKey != nil {
		set := catalog.Secrets{Values: map[string]string{catalog.PrivateKeySecret: private}}
		if err := a.writeSecrets(ctx, &changed.Meta, set); err != nil {
			return rest.Answer{}, err
		}
	}
	// Of two changes at the same time, this lets one through, with both halves of its key.
	if err := a.replace(ctx, c, present, changed, fields); err != nil {
		return rest.Answer{}, err
	}
	return rest.Created(wire.FromKey(changed)), nil // existing clients read no other status
}

// changedKey returns the present key with the patch applied, and the new private key or
// "". Invalid if the result is not a valid key.
func (a catalogAPI) changedKey(
	present *catalog.PrivateKey, patch wire.KeyPatch,
) (changed *catalog.PrivateKey, private string, err error) {
	key := *present
	if patch.Name != nil {
		key.Name = *patch.Name
	}
	if patch.Description != nil {
		key.Description = *patch.Description
	}
	if patch.PrivateKey != nil {
		pair, err := a.readKey(*patch.PrivateKey)
		if err != nil {
			return nil, "", err
		}
		key.PublicKey, key.Fingerprint = pair.Public.Line, pair.Public.Fingerprint
		private = pair.Private
	}
	return &key, private, catalog.Check(&key)
}

// maxLogins limits the test logins that run at the same time.
const maxLogins = 16

// checkLogins returns Invalid, naming the server, unless the private key opens
// every server that uses the key.
func (a catalogAPI) checkLogins(ctx context.Context, id catalog.ID, private string) error {
	all, err := catalog.All(ctx, a.Store, catalog.KindServer)
	if err != nil {
		return err
	}
	errs := make([]error, len(all))
	var logins sync.WaitGroup
	slots := make(chan struct{}, maxLogins)
	for i, entity := range all {
		server, is := entity.(*catalog.Server)
		if !is || server.KeyID != id {
			continue
		}
		logins.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			jump, err := a.jump(ctx, server)
			if err == nil {
				if jump != nil && jump.Server.KeyID == id {
					jump.PrivateKey = private
				}
				login := catalog.Login{PrivateKey: private, Jump: jump}
				err = a.checkLogin(ctx, server, login, "private_key")
			}
			errs[i] = err
		})
	}
	logins.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// checkLogin returns Invalid for the field unless the private key opens the
// server. A server without a pinned host key is never opened, so it needs no test.
func (a catalogAPI) checkLogin(
	ctx context.Context, server *catalog.Server, login catalog.Login, field string,
) error {
	if server.HostKey == "" {
		return nil
	}
	err := a.Inspector.Login(ctx, server, login)
	if errors.Is(err, catalog.ErrServer) {
		return fault.InvalidField(field,
			"does not open server %s, so nothing was changed: %s", server.Name, fault.Public(err))
	}
	return err
}
