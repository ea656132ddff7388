package rest

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// keyBody is the public half of an SSH key on the wire.
type keyBody struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	PublicKey   string  `json:"public_key"`
	Fingerprint string  `json:"fingerprint"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

// showKey is all that is ever shown of a key.
func showKey(key *catalog.PrivateKey) keyBody {
	return keyBody{
		UUID:        string(key.ID),
		Name:        key.Name,
		Description: textOrNull(key.Description),
		PublicKey:   key.PublicKey,
		Fingerprint: key.Fingerprint,
		CreatedAt:   timestamp(key.CreatedAt),
		UpdatedAt:   timestamp(key.UpdatedAt),
	}
}

// listKeys answers all of them as a bare array.
func (k keeper) listKeys(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindPrivateKey, showKey)
}

// getKey answers the public half of one.
func (k keeper) getKey(ctx context.Context, c *call) (answer, error) {
	key, err := find[*catalog.PrivateKey](ctx, k.Store, c.params["uuid"], catalog.KindPrivateKey)
	if err != nil {
		return answer{}, err
	}
	return ok(showKey(key)), nil
}

// newKey is what a client gives of a key. PrivateKey goes into the vault and
// nowhere else.
type newKey struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	PrivateKey  string `json:"private_key"`
}

// createKey keeps the private key in the vault. No answer ever shows it again.
func (k keeper) createKey(ctx context.Context, c *call) (answer, error) {
	given, err := decode[newKey](c.body)
	if err != nil {
		return answer{}, err
	}
	meta, err := k.meta(catalog.KindPrivateKey, given.Name, given.Description)
	if err != nil {
		return answer{}, err
	}
	pair, err := k.readKey(given.PrivateKey)
	if err != nil {
		return answer{}, err
	}
	key := &catalog.PrivateKey{Meta: meta, PublicKey: pair.Public.Line, Fingerprint: pair.Public.Fingerprint}
	if err := catalog.Check(key); err != nil {
		return answer{}, err
	}
	if err := k.keep(ctx, key, map[string]string{catalog.PrivateKeySecret: pair.Private}); err != nil {
		return answer{}, err
	}
	return created(showKey(key)), nil
}

// readKey reads a private key. Its errors say why and never quote it.
func (k keeper) readKey(text string) (catalog.KeyPair, error) {
	pair, err := k.Inspector.PrivateKey(text)
	if err != nil {
		return pair, fault.WrapField(err, fault.KindOf(err), "private_key", fault.Public(err))
	}
	return pair, nil
}
