package s3archive_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/s3archive"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/logbook/logbooktest"
)

const book = logbook.Book("service/svc4q7m2x9k1v8c3n6h0d5p2/svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")

// opened makes a bucket on the emulator.
func opened(t *testing.T) (*s3archive.Archive, *s3.Client, string) {
	t.Helper()
	session := awstest.SessionOf(t, awstest.S3)
	bucket := "waybill-test-" + strings.ToLower(rand.Text())
	if _, err := session.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	return s3archive.Open(session.Config(), bucket), session.S3(), bucket
}

func chunk(number int, body string) logbook.Chunk {
	return logbook.Chunk{Body: []byte(body), Header: logbook.Header{
		Number:   number,
		First:    11,
		Last:     1 << 40,
		Batch:    4,
		Until:    time.UnixMicro(1767355445000006).UTC(),
		Before:   logbook.Position{Out: 1, Err: 2, Steps: 3},
		After:    logbook.Position{Out: 1 << 50, Err: 5, Steps: 6},
		Bytes:    7,
		Stored:   int64(len(body)),
		Digest:   strings.Repeat("d", 64),
		Previous: strings.Repeat("e", 64),
	}}
}

func TestArchive(t *testing.T) {
	logbooktest.TestArchive(t, func(t *testing.T) logbook.Archive {
		archive, _, _ := opened(t)
		return archive
	})
	logbooktest.TestLister(t, func(t *testing.T) logbooktest.Listed {
		archive, _, _ := opened(t)
		return archive
	})
	logbooktest.TestRewriter(t, func(t *testing.T) logbook.Rewriter {
		archive, _, _ := opened(t)
		return archive
	})
}

func TestAChunkIsAnObjectThatAnyToolReads(t *testing.T) {
	archive, client, bucket := opened(t)
	if err := archive.Put(t.Context(), book, chunk(12, "stored bytes")); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket,
		Key: aws.String("logs/" + string(book) + "/000012.jsonl.gz")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != "stored bytes" {
		t.Errorf("object %q, %v; want the chunk's bytes and nothing else", body, err)
	}
	if aws.ToString(got.ContentType) != "application/x-ndjson" ||
		aws.ToString(got.ContentEncoding) != "gzip" {
		t.Errorf("the object is %s in %s, want application/x-ndjson in gzip", aws.ToString(got.ContentType),
			aws.ToString(got.ContentEncoding))
	}
	want := map[string]string{"first": "11", "last": "1099511627776", "batch": "4",
		"until": "1767355445000006", "before": "1/2/3", "after": "1125899906842624/5/6",
		"bytes": "7", "digest": strings.Repeat("d", 64), "previous": strings.Repeat("e", 64)}
	if diff := cmp.Diff(got.Metadata, want); diff != "" {
		t.Errorf("metadata (-got +want):\n%s", diff)
	}
}

func TestOneOfManyWritersOfAChunkWins(t *testing.T) {
	archive, _, _ := opened(t)
	const writers = 8
	errs := make([]error, writers)
	var all sync.WaitGroup
	for i := range writers {
		all.Go(func() { errs[i] = archive.Put(t.Context(), book, chunk(1, fmt.Sprint(i))) })
	}
	all.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner < 0:
			winner = i
		case !errors.Is(err, fault.Conflict):
			t.Errorf("writer %d: %v, want Conflict for all but one", i, err)
		}
	}
	_, body, err := archive.Open(t.Context(), book, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	if stored, err := io.ReadAll(body); err != nil || string(stored) != fmt.Sprint(winner) {
		t.Errorf("stored %q, %v; want the winner's %d", stored, err, winner)
	}
}

