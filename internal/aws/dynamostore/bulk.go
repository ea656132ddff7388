package dynamostore

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/fault"
)

// bulk is a text that may be long: a compose file, a script. Every write of an
// item costs by the size of the whole item, whatever it changes, and a
// deployment writes its resource's item three times. So what is longer than
// [plainBytes] is kept compressed, as binary; in the console it is not to be
// read then, which is the price.
type bulk string

const (
	// plainBytes is up to where a text is kept as it is: below it a write saves
	// a few units at most, and people can read it.
	plainBytes = 4 << 10
	// maxBulkBytes is the most that a compressed text may become. It is above
	// every bound of the catalog, and keeps a damaged item from filling the
	// memory.
	maxBulkBytes = 1 << 20
)

// MarshalDynamoDBAttributeValue makes it text, or binary if that is shorter.
func (b bulk) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	if len(b) <= plainBytes || len(b) > maxBulkBytes {
		return text(b), nil
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	// A buffer takes everything; whatever went wrong, Close says it too.
	_, _ = io.WriteString(writer, string(b))
	if err := writer.Close(); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "compress a text")
	}
	if packed.Len() >= len(b) {
		return text(b), nil
	}
	return &types.AttributeValueMemberB{Value: packed.Bytes()}, nil
}

// UnmarshalDynamoDBAttributeValue reads both.
func (b *bulk) UnmarshalDynamoDBAttributeValue(value types.AttributeValue) error {
	switch value := value.(type) {
	case *types.AttributeValueMemberS:
		*b = bulk(value.Value)
		return nil
	case *types.AttributeValueMemberB:
		unpacked, err := unpack(value.Value)
		*b = bulk(unpacked)
		return err
	}
	return fault.New(fault.Internal, "a stored text is none")
}

func unpack(packed []byte) (string, error) {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "a stored text is damaged")
	}
	var unpacked strings.Builder
	n, err := io.Copy(&unpacked, io.LimitReader(reader, maxBulkBytes+1))
	if err != nil {
		return "", fault.Wrap(err, fault.Internal, "a stored text is damaged")
	}
	if n > maxBulkBytes {
		return "", fault.New(fault.Internal, "a stored text is longer than any may be")
	}
	return unpacked.String(), nil
}
