package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/audit"
	"waybill/internal/catalog"
)

// Create adds the entity and the entry, and increments the count of dependents on each of its
// dependencies. An entity with dependents cannot be deleted.
func (c *Catalog) Create(ctx context.Context, entity catalog.Entity, entry audit.Entry) error {
	id := entity.Common().ID
	whole, err := encodeEntity(entity)
	if err != nil {
		return err
	}
	var writes []types.TransactWriteItem
	for _, one := range []item{whole.head, whole.body, whole.state} {
		if one != nil {
			writes = append(writes, put(c.table, one, "attribute_not_exists(#uuid)", nil))
		}
	}
	own := len(writes)
	for _, dependency := range entity.DependsOn() {
		if dependency.Kind() == "" { // not a possible key
			return catalog.NewNoDependencyError(dependency)
		}
		writes = append(writes, c.needing(id, dependency))
	}
	meta := entity.Common()
	naming, err := c.renaming(id, "", meta.Generation, meta.UpdatedAt)
	if err != nil {
		return err
	}
	reserved := len(writes) + len(naming)
	writes = append(append(writes, naming...), entering(c.audit, entry)...)
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, c.client, writes)
		if done || err != nil || len(why.unmet) == 0 {
			return done, err
		}
		place, dependencies := why.unmet[0]-own, entity.DependsOn()
		switch {
		case place < 0:
			return true, catalog.NewExistsError(id)
		case place < len(dependencies):
			return true, newUnmetError(id, dependencies[place])
		case why.unmet[0] >= reserved:
			return true, newEnteredError()
		}
		return true, catalog.NewUnreservedError(id)
	})
}

// count adds n to the number of entities that depend on this one.
func (c *Catalog) count(id catalog.ID, n int) types.TransactWriteItem {
	return update(change{
		table:     c.table,
		key:       entityKey(id),
		update:    "ADD #dependents :n",
		condition: "attribute_exists(#uuid)",
		values:    item{":n": number(n)},
	})
}

// needing adds one to the number of entities that depend on the other one. A server that is
// needed by a server is its jump host, which must not have one of its own.
func (c *Catalog) needing(id, other catalog.ID) types.TransactWriteItem {
	if !isJump(id, other) {
		return c.count(other, 1)
	}
	return update(change{
		table:     c.table,
		key:       entityKey(other),
		update:    "ADD #dependents :n, #jumps :n",
		condition: "attribute_exists(#uuid) AND (attribute_not_exists(#proxy_jump) OR #proxy_jump = :none)",
		values:    item{":n": number(1), ":none": text("")},
	})
}

// releasing takes back what needing has added.
func (c *Catalog) releasing(id, other catalog.ID) types.TransactWriteItem {
	if !isJump(id, other) {
		return c.count(other, -1)
	}
	return update(change{
		table:     c.table,
		key:       entityKey(other),
		update:    "ADD #dependents :n, #jumps :n",
		condition: "attribute_exists(#uuid)",
		values:    item{":n": number(-1)},
	})
}

// isJump reports whether the other entity, on which one depends, is its jump host.
func isJump(id, other catalog.ID) bool {
	return id.Kind() == catalog.KindServer && other.Kind() == catalog.KindServer
}

func newUnmetError(id, dependency catalog.ID) error {
	if isJump(id, dependency) {
		return catalog.NewJumpHostError()
	}
	return catalog.NewNoDependencyError(dependency)
}

// Get returns the entity.
func (c *Catalog) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	return c.entity(ctx, id, true)
}

// Head returns the entity without its body.
func (c *Catalog) Head(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	return c.entity(ctx, id, false)
}

func (c *Catalog) entity(ctx context.Context, id catalog.ID, whole bool) (catalog.Entity, error) {
	stored, err := c.load(ctx, id, whole)
	if err != nil {
		return nil, err
	}
	return decodeEntity(stored)
}
