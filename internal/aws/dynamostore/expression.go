package dynamostore

import (
	"maps"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// item is an item or a key in the SDK's type.
type item = map[string]types.AttributeValue

// change is a write of one item, alone or as part of a transaction. The
// expressions name every attribute with a # before it ("#status"), so that none
// can be one of DynamoDB's reserved words.
type change struct {
	table     string
	key       item
	update    string
	condition string
	values    item
	// this, if set, is the name of the attribute "#this" in the expressions.
	this string
	// members are further names in the expressions, such as "#m_a", of keys of a map that come
	// from data.
	members map[string]string
}

// named matches the attribute names in an expression.
var named = regexp.MustCompile(`#[a-z_]+`)

// names maps the names in the expressions to attributes. It takes them from the
// expressions, because DynamoDB refuses a name that no expression uses, and an empty map.
func names(this string, expressions ...string) map[string]string {
	found := map[string]string{}
	for _, expression := range expressions {
		for _, name := range named.FindAllString(expression, -1) {
			found[name] = name[1:]
		}
	}
	if _, used := found["#this"]; used {
		found["#this"] = this
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// names returns the names in the change's two expressions.
func (c change) names() map[string]string {
	found := names(c.this, c.update, c.condition)
	maps.Copy(found, c.members)
	return found
}

// updating is the change as a single request.
func (c change) updating() *dynamodb.UpdateItemInput {
	return &dynamodb.UpdateItemInput{
		TableName:                 aws.String(c.table),
		Key:                       c.key,
		UpdateExpression:          aws.String(c.update),
		ConditionExpression:       optional(c.condition),
		ExpressionAttributeNames:  c.names(),
		ExpressionAttributeValues: c.values,
	}
}

// optional is the expression, or nil for an empty one, which DynamoDB refuses.
func optional(expression string) *string {
	if expression == "" {
		return nil
	}
	return aws.String(expression)
}

// update is the change as a part of a transaction.
func update(c change) types.TransactWriteItem {
	return types.TransactWriteItem{Update: &types.Update{
		TableName:                 aws.String(c.table),
		Key:                       c.key,
		UpdateExpression:          aws.String(c.update),
		ConditionExpression:       optional(c.condition),
		ExpressionAttributeNames:  c.names(),
		ExpressionAttributeValues: c.values,
	}}
}

// put is a part of a transaction that writes a whole item.
func put(table string, whole item, condition string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{Put: &types.Put{
		TableName:                 aws.String(table),
		Item:                      whole,
		ConditionExpression:       optional(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	}}
}

// remove is a part of a transaction that deletes an item.
func remove(table string, key item, condition string, values item) types.TransactWriteItem {
	return types.TransactWriteItem{Delete: &types.Delete{
		TableName:                 aws.String(table),
		Key:                       key,
		ConditionExpression:       optional(condition),
		ExpressionAttributeNames:  names("", condition),
		ExpressionAttributeValues: values,
	}}
}
