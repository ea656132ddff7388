package dynamostore

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// StreamRecord is a change of one item in a stream of a deployment table: its two images
// in DynamoDB's JSON, and its place in the stream. An absent image is empty or null.
type StreamRecord struct {
	New   json.RawMessage
	Old   json.RawMessage
	Place string
}

// StreamHandler is a [deployment.Dispatcher].
type StreamHandler interface {
	Changed(ctx context.Context, change deployment.Change) error
	Removed(ctx context.Context, removal deployment.Removal) error
}

// HandleChange gives a change of status, a signal for a parked deployment and the removal of a
// record to the handler, and
// ignores every other change: most are a runner's progress, which moves no queue.
func HandleChange(ctx context.Context, change StreamRecord, handler StreamHandler) error {
	status, moved, err := ReadChange(change.New, change.Old)
	if err != nil {
		return err
	}
	if moved {
		return handler.Changed(ctx, status)
	}
	removal, removed, err := readRemoval(change)
	if err != nil || !removed {
		return err
	}
	return handler.Removed(ctx, removal)
}

// Changes returns a function that gives changes to the handler as [HandleChange] does. C is the
// caller's type of a [StreamRecord].
func Changes[C interface {
	~struct {
		New, Old json.RawMessage
		Place    string
	}
}](handler StreamHandler) func(context.Context, C) error {
	return func(ctx context.Context, change C) error {
		return HandleChange(ctx, StreamRecord(change), handler)
	}
}

// readRemoval returns false if the change removed no record.
func readRemoval(change StreamRecord) (deployment.Removal, bool, error) {
	now, err := readImage(change.New)
	if err != nil || now != nil {
		return deployment.Removal{}, false, err
	}
	before, err := readImage(change.Old)
	if err != nil || before == nil {
		return deployment.Removal{}, false, err
	}
	record, _, err := decodeRecord(before)
	if err != nil || !isRecord(record.ID) {
		return deployment.Removal{}, false, err
	}
	if _, err := deployment.ParseID(string(record.ID)); err != nil {
		return deployment.Removal{}, false, fault.Wrap(err, fault.Internal,
			"a stream record is not of a deployment")
	}
	return deployment.Removal{Record: record, Place: change.Place}, true, nil
}

// ReadChange reads the two images of a [StreamRecord]. It returns false if the
// status did not change and no parked deployment got a signal: a lease was renewed, the record
// was removed, or the item is not a record. The record lacks its details.
func ReadChange(newImage, oldImage json.RawMessage) (deployment.Change, bool, error) {
	now, err := readImage(newImage)
	if err != nil || now == nil {
		return deployment.Change{}, false, err
	}
	before, err := readImage(oldImage)
	if err != nil {
		return deployment.Change{}, false, err
	}
	record, _, err := decodeRecord(now)
	if err != nil || !isRecord(record.ID) {
		return deployment.Change{}, false, err
	}
	previous, err := readState(before)
	if err != nil {
		return deployment.Change{}, false, err
	}
	if _, err := deployment.ParseID(string(record.ID)); err != nil || record.Status == "" {
		return deployment.Change{}, false, fault.New(fault.Internal, "a stream record is not of a deployment")
	}
	return deployment.Change{Record: record, Previous: previous.Status},
		record.Status != previous.Status || record.Signalled(previous), nil
}

// readState reads the status of a record, and what tells of its parking and of signals. All of
// it is zero without an image.
func readState(image item) (deployment.Record, error) {
	var fields struct {
		Status     deployment.Status `dynamodbav:"status"`
		ParkedAt   int64             `dynamodbav:"k"`
		FollowedAt int64             `dynamodbav:"w"`
		Cancel     []byte            `dynamodbav:"x"`
		ID         deployment.ID     `dynamodbav:"deployment_uuid"`
	}
	if err := decode(image, &fields); err != nil {
		return deployment.Record{}, err
	}
	state := deployment.Record{ID: fields.ID, Status: fields.Status, ParkedAt: fromMicros(fields.ParkedAt),
		FollowedAt: fromMicros(fields.FollowedAt)}
	return state, unpackCancel(fields.Cancel, &state)
}

// isRecord reports whether a sort key is of a record, and not of another item of a
// deployment.
func isRecord(sort deployment.ID) bool {
	return sort != detailsSortKey && !strings.HasPrefix(string(sort), indexPrefix) &&
		!strings.HasPrefix(string(sort), waiterPrefix)
}

func readImage(image json.RawMessage) (item, error) {
	var values map[string]value
	if len(image) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(image, &values); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "read a stream record")
	}
	return attributes(values)
}

// value is an attribute in DynamoDB's JSON: an object whose one member is named by
// the type.
type value struct {
	S    *string          `json:"S"`
	N    *string          `json:"N"`
	B    []byte           `json:"B"`
	Bool *bool            `json:"BOOL"`
	Null bool             `json:"NULL"`
	L    []value          `json:"L"`
	M    map[string]value `json:"M"`
}

// attribute converts the value to the SDK's type. It knows no sets, because no record
// has one.
func (v value) attribute() (types.AttributeValue, error) {
	switch {
	case v.S != nil:
		return text(*v.S), nil
	case v.N != nil:
		return &types.AttributeValueMemberN{Value: *v.N}, nil
	case v.Bool != nil:
		return &types.AttributeValueMemberBOOL{Value: *v.Bool}, nil
	case v.Null:
		return &types.AttributeValueMemberNULL{Value: true}, nil
	case v.B != nil:
		return &types.AttributeValueMemberB{Value: v.B}, nil
	case v.M != nil:
		members, err := attributes(v.M)
		return &types.AttributeValueMemberM{Value: members}, err
	case v.L != nil:
		return v.listed()
	}
	return nil, fault.New(fault.Internal, "a stream record has an attribute of a type that no deployment has")
}

func (v value) listed() (types.AttributeValue, error) {
	elements := make([]types.AttributeValue, len(v.L))
	for i, element := range v.L {
		var err error
		if elements[i], err = element.attribute(); err != nil {
			return nil, err
		}
	}
	return list(elements...), nil
}

// attributes converts an image. It returns nil for an absent one.
func attributes(values map[string]value) (item, error) {
	if values == nil {
		return nil, nil
	}
	whole := make(item, len(values))
	for name, v := range values {
		var err error
		if whole[name], err = v.attribute(); err != nil {
			return nil, err
		}
	}
	return whole, nil
}
