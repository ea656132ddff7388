package memory

import (
	"context"
	"maps"

	"waybill/internal/catalog"
)

// vault is a [catalog.Vault]. No error and no formatted text contains its values.
type vault struct{ *Memory }

func (v vault) Put(ctx context.Context, id catalog.ID, secrets map[string]string) error {
	return v.locked(ctx, func() error {
		kept := make(map[string]string, len(secrets))
		maps.Copy(kept, secrets)
		v.secrets[id] = kept
		return nil
	})
}

func (v vault) Get(ctx context.Context, id catalog.ID) (map[string]string, error) {
	var found map[string]string
	err := v.locked(ctx, func() error {
		secrets, there := v.secrets[id]
		if !there {
			return catalog.NewNotFoundError(id)
		}
		found = maps.Clone(secrets)
		return nil
	})
	return found, err
}

func (v vault) Delete(ctx context.Context, id catalog.ID) error {
	return v.locked(ctx, func() error {
		delete(v.secrets, id)
		return nil
	})
}
