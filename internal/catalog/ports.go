package catalog

import (
	"context"
	"time"

	"waybill/internal/audit"
	"waybill/internal/fault"
)

// Store stores the entities. Every read is strongly consistent. All methods may be
// called concurrently. Each caller takes only the part that it needs.
type Store interface {
	Reader
	Writer
	Remover
	Observer
	HealthObserver
	Discards
}

// Reader is the part of a [Store] that reads. It never mixes parts of an entity from before
// and after an update. Only the State of a resource changes independently.
type Reader interface {
	// Get returns the entity, or NotFound.
	Get(ctx context.Context, id ID) (Entity, error)
	// Head returns the entity without its [Body], or NotFound. It costs the same
	// whatever the size of the body. Create and Update refuse such a head.
	Head(ctx context.Context, id ID) (Entity, error)
	// List returns the entities of a kind in the order of their ids, each as Head
	// returns it: without a body.
	List(ctx context.Context, kind Kind, page Page) (Listing, error)
	// Team returns the settings of the team.
	Team(ctx context.Context) (Team, error)
	// ServerAndTeam returns the server, or NotFound, and the settings of the team. It costs
	// no more requests than Get.
	ServerAndTeam(ctx context.Context, id ID) (*Server, Team, error)
}

// Writer is the part of a [Store] that takes definitions from users. Each write also writes
// its entry of the audit, in the same transaction: a change that is refused leaves none. An
// entry whose id is taken refuses the change with Conflict.
type Writer interface {
	// Create adds the entity. The entities that it depends on cannot be deleted from
	// then on. Conflict if the id is taken, Invalid (naming the field) if a
	// dependency is missing. If the entity names a generation of secrets, that must
	// have been reserved (see [Discards]), else Conflict.
	Create(ctx context.Context, entity Entity, entry audit.Entry) error
	// Update replaces what Create wrote, except the State and the server of a
	// resource. NotFound if absent. Conflict if the entity was updated since it was
	// read, which is when its stored UpdatedAt is not was. Invalid (naming the
	// field) if a dependency is missing.
	Update(ctx context.Context, entity Entity, was time.Time, entry audit.Entry) error
	// UpdateTeam replaces the settings of the team. Conflict if they were updated since they
	// were read, which is when their stored UpdatedAt is not was.
	UpdateTeam(ctx context.Context, team Team, was time.Time, entry audit.Entry) error
}

// Remover is the part of a [Store] that deletes, with entries as a [Writer] takes them.
type Remover interface {
	// Delete removes the entity. NotFound if absent. Conflict while another entity
	// depends on it, or while a deployment of it, or on it, is queued or running.
	Delete(ctx context.Context, id ID, entry audit.Entry) error
}

// Observer is the part of a [Store] that takes observations.
type Observer interface {
	// Observe stores the status of a resource as it was found on its server, in
	// upstream's form ("running:healthy"). It does nothing while a deployment of the
	// resource runs, or if there is no such resource.
	Observe(ctx context.Context, id ID, status string) error
}

// Discards is the part of a [Store] that lists the secrets to delete, so that no set of
// secrets is ever forgotten in the [Vault]:
//
//   - A set is reserved before it is written. The write that makes an entity name it
//     withdraws the reservation. If that write never comes, the set is discarded when
//     the reservation is due.
//   - The write that makes an entity name another set discards the former one, which
//     is due after [GenerationGrace].
//   - The write that deletes an entity discards its set, which is due at once.
type Discards interface {
	// Reserve reserves the generation, which is due at [Generation.Due].
	Reserve(ctx context.Context, id ID, generation Generation) error
	// Discarded returns sets that are due, at most [MaxPage].
	Discarded(ctx context.Context, now time.Time) ([]DiscardedSecrets, error)
	// Forget takes a set off the list, after it was deleted.
	Forget(ctx context.Context, set DiscardedSecrets) error
}

// PublicKey is a public key in its two text forms.
type PublicKey struct {
	// Line is one line of authorized_keys, without a comment ("ssh-ed25519 AAAA…").
	Line string
	// Fingerprint is its SHA-256 in OpenSSH's notation ("SHA256:…").
	Fingerprint string
}

