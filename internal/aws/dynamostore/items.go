package dynamostore

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// items are the items of one entity. Its users write the head and the body, and its
// deployments write the state. Entities of some kinds have no body or no state. The body
// is nil, too, where it was not read.
type items struct{ head, body, state item }

// teamKey is the primary key of the settings of the team.
func teamKey() item { return item{"kind": text(kindTeam), "uuid": text(kindTeam)} }

// entityKey is the primary key of an entity's head. The id names its kind.
func entityKey(id catalog.ID) item { return itemKey(string(id.Kind()), id) }

// bodyKey is the primary key of a resource's body.
func bodyKey(id catalog.ID) item { return itemKey(string(id.Kind())+"-body", id) }

// stateKey is the primary key of an entity's state.
// remainsKey is the key of the counts that a deleted resource leaves.
func remainsKey(id catalog.ID) item {
	return item{"kind": text(string(id.Kind()) + "-remains"), "uuid": text(id)}
}

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

// bytesOf returns a binary attribute of an item, or nil.
func bytesOf(stored item, name string) []byte {
	value, _ := stored[name].(*types.AttributeValueMemberB)
	if value == nil {
		return nil
	}
	return value.Value
}

// match reports whether the items were stored together. They are read at different
// moments, so a create, an update or a delete may have come between.
func (i items) match(kind catalog.Kind, whole bool) bool {
	switch {
	case kind == catalog.KindServer:
		return i.state != nil && textOf(i.head, "updated_at") == textOf(i.state, "updated_at")
	case kind.Deployable(): // a state matches every head
		return i.state != nil && (!whole || i.body != nil &&
			bytes.Equal(bytesOf(i.head, "body_digest"), bytesOf(i.body, "body_digest")))
	}
	return true
}

// load reads the items of an entity, the body only of a whole one, and reads them again if
// they do not match. It costs half of a read in a transaction, and no deployment that
// writes the state refuses it.
func (c *Catalog) load(ctx context.Context, id catalog.ID, whole bool) (items, error) {
	found, _, err := c.loadWith(ctx, id, whole, false)
	return found, err
}

// loadWith is load, and reads the settings of the team by the same request if withTeam is set.
// team is nil if they were never changed.
func (c *Catalog) loadWith(
	ctx context.Context, id catalog.ID, whole, withTeam bool,
) (found items, team item, err error) {
	kind := id.Kind()
	if kind == "" {
		return items{}, nil, catalog.NewNotFoundError(id)
	}
	keys := []item{entityKey(id)}
	if stateKind(kind) != "" {
		keys = append(keys, stateKey(id))
	}
	if whole && kind.Deployable() {
		keys = append(keys, bodyKey(id))
	}
	if withTeam {
		keys = append(keys, teamKey())
	}
	err = retry(ctx, func() (bool, error) {
		all, err := readBatch(ctx, c.client, map[string]types.KeysAndAttributes{
			c.table: {Keys: keys, ConsistentRead: aws.Bool(true)},
		})
		if err != nil {
			return false, err
		}
		found, team = items{}, nil
		for _, stored := range all[c.table] {
			switch textOf(stored, "kind") {
			case string(kind):
				found.head = stored
			case stateKind(kind):
				found.state = stored
			case kindTeam:
				team = stored
			default:
				found.body = stored
			}
		}
		if found.head == nil {
			return false, catalog.NewNotFoundError(id)
		}
		return found.match(kind, whole), nil
	})
	return found, team, err
}
