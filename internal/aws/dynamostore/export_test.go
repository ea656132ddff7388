package dynamostore

import "waybill/internal/deployment"

// What the tests of the stored forms and of the SDK's errors look at.
var (
	EncodeRecord = encodeRecord
	DecodeRecord = decodeRecord
	EncodeEntity = encodeEntity
	DecodeEntity = decodeEntity
	Retry        = retry
	Names        = names
	BodyKey      = bodyKey
	StateKey     = stateKey
	ItemSize     = itemSize
	HasRoom      = hasRoom
)

// Item is an item or a key, and Items are the items of an entity.
type (
	Item  = item
	Items = items
)

// Head and Body return the head and the body of the items.
func Head(i Items) item { return i.head }

func Body(i Items) item { return i.body }

// WithoutBody returns the items as Head reads them.
func WithoutBody(i Items) Items { return items{head: i.head, state: i.state} }

// Refused reads an error of the SDK.
func Refused(err error) (unmet []int, busy bool, failed error) {
	why, failed := refused(err)
	return why.unmet, why.busy, failed
}

// Shard is the partition of a deployment in the index by time.
func Shard(tables Tables, id deployment.ID) string { return tables.shard(id) }
