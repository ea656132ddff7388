package catalog

import (
	"context"
	"time"

	"waybill/internal/fault"
)

// Store keeps the entities. Every read is strongly consistent. All methods may
// be called at once from several goroutines.
type Store interface {
	// Create adds the entity with what it depends on held in place. Conflict if
	// the id is taken, Invalid (naming the field) if a dependency is missing.
	Create(ctx context.Context, entity Entity) error
	// Get returns the entity, or NotFound.
	Get(ctx context.Context, id ID) (Entity, error)
	// List returns the entities of a kind in the order of their ids.
	List(ctx context.Context, kind Kind, page Page) (Listing, error)
	// Update replaces what Create wrote, State and a resource's server excepted.
	// NotFound if
	// absent; Conflict if it was updated since it was read, that is if its stored
	// UpdatedAt is not was; Invalid (naming the field) if a dependency is missing.
	Update(ctx context.Context, entity Entity, was time.Time) error
	// Observe notes the status that a look at a resource found, as upstream
	// writes it ("running:healthy"). While a deployment of the resource runs, and
	// if there is no such resource, it does nothing.
	Observe(ctx context.Context, id ID, status string) error
	// Delete removes the entity. NotFound if absent; Conflict while anything
	// depends on it or a deployment of it, or on it, is queued or running.
	Delete(ctx context.Context, id ID) error
}

// PublicKey is a public key, as people and programs name it.
type PublicKey struct {
	// Line is one line of authorized_keys, without a comment ("ssh-ed25519 AAAA…").
	Line string
	// Fingerprint is its SHA-256 as OpenSSH prints it ("SHA256:…").
	Fingerprint string
}

// KeyPair is a private key with its public half.
type KeyPair struct {
	Public PublicKey
	// Private is PEM text. Secret.
	Private string
}

// Inspector looks at SSH keys and servers before anything is run with them.
type Inspector interface {
	// PrivateKey reads a PEM private key and returns it in the one form that every
	// SSH program reads, with its public half. Invalid, saying why, if the text is
	// no unencrypted private key; the error never quotes it.
	PrivateKey(pem string) (KeyPair, error)
	// PublicKey reads one line of authorized_keys. Invalid if it is none.
	PublicKey(line string) (PublicKey, error)
	// HostKey connects to the server, sends no credentials, and returns a host
	// key that it proves to have: the one with the fingerprint if that is given
	// and the server has it, else one of the pinned key's type, else the one that
	// the server prefers. Unavailable if there is no SSH server, saying why.
	HostKey(ctx context.Context, server *Server, fingerprint string) (PublicKey, error)
	// Login connects with the pinned host key and the private key, and leaves.
	// Unavailable, saying why, if any of that fails.
	Login(ctx context.Context, server *Server, privateKey string) error
	// Usable logs in and tests what a start needs there. Unavailable, naming what
	// is missing and what to do, if anything is.
	Usable(ctx context.Context, server *Server, privateKey string) error
}

// Page asks for a part of a list. The zero Page is the beginning, at most
// [MaxPage] entities.
type Page struct {
	// Limit is how many at most, 1 to MaxPage; 0 means MaxPage.
	Limit int
	// After is the Next of the page before, or "".
	After string
}

// MaxPage is the most that one page of the catalog holds.
const MaxPage = 100

// Listing is one page. Next is "" on the last one.
type Listing struct {
	Entities []Entity
	Next     string
}

// Vault keeps secret values, one set for each entity. Only the runner and the
// catalog's writer may open it.
type Vault interface {
	// Put replaces the set of secrets of the entity. An empty set is kept too.
	Put(ctx context.Context, id ID, secrets map[string]string) error
	// Get returns the set, or NotFound.
	Get(ctx context.Context, id ID) (map[string]string, error)
	// Delete removes the set. Deleting nothing is not an error.
	Delete(ctx context.Context, id ID) error
}

// PrivateKeySecret is the name under which a [PrivateKey]'s PEM text lies in
// the [Vault].
const PrivateKeySecret = "private_key"

// Find returns the entity as its own type. An id of another kind is NotFound,
// exactly as one that does not exist.
func Find[T Entity](ctx context.Context, store Store, id ID) (T, error) {
	var none T
	entity, err := store.Get(ctx, id)
	if err != nil {
		return none, err
	}
	found, ok := entity.(T)
	if !ok {
		return none, fault.New(fault.NotFound, "Not found.")
	}
	return found, nil
}

// All returns every entity of a kind, page by page. Meant for kinds of which a
// team has tens, such as servers.
func All(ctx context.Context, store Store, kind Kind) ([]Entity, error) {
	var all []Entity
	for page := (Page{}); ; {
		listing, err := store.List(ctx, kind, page)
		if err != nil {
			return nil, err
		}
		all = append(all, listing.Entities...)
		if listing.Next == "" {
			return all, nil
		}
		page.After = listing.Next
	}
}
