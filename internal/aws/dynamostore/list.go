package dynamostore

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// List returns a page of a kind. It makes one query for the heads and one for the states
// of the same entities. A state that does not match its head was written between the
// queries; that entity is read again, and left out if it is gone.
func (c *Catalog) List(ctx context.Context, kind catalog.Kind, page catalog.Page) (catalog.Listing, error) {
	page, err := page.Check(kind)
	if err != nil {
		return catalog.Listing{}, err
	}
	var listing catalog.Listing
	heads, err := c.heads(ctx, kind, page)
	if err != nil {
		return catalog.Listing{}, err
	}
	if len(heads) > page.Limit {
		heads = heads[:page.Limit]
		listing.Next = textOf(heads[page.Limit-1], "uuid")
	}
	states, err := c.states(ctx, kind, heads)
	if err != nil {
		return catalog.Listing{}, err
	}
	for _, head := range heads {
		id := catalog.ID(textOf(head, "uuid"))
		stored := items{head: head, state: states[id]}
		if !stored.match(kind, false) {
			if stored, err = c.load(ctx, id, false); errors.Is(err, fault.NotFound) {
				continue
			} else if err != nil {
				return catalog.Listing{}, err
			}
		}
		entity, err := decodeEntity(stored)
		if err != nil {
			return catalog.Listing{}, err
		}
		listing.Entities = append(listing.Entities, entity)
	}
	return listing, nil
}

// heads returns the heads of a page, and one more if there is a next page.
func (c *Catalog) heads(ctx context.Context, kind catalog.Kind, page catalog.Page) ([]item, error) {
	query := c.ofKind(string(kind))
	if page.After != "" {
		query.ExclusiveStartKey = entityKey(catalog.ID(page.After))
	}
	return take(ctx, c.client, query, page.Limit+1)
}

// states returns the states of the entities with these heads, which are in the order of
// their ids.
func (c *Catalog) states(ctx context.Context, kind catalog.Kind,
	heads []item) (map[catalog.ID]item, error) {
	if len(heads) == 0 || stateKind(kind) == "" {
		return nil, nil
	}
	const condition = "#kind = :kind AND #uuid BETWEEN :first AND :last"
	pages := dynamodb.NewQueryPaginator(c.client, &dynamodb.QueryInput{
		TableName:                aws.String(c.table),
		ConsistentRead:           aws.Bool(true),
		KeyConditionExpression:   aws.String(condition),
		ExpressionAttributeNames: names("", condition),
		ExpressionAttributeValues: item{":kind": text(stateKind(kind)),
			":first": heads[0]["uuid"], ":last": heads[len(heads)-1]["uuid"]},
	})
	states := make(map[catalog.ID]item, len(heads))
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err)
		}
		for _, state := range page.Items {
			states[catalog.ID(textOf(state, "uuid"))] = state
		}
	}
	return states, nil
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
