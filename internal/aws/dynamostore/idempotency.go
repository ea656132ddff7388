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

// kindIdempotencyKey is the kind of the claims in the catalog table.
const kindIdempotencyKey = "idempotency-key"

// Requests are the claims of requests with an Idempotency-Key, in the catalog table. It
// is safe for use by several goroutines.
type Requests struct {
	client *dynamodb.Client
	table  string
}

var _ idempotency.Store = (*Requests)(nil)

// NewRequests returns the claims in the catalog table.
func NewRequests(client *dynamodb.Client, table string) *Requests { return &Requests{client, table} }

// claimItem is a claim. It has a status and ids once a run has succeeded. Its window
// ends at Until; DynamoDB's time to live deletes it within days of that.
type claimItem struct {
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

func claimKey(key string) item { return item{"kind": text(kindIdempotencyKey), "uuid": text(key)} }

func encodeClaim(claim idempotency.Claim) (item, error) {
	until := claim.CreatedAt.Add(idempotency.Window)
	fields, err := attributevalue.MarshalMap(claimItem{
		Kind: kindIdempotencyKey, UUID: claim.Key, Content: claim.Content[:], Seed: claim.Seed[:],
		CreatedAt: instant(claim.CreatedAt), Run: claim.Run, RunningUntil: instant(claim.RunningUntil),
		Until: until.UnixMicro(), ExpiresAt: until.Unix() + 1,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a claim of a request")
	}
	return fields, nil
}

func decodeClaim(stored item) (idempotency.Claim, error) {
	var fields claimItem
	if err := decode(stored, &fields); err != nil {
		return idempotency.Claim{}, err
	}
	claim := idempotency.Claim{
		Request:   idempotency.Request{Key: fields.UUID},
		CreatedAt: time.Time(fields.CreatedAt), Run: fields.Run, RunningUntil: time.Time(fields.RunningUntil),
	}
	if copy(claim.Content[:], fields.Content) != len(claim.Content) ||
		copy(claim.Seed[:], fields.Seed) != len(claim.Seed) {
		return idempotency.Claim{}, fault.New(fault.Internal, "a stored claim of a request is damaged")
	}
	if fields.Status != 0 {
		claim.Outcome = &idempotency.Outcome{Status: fields.Status, IDs: fields.IDs}
	}
	return claim, nil
}

// Claim writes the item of a new request, under the condition that there is none or that
// its window has passed: one request for the usual case. Only after a refusal is the item
// read, and another run written to it.
func (r *Requests) Claim(ctx context.Context, request idempotency.Request, seed idempotency.Seed,
	now time.Time) (idempotency.Claim, error) {
	claim := idempotency.NewClaim(request, seed, now)
	whole, err := encodeClaim(claim)
	if err != nil {
		return idempotency.Claim{}, err
	}
	err = retry(ctx, func() (bool, error) {
		claim = idempotency.NewClaim(request, seed, now)
		const condition = "attribute_not_exists(#uuid) OR #until_micros <= :now"
		_, err := r.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                 aws.String(r.table),
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
		stored, err := read(ctx, r.client, r.table, claimKey(request.Key))
		if err != nil || stored == nil {
			return false, err
		}
		known, err := decodeClaim(stored)
		if err != nil || known.Expired(now) {
			return false, err
		}
		if claim, err = known.Again(request, now); err != nil || claim.Outcome != nil {
			return true, err
		}
		done, err := r.write(ctx, known, "SET #run = :next, #running_until = :until",
			item{":next": number(claim.Run), ":until": stamp(claim.RunningUntil)})
		return done, err
	})
	return claim, err
}

// Complete writes the status and the ids.
func (r *Requests) Complete(ctx context.Context, claim idempotency.Claim,
	outcome idempotency.Outcome) error {
	set, values := "SET #status = :status", item{":status": number(outcome.Status)}
	if len(outcome.IDs) > 0 {
		set, values[":ids"] = set+", #ids = :ids", texts(outcome.IDs)
	}
	return r.end(ctx, claim, set, values)
}

// Suspend ends the run in the past.
func (r *Requests) Suspend(ctx context.Context, claim idempotency.Claim) error {
	return r.end(ctx, claim, "SET #running_until = :none", item{":none": stamp(time.Time{})})
}

// Release ends the window in the past. It deletes nothing, so the role of a function
// that uses it needs no right to delete items of the catalog.
func (r *Requests) Release(ctx context.Context, claim idempotency.Claim) error {
	return r.end(ctx, claim, "SET #until_micros = :none, #expires_at = :past, #run = :none",
		item{":none": number(0), ":past": number(claim.CreatedAt.Unix())})
}

// end makes the last write of a run.
func (r *Requests) end(ctx context.Context, claim idempotency.Claim, set string, values item) error {
	return retry(ctx, func() (bool, error) {
		done, err := r.write(ctx, claim, set, values)
		if err == nil && !done {
			err = idempotency.NewEndedError()
		}
		return done, err
	})
}

// write changes the item if the run of the claim is the last one and has no outcome. No
// transaction has the item, so a refusal is always one of the condition.
func (r *Requests) write(ctx context.Context, claim idempotency.Claim, set string,
	values item) (done bool, err error) {
	_, err = r.client.UpdateItem(ctx, change{
		table:     r.table,
		key:       claimKey(claim.Key),
		update:    set,
		condition: "#seed = :seed AND #run = :run AND attribute_not_exists(#status)",
		values:    with(values, item{":seed": blob(claim.Seed[:]), ":run": number(claim.Run)}),
	}.updating())
	if err == nil {
		return true, nil
	}
	_, err = refused(err)
	return false, err
}
