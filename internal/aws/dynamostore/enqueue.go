package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// enqueuing is a request that is being written, and the obstacles found so far.
type enqueuing struct {
	record deployment.Record
	key    deployment.RequestKey
	// entries are for the audit.
	entries []audit.Entry
	// outlived is the deployment that the key stands for and that no longer answers
	// the request, or "".
	outlived deployment.ID
	// superseded is the queued deployment that the record supersedes, or nil. server
	// is its server, as read.
	superseded *deployment.Record
	server     *serverState
	// retag changes the tag of the application, or is nil.
	retag *deployment.Retag
}

// Enqueue tries the transaction first, so most calls make two requests: the
// transaction, and a read for the place in the queue. Only after a refusal are the
// items read, in this order:
//
//  1. There is a deployment with the id: return it. Otherwise, if a deployment that the
//     record waits for has ended: Conflict.
//  2. The request is known and its window has not passed. If its deployment still
//     stands for the request, return it. Otherwise try the transaction again, with a
//     condition that allows this deployment.
//  3. The resource is gone: NotFound.
//  4. The resource has a queued deployment. If it is the same request, remember the
//     key and return it. If the record supersedes it, try the transaction again and
//     end it. Otherwise Conflict.
//  5. The resource is already in the requested state: Conflict.
//  6. The server is gone: Conflict. Its queue is full: Exhausted.
//  7. None of these: the obstacle is gone, so try again.
func (d *Deployments) Enqueue(ctx context.Context, record deployment.Record,
	key deployment.RequestKey, entries ...audit.Entry) (deployment.Receipt, error) {
	return d.enqueue(ctx, enqueuing{record: record, key: key, entries: entries})
}

// EnqueueRetagged is Enqueue with two more writes: of the application's head and of the audit.
func (d *Deployments) EnqueueRetagged(ctx context.Context, record deployment.Record,
	retag deployment.Retag) (deployment.Receipt, error) {
	return d.enqueue(ctx, enqueuing{record: record, retag: &retag})
}

func (d *Deployments) enqueue(ctx context.Context, first enqueuing) (deployment.Receipt, error) {
	record := first.record
	if !record.ID.Kind().Deployable() {
		return deployment.Receipt{}, catalog.NewNotFoundError(record.ID.Resource())
	}
	if record.ServerID.Kind() != catalog.KindServer {
		return deployment.Receipt{}, deployment.NewServerGoneError()
	}
	next := first
	var receipt deployment.Receipt
	err := retry(ctx, func() (bool, error) {
		writes, err := d.enqueueing(next)
		if err != nil {
			return false, err
		}
		why, done, err := write(ctx, d.client, writes)
		if err != nil {
			return false, err
		}
		if done {
			receipt, err = d.receipt(ctx, next.record, false)
			if next.superseded != nil {
				receipt.Superseded = next.superseded.ID
			}
			return true, err
		}
		receipt, done, err = d.refused(ctx, first, &next, why.unmet, len(writes))
		return done, err
	})
	return receipt, err
}

// refused answers a request whose transaction of so many writes did not meet these conditions.
// done is false if it has to be tried again, as next. first is the request as it came.
func (d *Deployments) refused(ctx context.Context, first enqueuing, next *enqueuing, unmet []int,
	writes int) (receipt deployment.Receipt, done bool, err error) {
	if len(unmet) == 0 {
		return deployment.Receipt{}, false, nil
	}
	record := first.record
	awaiting := writes - awaitWrites(record)
	switch {
	case unmet[0] == 0: // the first write is the record
		receipt, err = d.Repeat(ctx, record.ID)
		return receipt, true, err
	case slices.Max(unmet) >= awaiting:
		return deployment.Receipt{}, true, deployment.NewDependencyEndedError()
	case unmet[0] >= awaiting-len(d.retagging(*next)):
		return deployment.Receipt{}, true, catalog.NewStaleError(record.ID.Resource())
	}
	*next = first
	known, done, err := d.standing(ctx, next)
	if done && err == nil {
		receipt, err = d.receipt(ctx, known, true)
	}
	return receipt, done, err
}

