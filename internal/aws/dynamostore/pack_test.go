package dynamostore_test

import (
	"bytes"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// packed are the packed attributes of a record.
var packed = []string{"r", "x", "p", "o"}

// TestPackedAttributesGrowAtTheirEnd: a version that adds a field reads what this one wrote,
// and this one reads what a version without its last fields would have written.
func TestPackedAttributesGrowAtTheirEnd(t *testing.T) {
	record := with(fullRecord(t), deployment.InProgress)
	for _, name := range packed {
		stored, err := dynamostore.EncodeRecord(record)
		if err != nil {
			t.Fatal(err)
		}
		whole := stored[name].(*types.AttributeValueMemberB).Value
		stored[name] = &types.AttributeValueMemberB{Value: append(bytes.Clone(whole), "newer"...)}
		if _, _, err := dynamostore.DecodeRecord(stored); err != nil {
			t.Errorf("%s with more fields: %v", name, err)
		}
		stored[name] = &types.AttributeValueMemberB{}
		if _, _, err := dynamostore.DecodeRecord(stored); err != nil {
			t.Errorf("%s without a field: %v", name, err)
		}
	}
}

// FuzzPacked reads any bytes as each packed attribute.
func FuzzPacked(f *testing.F) {
	stored, err := dynamostore.EncodeRecord(with(fullRecord(f), deployment.InProgress))
	if err != nil {
		f.Fatal(err)
	}
	for place, name := range packed {
		f.Add(place, stored[name].(*types.AttributeValueMemberB).Value)
	}
	f.Add(2, []byte{0x80})
	f.Fuzz(func(t *testing.T, place int, bytes []byte) {
		damaged := map[string]types.AttributeValue{}
		for name, value := range stored {
			damaged[name] = value
		}
		damaged[packed[uint(place)%uint(len(packed))]] = &types.AttributeValueMemberB{Value: bytes}
		record, _, err := dynamostore.DecodeRecord(damaged)
		if err != nil && fault.KindOf(err) != fault.Internal {
			t.Errorf("%v, want Internal", err)
		}
		if got := len(record.Progress.Steps) + len(record.Progress.Log.Index.Ends); got > 2*len(bytes)+4 {
			t.Errorf("%d bytes became %d steps and ends", len(bytes), got)
		}
	})
}
