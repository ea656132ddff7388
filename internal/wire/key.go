package wire

import (
	"encoding/json"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// KeyPatch changes a key. A nil field stays as it is.
type KeyPatch struct {
	Name        *string `json:"name"`
	Description *string `json:"description"`
	PrivateKey  *string `json:"private_key"`
}

// DecodeKeyPatch reads a patch as [Changes] does.
func DecodeKeyPatch(patch []byte) (KeyPatch, error) {
	changes, err := Changes(patch)
	if err != nil {
		return KeyPatch{}, err
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return KeyPatch{}, fault.Wrap(err, fault.Internal, "encode the changes of a key")
	}
	return Decode[KeyPatch](body)
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

// FromKey returns the public half of a key. The private half is never shown.
func FromKey(key *catalog.PrivateKey) Key {
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

// KeyInput creates a key. PrivateKey is stored in the vault only.
type KeyInput struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	PrivateKey  string `json:"private_key"`
}