// Known finds the deployment as Enqueue does after a refusal: by the id, by the key, and as the
// queued one of the resource.
func (d *Deployments) Known(ctx context.Context, record deployment.Record,
	key deployment.RequestKey) (deployment.Receipt, error) {
	if !record.ID.Kind().Deployable() {
		return deployment.Receipt{}, catalog.NewNotFoundError(record.ID.Resource())
	}
	receipt, err := d.Repeat(ctx, record.ID)
	if !errors.Is(err, fault.NotFound) {
		return receipt, err
	}
	next := enqueuing{record: record, key: key}
	known, stands, err := d.remembered(ctx, &next)
	if err == nil && !stands {
		known, stands, err = d.queuedFor(ctx, &next)
	}
	if err == nil && !stands {
		err = deployment.NewNotFoundError()
	}
	if err != nil {
		return deployment.Receipt{}, err
	}
	return d.receipt(ctx, known, true)
}

// queuedFor returns the queued deployment of the resource if it is the same request.
func (d *Deployments) queuedFor(
	ctx context.Context, next *enqueuing,
) (known deployment.Record, same bool, err error) {
	err = retry(ctx, func() (bool, error) {
		state, err := d.resource(ctx, next.record.ID.Resource())
		if err != nil || state.Queued == "" {
			return err == nil, err
		}
		queued, err := d.get(ctx, deployment.ID(state.Queued))
		if err != nil || !queued.SameWork(next.record) {
			return err == nil, err
		}
		known, same, err = d.queued(ctx, next, queued.ID)
		return same, err // it is claimed or given to another token meanwhile
	})
	return known, same, err
}

// enqueueing is the transaction: it writes the record, the queue, the resource, the
// key of the request, the end of a superseded deployment, the details of the record if it has
// some, and the entries of the audit.
func (d *Deployments) enqueueing(next enqueuing) ([]types.TransactWriteItem, error) {
	record, key := next.record, next.key
	adding, err := d.adding(record)
	if err != nil {
		return nil, err
	}
	writes := []types.TransactWriteItem{adding}
	if next.superseded == nil {
		writes = append(writes, d.joining(record)...)
	} else {
		replacing, err := d.superseding(next)
		if err != nil {
			return nil, err
		}
		writes = append(writes, replacing...)
	}
	if key.Hash != "" {
		fields, condition, values, err := next.remembering(record.ID)
		if err != nil {
			return nil, err
		}
		writes = append(writes, put(d.tables.Catalog, fields, condition, values))
	}
	for _, entry := range next.entries {
		writes = append(writes, entering(d.tables.Audit, entry)...)
	}
	if details := d.addingDetails(record); details != nil {
		writes = append(writes, update(*details))
	}
	writes = append(writes, d.retagging(next)...)
	return append(writes, d.awaiting(record)...), nil
}

// retagging are the last writes of the transaction before the writes of awaiting. They change the tag
// in the definition of an application that is as it was read.
func (d *Deployments) retagging(next enqueuing) []types.TransactWriteItem {
	if next.retag == nil {
		return nil
	}
	head := update(change{
		table:     d.tables.Catalog,
		key:       entityKey(next.record.ID.Resource()),
		update:    "SET #definition.#image.#tag = :tag, #updated_at = :now",
		condition: "#updated_at = :was AND attribute_exists(#definition.#image)",
		values: item{":tag": text(next.retag.Tag), ":was": stamp(next.retag.Was),
			":now": stamp(next.record.CreatedAt)},
	})
	return append([]types.TransactWriteItem{head}, entering(d.tables.Audit, next.retag.Entry)...)
}

// adding is the write of a new record. Only it sets the attributes of the indexes: any
// write that changed one would cost a write of its index, too.
func (d *Deployments) adding(record deployment.Record) (types.TransactWriteItem, error) {
	whole, err := encodeRecord(record)
	if err != nil {
		return types.TransactWriteItem{}, err
	}
	whole["shard"] = text(d.tables.shard(record.ID))
	return put(d.tables.of(record.ID.Kind()), whole, "attribute_not_exists(#deployment_uuid)", nil), nil
}

// Appending :last to a list of a server, and the condition that there is room. The limit of
// the queue also bounds the waiting ones.
const (
	joinQueue      = "SET #queue = list_append(#queue, :last)"
	queueHasRoom   = "size(#queue) < #queue_limit"
	joinWaiting    = "SET #waiting = list_append(if_not_exists(#waiting, :empty), :last)"
	waitingHasRoom = "attribute_exists(#queue) AND " +
		"(attribute_not_exists(#waiting) OR size(#waiting) < #queue_limit)"
)

