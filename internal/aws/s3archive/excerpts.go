package s3archive

import (
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// Excerpts stores the excerpts of failed deployments in the bucket of the logs, one object
// each. It is safe for use by several goroutines.
type Excerpts struct{ archive *Archive }

var (
	_ deployment.Excerpts      = (*Excerpts)(nil)
	_ deployment.ExcerptReader = (*Excerpts)(nil)
)

// Excerpts returns the excerpts in the same bucket.
func (a *Archive) Excerpts() *Excerpts { return &Excerpts{archive: a} }

// excerptKey is the key of an excerpt. A role may be limited to the folder.
func excerptKey(id deployment.ID) *string { return aws.String("faults/" + string(id)) }

// Put stores the excerpt as plain text.
func (e *Excerpts) Put(ctx context.Context, id deployment.ID, text string) error {
	_, err := e.archive.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket:      &e.archive.bucket,
		Key:         excerptKey(id),
		Body:        strings.NewReader(text),
		ContentType: aws.String("text/plain; charset=utf-8"),
	})
	return explained(err, "store the excerpt of %s", id)
}

// Get returns the excerpt, at most [deployment.MaxExcerpt] bytes of it. To a reader that may
// not list the bucket, S3 answers that a missing object is forbidden, so that is NotFound, too.
func (e *Excerpts) Get(ctx context.Context, id deployment.ID) (string, error) {
	got, err := e.archive.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &e.archive.bucket,
		Key: excerptKey(id)})
	if isCode(err, codeDenied) {
		return "", fault.Wrap(err, fault.NotFound, "There is no excerpt of %s.", id)
	}
	if err = explained(err, "read the excerpt of %s", id); err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(got.Body, deployment.MaxExcerpt))
	return string(text), explained(errors.Join(err, got.Body.Close()), "read the excerpt of %s", id)
}

// Remove deletes the object. S3 answers the same if it does not exist.
func (e *Excerpts) Remove(ctx context.Context, id deployment.ID) error {
	_, err := e.archive.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &e.archive.bucket,
		Key: excerptKey(id)})
	return explained(err, "remove the excerpt of %s", id)
}
