// Package fault classifies errors once, by what the receiver can do about them,
// so that no later layer has to read an SDK's error to decide.
//
// An [Error] has two texts that never mix: a public one, which may be answered
// to a client, and a cause, which is for the operator's log only.
package fault

import (
	"errors"
	"fmt"
	"maps"
	"slices"
)

// Kind says what the receiver of an error can do about it. A Kind is itself an
// error, so that errors.Is(err, fault.NotFound) reads as it should.
type Kind uint8

// The kinds. The zero kind is Internal, so that an unclassified error is never
// taken for something that the client could correct.
const (
	// Internal is our own failure; the receiver can only try again later.
	Internal Kind = iota
	// Invalid is input that will never be accepted as it stands.
	Invalid
	// NotFound is something absent, or something the receiver may not know of.
	NotFound
	// Conflict is a request that the present state refuses.
	Conflict
	// Exhausted is a limit that is reached now and frees itself with time.
	Exhausted
	// Denied is a known caller who lacks the ability.
	Denied
	// Unauthenticated is a caller who did not prove who they are.
	Unauthenticated
	// Gone is something that existed and was removed on purpose.
	Gone
	// Unavailable is a party outside of Waybill that did not answer.
	Unavailable
)

var kindNames = [...]string{
	Internal:        "internal",
	Invalid:         "invalid",
	NotFound:        "not found",
	Conflict:        "conflict",
	Exhausted:       "exhausted",
	Denied:          "denied",
	Unauthenticated: "unauthenticated",
	Gone:            "gone",
	Unavailable:     "unavailable",
}

// Kinds lists every kind, for tables that must cover them all.
func Kinds() []Kind {
	kinds := make([]Kind, len(kindNames))
	for i := range kinds {
		kinds[i] = Kind(i)
	}
	return kinds
}

// Error makes a Kind an error and a target for errors.Is.
func (k Kind) Error() string { return k.String() }

// String is the kind's name in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Error is an error with a kind, a text for the client and a hidden cause.
type Error struct {
	kind   Kind
	public string
	fields map[string][]string
	cause  error
}

// New returns an error of the kind whose text may be shown to a client.
func New(kind Kind, format string, args ...any) *Error {
	return &Error{kind: kind, public: fmt.Sprintf(format, args...)}
}

// Wrap returns an error of the kind with a text for the client and a cause for
// the operator. The cause's text is never part of [Public].
func Wrap(cause error, kind Kind, format string, args ...any) *Error {
	return &Error{kind: kind, public: fmt.Sprintf(format, args...), cause: cause}
}

// WithField returns a copy of e that also has a problem with one input field. A
// problem reads as the rest of a sentence that begins with the field's name, and
// it says what would be right.
func (e *Error) WithField(name, problem string) *Error {
	fields := make(map[string][]string, len(e.fields)+1)
	for k, v := range e.fields {
		fields[k] = slices.Clone(v)
	}
	fields[name] = append(fields[name], problem)
	return &Error{kind: e.kind, public: e.public, fields: fields, cause: e.cause}
}

// Error is the text for the operator: the public text and the cause.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.public
	}
	return e.public + ": " + e.cause.Error()
}

// Unwrap gives errors.Is and errors.As the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is the error's kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.kind
}

// KindOf returns the kind of the outermost classified error in err's chain,
// and Internal for an unclassified error.
func KindOf(err error) Kind {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.kind
	}
	if kind, ok := errors.AsType[Kind](err); ok {
		return kind
	}
	return Internal
}

// Public returns the text that may be shown to a client: the classified
// error's own, and a fixed sentence for anything Internal or unclassified.
func Public(err error) string {
	e, ok := errors.AsType[*Error](err)
	if !ok || e.kind == Internal {
		return "Something went wrong on our side. Try again; the request id finds the cause."
	}
	return e.public
}

// Fields returns the problems with each input field, or nil.
func Fields(err error) map[string][]string {
	if e, ok := errors.AsType[*Error](err); ok {
		return maps.Clone(e.fields)
	}
	return nil
}