func TestRemoveTakesMoreThanAPage(t *testing.T) {
	archive, client, bucket := opened(t)
	const chunks = 1003 // a page of a listing has a thousand
	var all sync.WaitGroup
	for worker := range 8 {
		all.Go(func() {
			for number := 1 + worker; number <= chunks; number += 8 {
				if err := archive.Put(t.Context(), book, chunk(number, "x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	if err := archive.Remove(t.Context(), book); err != nil {
		t.Fatal(err)
	}
	left, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil || len(left.Contents) != 0 {
		t.Errorf("%d objects left, %v; want none", len(left.Contents), err)
	}
}

func TestAForeignObjectIsInternal(t *testing.T) {
	archive, client, bucket := opened(t)
	for number, metadata := range []map[string]string{
		nil,
		{"first": "1", "last": "2", "batch": "1", "until": "1", "bytes": "3", "before": "0/0/0"},
		{"first": "1", "last": "2", "batch": "1", "until": "1", "bytes": "3", "before": "0/0/0",
			"after": "1/2"},
		{"first": "one", "last": "2", "batch": "1", "until": "1", "bytes": "3", "before": "0/0/0",
			"after": "1/2/3"},
	} {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &bucket, Metadata: metadata,
			Key:  aws.String(fmt.Sprintf("logs/%s/%06d.jsonl.gz", book, number)),
			Body: strings.NewReader("x")})
		if err != nil {
			t.Fatal(err)
		}
		_, errHead := archive.Head(t.Context(), book, number)
		_, body, errOpen := archive.Open(t.Context(), book, number)
		if !errors.Is(errHead, fault.Internal) || !errors.Is(errOpen, fault.Internal) || body != nil {
			t.Errorf("metadata %v: Head %v, Open %v; want Internal", metadata, errHead, errOpen)
		}
	}
}

// service is an S3 that answers every call alike.
type service struct {
	status int
	body   string
}

func (s service) Do(r *http.Request) (*http.Response, error) {
	return awstest.Answer(r, s.status, awstest.XML, s.body), nil
}

// TestErrorsOfS3HaveAKind covers errors that no emulator sends: two writers at the
// same instant, and a bucket that may not be listed.
func TestErrorsOfS3HaveAKind(t *testing.T) {
	for _, c := range []struct {
		code   string
		status int
		want   fault.Kind
	}{
		{"PreconditionFailed", 412, fault.Conflict},
		{"ConditionalRequestConflict", 409, fault.Conflict},
		{"NoSuchKey", 404, fault.NotFound},
		{"NoSuchBucket", 404, fault.Internal},
		{"AccessDenied", 403, fault.Internal},
		{"SlowDown", 503, fault.Unavailable},
		{"InternalError", 500, fault.Unavailable},
	} {
		t.Run(c.code, func(t *testing.T) {
			body := "<Error><Code>" + c.code + "</Code><Message>no</Message></Error>"
			archive := s3archive.Open(awstest.Offline(service{c.status, body}), "logs-of-a-team")
			if err := archive.Put(t.Context(), book, chunk(1, "x")); fault.KindOf(err) != c.want {
				t.Errorf("Put: kind %v of %v, want %v", fault.KindOf(err), err, c.want)
			}
			if _, _, err := archive.Open(t.Context(), book, 1); fault.KindOf(err) != c.want {
				t.Errorf("Open: kind %v of %v, want %v", fault.KindOf(err), err, c.want)
			}
		})
	}
}

// TestLinksReadWithoutCredentials reads the links as any client does.
func TestLinksReadWithoutCredentials(t *testing.T) {
	archive, _, _ := opened(t)
	for number, body := range []string{"one", "two", "three"} {
		if err := archive.Put(t.Context(), book, chunk(number+1, body)); err != nil {
			t.Fatal(err)
		}
	}
	links, err := archive.Links(t.Context(), book, 2, 3, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, link := range links {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Accept-Encoding", "identity") // or the client decompresses
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK {
			t.Errorf("%s: %d %v", link, answer.StatusCode, err)
		}
		got = append(got, string(body))
		if !strings.Contains(link, "X-Amz-Expires=60") {
			t.Errorf("the link does not expire: %s", link)
		}
	}
	if diff := cmp.Diff(got, []string{"two", "three"}); diff != "" {
		t.Errorf("read (-got +want):\n%s", diff)
	}
}
