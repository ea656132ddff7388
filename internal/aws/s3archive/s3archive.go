// Package s3archive stores the chunks of logs in an S3 bucket, one object a chunk. Two
// writers of the same chunk use the same key, so only one succeeds. The bucket also has
// the configurations of deployments.
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

// Open returns the archive in the bucket and makes a client for it. At an endpoint other
// than AWS's, the bucket is in the path: an emulator on loopback has no host name for
// each bucket.
func Open(config aws.Config, bucket string) *Archive {
	return New(s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = config.BaseEndpoint != nil }),
		bucket)
}

// folder is the prefix of the keys of a book's chunks, and of no other keys.
func folder(book logbook.Book) string { return "logs/" + string(book) + "/" }

// key is the key of a chunk. It depends only on the number, so of two writers of chunk N
// only one succeeds.
func key(book logbook.Book, number int) *string {
	return aws.String(fmt.Sprintf("%s%06d.jsonl.gz", folder(book), number))
}

// Put stores the chunk unless there is one already.
//
// A writer whose answer was lost gets Conflict when the SDK tries again: it cannot know
// that the stored chunk is its own. It stops like any other writer that lost the race,
// and the next runner finds the chunk.
func (a *Archive) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	input := a.putting(book, chunk)
	input.IfNoneMatch = aws.String("*")
	_, err := a.client.PutObject(ctx, input)
	return explained(err, "store chunk %d of %s", chunk.Number, book)
}

// Open returns a chunk. The body is read from S3 as the caller reads it.
func (a *Archive) Open(ctx context.Context, book logbook.Book,
	number int) (logbook.Header, io.ReadCloser, error) {
	got, err := a.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &a.bucket, Key: key(book, number)})
	if err != nil {
		return logbook.Header{}, nil, explained(err, "open chunk %d of %s", number, book)
	}
	header, err := readHeader(number, got.Metadata, got.ContentLength)
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
		return logbook.Header{}, explained(err, "read the header of chunk %d of %s", number, book)
	}
	header, err := readHeader(number, got.Metadata, got.ContentLength)
	return header, explained(err, "read the header of chunk %d of %s", number, book)
}

// Remove deletes the book's chunks, a thousand a request.
func (a *Archive) Remove(ctx context.Context, book logbook.Book) error {
	pages := s3.NewListObjectsV2Paginator(a.client,
		&s3.ListObjectsV2Input{Bucket: &a.bucket, Prefix: aws.String(folder(book))})
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

// delete deletes one page of a listing, which is the most for one request.
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

// S3's codes for a write of an object that exists, for one of two simultaneous writes, and
// for what the role may not do.
const (
	codeDenied     = "AccessDenied"
	codeExists     = "PreconditionFailed"
	codeConcurrent = "ConditionalRequestConflict"
)

// isCode reports whether S3 refused with the code. Only isCode and explained interpret
// errors of the SDK.
func isCode(err error, code string) bool {
	refusal, ok := errors.AsType[smithy.APIError](err)
	return ok && refusal.ErrorCode() == code
}

// explained classifies an error of S3. It returns nil for nil.
func explained(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind := fault.Internal
	switch {
	case isCode(err, codeExists), isCode(err, codeConcurrent):
		kind = fault.Conflict
	// The answer to HEAD has no body, so its code is NotFound.
	case isCode(err, "NoSuchKey"), isCode(err, "NotFound"):
		kind = fault.NotFound
	case outage.Is(err):
		return fault.Wrap(fmt.Errorf(format+": %w", append(args, err)...), fault.Unavailable,
			"The store of logs and configurations does not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(err, kind, format, args...)
}
