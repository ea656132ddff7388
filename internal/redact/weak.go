package redact

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

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

// Weakness is why a value cannot be kept out of logs: it would turn them into
// masks, or tell by the masks what it is.
type Weakness string

// What [Judge] answers. The texts are for people and follow "it".
const (
	Strong Weakness = ""
	Short  Weakness = "has fewer than 4 characters" // see MinSecretBytes
	Common Weakness = "is a common word or number"
	Own    Weakness = "is a name that every log shows"
)

// Judge says whether the value is worth looking for. White space around it does
// not count, nor does the case of letters. names are those that logs show
// anyway: the resource's own, its user's, its database's.
func Judge(value string, names ...string) Weakness {
	value = strings.ToLower(strings.TrimSpace(value))
	switch {
	case len(value) < MinSecretBytes:
		return Short
	case slices.Contains(commonWordList(), value), number(value):
		return Common
	case slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), value) }):
		return Own
	}
	return Strong
}

// Refusal words a weakness for whoever registers the secret of that name, and
// is empty for a strong one. It does not show the value.
func (w Weakness) Refusal(name string) string {
	if w == Strong {
		return ""
	}
	return fmt.Sprintf("%s is a secret that cannot be kept out of the logs: it %s", name, string(w))
}

// number reports whether the value looks like a port, a year or a small amount:
// up to five digits. Longer ones are more often a PIN than anything else.
func number(value string) bool {
	return len(value) <= 5 && strings.Trim(value, "0123456789") == ""
}

var commonWordList = sync.OnceValue(func() []string { return strings.Fields(commonWords) })

// commonWords are in the logs of every other deployment, or are what somebody
// types who wants no password. Each has four characters or more.
const commonWords = `
true false null none undefined unset empty enabled disabled default auto always never required optional
localhost local host hostname 127.0.0.1 0.0.0.0 root admin administrator user username guest anonymous
test testing example sample demo dummy placeholder changeme change_me change-me password passwd secret secrets token
postgres postgresql mysql mariadb mongo mongodb redis valkey keydb dragonfly clickhouse sqlite memcached rabbitmq
database docker compose container containers image images service services server client worker nginx caddy traefik
node python ruby java golang alpine debian ubuntu linux windows darwin amd64 arm64 x86_64 bash
http https file data logs cache queue mail smtp main master latest stable edge develop development staging
production prod debug info warn warning error fatal trace verbose public private internal external primary replica
backend frontend utf-8 utf8 utf8mb4 read write readonly bridge network volume volumes start started starting stop
stopped stopping create created creating running healthy unhealthy waiting done pull pulling pulled build building
/app /data /tmp /var /root /home /usr /bin /etc`
