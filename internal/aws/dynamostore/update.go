package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// Update replaces what a user gave, and nothing else of the item: the queue and
// the state go on changing under it.
//
// It is one write as long as the entity depends on what it did before. Only
// when that is refused is the item read, to say why; if it is for another
// key, the keys are counted in one transaction with the change.
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
		var form entityItem
		if err := decode(stored, &form); err != nil {
			return true, err
		}
		if !time.Time(form.UpdatedAt).Equal(was) {
			return true, catalog.NewStaleError(id)
		}
		return c.rekey(ctx, replace, form.DependsOn, entity)
	})
}

// replacing is the change of the definition, on the condition that nobody has
// changed it since it was read.
func (c *Catalog) replacing(entity catalog.Entity, was time.Time) (change, error) {
	meta := entity.Common()
	definition, err := encodeDefinition(entity)
	if err != nil {
		return change{}, err
	}
	return change{
		table: c.table,
		key:   entityKey(meta.ID),
		update: "SET #name = :name, #description = :description, #definition = :definition, " +
			"#created_at = :created_at, #updated_at = :updated_at",
		condition: "#updated_at = :was",
		values: item{
			":name": text(meta.Name), ":description": text(meta.Description), ":definition": definition,
			":created_at": stamp(meta.CreatedAt), ":updated_at": stamp(meta.UpdatedAt), ":was": stamp(was),
		},
	}, nil
}

// keyOf is the one dependency that an update can change, or "", and its place
// among the dependencies: a server's key, or an application's deploy key, which
// comes after its server. place is -1 for an entity that has none.
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

// rekey replaces the definition and takes the entity from the count of one
// key to the count of another. Its conditions are that nobody has changed the
// entity, and that the new key is there.
func (c *Catalog) rekey(ctx context.Context, replace change, dependencies []string, entity catalog.Entity) (done bool, err error) {
	key, place := keyOf(entity)
	if place < 0 {
		return false, nil
	}
	old := dependency(dependencies, place)
	if old == key { // changed back meanwhile
		return false, nil
	}
	if key != "" && key.Kind() == "" { // not even a key to look for
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

// Observe sets the status of a resource on which nothing runs. What refuses it
// is what it is to do nothing for.
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
