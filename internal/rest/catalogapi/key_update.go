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

// updateKey renames a key, or puts another private key in its place. The other
// must open every server that the key opens, so that a mistake locks nothing out.
func (k catalogAPI) updateKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.KeyChange](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	present, err := rest.Find[*catalog.PrivateKey](ctx, k.Store, c.Params["uuid"], catalog.KindPrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	changed := *present
	if given.Name != nil {
		changed.Name = *given.Name
	}
	if given.Description != nil {
		changed.Description = *given.Description
	}
	var pair catalog.KeyPair
	if given.PrivateKey != nil {
		if pair, err = k.readKey(*given.PrivateKey); err != nil {
			return rest.Answer{}, err
		}
		changed.PublicKey, changed.Fingerprint = pair.Public.Line, pair.Public.Fingerprint
	}
	if err := catalog.Check(&changed); err != nil {
		return rest.Answer{}, err
	}
	if given.PrivateKey != nil {
		if err := k.mayShare(ctx, c.Token, &changed); err != nil {
			return rest.Answer{}, err
		}
		if err := k.opensAll(ctx, present.ID, pair.Private); err != nil {
			return rest.Answer{}, err
		}
	}
	// Two changes at once meet here, so that the private key which is stored is
	// the one whose public half is shown. Repeating one that died is harmless.
	if err := k.replace(ctx, present, &changed); err != nil {
		return rest.Answer{}, err
	}
	if given.PrivateKey != nil {
		if err := k.Vault.Put(ctx, present.ID, map[string]string{catalog.PrivateKeySecret: pair.Private}); err != nil {
			return rest.Answer{}, err
		}
	}
	return rest.OK(wire.ShowKey(&changed)), nil
}

// maxLogins bounds the test logins that run at once.
const maxLogins = 16

// opensAll is Invalid, naming the servers, unless the private key opens every
// server that uses the key.
func (k catalogAPI) opensAll(ctx context.Context, id catalog.ID, private string) error {
	all, err := catalog.All(ctx, k.Store, catalog.KindServer)
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
			errs[i] = k.opens(ctx, server, private, "private_key")
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

// opens is Invalid at the field unless the private key opens the server. One
// without a pinned host key is never opened, so there is nothing to test.
func (k catalogAPI) opens(ctx context.Context, server *catalog.Server, private, field string) error {
	if server.HostKey == "" {
		return nil
	}
	err := k.Inspector.Login(ctx, server, private)
	if errors.Is(err, fault.Unavailable) {
		return fault.InvalidField(field, "does not open server %s, so nothing was changed: %s", server.Name, fault.Public(err))
	}
	return err
}
