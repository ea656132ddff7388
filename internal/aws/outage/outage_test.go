package outage_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/aws/outage"
)

// bounded is a configuration for the endpoint, with the bound.
func bounded(endpoint string, limit time.Duration) aws.Config {
	return outage.Bounded(aws.Config{Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "key", SecretAccessKey: "secret"}, nil
		})}, limit)
}

// call lists the tables at the endpoint, with the bound.
func call(ctx context.Context, endpoint string, limit time.Duration) error {
	config := bounded(endpoint, limit)
	_, err := dynamodb.NewFromConfig(config).ListTables(ctx, &dynamodb.ListTablesInput{})
	return err
}

// TestABoundedClientSignsLinks: signing makes no request, so it has no tries.
func TestABoundedClientSignsLinks(t *testing.T) {
	client := s3.NewFromConfig(bounded("http://127.0.0.1:1", time.Minute))
	link, err := s3.NewPresignClient(client).PresignGetObject(t.Context(),
		&s3.GetObjectInput{Bucket: aws.String("logs"), Key: aws.String("chunk")})
	if err != nil || link.URL == "" {
		t.Errorf("%+v, %v", link, err)
	}
}

func TestOutages(t *testing.T) {
	answering := func(status int, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-amz-json-1.0")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, body)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	deaf, err := net.Listen("tcp", "127.0.0.1:0") // takes connections and never answers
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = deaf.Close() }()
	for _, c := range []struct {
		name     string
		endpoint string
		outage   bool
	}{
		{"a closed port", "http://" + closed.Addr().String(), true},
		{"no answer", "http://" + deaf.Addr().String(), true},
		{"an internal error", answering(500, `{"__type":"InternalServerError"}`), true},
		{"unavailable", answering(503, ""), true},
		{"throttled", answering(400, `{"__type":"ThrottlingException"}`), true},
		{"access denied", answering(400, `{"__type":"AccessDeniedException"}`), false},
		{"a malformed request", answering(400, `{"__type":"ValidationException"}`), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			const limit = 2 * time.Second
			began := time.Now()
			err := call(t.Context(), c.endpoint, limit)
			if took := time.Since(began); err == nil || outage.Is(err) != c.outage || took > 2*limit {
				t.Errorf("after %s: %v is an outage: %v, want %v", took, err, outage.Is(err), c.outage)
			}
		})
	}
	t.Run("a caller who is gone", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if err := call(ctx, "http://"+deaf.Addr().String(), time.Minute); err == nil || outage.Is(err) {
			t.Errorf("%v is an outage", err)
		}
	})
}
