package catalog

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// DigestKeySecret is the name in the [Vault] of the key for a resource's digests.
// It is stored with the secrets; no variable can have this name.
const DigestKeySecret = "mark.key"

// SecretDigest returns a keyed digest of a secret: 8 bytes of an HMAC, as hexadecimal
// digits. Equal values have equal digests, so they show whether a secret changed
// between two configurations. Without the key a digest does not even allow a guess
// to be tried.
func SecretDigest(key, name, value string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(name + "\x00" + value))
	const bytes = 8 // few enough to read, and a chance in 2^64 to be wrong
	return hex.EncodeToString(mac.Sum(nil)[:bytes])
}
