package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listKeys answers all keys as an array.
func (a catalogAPI) listKeys(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	return list(ctx, c, a.Store, catalog.KindPrivateKey, wire.FromKey)
}

// getKey answers the public half of one key.
func (a catalogAPI) getKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	key, err := rest.Find[*catalog.PrivateKey](ctx, a.Store, c.Params["uuid"], catalog.KindPrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromKey(key)), nil
}

// createKey stores the private key in the vault. No answer shows it.
func (a catalogAPI) createKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.KeyInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := a.newMeta(c, catalog.KindPrivateKey, given.Name, given.Description)
	if err != nil {
		return rest.Answer{}, err
	}
	if reply, done, err := a.createdBefore(ctx, c, meta.ID, false); done || err != nil {
		return reply, err
	}
	pair, err := a.readKey(given.PrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	key := &catalog.PrivateKey{Meta: meta, PublicKey: pair.Public.Line, Fingerprint: pair.Public.Fingerprint}
	if err := catalog.Check(key); err != nil {
		return rest.Answer{}, err
	}
	secrets := map[string]string{catalog.PrivateKeySecret: pair.Private}
	if err := a.createWithSecrets(ctx, c, key, secrets); err != nil {
		return rest.Answer{}, err
	}
	return created(wire.FromKey(key), key.ID), nil
}

// readKey parses a private key. Its errors never quote the key.
func (a catalogAPI) readKey(text string) (catalog.KeyPair, error) {
	pair, err := a.KeyReader.PrivateKey(text)
	if err != nil {
		return pair, fault.WrapField(err, fault.KindOf(err), "private_key", fault.Public(err))
	}
	return pair, nil
}