// KeyPair is a private key with its public half.
type KeyPair struct {
	Public PublicKey
	// Private is PEM text. Secret.
	Private string
}

// KeyReader reads SSH keys as users send them.
type KeyReader interface {
	// PrivateKey parses a PEM private key and returns it in the encoding that every
	// SSH program reads, with its public half. Invalid, with the reason, if the text
	// is not an unencrypted private key; the error never quotes it.
	PrivateKey(pem string) (KeyPair, error)
	// PublicKey parses one line of authorized_keys. Invalid if it is malformed.
	PublicKey(line string) (PublicKey, error)
}

// Login is what opens a server.
type Login struct {
	// PrivateKey is PEM text. Secret.
	PrivateKey string
	// Jump is the jump host through which the server is reached, or nil.
	Jump *Jump
}

// Jump is a jump host and what opens it.
type Jump struct {
	Server *Server
	// PrivateKey is PEM text. Secret.
	PrivateKey string
}

// Inspector connects to servers before a deployment uses them. An error of its methods
// that is not [ErrServer] says nothing about the server.
type Inspector interface {
	// HostKey connects to the server, sends it no credentials, and returns a host key
	// that the server proves to have: the one with the given fingerprint, else one
	// of the pinned key's type, else the one that the server prefers. [ErrServer],
	// with the reason, if no SSH server answers.
	HostKey(ctx context.Context, server *Server, login Login, fingerprint string) (PublicKey, error)
	// Login logs in with the pinned host key and the private key, and disconnects.
	// [ErrServer], with the reason, if any of that fails.
	Login(ctx context.Context, server *Server, login Login) error
	// Usable logs in and tests the prerequisites of a start. [ErrServer], with the
	// missing prerequisite and how to install it, if one is missing. It also measures the
	// server; a measurement that failed is zero and no error.
	Usable(ctx context.Context, server *Server, login Login) (Health, error)
}

// Page asks for a part of a list. The zero Page is the beginning, at most
// [MaxPage] entities.
type Page struct {
	// Limit is the most entities of the page, 1 to MaxPage; 0 means MaxPage.
	Limit int
	// After is the Next of the previous page, or "".
	After string
}

// MaxPage is the most that one page of the catalog holds.
const MaxPage = 100

// Listing is one page. Next is "" on the last one.
type Listing struct {
	Entities []Entity
	Next     string
}

// Find returns the entity as its own type. An id of another kind is NotFound, like
// an id that does not exist.
func Find[T Entity](ctx context.Context, store Reader, id ID) (T, error) {
	return find[T](ctx, store.Get, id)
}

// FindHead returns the entity without its [Body], like Find.
func FindHead[T Entity](ctx context.Context, store Reader, id ID) (T, error) {
	return find[T](ctx, store.Head, id)
}

func find[T Entity](ctx context.Context, get func(context.Context, ID) (Entity, error), id ID) (T, error) {
	var none T
	entity, err := get(ctx, id)
	if err != nil {
		return none, err
	}
	found, ok := entity.(T)
	if !ok {
		return none, fault.New(fault.NotFound, "Not found.")
	}
	return found, nil
}

// All returns every entity of a kind, without bodies. It is for kinds with tens of
// entities, such as servers: it reads all pages.
func All(ctx context.Context, store Reader, kind Kind) ([]Entity, error) {
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

// Resources returns the wanted resources without bodies: applications, then services, then
// databases, each in the order of their ids. It reads the heads of all resources.
func Resources(ctx context.Context, store Reader, wanted func(Deployable) bool) ([]Deployable, error) {
	var found []Deployable
	for _, kind := range [...]Kind{KindApplication, KindService, KindDatabase} {
		entities, err := All(ctx, store, kind)
		if err != nil {
			return nil, err
		}
		for _, entity := range entities {
			if resource, is := entity.(Deployable); is && wanted(resource) {
				found = append(found, resource)
			}
		}
	}
	return found, nil
}
