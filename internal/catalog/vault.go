package catalog

import (
	"context"
	"io"
	"maps"
	"slices"
	"time"

	"waybill/internal/fault"
)

// Vault stores secret values. A set of secrets is written once, under a generation of
// its own, and the entity names the generation that counts (see [Meta]). So a reader
// gets one set whole, also while it is replaced. Only the functions runner, catalog and
// inspect may read the vault.
type Vault interface {
	// Put stores a set of secrets of the entity. Conflict if the entity has a set with
	// this generation. Invalid if the set is too large.
	Put(ctx context.Context, id ID, generation Generation, secrets Secrets) error
	// Get returns the set, or NotFound.
	Get(ctx context.Context, id ID, generation Generation) (Secrets, error)
	// GetAll returns the sets of several entities, in as few requests as it can. A set that does
	// not exist is not in the result.
	GetAll(ctx context.Context, sets map[ID]Generation) (map[ID]Secrets, error)
	// Delete removes the set, also one that is incomplete. Without a set it does nothing.
	Delete(ctx context.Context, id ID, generation Generation) error
}

// Secrets is a set of secrets of one entity.
type Secrets struct {
	// Values are the present values, by their names.
	Values map[string]string
	// Retired are former values. They are for masking only: a container that was started
	// before a change still prints the former value.
	Retired []RetiredSecret
}

// RetiredSecret is a value that was replaced or removed at a time.
type RetiredSecret struct {
	Name, Value string
	At          time.Time
}

// PrivateKeySecret is the name of a [PrivateKey]'s PEM text in the [Vault].
const PrivateKeySecret = "private_key"

// Generation names a set of secrets of an entity: 11 characters for the time at which it
// was made, and 5 random ones.
type Generation string

// generationRandomLength characters distinguish generations of the same microsecond.
const generationRandomLength = 5

// NewGeneration returns a fresh generation. random is crypto/rand.Reader outside tests.
func NewGeneration(now time.Time, random io.Reader) (Generation, error) {
	suffix, err := RandomText(generationRandomLength, random)
	return Generation(TimeText(now) + suffix), err
}

// Times of secrets that no entity names any more.
const (
	// GenerationGrace is how long a set is kept after another has replaced it. A runner
	// that has read the entity reads the set within seconds.
	GenerationGrace = time.Hour
	// RetiredFor is how long a former value is masked at least. It is masked longer if no
	// start after the change has finished.
	RetiredFor = 30 * 24 * time.Hour
)

// Due is when a set that no entity names by then can be deleted.
func (g Generation) Due() time.Time {
	made, _ := MicrosOf(string(g)) // a generation begins with a time
	return time.UnixMicro(made).Add(GenerationGrace)
}

// DiscardedSecrets names a set of secrets that has to be deleted at a time, because it was
// replaced, its entity is gone, or no entity has ever named it.
type DiscardedSecrets struct {
	ID         ID
	Generation Generation
	Due        time.Time
}

// AtOnce returns the Due of a set that is due at once.
func AtOnce() time.Time { return time.UnixMicro(0).UTC() }

// Retire returns the former values of a set that now gets the given values. now is the
// time of the change, and lastStart is when the last start of the resource finished.
func (s Secrets) Retire(values map[string]string, now, lastStart time.Time) []RetiredSecret {
	present := func(r RetiredSecret) bool { return values[r.Name] == r.Value }
	expired := func(r RetiredSecret) bool { return now.Sub(r.At) > RetiredFor && lastStart.After(r.At) }
	retired := slices.DeleteFunc(slices.Clone(s.Retired), func(r RetiredSecret) bool {
		return present(r) || expired(r)
	})
	for _, name := range slices.Sorted(maps.Keys(s.Values)) {
		former := RetiredSecret{name, s.Values[name], now}
		if former.Value == "" || name == DigestKeySecret || present(former) {
			continue
		}
		retired = append(retired, former)
	}
	return retired
}

// NewUnreservedError is Conflict: the set of secrets was not reserved, or has been
// discarded since.
func NewUnreservedError(id ID) error {
	return fault.New(fault.Conflict, "The change of %s took too long. Try again.", id)
}

// NewGenerationExistsError is Conflict: the entity has a set with this generation.
func NewGenerationExistsError(id ID) error {
	return fault.New(fault.Conflict, "The secrets of %s were written before.", id)
}
