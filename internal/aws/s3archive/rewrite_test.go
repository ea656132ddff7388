package s3archive_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/s3archive"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// scrubbed is the chunk as it may be afterwards.
func scrubbed(was logbook.Chunk, body string) logbook.Chunk {
	now := was
	now.Body, now.Stored = []byte(body), int64(len(body))
	now.Digest, now.Original, now.Changed = strings.Repeat("7", 64), was.Digest, 3
	return now
}

func TestARewrittenChunkSaysSo(t *testing.T) {
	archive, client, bucket := opened(t)
	was := chunk(12, "stored bytes")
	if err := errors.Join(archive.Put(t.Context(), book, was),
		archive.Replace(t.Context(), book, scrubbed(was, "other bytes"), was.Header)); err != nil {
		t.Fatal(err)
	}
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket,
		Key: aws.String("logs/" + string(book) + "/000012.jsonl.gz")})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(got.Body)
	if err != nil || string(body) != "other bytes" {
		t.Errorf("object %q, %v; want what it was replaced by", body, err)
	}
	if aws.ToString(got.ContentType) != "application/x-ndjson" ||
		aws.ToString(got.ContentEncoding) != "gzip" {
		t.Errorf("the object is %s in %s, want it as before", aws.ToString(got.ContentType),
			aws.ToString(got.ContentEncoding))
	}
	want := map[string]string{"first": "11", "last": "1099511627776", "batch": "4",
		"until": "1767355445000006", "before": "1/2/3", "after": "1125899906842624/5/6", "bytes": "7",
		"digest": strings.Repeat("7", 64), "previous": strings.Repeat("e", 64),
		"original": strings.Repeat("d", 64), "changed": "3"}
	if diff := cmp.Diff(got.Metadata, want); diff != "" {
		t.Errorf("metadata (-got +want):\n%s", diff)
	}
}

// TestP3PurgeLeavesNoOlderVersion is about a bucket that somebody made keep
// versions: what was replaced, and what was deleted since, must not be kept there.
func TestP3PurgeLeavesNoOlderVersion(t *testing.T) {
	archive, client, bucket := opened(t)
	_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	if err != nil {
		t.Fatal(err)
	}
	was, neighbour := chunk(1, "the secret"), chunk(1, "neighbour")
	now := scrubbed(was, "the mask")
	again := scrubbed(now, "another mask")
	again.Digest = strings.Repeat("8", 64)
	const other = book + "1"
	if err := errors.Join(
		archive.Put(t.Context(), book, was), archive.Put(t.Context(), other, neighbour),
		archive.Replace(t.Context(), book, now, was.Header),
		archive.Replace(t.Context(), book, again, now.Header),
		archive.Replace(t.Context(), other, scrubbed(neighbour, "aside"), neighbour.Header),
	); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, client, bucket); got != 3+2 {
		t.Fatalf("%d versions, want 5: the bucket does not do as it is told", got)
	}
	if err := archive.Purge(t.Context(), book); err != nil {
		t.Fatal(err)
	}
	if got := versions(t, client, bucket); got != 1+2 {
		t.Errorf("%d versions, want the present one and those of another book", got)
	}
	header, err := archive.Head(t.Context(), book, 1)
	if err != nil || header != again.Header {
		t.Errorf("left is %+v, %v; want the last", header, err)
	}
}

func versions(t *testing.T, client *s3.Client, bucket string) int {
	t.Helper()
	listing, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	return len(listing.Versions)
}

func TestReplaceOfAForeignObjectIsInternal(t *testing.T) {
	archive, client, bucket := opened(t)
	was := chunk(1, "x")
	now := scrubbed(was, "y")
	if err := errors.Join(archive.Put(t.Context(), book, was),
		archive.Replace(t.Context(), book, now, was.Header)); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(map[string]string){
		"without a count": func(m map[string]string) { delete(m, "changed") },
		"without a place": func(m map[string]string) { delete(m, "first") },
	} {
		key := aws.String("logs/" + string(book) + "/000001.jsonl.gz")
		got, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: key})
		if err != nil {
			t.Fatal(err)
		}
		metadata := got.Metadata
		spoil(metadata)
		if _, err := client.PutObject(t.Context(),
			&s3.PutObjectInput{Bucket: &bucket, Key: key, Metadata: metadata,
				Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		if err := archive.Replace(t.Context(), book, now, now.Header); !errors.Is(err, fault.Internal) {
			t.Errorf("%s: %v, want Internal", name, err)
		}
	}
}

// between answers HEAD as it is told to, and PUT as one who comes too late.
type between struct{ header http.Header }

func (b between) Do(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodHead {
		return &http.Response{StatusCode: http.StatusOK, Header: b.header, Body: http.NoBody, Request: r}, nil
	}
	status, code := http.StatusInternalServerError, "NobodyAskedForThat"
	if r.Header.Get("If-Match") == b.header.Get("ETag") {
		status, code = http.StatusPreconditionFailed, "PreconditionFailed"
	}
	body := "<Error><Code>" + code + "</Code><Message>no</Message></Error>"
	return awstest.Answer(r, status, awstest.XML, body), nil
}

// TestReplaceWritesOnlyWhatItLookedAt is about another who comes in between:
// it must meet the object's tag.
func TestReplaceWritesOnlyWhatItLookedAt(t *testing.T) {
	was := chunk(1, "x")
	header := http.Header{"Etag": {`"tag"`}}
	for name, value := range map[string]string{"first": "1", "last": "2", "batch": "1", "until": "1",
		"bytes": "3", "before": "0/0/0", "after": "1/2/3",
		"digest": was.Digest, "previous": was.Previous} {
		header.Set("X-Amz-Meta-"+name, value)
	}
	archive := s3archive.Open(awstest.Offline(between{header}), "logs-of-a-team")
	if err := archive.Replace(t.Context(), book, scrubbed(was, "y"),
		was.Header); !errors.Is(err, fault.Conflict) {
		t.Errorf("Replace of what another replaced: %v, want Conflict", err)
	}
}
