package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"io"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// KeyBytes is the length of a [Key] and of a secret.
const KeyBytes = sha256.Size

// Key is the key of the stack. The secrets of all webhooks are derived from it, so a function
// that has it in memory needs to read nothing to check a signature, also for a resource that
// does not exist.
type Key [KeyBytes]byte

// NewKey makes a key. The errors of random are returned as Internal.
func NewKey(random io.Reader) (Key, error) {
	var key Key
	if _, err := io.ReadFull(random, key[:]); err != nil {
		return Key{}, fault.Wrap(err, fault.Internal, "read random bytes")
	}
	return key, nil
}

// Text writes the key as it is stored.
func (k Key) Text() string { return base64.StdEncoding.EncodeToString(k[:]) }

// ParseKey reads a stored key. Internal if it is damaged; the error does not quote it.
func ParseKey(text string) (Key, error) {
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(decoded) != KeyBytes {
		return Key{}, fault.New(fault.Internal, "the stored key of webhooks is damaged")
	}
	return Key(decoded), nil
}

// Secret is the secret of one resource's webhooks.
type Secret struct{ raw [KeyBytes]byte }

// Secret derives the secret of the resource in the generation. Another generation is another
// secret, so raising it makes the former one void.
func (k Key) Secret(id catalog.ID, generation int) Secret {
	mac := hmac.New(sha256.New, k[:])
	mac.Write([]byte("webhook\x00" + string(id) + "\x00"))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(generation)))
	return Secret{[KeyBytes]byte(mac.Sum(nil))}
}

// secretPrefix begins a secret in the notation of Standard Webhooks. GitLab takes no other
// form for a signing token, and the other forges take any text.
const secretPrefix = "whsec_"

// Text writes the secret as it is given to the sender, for all providers alike.
func (s Secret) Text() string { return secretPrefix + base64.StdEncoding.EncodeToString(s.raw[:]) }
