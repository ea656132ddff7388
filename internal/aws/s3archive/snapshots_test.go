package s3archive_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/s3archive"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
	"waybill/internal/snapshot/snapshottest"
)

const resource = catalog.ID("svc4q7m2x9k1v8c3n6h0d5p2")

func TestSnapshots(t *testing.T) {
	archive, _, _ := opened(t)
	snapshottest.TestArchive(t, func(*testing.T) snapshot.Archive { return archive.Snapshots() })
}

func TestASnapshotIsAnObjectThatAnyToolReads(t *testing.T) {
	archive, client, bucket := opened(t)
	taken := snapshot.Snapshot(`{"compose":"services: {}"}`)
	if err := archive.Snapshots().Put(t.Context(), resource, taken); err != nil {
		t.Fatal(err)
	}
	place := aws.String("configurations/" + string(resource) + "/" + taken.Hash() + ".json")
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: place})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != string(taken) || aws.ToString(got.ContentType) != "application/json" {
		t.Errorf("object %q of %s, %v; want the snapshot as application/json", body,
			aws.ToString(got.ContentType), err)
	}
	t.Run("another object in its place is NotFound", func(t *testing.T) {
		if _, err := client.PutObject(t.Context(),
			&s3.PutObjectInput{Bucket: &bucket, Key: place, Body: strings.NewReader(`{}`)}); err != nil {
			t.Fatal(err)
		}
		if got, err := archive.Snapshots().Get(t.Context(), resource,
			taken.Hash()); !errors.Is(err, fault.NotFound) || got != nil {
			t.Errorf("Get: %s, %v; want NotFound", got, err)
		}
	})
}

// sequence is an S3 that gives one answer after the other, and keeps to the
// last.
type sequence struct {
	codes []string
	asked int
	over  bool // one of the requests would write over what is there
}

func (s *sequence) Do(r *http.Request) (*http.Response, error) {
	code := s.codes[min(s.asked, len(s.codes)-1)]
	s.asked++
	s.over = s.over || r.Header.Get("If-None-Match") != "*"
	status, body := http.StatusOK, ""
	if code != "" {
		status, body = http.StatusConflict, "<Error><Code>"+code+"</Code><Message>no</Message></Error>"
	}
	return &http.Response{StatusCode: status, Header: http.Header{"Content-Type": {"application/xml"}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestASnapshotThatMeetsAnother covers what no emulator does: another writer at
// the same instant, who may yet fail.
func TestASnapshotThatMeetsAnother(t *testing.T) {
	const concurrent, exists = "ConditionalRequestConflict", "PreconditionFailed"
	for _, c := range []struct {
		codes []string
		asked int
		kind  error
	}{
		{[]string{concurrent, ""}, 2, nil},                 // the other failed
		{[]string{concurrent, concurrent, exists}, 3, nil}, // the other was faster
		{[]string{concurrent}, 5, fault.Conflict},          // always another
		{[]string{"AccessDenied"}, 1, fault.Internal},
	} {
		answers := &sequence{codes: c.codes}
		snapshots := s3archive.OpenSnapshots(awstest.Offline(answers), "logs-of-a-team")
		err := snapshots.Put(t.Context(), resource, snapshot.Snapshot(`{}`))
		if !errors.Is(err, c.kind) || answers.asked != c.asked || answers.over {
			t.Errorf("answered %v: %v after %d requests, writing over: %v; want %v after %d and never",
				c.codes, err, answers.asked, answers.over, c.kind, c.asked)
		}
	}
}
