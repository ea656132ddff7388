package memory

import (
	"context"
	"crypto/rand"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// vault is a [catalog.Vault]. No error and no formatted text contains its values.
type vault struct{ *Memory }

// secretKey names a set of secrets.
type secretKey struct {
	id         catalog.ID
	generation catalog.Generation
}

func (v vault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	return v.locked(ctx, func() error {
		encoded, err := secrets.Encode()
		if err != nil {
			return err
		}
		key := secretKey{id, generation}
		if _, taken := v.secrets[key]; taken {
			return catalog.NewGenerationExistsError(id)
		}
		v.secrets[key] = encoded
		return nil
	})
}

func (v vault) Get(ctx context.Context, id catalog.ID,
	generation catalog.Generation) (found catalog.Secrets, err error) {
	err = v.locked(ctx, func() error {
		encoded, there := v.secrets[secretKey{id, generation}]
		if !there {
			return catalog.NewNotFoundError(id)
		}
		found, err = catalog.DecodeSecrets(encoded)
		return err
	})
	return found, err
}

func (v vault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	all := map[catalog.ID]catalog.Secrets{}
	return all, v.locked(ctx, func() error {
		for id, generation := range sets {
			encoded, there := v.secrets[secretKey{id, generation}]
			if !there {
				continue
			}
			found, err := catalog.DecodeSecrets(encoded)
			if err != nil {
				return err
			}
			all[id] = found
		}
		return nil
	})
}

func (v vault) Delete(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	return v.locked(ctx, func() error {
		delete(v.secrets, secretKey{id, generation})
		return nil
	})
}

// SetSecrets makes the values the secrets of an entity, as a change by a user does. retired
// are former values.
// NotFound if there is no such entity.
func (m *Memory) SetSecrets(ctx context.Context, id catalog.ID, values map[string]string,
	retired ...catalog.RetiredSecret) error {
	s := store{m}
	entity, err := s.Get(ctx, id)
	if err != nil {
		return err
	}
	generation, err := catalog.NewGeneration(entity.Common().UpdatedAt, rand.Reader)
	if err != nil {
		return err
	}
	if err := s.Reserve(ctx, id, generation); err != nil {
		return err
	}
	secrets := catalog.Secrets{Values: values, Retired: retired}
	if err := (vault{m}).Put(ctx, id, generation, secrets); err != nil {
		return err
	}
	entity.Common().Generation = generation
	return s.Update(ctx, entity, entity.Common().UpdatedAt, audit.Entry{})
}

// Secrets returns the secrets that an entity names. NotFound if it names none, or if there
// is no such entity.
func (m *Memory) Secrets(ctx context.Context, id catalog.ID) (catalog.Secrets, error) {
	entity, err := store{m}.Get(ctx, id)
	if err != nil {
		return catalog.Secrets{}, err
	}
	return vault{m}.Get(ctx, id, entity.Common().Generation)
}

// Generations returns how many sets of secrets of the entity are stored.
func (m *Memory) Generations(id catalog.ID) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	sets := 0
	for key := range m.secrets {
		if key.id == id {
			sets++
		}
	}
	return sets
}
