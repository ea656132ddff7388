package redact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// MinSecretBytes is the length of the shortest value that is masked. A shorter one
// would mask half of any log, so its registration is refused.
const MinSecretBytes = 4

// Secret is a value that must never be shown, and a name that may be shown.
type Secret struct {
	// Name says which secret it was ("POSTGRES_PASSWORD") and is shown in place of
	// the value. It may be empty.
	Name  string
	Value string
}

// Weakness is why a value cannot be kept out of logs: it would turn much of a log
// into masks, or the masks would reveal the value.
type Weakness string

// The answers of [Judge]. The texts are for people and follow "it".
const (
	Strong Weakness = ""
	Short  Weakness = "has fewer than 4 characters" // see MinSecretBytes
	Common Weakness = "is a common word or number"
	Own    Weakness = "is a name that every log shows"
)

// Judge says whether the value is worth masking. Surrounding white space and the case
// of letters do not count. names lists the names that logs show anyway: the
// resource's own, its user's, its database's.
func Judge(value string, names ...string) Weakness {
	value = strings.ToLower(strings.TrimSpace(value))
	switch {
	case len(value) < MinSecretBytes:
		return Short
	case slices.Contains(commonWordList(), value), number(value):
		return Common
	case slices.ContainsFunc(names, func(name string) bool {
		return strings.EqualFold(strings.TrimSpace(name), value)
	}):
		return Own
	}
	return Strong
}

// Refusal tells the user why the secret of that name cannot be registered. It is
// empty for a strong value and never shows the value.
func (w Weakness) Refusal(name string) string {
	if w == Strong {
		return ""
	}
	return fmt.Sprintf("%s is a secret that cannot be kept out of the logs: it %s", name, string(w))
}

// number reports whether the value looks like a port, a year or a small amount: up to
// five digits. A longer number is more often a PIN than anything else.
func number(value string) bool {
	return len(value) <= 5 && strings.Trim(value, "0123456789") == ""
}

var commonWordList = sync.OnceValue(func() []string { return strings.Fields(commonWords) })

// commonWords are in the logs of every other deployment, or are typed by users who
// want no password. Each has four characters or more.
const commonWords = `
true false null none undefined unset empty enabled disabled default auto always never required optional
localhost local host hostname 127.0.0.1 0.0.0.0 root admin administrator user username guest anonymous
test testing example sample demo dummy placeholder changeme change_me change-me password passwd secret
secrets token postgres postgresql mysql mariadb mongo mongodb redis valkey keydb dragonfly clickhouse
sqlite memcached rabbitmq database docker compose container containers image images service services
server client worker nginx caddy traefik node python ruby java golang alpine debian ubuntu linux windows
darwin amd64 arm64 x86_64 bash http https file data logs cache queue mail smtp main master latest stable
edge develop development staging production prod debug info warn warning error fatal trace verbose
public private internal external primary replica backend frontend utf-8 utf8 utf8mb4 read write readonly
bridge network volume volumes start started starting stop stopped stopping create created creating
running healthy unhealthy waiting done pull pulling pulled build building /app /data /tmp /var /root
/home /usr /bin /etc`
