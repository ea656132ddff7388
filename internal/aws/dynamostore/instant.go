package dynamostore

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/fault"
)

// instant is a time as it is stored: text in UTC that people can read, exact to
// the nanosecond, or "" for the zero time. One time has one text, so that a
// condition can compare it.
type instant time.Time

func stamp(t time.Time) types.AttributeValue {
	if t.IsZero() {
		return text("")
	}
	return text(t.UTC().Format(time.RFC3339Nano))
}

// MarshalDynamoDBAttributeValue makes it text.
func (i instant) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return stamp(time.Time(i)), nil
}

// UnmarshalDynamoDBAttributeValue reads the text.
func (i *instant) UnmarshalDynamoDBAttributeValue(value types.AttributeValue) error {
	stored, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return fault.New(fault.Internal, "a stored time is no text")
	}
	if stored.Value == "" {
		*i = instant{}
		return nil
	}
	t, err := time.Parse(time.RFC3339Nano, stored.Value)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "a stored time is damaged")
	}
	*i = instant(t.UTC())
	return nil
}
