package dynamostore

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/fault"
)

// bulk is a text that may be long: a compose file, a script. DynamoDB charges a read and
// a write by the size of the item, and each start reads the body of its resource.
// So a text longer than [plainBytes] is stored compressed, as binary. The price is that
// the AWS console cannot show it.
type bulk string

const (
	// plainBytes is the longest text stored uncompressed. Compression would save a
	// few write units at most, and people can read the text.
	plainBytes = 4 << 10
	// maxBulkBytes is the longest text that is decompressed. It is above every bound
	// of the catalog; a damaged item cannot fill the memory.
	maxBulkBytes = 1 << 20
)

// MarshalDynamoDBAttributeValue encodes it as text, or as binary if that is shorter.
func (b bulk) MarshalDynamoDBAttributeValue() (types.AttributeValue, error) {
	if len(b) <= plainBytes || len(b) > maxBulkBytes {
		return text(b), nil
	}
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	// A buffer accepts every write, and Close reports any other error again.
	_, _ = io.WriteString(writer, string(b))
	if err := writer.Close(); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "compress a text")
	}
	if packed.Len() >= len(b) {
		return text(b), nil
	}
	return &types.AttributeValueMemberB{Value: packed.Bytes()}, nil
}

// UnmarshalDynamoDBAttributeValue decodes both encodings.
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
	return fault.New(fault.Internal, "a stored text is of another type")
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
