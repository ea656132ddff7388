package dynamostore

// Attribute values: how they are made, read and counted.

import (
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// instant is a time in its stored encoding: RFC 3339 in UTC with nanoseconds, or ""
// for the zero time. Each time has exactly one text, so that a condition can compare
// it.
type instant time.Time

func stamp(t time.Time) types.AttributeValue {
	if t.IsZero() {
		return text("")
	}
	return text(t.UTC().Format(time.RFC3339Nano))
}

// MarshalDynamoDBAttributeValue encodes it as text.
func (i instant) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	return stamp(time.Time(i)), nil
}

// UnmarshalDynamoDBAttributeValue decodes the text.
func (i *instant) UnmarshalDynamoDBAttributeValue(value types.AttributeValue) error {
	stored, ok := value.(*types.AttributeValueMemberS)
	if !ok {
		return fault.New(fault.Internal, "a stored time is not a text")
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

// text, number and list are the attribute values that expressions need.
func text[T ~string](s T) types.AttributeValue { return &types.AttributeValueMemberS{Value: string(s)} }

func number[T ~int | ~int64](n T) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(int64(n), 10)}
}

func blob(packed []byte) types.AttributeValue { return &types.AttributeValueMemberB{Value: packed} }

func list(values ...types.AttributeValue) types.AttributeValue {
	return &types.AttributeValueMemberL{Value: values}
}

// with returns the union of both maps.
func with(values, more item) item {
	all := maps.Clone(values)
	maps.Copy(all, more)
	return all
}

// texts makes an attribute value of a list of texts.
func texts(all []string) types.AttributeValue {
	values := make([]types.AttributeValue, 0, len(all))
	for _, one := range all {
		values = append(values, text(one))
	}
	return list(values...)
}

// decode reads the attributes of an item that the fields name.
func decode(stored item, fields any) error {
	if err := attributevalue.UnmarshalMap(stored, fields); err != nil {
		return fault.Wrap(err, fault.Internal, "decode an item of the catalog")
	}
	return nil
}

func decodeDefinition(stored types.AttributeValue, fields any) error {
	if err := attributevalue.Unmarshal(stored, fields); err != nil {
		return fault.Wrap(err, fault.Internal, "decode a definition")
	}
	return nil
}

// part encodes a value for an expression. Invalid if it is too large for an item.
func part(value any) (types.AttributeValue, error) {
	encoded, err := attributevalue.Marshal(value)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a part of a deployment")
	}
	return encoded, checkSize(valueSize(encoded))
}

// maxItemBytes is DynamoDB's limit of an item, less 1 KB for the attributes that a
// write does not see, such as a resource's state.
const maxItemBytes = 399 << 10

// checkSize is Invalid if an item of that many bytes is too large to be stored.
func checkSize(bytes int) error {
	if bytes <= maxItemBytes {
		return nil
	}
	return fault.New(fault.Invalid, "It is too large: all that is kept of one item must fit into 400 KB.")
}

// checkSize is Invalid if the head or the body of a resource is larger than it may be.
// [catalog.Check] refuses such a resource before, and names the field.
func (i items) checkSize() error {
	if size := itemSize(i.head); size > catalog.MaxHeadBytes {
		return fault.New(fault.Invalid, "It is too large: the fields that lists show must fit into %d bytes "+
			"together, and take %d.", catalog.MaxHeadBytes, size)
	}
	if size := itemSize(i.body); size > catalog.MaxBodyBytes {
		return fault.New(fault.Invalid, "It is too large: its texts and variables must fit into %d bytes "+
			"together, and take %d.", catalog.MaxBodyBytes, size)
	}
	return nil
}

// itemSize is the size of an item as DynamoDB counts it.
func itemSize(fields item) int {
	bytes := 0
	for name, value := range fields {
		bytes += len(name) + valueSize(value)
	}
	return bytes
}

// valueSize is the size of one value (AWS, "DynamoDB item sizes and formats").
func valueSize(value types.AttributeValue) int {
	const collection, element = 3, 1
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		return len(value.Value)
	case *types.AttributeValueMemberB:
		return len(value.Value)
	case *types.AttributeValueMemberN:
		return len(value.Value)/2 + 2
	case *types.AttributeValueMemberL:
		bytes := collection
		for _, one := range value.Value {
			bytes += element + valueSize(one)
		}
		return bytes
	case *types.AttributeValueMemberM:
		return collection + element*len(value.Value) + itemSize(value.Value)
	}
	return 1 // BOOL and NULL
}
