package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// listKeys answers all of them as a bare array.
func (k catalogAPI) listKeys(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	return list(ctx, k.Store, catalog.KindPrivateKey, wire.ShowKey)
}

// getKey answers the public half of one.
func (k catalogAPI) getKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	key, err := rest.Find[*catalog.PrivateKey](ctx, k.Store, c.Params["uuid"], catalog.KindPrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.ShowKey(key)), nil
}

// createKey keeps the private key in the vault. No answer ever shows it again.
func (k catalogAPI) createKey(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.NewKey](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := k.meta(catalog.KindPrivateKey, given.Name, given.Description)
	if err != nil {
		return rest.Answer{}, err
	}
	pair, err := k.readKey(given.PrivateKey)
	if err != nil {
		return rest.Answer{}, err
	}
	key := &catalog.PrivateKey{Meta: meta, PublicKey: pair.Public.Line, Fingerprint: pair.Public.Fingerprint}
	if err := catalog.Check(key); err != nil {
		return rest.Answer{}, err
	}
	if err := k.keep(ctx, key, map[string]string{catalog.PrivateKeySecret: pair.Private}); err != nil {
		return rest.Answer{}, err
	}
	return rest.Created(wire.ShowKey(key)), nil
}

// readKey reads a private key. Its errors say why and never quote it.
func (k catalogAPI) readKey(text string) (catalog.KeyPair, error) {
	pair, err := k.Inspector.PrivateKey(text)
	if err != nil {
		return pair, fault.WrapField(err, fault.KindOf(err), "private_key", fault.Public(err))
	}
	return pair, nil
}
