package redact

import "strings"

// MinSecretBytes is the shortest value that is looked for. A shorter one would
// mask half of any log, so it is refused where secrets are registered.
const MinSecretBytes = 4

// Secret is a value that must never be seen, and the name that may be.
type Secret struct {
	// Name says which secret it was ("POSTGRES_PASSWORD"); it is shown in place
	// of the value. It may be empty.
	Name  string
	Value string
}

// Weak reports whether the value is too short to be looked for, white space
// around it not counted. Such a secret is not redacted: warn whoever sets it.
func Weak(value string) bool { return len(strings.TrimSpace(value)) < MinSecretBytes }
