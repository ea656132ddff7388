package redrive

import (
	"cmp"
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"waybill/internal/fault"
)

// batch is the place of the changes of a letter (AWS Lambda, "Retain discarded batches for a
// DynamoDB event source").
type batch struct {
	Stream string `json:"streamArn"`
	Shard  string `json:"shardId"`
	First  string `json:"startSequenceNumber"`
	Last   string `json:"endSequenceNumber"`
}

// event is a change in the form in which Lambda gives it to a function.
type event struct {
	ID     string `json:"eventID"`
	Name   string `json:"eventName"`
	Source string `json:"eventSource"`
	Stream string `json:"eventSourceARN"`
	Change struct {
		At       float64        `json:"ApproximateCreationDateTime"`
		Keys     map[string]any `json:"Keys"`
		New      map[string]any `json:"NewImage,omitempty"`
		Old      map[string]any `json:"OldImage,omitempty"`
		Sequence string         `json:"SequenceNumber"`
	} `json:"dynamodb"`
}

// errGone says that the stream has dropped the changes.
var errGone = fault.New(fault.Gone, "the stream no longer has the changes, which are older than 24 hours")

// maxEmpty is how many pages without a change may follow each other. A page may be empty although
// later ones are not.
const maxEmpty = 20

// changes reads the changes of a batch, and those between them that Lambda had left out by its
// filter: dispatch ignores them. Gone if the stream has dropped the first one.
func (c *Client) changes(ctx context.Context, of batch) ([]event, error) {
	begin, err := c.streams.GetShardIterator(ctx, &dynamodbstreams.GetShardIteratorInput{
		StreamArn: &of.Stream, ShardId: &of.Shard, SequenceNumber: &of.First,
		ShardIteratorType: types.ShardIteratorTypeAtSequenceNumber})
	if err != nil {
		return nil, streamError(err)
	}
	var all []event
	empty := 0
	for next := begin.ShardIterator; next != nil && empty < maxEmpty; {
		page, err := c.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: next})
		if err != nil {
			return nil, streamError(err)
		}
		for _, record := range page.Records {
			if compareSequence(aws.ToString(record.Dynamodb.SequenceNumber), of.Last) > 0 {
				return all, nil
			}
			all = append(all, newEvent(of.Stream, record))
		}
		if last := len(all) - 1; last >= 0 && compareSequence(all[last].Change.Sequence, of.Last) >= 0 {
			return all, nil
		}
		if empty++; len(page.Records) > 0 {
			empty = 0
		}
		next = page.NextShardIterator
	}
	return nil, fault.New(fault.Unavailable, "the stream does not show all changes at present; try again")
}

// streamError is the one place that reads errors of streams.
func streamError(err error) error {
	_, trimmed := errors.AsType[*types.TrimmedDataAccessException](err)
	_, missing := errors.AsType[*types.ResourceNotFoundException](err)
	if trimmed || missing {
		return fault.Wrap(err, fault.Gone, "%s", fault.Public(errGone))
	}
	return fault.Wrap(err, fault.Denied, "read the stream")
}

// compareSequence compares two sequence numbers, which have no leading zeros that count and up to
// 40 digits.
func compareSequence(a, b string) int {
	for len(a) > len(b) && a[0] == '0' {
		a = a[1:]
	}
	for len(b) > len(a) && b[0] == '0' {
		b = b[1:]
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

func newEvent(stream string, record types.Record) event {
	e := event{ID: aws.ToString(record.EventID), Name: string(record.EventName), Source: "aws:dynamodb",
		Stream: stream}
	change := record.Dynamodb
	if at := change.ApproximateCreationDateTime; at != nil {
		e.Change.At = float64(at.Unix())
	}
	e.Change.Sequence = aws.ToString(change.SequenceNumber)
	e.Change.Keys, e.Change.New, e.Change.Old = image(change.Keys), image(change.NewImage),
		image(change.OldImage)
	return e
}

// image encodes an item in DynamoDB's JSON, or returns nil for none.
func image(attributes map[string]types.AttributeValue) map[string]any {
	if attributes == nil {
		return nil
	}
	encoded := map[string]any{}
	for name, value := range attributes {
		encoded[name] = attribute(value)
	}
	return encoded
}

func attribute(value types.AttributeValue) map[string]any {
	switch v := value.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": v.Value}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberNULL:
		return map[string]any{"NULL": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": image(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, one := range v.Value {
			list[i] = attribute(one)
		}
		return map[string]any{"L": list}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}
	}
	return nil
}
