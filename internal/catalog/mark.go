package catalog

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// MarkKeySecret is the name under which the key of a resource's marks lies in
// the [Vault], beside its secrets. No variable can have it.
const MarkKeySecret = "mark.key"

// Mark is a text that two equal values have in common and that says nothing
// else of them: who has it and not the key cannot even try a guess. It tells
// whether a secret changed between two configurations.
func Mark(key, name, value string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(name + "\x00" + value))
	const bytes = 8 // few enough to read, and a chance in 2^64 to be wrong
	return hex.EncodeToString(mac.Sum(nil)[:bytes])
}
