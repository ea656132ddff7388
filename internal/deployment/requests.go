package deployment

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Request asks for an operation on a resource.
type Request struct {
	Resource  catalog.ID
	Operation catalog.Operation
	Options   catalog.Options
	Trigger   Trigger
	// Caller names the one who asks; repeats are only looked for among requests
	// of the same caller.
	Caller string
	// IdempotencyKey, if set, makes every request of the caller with that key
	// one request for [KeyWindow]. Without it, an identical request within
	// [RepeatWindow] is a repeat while [Record.StandsFor] says so.
	IdempotencyKey string
}

// How long a repeat is the same request. API clients retry a POST without a
// key after 1, 2 and 4 s, which ten seconds cover; a day is what payment APIs
// have taught their users to expect of a key.
const (
	RepeatWindow = 10 * time.Second
	KeyWindow    = 24 * time.Hour
)

// Requests turns what a user asks for into a queued deployment.
type Requests struct {
	store  catalog.Store
	ledger Ledger
	opts   RequestsOptions
}

// RequestsOptions adjust [NewRequests]; the zero value works.
type RequestsOptions struct {
	// Now and Random default to the clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
	// Snapshots keeps the configuration that each deployment runs with. By
	// default records name none.
	Snapshots snapshot.Archive
}

// NewRequests returns the use case over a catalog and a ledger.
func NewRequests(store catalog.Store, ledger Ledger, opts RequestsOptions) *Requests {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	return &Requests{store: store, ledger: ledger, opts: opts}
}

// Request queues the operation and returns its record, or the record that
// already stands for the same request. It runs with the configuration that the
// resource has now, or with the one that Options.Configuration names; a scrub
// runs with none.
//
// NotFound if there is no such resource; Conflict if its server has no pinned
// host key and the operation needs one, if it has a request queued that this one
// does not supersede, if there is nothing to do ([ErrAlreadyInState]), or if the
// idempotency key was used for something else; Exhausted if the server's queue is
// full. A refused request leaves nothing behind.
func (r *Requests) Request(ctx context.Context, request Request) (Receipt, error) {
	resource, server, err := r.find(ctx, request)
	if err != nil {
		return Receipt{}, err
	}
	id, now, err := r.next(request.Resource)
	if err != nil {
		return Receipt{}, err
	}
	hash := request.Options.Configuration // kept when it first ran
	if hash == "" && request.Operation.OnServer() {
		if hash, err = r.keep(ctx, resource); err != nil {
			return Receipt{}, err
		}
	}
	record := request.record(id, resource, server, now)
	record.Status, record.ConfigurationHash, record.QueuedAt = Queued, hash, now
	receipt, err := r.ledger.Enqueue(ctx, record, request.key())
	if err != nil {
		return Receipt{}, err
	}
	if !receipt.Record.SameRequest(record) {
		return Receipt{}, fault.New(fault.Conflict,
			"This Idempotency-Key was used for another request, which is deployment %s. Use a new key.", receipt.Record.ID)
	}
	return receipt, nil
}

// next is the id of a new deployment, and when it is made.
func (r *Requests) next(resource catalog.ID) (ID, time.Time, error) {
	now := r.opts.Now().UTC().Truncate(time.Microsecond)
	id, err := NewID(resource, now, r.opts.Random)
	return id, now, err
}

// record begins the record of the request.
func (r Request) record(id ID, resource catalog.Deployable, server *catalog.Server, now time.Time) Record {
	return Record{
		ID:           id,
		Operation:    r.Operation,
		Options:      r.Options,
		ResourceName: resource.Common().Name,
		ServerID:     server.ID,
		ServerName:   server.Name,
		Trigger:      r.Trigger,
		CreatedAt:    now,
		UpdatedAt:    now,
	}
}

// keep takes the snapshot of what the deployment will run with.
func (r *Requests) keep(ctx context.Context, resource catalog.Deployable) (hash string, err error) {
	if r.opts.Snapshots == nil {
		return "", nil
	}
	taken, err := snapshot.Of(resource)
	if err != nil {
		return "", err
	}
	return taken.Hash(), r.opts.Snapshots.Put(ctx, resource.Common().ID, taken)
}

func (r *Requests) find(ctx context.Context, request Request) (catalog.Deployable, *catalog.Server, error) {
	resource, err := catalog.Find[catalog.Deployable](ctx, r.store, request.Resource)
	if err != nil {
		return nil, nil, err
	}
	server, err := r.server(ctx, resource)
	if err != nil {
		return nil, nil, err
	}
	if server.HostKey == "" && request.Operation.OnServer() {
		return nil, nil, fault.New(fault.Conflict,
			"The host key of server %s is not pinned. POST /servers/%s/validate shows its fingerprint and pins it.", server.Name, server.ID)
	}
	return resource, server, nil
}

func (r *Requests) server(ctx context.Context, resource catalog.Deployable) (*catalog.Server, error) {
	server, err := catalog.Find[*catalog.Server](ctx, r.store, resource.Shared().ServerID)
	if errors.Is(err, fault.NotFound) {
		return nil, NewServerGoneError()
	}
	return server, err
}

// key names the request for the ledger. The parts are encoded as JSON, so that
// no two requests can run together into one text.
func (r Request) key() RequestKey {
	if r.Caller == "" {
		return RequestKey{}
	}
	window, parts := KeyWindow, []any{"key", r.Caller, r.IdempotencyKey}
	if r.IdempotencyKey == "" {
		window, parts = RepeatWindow, []any{"request", r.Caller, r.Resource, r.Operation, r.Options}
	}
	text, err := json.Marshal(parts)
	if err != nil { // strings and booleans always encode
		return RequestKey{}
	}
	sum := sha256.Sum256(text)
	return RequestKey{Hash: hex.EncodeToString(sum[:]), Window: window, Lasting: r.IdempotencyKey != ""}
}
