package dynamostore

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
)

// Delete removes the entity and decrements the count of dependents on each of its
// dependencies.
//
// It first reads the entity, for its dependencies and for the reason of a refusal.
// The transaction decides; one of its conditions is that the dependencies are the
// same.
func (c *Catalog) Delete(ctx context.Context, id catalog.ID) error {
	return retry(ctx, func() (bool, error) {
		stored, err := c.get(ctx, id)
		if err != nil {
			return true, err
		}
		var fields entityItem
		if err := decode(stored, &fields); err != nil {
			return true, err
		}
		if err := deletable(id, fields, stored); err != nil {
			return true, err
		}
		writes := []types.TransactWriteItem{c.remove(id, stored["depends_on"])}
		for _, dependency := range fields.DependsOn {
			writes = append(writes, c.count(catalog.ID(dependency), -1))
		}
		_, done, err := write(ctx, c.client, writes)
		return done, err
	})
}

// deletable returns why the item cannot be deleted, or nil.
func deletable(id catalog.ID, fields entityItem, stored item) error {
	busy := false
	switch {
	case id.Kind() == catalog.KindServer:
		var state serverState
		if err := decode(stored, &state); err != nil {
			return err
		}
		busy = len(state.Queue)+len(state.Running) > 0
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

// remove deletes the item on three conditions: nothing depends on it, nothing of it
// is queued or runs, and its dependencies are unchanged since the read.
func (c *Catalog) remove(id catalog.ID, dependencies types.AttributeValue) types.TransactWriteItem {
	condition, values := "#dependents = :zero", item{":zero": number(0)}
	changes := id.Kind() == catalog.KindApplication || id.Kind() == catalog.KindServer
	if changes && dependencies != nil { // other kinds never change theirs
		condition += " AND #depends_on = :depends_on"
		values[":depends_on"] = dependencies
	}
	switch {
	case id.Kind() == catalog.KindServer:
		condition += " AND size(#queue) = :zero AND size(#running) = :zero"
	case id.Kind().Deployable():
		condition += " AND #queued = :none AND #running = :none"
		values[":none"] = text("")
	}
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 aws.String(c.table),
		Key:                       entityKey(id),
		ConditionExpression:       aws.String(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	}}
}
