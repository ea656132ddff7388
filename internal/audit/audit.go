// Package audit is the record of who changed what in a stack, and when: tokens, keys,
// servers, registries, resources, schedules, holds and the windows of the team. The store that
// makes a change writes its entry in the same transaction. Nothing rewrites an entry; it expires.
package audit

import (
	"encoding/base32"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"waybill/internal/fault"
)

// Entry is one change. The zero Entry is none: a store that gets it writes no entry.
type Entry struct {
	ID     ID
	At     time.Time
	Actor  Actor
	Action Action
	Target Target
	// Fields are the names of the changed fields, in order: "image", "environment.PORT".
	// They are names only, so no value of a secret is in an entry.
	Fields []string
	// Omitted is the number of further fields, beyond [MaxFields].
	Omitted int
	// ExpiresAt is when the entry may be removed.
	ExpiresAt time.Time
}

// New completes the entry of a change, which has all but ID and ExpiresAt, and is kept as long
// as kept says. Internal if random fails.
func New(change Entry, kept time.Duration, random io.Reader) (Entry, error) {
	var err error
	change.ID, err = NewID(change.At, random)
	change.ExpiresAt = change.At.Add(kept)
	return change, err
}

// IsZero reports whether there is no entry to write.
func (e Entry) IsZero() bool { return e.ID == "" }

// MaxFields limits the fields of an entry, so that it stays small whatever was changed.
const MaxFields = 200

// WithFields returns the entry with the names, in order and each once.
func (e Entry) WithFields(names []string) Entry {
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	e.Fields, e.Omitted = names, 0
	if len(names) > MaxFields {
		e.Fields, e.Omitted = names[:MaxFields:MaxFields], len(names)-MaxFields
	}
	return e
}

// Clone returns a copy that shares nothing with the entry.
func (e Entry) Clone() Entry {
	e.Fields = slices.Clone(e.Fields)
	return e
}

// Actor is the token that made a change. An Actor with a name only is an event, such as "image
// team/web:1.4". The zero Actor is an operator of the stack, who invoked a function without the
// API.
type Actor struct {
	TokenID string
	Name    string
}

// Action is the kind of a change.
type Action string

// The actions.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	// Forget deletes a resource and leaves all that is on its server.
	Forget Action = "forget"
	// Hold begins or replaces a legal hold, Release ends one.
	Hold    Action = "hold"
	Release Action = "release"
	// OverrideWindow queues a deployment outside of the windows.
	OverrideWindow Action = "override-window"
)

// Target is the changed thing.
type Target struct {
	// Kind is the kind of an entity of the catalog, or one of the kinds below.
	Kind string
	// ID is a uuid, or the number of a token.
	ID string
	// Name is the name that it had then. A deployment has none.
	Name string
}

// The kinds of targets that are not in the catalog.
const (
	KindToken      = "token"
	KindTeam       = "team"
	KindDeployment = "deployment"
	KindSchedule   = "schedule"
)

// ID is the id of an entry. Ids sort by the time of the change: an id is that time and
// random characters, such as "2026-08-22T10:00:00.000000Z-k3f7mzq2ab5cdxyu".
type ID string

const (
	timeLayout = "2006-01-02T15:04:05.000000Z"
	// monthLayout is the beginning of timeLayout.
	monthLayout = "2006-01"
	// randomBytes become the last 16 characters of an id.
	randomBytes = 10
)

// NewID returns the id of a change at the time. Internal if random fails.
func NewID(at time.Time, random io.Reader) (ID, error) {
	var bytes [randomBytes]byte
	if _, err := io.ReadFull(random, bytes[:]); err != nil {
		return "", fault.Wrap(err, fault.Internal, "read random bytes")
	}
	suffix := strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(bytes[:]))
	return Before(at) + ID("-"+suffix), nil
}

// Before returns a place in the order of ids: it comes after the ids of all earlier times,
// and before all others.
func Before(at time.Time) ID { return ID(at.UTC().Format(timeLayout)) }

// ParseID checks a text that has the form of an id, or of a result of [Before]. Invalid, naming
// the field, if it has neither.
func ParseID(field, text string) (ID, error) {
	if !ids.MatchString(text) {
		return "", fault.InvalidField(field, "must be the next of an earlier page")
	}
	return ID(text), nil
}

// ids matches ids and results of [Before]. openapi.yaml has the same pattern.
var ids = regexp.MustCompile(`^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T` +
	`([01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z(-[a-z2-7]{16})?$`)

// Month returns the month of the id, such as "2026-08".
func (id ID) Month() string { return string(id[:min(len(id), len(monthLayout))]) }
