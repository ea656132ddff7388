package wire

import (
	"waybill/internal/catalog"
)

// KeyChange is what a client changes of a key; nil leaves it as it is.
type KeyChange struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	PrivateKey  *string `json:"private_key"`
}

// Key is the public half of an SSH key on the wire.
type Key struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	PublicKey   string  `json:"public_key"`
	Fingerprint string  `json:"fingerprint"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

// ShowKey is all that is ever shown of a key.
func ShowKey(key *catalog.PrivateKey) Key {
	return Key{
		UUID:        string(key.ID),
		Name:        key.Name,
		Description: TextOrNull(key.Description),
		PublicKey:   key.PublicKey,
		Fingerprint: key.Fingerprint,
		CreatedAt:   Timestamp(key.CreatedAt),
		UpdatedAt:   Timestamp(key.UpdatedAt),
	}
}

// NewKey is what a client gives of a key. PrivateKey goes into the vault and
// nowhere else.
type NewKey struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	PrivateKey  string `json:"private_key"`
}
