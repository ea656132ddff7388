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
	Operation Operation
	Options   Options
	Trigger   Trigger
	// After has at most [MaxAfter] resources, for a request that starts the resource. It
	// waits until the deployments of these that are queued or running have finished. A
	// resource without one must be running, or its last operation must be a start that
	// finished.
	After []catalog.ID
	// ID, if set, is the id of the new deployment. All requests with one ID are one
	// request. Without it, an identical request of the same caller within
	// [RepeatWindow] is a repeat if [Record.StandsFor] is true.
	ID ID
	// Retags makes Options.DockerTag the tag of the application, in the transaction that queues
	// the deployment. Such a request needs an ID.
	Retags bool
	// Caller identifies the caller.
	Caller string
}

// RepeatWindow is how long a repeat without an id counts as the same request. API clients
// retry a POST after 1, 2 and 4 s, which ten seconds cover.
const RepeatWindow = 10 * time.Second

// Requests turns the requests of users into queued deployments.
type Requests struct {
	store catalog.Reader
	queue Queue
	opts  RequestsOptions
}

// RequestsOptions adjust [NewRequests]; the zero value works.
type RequestsOptions struct {
	// Now and Random default to the clock and crypto/rand.
	Now    func() time.Time
	Random io.Reader
	// Snapshots stores the configuration of each deployment. By default none is
	// stored, and records have no ConfigurationHash.
	Snapshots snapshot.Archive
	// Retention is how long deployments are kept whose resource does not say so; zero
	// fields mean [catalog.DefaultRetention].
	Retention catalog.Retention
}

// NewRequests returns the use case over a catalog and a queue.
func NewRequests(store catalog.Reader, queue Queue, opts RequestsOptions) *Requests {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Random == nil {
		opts.Random = rand.Reader
	}
	opts.Retention = opts.Retention.Or(catalog.DefaultRetention())
	return &Requests{store: store, queue: queue, opts: opts}
}

// Request queues the operation and returns its record, or the record that already stands
// for the same request. The deployment runs with the current configuration of the
// resource, or with the one in Options.Configuration. A scrub has no configuration.
//
// NotFound if there is no such resource. Conflict if its server has no pinned host key
// and the operation needs one, if the resource has a queued request that this one does
// not supersede, if the resource is already in the requested state
// ([ErrAlreadyInState]), or if a resource of After is not running and nothing is going to
// start it. Invalid, naming the field after, if After is malformed, names a resource that
// does not exist, or forms a cycle. Exhausted if the server's queue is full. A refused
// request stores no record.
func (r *Requests) Request(ctx context.Context, request Request) (Receipt, error) {
	if request.ID != "" && len(request.After) > 0 { // the first run found what it comes after
		receipt, err := r.queue.Repeat(ctx, request.ID)
		if !errors.Is(err, fault.NotFound) {
			return receipt, err
		}
	}
	if request.Retags {
		return r.retagged(ctx, request)
	}
	resource, server, err := r.findResourceAndServer(ctx, request)
	if err != nil {
		return Receipt{}, err
	}
	id, now, err := r.newIDAndTime(request.Resource)
	if err != nil {
		return Receipt{}, err
	}
	if request.ID != "" {
		id = request.ID
	}
	hash := request.Options.Configuration // stored when it first ran
	if request.takesSnapshot() {
		if hash, err = r.saveSnapshot(ctx, resource); err != nil {
			return Receipt{}, err
		}
	}
	record := r.record(request, id, resource, server, now)
	record.Status, record.ConfigurationHash = Queued, hash
	return r.enqueue(ctx, record, request, func(record Record) (Receipt, error) {
		return r.queue.Enqueue(ctx, record, request.key())
	})
}

// newIDAndTime returns the id and the time of a new deployment.
func (r *Requests) newIDAndTime(resource catalog.ID) (ID, time.Time, error) {
	now := r.opts.Now().UTC().Truncate(time.Microsecond)
	id, err := NewID(resource, now, r.opts.Random)
	return id, now, err
}

// record returns the record of the request, without a status.
func (r *Requests) record(request Request, id ID, resource catalog.Deployable, server *catalog.Server,
	now time.Time) Record {
	return Record{
		ID:           id,
		Operation:    request.Operation,
		Options:      request.Options,
		ResourceName: resource.Common().Name,
		ServerID:     server.ID,
		ServerName:   server.Name,
		Trigger:      request.Trigger,
		Retention:    resource.Shared().Retention.Or(r.opts.Retention),
		CreatedAt:    now,
		UpdatedAt:    now,
	}
}

// saveSnapshot stores the snapshot of the resource and returns its hash.
func (r *Requests) saveSnapshot(ctx context.Context, resource catalog.Deployable) (hash string, err error) {
	if r.opts.Snapshots == nil {
		return "", nil
	}
	taken, err := snapshot.Of(resource)
	if err != nil {
		return "", err
	}
	return taken.Hash(), r.opts.Snapshots.Put(ctx, resource.Common().ID, taken)
}

// takesSnapshot reports whether the deployment runs with the current configuration.
func (r Request) takesSnapshot() bool {
	return r.Options.Configuration == "" && r.Operation.OnServer()
}

// findResourceAndServer reads the body of the resource for a snapshot only.
func (r *Requests) findResourceAndServer(
	ctx context.Context, request Request,
) (catalog.Deployable, *catalog.Server, error) {
	find := catalog.FindHead[catalog.Deployable]
	if request.takesSnapshot() {
		find = catalog.Find[catalog.Deployable]
	}
	resource, err := find(ctx, r.store, request.Resource)
	if err != nil {
		return nil, nil, err
	}
	server, err := r.server(ctx, resource)
	if err != nil {
		return nil, nil, err
	}
	if server.HostKey == "" && request.Operation.OnServer() {
		return nil, nil, NewUnpinnedError(server)
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

// key returns the key of the request. The parts are encoded as JSON, so that different
// parts never have the same encoding.
func (r Request) key() RequestKey {
	if r.Caller == "" || r.ID != "" {
		return RequestKey{}
	}
	text, err := json.Marshal([]any{r.Caller, r.Resource, r.Operation, r.Options, r.After})
	if err != nil { // strings and booleans always encode
		return RequestKey{}
	}
	sum := sha256.Sum256(text)
	return RequestKey{Hash: hex.EncodeToString(sum[:]), Window: RepeatWindow}
}
