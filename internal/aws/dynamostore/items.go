package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// items are the items of one entity. Its users write the head, and its deployments write
// the state. Entities of some kinds have no state.
type items struct{ head, state item }

// entityKey is the primary key of an entity's head. The id names its kind.
func entityKey(id catalog.ID) item { return itemKey(string(id.Kind()), id) }

// stateKey is the primary key of an entity's state.
func stateKey(id catalog.ID) item { return itemKey(stateKind(id.Kind()), id) }

func itemKey(kind string, id catalog.ID) item { return item{"kind": text(kind), "uuid": text(id)} }

// stateKind is the kind of the states of a kind's entities, or "" if they have none.
func stateKind(kind catalog.Kind) string {
	switch {
	case kind == catalog.KindServer:
		return "server-queue"
	case kind.Deployable():
		return string(kind) + "-state"
	}
	return ""
}

// textOf returns a text attribute of an item, or "".
func textOf(stored item, name string) string {
	value, _ := stored[name].(*types.AttributeValueMemberS)
	if value == nil {
		return ""
	}
	return value.Value
}

// match reports whether the items were stored together. They are read at different
// moments, so a create, an update or a delete may have come between.
func (i items) match(kind catalog.Kind) bool {
	if stateKind(kind) == "" {
		return true
	}
	// Deployments change a resource's state at any time, so it matches every head.
	return i.state != nil && (kind != catalog.KindServer ||
		textOf(i.head, "updated_at") == textOf(i.state, "updated_at"))
}

// load reads the items of an entity, and reads them again if they do not match. It costs
// half of a read in a transaction, and no deployment that writes the state refuses it.
func (c *Catalog) load(ctx context.Context, id catalog.ID) (items, error) {
	if id.Kind() == "" {
		return items{}, catalog.NewNotFoundError(id)
	}
	keys := []item{entityKey(id)}
	if stateKind(id.Kind()) != "" {
		keys = append(keys, stateKey(id))
	}
	var found items
	err := retry(ctx, func() (bool, error) {
		all, err := readBatch(ctx, c.client, map[string]types.KeysAndAttributes{
			c.table: {Keys: keys, ConsistentRead: aws.Bool(true)},
		})
		if err != nil {
			return false, err
		}
		found = items{}
		for _, stored := range all[c.table] {
			if textOf(stored, "kind") == string(id.Kind()) {
				found.head = stored
			} else {
				found.state = stored
			}
		}
		if found.head == nil {
			return false, catalog.NewNotFoundError(id)
		}
		return found.match(id.Kind()), nil
	})
	return found, err
}
