package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// Delete removes the entity, adds the entry, and decrements the count of dependents on each of its
// dependencies.
//
// It first reads the entity, for its dependencies and for the reason of a refusal.
// The transaction decides; two of its conditions are that the dependencies and the secrets
// are the same. It also discards the secrets.
func (c *Catalog) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	return retry(ctx, func() (bool, error) {
		stored, err := c.load(ctx, id, false)
		if err != nil {
			return true, err
		}
		var fields entityItem
		if err := decode(stored.head, &fields); err != nil {
			return true, err
		}
		if err := deletable(id, fields, stored.state); err != nil {
			return true, err
		}
		writes, err := c.removing(id, stored)
		if err != nil {
			return true, err
		}
		for _, dependency := range fields.DependsOn {
			writes = append(writes, c.releasing(id, catalog.ID(dependency)))
		}
		if generation := catalog.Generation(fields.Secrets); generation != "" {
			discarding, err := c.discarding(id, generation, catalog.AtOnce())
			if err != nil {
				return true, err
			}
			writes = append(writes, discarding)
		}
		why, done, err := write(ctx, c.client, append(writes, entering(c.audit, entry)...))
		if len(why.unmet) > 0 && why.unmet[0] >= len(writes) {
			return true, newEnteredError()
		}
		return done, err
	})
}

// deletable returns why the entity cannot be deleted, or nil.
func deletable(id catalog.ID, fields entityItem, stored item) error {
	busy := false
	switch {
	case id.Kind() == catalog.KindServer:
		var state serverState
		if err := decode(stored, &state); err != nil {
			return err
		}
		busy = len(state.Queue)+len(state.Running)+len(state.Waiting) > 0
	case id.Kind().Deployable():
		var state resourceState
		if err := decode(stored, &state); err != nil {
			return err
		}
		busy = state.Queued != "" || state.Running != ""
	}
	if busy {
		return catalog.NewBusyError(id)
	}
	if fields.Dependents > 0 {
		return catalog.NewInUseError(id)
	}
	return nil
}

// removing deletes the items on three conditions: nothing depends on the entity, its
// dependencies and its secrets are as in the head that was read, and nothing of it is
// queued or runs.
func (c *Catalog) removing(id catalog.ID, stored items) ([]types.TransactWriteItem, error) {
	head := stored.head
	writes := []types.TransactWriteItem{remove(c.table, entityKey(id),
		"#dependents = :zero AND #depends_on = :depends_on AND #secrets = :secrets",
		item{":zero": number(0), ":depends_on": head["depends_on"], ":secrets": head["secrets"]})}
	switch {
	case id.Kind() == catalog.KindServer:
		writes = append(writes, remove(c.table, stateKey(id),
			"size(#queue) = :zero AND size(#running) = :zero AND "+
				"(attribute_not_exists(#waiting) OR size(#waiting) = :zero)", item{":zero": number(0)}))
	case id.Kind().Deployable():
		leaving, err := c.leavingState(id, stored.state)
		if err != nil {
			return nil, err
		}
		writes = append(append(writes, leaving...),
			remove(c.table, bodyKey(id), "", nil), remove(c.table, schedulesKey(id), "", nil))
	}
	return writes, nil
}

// leavingState deletes the state of a resource. Its records are removed only when they
// expire, so its counts remain in an item of their own until then.
func (c *Catalog) leavingState(id catalog.ID, stored item) ([]types.TransactWriteItem, error) {
	condition, values := "#queued = :none AND #running = :none", item{":none": text("")}
	var state resourceState
	if err := decode(stored, &state); err != nil {
		return nil, err
	}
	if state.Deployments <= 0 {
		return []types.TransactWriteItem{remove(c.table, stateKey(id), condition, values)}, nil
	}
	condition += " AND #deployments = :deployments AND #log_bytes = :bytes"
	values[":deployments"], values[":bytes"] = stored["deployments"], stored["log_bytes"]
	remains := remainsKey(id)
	for _, name := range []string{"deployments", "log_objects", "log_bytes", "removed"} {
		if value, found := stored[name]; found {
			remains[name] = value
		}
	}
	return []types.TransactWriteItem{
		remove(c.table, stateKey(id), condition, values),
		put(c.table, remains, "attribute_not_exists(#uuid)", nil),
	}, nil
}
