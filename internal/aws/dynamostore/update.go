package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// Update replaces the user's part of the item. Deployments may change the queue and
// the state at the same time.
//
// Update is one write if the dependencies stay the same. If the write is refused, the
// item is read to find the reason. If the reason is another key, one transaction
// changes the item and the counts of both keys.
func (c *Catalog) Update(ctx context.Context, entity catalog.Entity, was time.Time) error {
	id := entity.Common().ID
	if id.Kind() == "" {
		return catalog.NewNotFoundError(id)
	}
	replace, err := c.replacing(entity, was)
	if err != nil {
		return err
	}
	return retry(ctx, func() (bool, error) {
		input := withSameKey(replace, entity).updating()
		_, err := c.client.UpdateItem(ctx, input)
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		if err != nil || len(why.unmet) == 0 {
			return false, err
		}
		stored, err := c.get(ctx, id, "updated_at", "depends_on")
		if err != nil {
			return true, err
		}
		var fields entityItem
		if err := decode(stored, &fields); err != nil {
			return true, err
		}
		if !time.Time(fields.UpdatedAt).Equal(was) {
			return true, catalog.NewStaleError(id)
		}
		return c.rekey(ctx, replace, fields.DependsOn, entity)
	})
}

// replacing is the change of the definition, on the condition that it is unchanged
// since it was read.
func (c *Catalog) replacing(entity catalog.Entity, was time.Time) (change, error) {
	meta := entity.Common()
	definition, err := encodeDefinition(entity)
	if err != nil {
		return change{}, err
	}
	values := item{
		":name": text(meta.Name), ":description": text(meta.Description), ":definition": definition,
		":created_at": stamp(meta.CreatedAt), ":updated_at": stamp(meta.UpdatedAt), ":was": stamp(was),
	}
	return change{
		table: c.table,
		key:   entityKey(meta.ID),
		update: "SET #name = :name, #description = :description, #definition = :definition, " +
			"#created_at = :created_at, #updated_at = :updated_at",
		condition: "#updated_at = :was",
		values:    values,
	}, checkSize(itemSize(values))
}

// keyOf returns the one dependency that an update can change, or "", and its place
// among the dependencies: the key of a server, or the deploy key of an application,
// which comes after its server. place is -1 for kinds without a key.
func keyOf(entity catalog.Entity) (key catalog.ID, place int) {
	switch entity := entity.(type) {
	case *catalog.Server:
		return entity.KeyID, 0
	case *catalog.Application:
		if source := entity.Source(); source != nil {
			return source.KeyID, 1
		}
		return "", 1
	}
	return "", -1
}

// withSameKey adds the condition that the key stays the same.
func withSameKey(replace change, entity catalog.Entity) change {
	key, place := keyOf(entity)
	switch {
	case place < 0:
	case key == "":
		replace.condition += fmt.Sprintf(" AND attribute_not_exists(#depends_on[%d])", place)
	default:
		replace.condition += fmt.Sprintf(" AND #depends_on[%d] = :key", place)
		replace.values = with(replace.values, item{":key": text(key)})
	}
	return replace
}

// rekey replaces the definition, decrements the count of the old key, and increments
// the count of the new one. Its conditions are that the entity is unchanged since it was
// read, and that the new key exists.
func (c *Catalog) rekey(ctx context.Context, replace change, dependencies []string,
	entity catalog.Entity) (done bool, err error) {
	key, place := keyOf(entity)
	if place < 0 {
		return false, nil
	}
	old := dependency(dependencies, place)
	if old == key { // changed back in the meantime
		return false, nil
	}
	if key != "" && key.Kind() == "" { // not a possible key
		return true, catalog.NewNoDependencyError(key)
	}
	now := slices.Clone(dependencies[:min(place, len(dependencies))])
	if key != "" {
		now = append(now, string(key))
	}
	depends, err := part(now)
	if err != nil {
		return true, err
	}
	replace.update += ", #depends_on = :depends_on"
	replace.values = with(replace.values, item{":depends_on": depends})
	writes := []types.TransactWriteItem{update(replace)}
	if key != "" {
		writes = append(writes, c.count(key, 1))
	}
	if old != "" {
		writes = append(writes, c.count(old, -1))
	}
	why, done, err := write(ctx, c.client, writes)
	if key != "" && len(why.unmet) > 0 && why.unmet[0] == 1 {
		return true, catalog.NewNoDependencyError(key)
	}
	return done, err
}

// Observe sets the status of a resource on which nothing runs. A condition refuses
// the write if a deployment runs or if there is no such resource. Both are no error.
func (c *Catalog) Observe(ctx context.Context, id catalog.ID, status string) error {
	if !id.Kind().Deployable() {
		return nil
	}
	observe := change{
		table:     c.table,
		key:       entityKey(id),
		update:    "SET #status = :status",
		condition: "#running = :none",
		values:    item{":status": text(status), ":none": text("")},
	}
	return retry(ctx, func() (bool, error) {
		_, err := c.client.UpdateItem(ctx, observe.updating())
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err
	})
}
