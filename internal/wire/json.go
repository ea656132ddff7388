package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// Timestamp formats a time as upstream does: "2026-08-22T10:00:00.000000Z".
func Timestamp(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000000Z") }

// TimestampOrNull writes the zero time as null.
func TimestampOrNull(at time.Time) *string {
	if at.IsZero() {
		return nil
	}
	text := Timestamp(at)
	return &text
}

// TextOrNull writes the empty text as null.
func TextOrNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// Decode decodes a body that was checked against its schema. Invalid if a value
// passed the schema and still does not fit the type.
func Decode[T any](body []byte) (T, error) {
	var value T
	if len(bytes.TrimSpace(body)) == 0 {
		return value, nil
	}
	if err := json.Unmarshal(body, &value); err != nil {
		return value, fault.WrapField(err, fault.Invalid, "body",
			"does not have the shape that openapi.yaml describes")
	}
	return value, nil
}

// Members returns the members of a value's JSON object, each still encoded.
func Members(value any) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "decode the members of a value")
	}
	return all, nil
}

// IsNull reports whether a member is null.
func IsNull(value json.RawMessage) bool { return string(value) == "null" }

// TextOf returns a member's text, or "" if it is not text.
func TextOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// Merged is encoded as one object that has the members of all its parts. No two
// parts have a member of the same name.
type Merged []any

// MarshalJSON encodes the parts as one object.
func (m Merged) MarshalJSON() ([]byte, error) {
	all := map[string]json.RawMessage{}
	for _, part := range m {
		text, err := plainjson.Encode(part)
		if err == nil {
			err = json.Unmarshal(text, &all)
		}
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "merge the parts of an answer")
		}
	}
	return plainjson.Encode(all)
}

// Nullable is text that is encoded as null when it is empty.
type Nullable string

// MarshalJSON writes the text, or null.
func (n Nullable) MarshalJSON() ([]byte, error) { return plainjson.Encode(TextOrNull(string(n))) }

// Without returns a copy of members that lacks the names.
func Without[V any](members map[string]V, names []string) map[string]V {
	left := maps.Clone(members)
	maps.DeleteFunc(left, func(name string, _ V) bool { return slices.Contains(names, name) })
	return left
}
