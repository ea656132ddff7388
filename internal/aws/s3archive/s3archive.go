// Package s3archive keeps the chunks of logs in an S3 bucket, one object a
// chunk, under keys that a second writer of the same chunk meets. Beside them
// lie the configurations that deployments ran with.
package s3archive

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"waybill/internal/aws/outage"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// Archive is a bucket of logs. It is safe for use by several goroutines.
type Archive struct {
	client *s3.Client
	bucket string
}

// New returns the archive in the bucket.
func New(client *s3.Client, bucket string) *Archive {
	return &Archive{client: client, bucket: bucket}
}

// Open returns the archive in the bucket, by a client of its own. At an
// endpoint that is not AWS's the bucket is named in the path: an emulator on
// loopback has no host name for each bucket.
func Open(config aws.Config, bucket string) *Archive {
	return New(s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil }), bucket)
}

// folder is where the chunks of a book lie, and nothing else.
func folder(book logbook.Book) string { return "logs/" + string(book) + "/" }

// key is a chunk's place. The number alone makes it: two writers of chunk N
// meet there, and the bucket lets one win.
func key(book logbook.Book, number int) *string {
	return aws.String(fmt.Sprintf("%s%06d.jsonl.gz", folder(book), number))
}

// Put stores the chunk, or finds that there is one.
//
// A writer whose answer got lost is told Conflict when the SDK tries again: it
// cannot know that the chunk is its own. It stops like any other that lost,
// and the next runner counts the chunk in.
func (a *Archive) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	input := a.putting(book, chunk)
	input.IfNoneMatch = aws.String("*")
	_, err := a.client.PutObject(ctx, input)
	return explained(err, "store chunk %d of %s", chunk.Number, book)
}

// Open returns a chunk. The body is read from S3 as the caller reads it.
func (a *Archive) Open(ctx context.Context, book logbook.Book, number int) (logbook.Header, io.ReadCloser, error) {
	got, err := a.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.bucket, Key: key(book, number)})
	if err != nil {
		return logbook.Header{}, nil, explained(err, "open chunk %d of %s", number, book)
	}
	header, err := readHeader(number, got.Metadata)
	if err != nil {
		_ = got.Body.Close() // the header's error says more
		return logbook.Header{}, nil, explained(err, "open chunk %d of %s", number, book)
	}
	return header, got.Body, nil
}

// Head returns a chunk's header.
func (a *Archive) Head(ctx context.Context, book logbook.Book, number int) (logbook.Header, error) {
	got, err := a.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.bucket, Key: key(book, number)})
	if err != nil {
		return logbook.Header{}, explained(err, "look at chunk %d of %s", number, book)
	}
	header, err := readHeader(number, got.Metadata)
	return header, explained(err, "look at chunk %d of %s", number, book)
}

// Remove deletes the book's chunks, a thousand a request.
func (a *Archive) Remove(ctx context.Context, book logbook.Book) error {
	pages := s3.NewListObjectsV2Paginator(a.client, &s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: aws.String(folder(book))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = a.delete(ctx, identified(page.Contents))
		}
		if err != nil {
			return explained(err, "remove the chunks of %s", book)
		}
	}
	return nil
}

func identified(objects []types.Object) []types.ObjectIdentifier {
	doomed := make([]types.ObjectIdentifier, len(objects))
	for i, object := range objects {
		doomed[i] = types.ObjectIdentifier{Key: object.Key}
	}
	return doomed
}

// delete removes one page of a listing, which is as much as one request takes.
func (a *Archive) delete(ctx context.Context, doomed []types.ObjectIdentifier) error {
	if len(doomed) == 0 {
		return nil
	}
	deleted, err := a.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{
		Bucket: &a.bucket,
		Delete: &types.Delete{Objects: doomed, Quiet: aws.Bool(true)},
	})
	if err != nil {
		return err
	}
	if len(deleted.Errors) > 0 {
		first := deleted.Errors[0]
		return fault.New(fault.Internal, "%d objects were not deleted, the first, %s, for %s",
			len(deleted.Errors), aws.ToString(first.Key), aws.ToString(first.Code))
	}
	return nil
}

// What S3 answers to a write of what is there already, and to one of two who
// write at the same instant.
const (
	codeExists     = "PreconditionFailed"
	codeConcurrent = "ConditionalRequestConflict"
)

// isCode reports whether S3 refused with the code. This and explained are the
// one place here that reads the SDK's errors.
func isCode(err error, code string) bool {
	refusal, ok := errors.AsType[smithy.APIError](err)
	return ok && refusal.ErrorCode() == code
}

// explained classifies an error of S3, and is nil for none.
func explained(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind := fault.Internal
	switch {
	case isCode(err, codeExists), isCode(err, codeConcurrent):
		kind = fault.Conflict
	// HEAD has no body to say which key; it says NotFound.
	case isCode(err, "NoSuchKey"), isCode(err, "NotFound"):
		kind = fault.NotFound
	case outage.Is(err):
		return fault.Wrap(fmt.Errorf(format+": %w", append(args, err)...), fault.Unavailable,
			"The store of logs and configurations does not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(err, kind, format, args...)
}
