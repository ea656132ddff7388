package s3archive

import (
	"bytes"
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"waybill/internal/fault"
	"waybill/internal/logbook"
)

var _ logbook.Rewriter = (*Archive)(nil)

// Replace reads the header of the stored chunk, and writes on the condition that the
// object is unchanged since.
//
// As with Put, a writer whose answer was lost may get Conflict. It stops, and the next
// one finds the chunk rewritten.
func (a *Archive) Replace(ctx context.Context, book logbook.Book, chunk logbook.Chunk,
	was logbook.Header) error {
	got, err := a.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &a.bucket, Key: key(book, chunk.Number)})
	if err != nil {
		return explained(err, "read the header of chunk %d of %s", chunk.Number, book)
	}
	there, err := readHeader(chunk.Number, got.Metadata, got.ContentLength)
	if err != nil {
		return explained(err, "read the header of chunk %d of %s", chunk.Number, book)
	}
	if there.Digest != was.Digest || there.Previous != was.Previous {
		return fault.New(fault.Conflict, "Chunk %d of log %s is another by now.", chunk.Number, book)
	}
	input := a.putting(book, chunk)
	input.IfMatch = got.ETag
	_, err = a.client.PutObject(ctx, input)
	return explained(err, "replace chunk %d of %s", chunk.Number, book)
}

// putting returns the request that writes a chunk, without a condition.
func (a *Archive) putting(book logbook.Book, chunk logbook.Chunk) *s3.PutObjectInput {
	return &s3.PutObjectInput{
		Bucket:          &a.bucket,
		Key:             key(book, chunk.Number),
		Body:            bytes.NewReader(chunk.Body),
		ContentType:     aws.String("application/x-ndjson"),
		ContentEncoding: aws.String("gzip"),
		Metadata:        metadata(chunk.Header),
	}
}

// Purge deletes the old versions of the book's objects, a thousand a request. A bucket
// has old versions only if a team has enabled versioning; a replaced chunk could then
// still be read.
func (a *Archive) Purge(ctx context.Context, book logbook.Book) error {
	pages := s3.NewListObjectVersionsPaginator(a.client,
		&s3.ListObjectVersionsInput{Bucket: &a.bucket, Prefix: aws.String(folder(book))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err == nil {
			err = a.delete(ctx, older(page.Versions))
		}
		if err != nil {
			return explained(err, "remove older forms of the chunks of %s", book)
		}
	}
	return nil
}

// older returns the versions that are not the latest.
func older(versions []types.ObjectVersion) []types.ObjectIdentifier {
	var doomed []types.ObjectIdentifier
	for _, version := range versions {
		if !aws.ToBool(version.IsLatest) {
			doomed = append(doomed, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
		}
	}
	return doomed
}
