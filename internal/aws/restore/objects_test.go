package restore_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/restore"
)

// buckets is an S3 whose bucket "logs" has the policy of a stack: it refuses copies, parts, and every
// write without a condition.
type buckets map[string]map[string]object

type object struct{ Body, Type, Encoding, Note string }

func (b buckets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.Method == http.MethodGet && key == "":
		_, _ = io.WriteString(w, "<ListBucketResult>")
		for name := range b[bucket] {
			if strings.HasPrefix(name, r.URL.Query().Get("prefix")) {
				_, _ = io.WriteString(w, "<Contents><Key>"+name+"</Key></Contents>")
			}
		}
		_, _ = io.WriteString(w, "</ListBucketResult>")
	case r.Method == http.MethodGet:
		found := b[bucket][key]
		w.Header().Set("Content-Type", found.Type)
		w.Header().Set("Content-Encoding", found.Encoding)
		w.Header().Set("X-Amz-Meta-Note", found.Note)
		_, _ = io.WriteString(w, found.Body)
	case r.Method != http.MethodPut || r.URL.Query().Has("partNumber") ||
		r.Header.Get("X-Amz-Copy-Source") != "" || r.Header.Get("If-None-Match") != "*":
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code></Error>")
	case b[bucket][key] != object{}:
		w.WriteHeader(http.StatusPreconditionFailed)
		_, _ = io.WriteString(w, "<Error><Code>PreconditionFailed</Code></Error>")
	default:
		body, _ := io.ReadAll(r.Body)
		b[bucket][key] = object{string(body), r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"),
			r.Header.Get("X-Amz-Meta-Note")}
	}
}

// TestLogsComeBackThroughThePolicyOfTheBucket: as they were, and in place of nothing.
func TestLogsComeBackThroughThePolicyOfTheBucket(t *testing.T) {
	lost := object{"chunk", "application/x-ndjson", "gzip", "covers 7"}
	all := buckets{
		"backup": {"logs/one/1": lost, "logs/one/2": {Body: "old"}, "configurations/x": {Body: "{}"}},
		"logs":   {"logs/one/2": {Body: "scrubbed since"}},
	}
	server := httptest.NewServer(all)
	t.Cleanup(server.Close)
	client := s3.New(s3.Options{Region: "eu-central-1", BaseEndpoint: &server.URL, UsePathStyle: true,
		Retryer: aws.NopRetryer{}, Credentials: static()})
	var said []string
	objects := restore.Objects{Client: client, Say: func(key string) { said = append(said, key) }}
	count, err := objects.Restore(t.Context(), "backup", "logs", "logs/")
	if err != nil || count != (restore.Count{Restored: 1, Present: 1}) {
		t.Errorf("%+v, %v", count, err)
	}
	want := map[string]object{"logs/one/1": lost, "logs/one/2": {Body: "scrubbed since"}}
	if diff := cmp.Diff(all["logs"], want); diff != "" {
		t.Errorf("the bucket, -got +want:\n%s", diff)
	}
	if diff := cmp.Diff(said, []string{"logs/one/1"}); diff != "" {
		t.Errorf("said, -got +want:\n%s", diff)
	}
}
