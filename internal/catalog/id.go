// Package catalog defines what can be deployed and where: applications, services and
// databases, the servers that they run on, and the private keys that open servers and
// git repositories. Of deployments it knows only the limits that a [Server] and a
// [Resource] set, and the facts in [State].
package catalog

import (
	"io"
	"strings"

	"waybill/internal/fault"
)

// Kind is a kind of entity. Its text is the partition key of the catalog table, and for
// a resource also resource_type in answers and events, and, with an s, the name of a
// folder on the server.
type Kind string

// The kinds.
const (
	KindServer       Kind = "server"
	KindPrivateKey   Kind = "private-key"
	KindRegistry     Kind = "registry"
	KindNotification Kind = "notification"
	KindApplication  Kind = "application"
	KindService      Kind = "service"
	KindDatabase     Kind = "database"
)

// IDLength is the length of every uuid in the catalog, in bytes.
const IDLength = 24

// prefixes are the first three letters of each kind's uuids. They make an id
// sufficient to find its table and key.
var prefixes = [...]struct {
	prefix string
	kind   Kind
}{
	{"srv", KindServer},
	{"key", KindPrivateKey},
	{"reg", KindRegistry},
	{"ntf", KindNotification},
	{"app", KindApplication},
	{"svc", KindService},
	{"dbs", KindDatabase},
}

// Alphabet has the characters of an id after its prefix: 32 letters and digits in
// ASCII order, without i, l, o and u, which people misread.
const Alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

// ID is the uuid of an entity: three letters for its kind and 21 random letters
// and digits (105 bits).
type ID string

// NewID returns a fresh id of the kind. random is crypto/rand.Reader outside
// tests; its errors are returned as Internal.
func NewID(kind Kind, random io.Reader) (ID, error) {
	prefix := kind.prefix()
	if prefix == "" {
		return "", fault.New(fault.Internal, "kind %q has no id prefix", kind)
	}
	text, err := RandomText(IDLength-len(prefix), random)
	if err != nil {
		return "", err
	}
	return ID(prefix + text), nil
}

// RandomText returns n characters of [Alphabet], 5 random bits each.
func RandomText(n int, random io.Reader) (string, error) {
	buf := make([]byte, n)
	if _, err := io.ReadFull(random, buf); err != nil {
		return "", fault.Wrap(err, fault.Internal, "read random bytes")
	}
	for i, b := range buf {
		buf[i] = Alphabet[b&31]
	}
	return string(buf), nil
}

// ParseID parses a uuid from outside. A malformed id is NotFound, not Invalid, so
// that it is answered like an unknown one.
func ParseID(text string) (ID, error) {
	id := ID(text)
	if len(text) != IDLength || id.Kind() == "" || !IsIDText(text) {
		return "", fault.New(fault.NotFound, "Not found.")
	}
	return id, nil
}

// IsIDText reports whether text has only lower-case letters and digits.
func IsIDText(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// Kind returns the kind that the id's first three letters name, or "".
func (id ID) Kind() Kind {
	for _, p := range prefixes {
		if strings.HasPrefix(string(id), p.prefix) {
			return p.kind
		}
	}
	return ""
}

func (k Kind) prefix() string {
	for _, p := range prefixes {
		if p.kind == k {
			return p.prefix
		}
	}
	return ""
}

// Title returns the kind for the beginning of a sentence: "Service", "Private
// key".
func (k Kind) Title() string {
	text := strings.ReplaceAll(string(k), "-", " ")
	if text == "" {
		return "Item"
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Deployable reports whether entities of this kind can be started and stopped.
func (k Kind) Deployable() bool {
	return k == KindApplication || k == KindService || k == KindDatabase
}
