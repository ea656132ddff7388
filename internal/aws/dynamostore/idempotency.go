package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/fault"
	"waybill/internal/idempotency"
)

// kindIdempotencyKey is the kind of the idempotency keys in the catalog table.
const kindIdempotencyKey = "idempotency-key"

// IdempotencyKeys are the idempotency keys in the catalog table. It is safe for use by several
// goroutines.
type IdempotencyKeys struct {
	client *dynamodb.Client
	table  string
}

var _ idempotency.Store = (*IdempotencyKeys)(nil)

// NewIdempotencyKeys returns the keys in the catalog table.
func NewIdempotencyKeys(client *dynamodb.Client, table string) *IdempotencyKeys {
	return &IdempotencyKeys{client, table}
}

// idempotencyItem is a key. It has a status and ids once a run has succeeded. Its window
// ends at Until; DynamoDB's time to live deletes it within days of that.
type idempotencyItem struct {
	Kind         string   `dynamodbav:"kind"`
	UUID         string   `dynamodbav:"uuid"`
	Content      []byte   `dynamodbav:"content"`
	Seed         []byte   `dynamodbav:"seed"`
	CreatedAt    instant  `dynamodbav:"created_at"`
	Run          int      `dynamodbav:"run"`
	RunningUntil instant  `dynamodbav:"running_until"`
	Status       int      `dynamodbav:"status,omitempty"`
	IDs          []string `dynamodbav:"ids,omitempty"`
	Until        int64    `dynamodbav:"until_micros"`
	ExpiresAt    int64    `dynamodbav:"expires_at"`
}

func idempotencyKey(hash string) item {
	return item{"kind": text(kindIdempotencyKey), "uuid": text(hash)}
}

func encodeIdempotency(key idempotency.Key) (item, error) {
	until := key.CreatedAt.Add(idempotency.Window)
	fields, err := attributevalue.MarshalMap(idempotencyItem{
		Kind: kindIdempotencyKey, UUID: key.Hash, Content: key.Content[:], Seed: key.Seed[:],
		CreatedAt: instant(key.CreatedAt), Run: key.Run, RunningUntil: instant(key.RunningUntil),
		Until: until.UnixMicro(), ExpiresAt: until.Unix() + 1,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode an idempotency key")
	}
	return fields, nil
}

func decodeIdempotency(stored item) (idempotency.Key, error) {
	var fields idempotencyItem
	if err := decode(stored, &fields); err != nil {
		return idempotency.Key{}, err
	}
	key := idempotency.Key{
		Request:   idempotency.Request{Hash: fields.UUID},
		CreatedAt: time.Time(fields.CreatedAt), Run: fields.Run, RunningUntil: time.Time(fields.RunningUntil),
	}
	if copy(key.Content[:], fields.Content) != len(key.Content) ||
		copy(key.Seed[:], fields.Seed) != len(key.Seed) {
		return idempotency.Key{}, fault.New(fault.Internal, "a stored idempotency key is damaged")
	}
	if fields.Status != 0 {
		key.Result = &idempotency.Result{Status: fields.Status, IDs: fields.IDs}
	}
	return key, nil
}

// Take writes the item of a new request, on the condition that no item exists or that its
// window has passed. So the usual case is one request. Only after a refusal does it read
// the item and write another run to it.
func (k *IdempotencyKeys) Take(ctx context.Context, request idempotency.Request, seed idempotency.Seed,
	now time.Time) (idempotency.Key, error) {
	key := idempotency.NewKey(request, seed, now)
	whole, err := encodeIdempotency(key)
	if err != nil {
		return idempotency.Key{}, err
	}
	err = retry(ctx, func() (bool, error) {
		key = idempotency.NewKey(request, seed, now)
		const condition = "attribute_not_exists(#uuid) OR #until_micros <= :now"
		_, err := k.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                 aws.String(k.table),
			Item:                      whole,
			ConditionExpression:       aws.String(condition),
			ExpressionAttributeNames:  names("", condition),
			ExpressionAttributeValues: item{":now": number(now.UnixMicro())},
		})
		if err == nil {
			return true, nil
		}
		if _, err := refused(err); err != nil {
			return false, err
		}
		stored, err := read(ctx, k.client, k.table, idempotencyKey(request.Hash))
		if err != nil || stored == nil {
			return false, err
		}
		known, err := decodeIdempotency(stored)
		if err != nil || known.Expired(now) {
			return false, err
		}
		if key, err = known.Again(request, now); err != nil || key.Result != nil {
			return true, err
		}
		done, err := k.write(ctx, known, "SET #run = :next, #running_until = :until",
			item{":next": number(key.Run), ":until": stamp(key.RunningUntil)})
		return done, err
	})
	return key, err
}

// Complete writes the status and the ids.
func (k *IdempotencyKeys) Complete(ctx context.Context, key idempotency.Key,
	result idempotency.Result) error {
	set, values := "SET #status = :status", item{":status": number(result.Status)}
	if len(result.IDs) > 0 {
		set, values[":ids"] = set+", #ids = :ids", texts(result.IDs)
	}
	return k.end(ctx, key, set, values)
}

// Suspend ends the run in the past.
func (k *IdempotencyKeys) Suspend(ctx context.Context, key idempotency.Key) error {
	return k.end(ctx, key, "SET #running_until = :none", item{":none": stamp(time.Time{})})
}

// Release ends the window in the past. It deletes nothing, so the role of a function
// that uses it needs no right to delete items of the catalog.
func (k *IdempotencyKeys) Release(ctx context.Context, key idempotency.Key) error {
	return k.end(ctx, key, "SET #until_micros = :none, #expires_at = :past, #run = :none",
		item{":none": number(0), ":past": number(key.CreatedAt.Unix())})
}

// end makes the last write of a run.
func (k *IdempotencyKeys) end(ctx context.Context, key idempotency.Key, set string, values item) error {
	return retry(ctx, func() (bool, error) {
		done, err := k.write(ctx, key, set, values)
		if err == nil && !done {
			err = idempotency.NewEndedError()
		}
		return done, err
	})
}

// write changes the item if the run of the key is the last one and has no result. No
// transaction has the item, so a refusal is always one of the condition.
func (k *IdempotencyKeys) write(ctx context.Context, key idempotency.Key, set string,
	values item) (done bool, err error) {
	_, err = k.client.UpdateItem(ctx, change{
		table:     k.table,
		key:       idempotencyKey(key.Hash),
		update:    set,
		condition: "#seed = :seed AND #run = :run AND attribute_not_exists(#status)",
		values:    with(values, item{":seed": blob(key.Seed[:]), ":run": number(key.Run)}),
	}.updating())
	if err == nil {
		return true, nil
	}
	_, err = refused(err)
	return false, err
}
