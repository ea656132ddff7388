package dynamostore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Repair reads the places first and the record after them. The record is written
// together with its places, and its status only moves forward. So a status that does
// not allow a place when the record is read will not allow it later either, and a
// record that is missing then is missing for good.
func (d *Deployments) Repair(ctx context.Context, server catalog.ID, id deployment.ID) error {
	return retry(ctx, func() (bool, error) {
		found, err := d.places(ctx, server, id)
		if err != nil {
			return false, err
		}
		record, _, err := d.record(ctx, id)
		gone := errors.Is(err, fault.NotFound)
		if err != nil && !gone {
			return false, err
		}
		var writes []types.TransactWriteItem
		switch {
		case gone || record.Status.Terminal():
			writes = d.leaving(found, true)
		case record.Status == deployment.InProgress:
			writes = d.leaving(found, false)
		case !record.Waiting():
			found.load.Queue, found.resource.Queued = nil, ""
			writes = d.leaving(found, false)
		}
		if len(writes) == 0 {
			return true, nil
		}
		_, done, err := write(ctx, d.client, writes)
		return done, err
	})
}

// places are the queue, the running set and the resource in which a deployment may
// stand, as read.
type places struct {
	id       deployment.ID
	server   catalog.ID
	load     serverState
	resource resourceState
}

// places reads the server and the resource. They are empty if they are gone.
func (d *Deployments) places(ctx context.Context, server catalog.ID, id deployment.ID) (places, error) {
	found := places{id: id, server: server}
	load, err := d.server(ctx, server)
	if err != nil {
		return places{}, err
	}
	if load != nil {
		found.load = *load
	}
	found.resource, err = d.resource(ctx, id.Resource())
	if err != nil && !errors.Is(err, fault.NotFound) {
		return places{}, err
	}
	return found, nil
}

// leaving returns the writes that remove the deployment from the queue and the waiting
// ones, or from all places. Each has the condition that the deployment is still there, since a queue
// moves between a read and a write. A deployment in no place needs no write.
func (d *Deployments) leaving(found places, all bool) []types.TransactWriteItem {
	var writes []types.TransactWriteItem
	var server, resource leave
	for name, list := range map[string][]string{"#queue": found.load.Queue, "#waiting": found.load.Waiting} {
		for place, id := range list {
			if id == string(found.id) {
				path := fmt.Sprintf("%s[%d]", name, place)
				server.from(path, path+" = :id")
			}
		}
	}
	if _, runs := found.load.Running[string(found.id)]; runs && all {
		server.from("#running.#this", "attribute_exists(#running.#this)")
	}
	stands := func(id string) bool { return id == string(found.id) && id != "" }
	if stands(found.resource.Queued) {
		resource.from("#queued = :none", "#queued = :id")
	}
	if stands(found.resource.Running) && all {
		resource.from("#running = :none", "#running = :id")
	}
	if len(server.changes) > 0 {
		writes = append(writes, update(server.change(d.tables.Catalog, found.server, "REMOVE ", found.id)))
	}
	if len(resource.changes) > 0 {
		writes = append(writes, update(resource.change(d.tables.Catalog, found.id.Resource(), "SET ",
			found.id)))
	}
	return writes
}

// leave collects the changes and the conditions of one item's write.
type leave struct{ changes, conditions []string }

func (l *leave) from(change, condition string) {
	l.changes, l.conditions = append(l.changes, change), append(l.conditions, condition)
}

// change returns the write. It has only the values that its expressions use, because
// DynamoDB refuses others.
func (l *leave) change(table string, entity catalog.ID, verb string, id deployment.ID) change {
	leaving := change{
		table:     table,
		key:       stateKey(entity),
		this:      string(id),
		update:    verb + strings.Join(l.changes, ", "),
		condition: strings.Join(l.conditions, " AND "),
	}
	for name, value := range (item{":id": text(id), ":none": text("")}) {
		if strings.Contains(leaving.update+" "+leaving.condition, name) {
			if leaving.values == nil {
				leaving.values = item{}
			}
			leaving.values[name] = value
		}
	}
	return leaving
}
