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
	// Override, if set, queues the deployment even if its windows are closed. The caller has
	// checked that the token may do that.
	Override *Override
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
// An operation that starts the resource needs open windows of the resource, its server and
// the team, or an Override, which is recorded in the record and in the audit. They are checked
// once, at the request: a queued deployment runs even if they close meanwhile.
//
// NotFound if there is no such resource. Conflict if its server has no pinned host key and the
// operation needs one, if the windows are closed ([*WindowClosedError]), if the resource has a
// queued request that this one does not supersede, if the resource is already in the requested
// state ([ErrAlreadyInState]), or if a resource of After is not running and nothing is going to
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
	at, err := r.findPlace(ctx, request)
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
	record := r.record(request, id, at.resource, at.server, now)
	record.Status = Queued
	var taken snapshot.Snapshot
	if record.ConfigurationHash, taken, err = r.takeSnapshot(request, at.resource); err != nil {
		return Receipt{}, err
	}
	admitted, err := r.admit(&record, request, at.windows())
	if err != nil {
		return Receipt{}, err
	}
	if !admitted.verdict.Open {
		return r.known(ctx, record, request, admitted.verdict)
	}
	if err := r.storeSnapshot(ctx, request, taken); err != nil {
		return Receipt{}, err
	}
	return r.enqueue(ctx, record, request, func(record Record) (Receipt, error) {
		return r.queue.Enqueue(ctx, record, request.key(), admitted.entry)
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

// takeSnapshot returns the hash of the configuration of the deployment, and the snapshot that
// is to be stored, or nil without one: the snapshot of an earlier deployment was stored when it
// first ran.
func (r *Requests) takeSnapshot(
	request Request, resource catalog.Deployable,
) (hash string, taken snapshot.Snapshot, err error) {
	if !request.takesSnapshot() || r.opts.Snapshots == nil {
		return request.Options.Configuration, nil, nil
	}
	if taken, err = snapshot.Of(resource); err != nil {
		return "", nil, err
	}
	return taken.Hash(), taken, nil
}

// storeSnapshot stores what takeSnapshot has returned, if there is something.
func (r *Requests) storeSnapshot(ctx context.Context, request Request, taken snapshot.Snapshot) error {
	if taken == nil {
		return nil
	}
	return r.opts.Snapshots.Put(ctx, request.Resource, taken)
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

// findPlace reads the body of the resource for a snapshot only.
func (r *Requests) findPlace(ctx context.Context, request Request) (place, error) {
	find := catalog.FindHead[catalog.Deployable]
	if request.takesSnapshot() {
		find = catalog.Find[catalog.Deployable]
	}
	resource, err := find(ctx, r.store, request.Resource)
	if err != nil {
		return place{}, err
	}
	server, team, err := r.store.ServerAndTeam(ctx, resource.Shared().ServerID)
	switch {
	case errors.Is(err, fault.NotFound):
		return place{}, NewServerGoneError()
	case err != nil:
		return place{}, err
	case server.HostKey == "" && request.Operation.OnServer():
		return place{}, NewUnpinnedError(server)
	}
	return place{resource, server, team}, nil
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