// joining appends the record to the queue or to the waiting ones, and notes it on its
// resource.
func (d *Deployments) joining(record deployment.Record) []types.TransactWriteItem {
	useful, values := unsatisfied(record)
	server := change{
		table:     d.tables.Catalog,
		key:       stateKey(record.ServerID),
		update:    joinQueue,
		condition: queueHasRoom,
		values:    item{":last": list(text(record.ID))},
	}
	if record.Waiting() {
		server.update, server.condition = joinWaiting, waitingHasRoom
		server.values[":empty"] = list()
	}
	return []types.TransactWriteItem{
		update(server),
		update(change{
			table:     d.tables.Catalog,
			key:       stateKey(record.ID.Resource()),
			update:    "SET #queued = :id ADD #deployments :one",
			condition: "#queued = :none" + useful,
			values:    with(values, item{":id": text(record.ID), ":one": number(1), ":none": text("")}),
		}),
	}
}

// unsatisfied is the condition that the resource is not in the requested state: the
// negation of [deployment.Record.AlreadyInState]. It is empty if no state satisfies
// the request.
func unsatisfied(record deployment.Record) (condition string, values item) {
	values = item{}
	var states []string
	for i, word := range record.SatisfiedBy() {
		if word == "" {
			states = append(states, "#status = :none")
			continue
		}
		name := fmt.Sprintf(":word%d", i)
		states = append(states, "begins_with(#status, "+name+")")
		values[name] = text(word)
	}
	if len(states) == 0 {
		return "", values
	}
	return " AND (#running <> :none OR NOT (" + strings.Join(states, " OR ") + "))", values
}

// admits returns why the server refuses the record, or nil.
func (d *Deployments) admits(ctx context.Context, record deployment.Record) error {
	server, err := d.server(ctx, record.ServerID)
	if err != nil {
		return err
	}
	if server == nil {
		return deployment.NewServerGoneError()
	}
	return server.room(record)
}

// room returns why the server has no room for the record, or nil.
func (l *serverState) room(record deployment.Record) error {
	switch {
	case record.Waiting() && len(l.Waiting) >= l.QueueLimit:
		return deployment.NewWaitingFullError()
	case !record.Waiting() && len(l.Queue) >= l.QueueLimit:
		return deployment.NewQueueFullError()
	}
	return nil
}

// Note writes a record that has finished, and counts it on its resource.
func (d *Deployments) Note(ctx context.Context, record deployment.Record) error {
	id := record.ID
	if !id.Kind().Deployable() {
		return catalog.NewNotFoundError(id.Resource())
	}
	adding, err := d.adding(record)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{
		adding,
		update(change{
			table: d.tables.Catalog,
			key:   stateKey(id.Resource()),
			update: "SET #finished = list_append(if_not_exists(#finished, :empty), :finished) " +
				"ADD #deployments :one",
			condition: "attribute_exists(#uuid)",
			values: item{":one": number(1), ":empty": list(),
				":finished": texts([]string{finishedText(deployment.NewFinishedID(record))})},
		}),
	}
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, d.client, writes)
		switch {
		case done, err != nil:
			return done, err
		case len(why.unmet) == 0:
			return false, nil
		case why.unmet[0] == 0:
			return true, deployment.NewExistsError(id)
		}
		return true, catalog.NewNotFoundError(id.Resource())
	})
}

// Repeat reads the record, and the queue if it is queued.
func (d *Deployments) Repeat(ctx context.Context, id deployment.ID) (deployment.Receipt, error) {
	record, err := d.get(ctx, id)
	if err != nil {
		return deployment.Receipt{}, err
	}
	return d.receipt(ctx, record, true)
}

// receipt adds the record's place in the queue.
func (d *Deployments) receipt(ctx context.Context, record deployment.Record,
	repeated bool) (deployment.Receipt, error) {
	receipt := deployment.Receipt{Record: record, Repeated: repeated}
	if record.Status != deployment.Queued {
		return receipt, nil
	}
	server, err := d.server(ctx, record.ServerID)
	if err != nil || server == nil {
		return receipt, err
	}
	receipt.Position = slices.Index(server.Queue, string(record.ID)) + 1
	return receipt, nil
}
