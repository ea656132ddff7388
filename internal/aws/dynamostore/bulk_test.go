package dynamostore_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// incompressible is a text of n bytes that compresses only by the redundancy of
// base64.
func incompressible(n int) string {
	noise := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(noise) // it never fails
	return base64.StdEncoding.EncodeToString(noise)[:n]
}

// composeFile is a realistic compose file of about n bytes.
func composeFile(n int) string {
	var file strings.Builder
	file.WriteString("services:\n")
	for i := 0; file.Len() < n; i++ {
		fmt.Fprintf(&file, `  worker-%d:
    image: ghcr.io/acme/worker:1.%d
    environment:
      QUEUE: jobs-%d
      TOKEN_URL: https://auth.example.com/%x
    restart: unless-stopped
    depends_on: [postgres, redis]
    volumes:
      - worker-%d:/var/lib/worker
`, i, i*7%50, i, i*2654435761, i)
	}
	return file.String()
}

func service(compose string) *catalog.Service {
	return &catalog.Service{Compose: compose, Resource: catalog.Resource{Meta: catalog.Meta{ID: serviceID},
		ServerID: serverID}}
}

func TestLongTexts(t *testing.T) {
	const plain = 4 << 10
	for _, c := range []struct {
		name    string
		compose string
		packed  bool
	}{
		{"an empty one", "", false},
		{"one at the limit is kept as it is", strings.Repeat("x", plain), false},
		{"one above it is compressed", strings.Repeat("x", plain+1), true},
		{"one of other characters", strings.Repeat("äö\r\n\t€", 2000), true},
		{"one in which there is little to save", incompressible(catalog.MaxComposeBytes), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			stored := encoded(t, service(c.compose))
			_, packed := dynamostore.Body(stored)["compose"].(*types.AttributeValueMemberB)
			if packed != c.packed {
				t.Errorf("compressed: %v, want %v", packed, c.packed)
			}
			wantForm(t, stored, service(c.compose))
		})
	}
	t.Run("one that is longer than the limit of compression makes the item too large", func(t *testing.T) {
		_, err := dynamostore.EncodeEntity(service(strings.Repeat("x", 1<<20+1)))
		if !errors.Is(err, fault.Invalid) {
			t.Errorf("EncodeEntity: %v, want Invalid", err)
		}
	})
}

func TestDamagedTextsAreInternal(t *testing.T) {
	var bomb bytes.Buffer
	writer := gzip.NewWriter(&bomb)
	_, _ = writer.Write(make([]byte, 2<<20))
	_ = writer.Close()
	encodedService := encoded(t, service(strings.Repeat("x", 8000)))
	good, _ := dynamostore.Body(encodedService)["compose"].(*types.AttributeValueMemberB)
	for name, value := range map[string]types.AttributeValue{
		"binary that is not compressed":  &types.AttributeValueMemberB{Value: []byte("services: {}")},
		"compressed and cut":             &types.AttributeValueMemberB{Value: good.Value[:len(good.Value)-9]},
		"compressed, of too many zeroes": &types.AttributeValueMemberB{Value: bomb.Bytes()},
		"a number":                       &types.AttributeValueMemberN{Value: "1"},
	} {
		stored := encoded(t, service(""))
		dynamostore.Body(stored)["compose"] = value
		if _, err := dynamostore.DecodeEntity(stored); err == nil || fault.KindOf(err) != fault.Internal {
			t.Errorf("%s: %v, want Internal", name, err)
		}
	}
}

// TestLongTextsTakeLittle compares what DynamoDB counts: a write costs a unit for every
// begun KB of the item, a read half a unit for every four.
func TestLongTextsTakeLittle(t *testing.T) {
	compose := composeFile(100 << 10)
	if size := dynamostore.ItemSize(dynamostore.Body(encoded(t, service(compose)))); size > len(compose)/4 {
		t.Errorf("a body with a compose file of %d bytes takes %d", len(compose), size)
	}
}
