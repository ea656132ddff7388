package catalog

import (
	"encoding/json"
	"maps"
	"slices"
	"time"

	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// MaxRetiredBytes bounds the former values of a set, as JSON.
const MaxRetiredBytes = 64 << 10

// retiredSecret is the stored form of a [RetiredSecret].
type retiredSecret struct {
	Name  string    `json:"name"`
	Value string    `json:"value"`
	At    time.Time `json:"at"`
}

// Encode returns the set as JSON, for a [Vault]: an array of the present and the former
// values. Two braces side by side occur only within strings. Invalid if the present values take more
// than [MaxSecretsBytes]; the error names the largest. The error never shows a value.
func (s Secrets) Encode() ([]byte, error) {
	present := s.Values
	if present == nil {
		present = map[string]string{}
	}
	values, err := encodeSecrets(present)
	if err != nil {
		return nil, err
	}
	if len(values) > MaxSecretsBytes {
		name, size := largestSecret(s.Values)
		return nil, fault.New(fault.Invalid, "The secrets take %d bytes with their names and quotes, and "+
			"at most %d fit. The largest is %s with %d bytes. Put it into a file on the server.",
			len(values), MaxSecretsBytes, name, size)
	}
	retired := []retiredSecret{}
	for _, former := range s.Retired {
		retired = append(retired, retiredSecret(former))
	}
	return encodeSecrets([]any{json.RawMessage(values), retired})
}

func encodeSecrets(value any) ([]byte, error) {
	text, err := plainjson.Encode(value)
	if err != nil { // the encoder's error may quote a value
		return nil, fault.New(fault.Internal, "the secrets do not encode as JSON")
	}
	return text, nil
}

// DecodeSecrets reads the result of [Secrets.Encode]. Internal if it is damaged; the error
// never shows a value.
func DecodeSecrets(text []byte) (Secrets, error) {
	var secrets Secrets
	var retired []retiredSecret
	if err := json.Unmarshal(text, &[]any{&secrets.Values, &retired}); err != nil || secrets.Values == nil {
		return Secrets{}, fault.New(fault.Internal, "the stored secrets are damaged")
	}
	for _, former := range retired {
		secrets.Retired = append(secrets.Retired, RetiredSecret(former))
	}
	return secrets, nil
}

// largestSecret returns the name and the size of the largest secret. The name may be in an
// error: names are not secret.
func largestSecret(values map[string]string) (name string, size int) {
	for _, candidate := range slices.Sorted(maps.Keys(values)) {
		if n := len(values[candidate]); n > size || name == "" {
			name, size = candidate, n
		}
	}
	return name, size
}

// LimitRetired returns the newest of the former values that fit into [MaxRetiredBytes],
// and the names of the others, which will not be masked any more.
func LimitRetired(retired []RetiredSecret) (kept []RetiredSecret, dropped []string) {
	size := 0
	for i, former := range slices.Backward(retired) {
		size += encodedBytes(former)
		if size > MaxRetiredBytes {
			for _, old := range retired[:i+1] {
				dropped = append(dropped, old.Name)
			}
			return slices.Clone(retired[i+1:]), dropped
		}
	}
	return retired, nil
}

// encodedBytes is the size of a former value in the encoding of its set.
func encodedBytes(former RetiredSecret) int {
	text, err := encodeSecrets(retiredSecret(former))
	if err != nil { // it fits nowhere
		return MaxRetiredBytes + 1
	}
	return len(text)
}
