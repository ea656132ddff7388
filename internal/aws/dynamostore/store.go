package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// Create adds the entity and increments the count of dependents on each of its
// dependencies. An entity with dependents cannot be deleted.
func (c *Catalog) Create(ctx context.Context, entity catalog.Entity) error {
	id := entity.Common().ID
	whole, err := encodeEntity(entity)
	if err != nil {
		return err
	}
	writes := []types.TransactWriteItem{put(c.table, whole, "attribute_not_exists(#uuid)", nil)}
	for _, dependency := range entity.DependsOn() {
		if dependency.Kind() == "" { // not a possible key
			return catalog.NewNoDependencyError(dependency)
		}
		writes = append(writes, c.count(dependency, 1))
	}
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, c.client, writes)
		if done || err != nil || len(why.unmet) == 0 {
			return done, err
		}
		if place := why.unmet[0]; place > 0 {
			return true, catalog.NewNoDependencyError(entity.DependsOn()[place-1])
		}
		return true, catalog.NewExistsError(id)
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

// Get returns the entity.
func (c *Catalog) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	stored, err := c.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return decodeEntity(stored)
}

// get returns the entity's item, or the named attributes of it.
func (c *Catalog) get(ctx context.Context, id catalog.ID, attributes ...string) (item, error) {
	if id.Kind() == "" {
		return nil, catalog.NewNotFoundError(id)
	}
	stored, err := read(ctx, c.client, c.table, entityKey(id), attributes...)
	if err != nil {
		return nil, err
	}
	if stored == nil {
		return nil, catalog.NewNotFoundError(id)
	}
	return stored, nil
}

// List returns a page of a kind. The query asks for one item more than the page
// holds, to know whether there is a next page.
func (c *Catalog) List(ctx context.Context, kind catalog.Kind, page catalog.Page) (catalog.Listing, error) {
	page, err := page.Check(kind)
	if err != nil {
		return catalog.Listing{}, err
	}
	query := c.ofKind(string(kind))
	if page.After != "" {
		query.ExclusiveStartKey = entityKey(catalog.ID(page.After))
	}
	items, err := take(ctx, c.client, query, page.Limit+1)
	if err != nil {
		return catalog.Listing{}, err
	}
	var listing catalog.Listing
	for _, stored := range items[:min(page.Limit, len(items))] {
		entity, err := decodeEntity(stored)
		if err != nil {
			return catalog.Listing{}, err
		}
		listing.Entities = append(listing.Entities, entity)
	}
	if len(items) > page.Limit {
		listing.Next = string(listing.Entities[page.Limit-1].Common().ID)
	}
	return listing, nil
}

// ofKind is the query for the items of a kind, in the order of their ids.
func (c *Catalog) ofKind(kind string) *dynamodb.QueryInput {
	const condition = "#kind = :kind"
	return &dynamodb.QueryInput{
		TableName:                 aws.String(c.table),
		ConsistentRead:            aws.Bool(true),
		KeyConditionExpression:    aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: item{":kind": text(kind)},
	}
}
