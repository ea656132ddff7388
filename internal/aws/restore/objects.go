package restore

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"waybill/internal/fault"
)

// Objects puts objects back into the log bucket. The policy of the bucket refuses every copy and every
// upload in parts, because these carry no condition. So each object is read from the backup and written
// with the condition that its name is free. So nothing is ever replaced.
type Objects struct {
	Client *s3.Client
	// Say gets the name of each object that was put back.
	Say func(key string)
}

// Count is how many objects were put back, and how many were there already.
type Count struct{ Restored, Present int }

// maxObject is far above the size of a chunk (8 MiB) and of a configuration.
const maxObject = 64 << 20

// Restore puts the objects whose names begin with the prefix back from the backup, under the same names.
// It may be repeated.
func (o Objects) Restore(ctx context.Context, backup, bucket, prefix string) (Count, error) {
	var count Count
	pages := s3.NewListObjectsV2Paginator(o.Client,
		&s3.ListObjectsV2Input{Bucket: &backup, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return count, wrap(err, "list the objects of "+backup)
		}
		for _, object := range page.Contents {
			written, err := o.restore(ctx, backup, bucket, aws.ToString(object.Key))
			if err != nil {
				return count, err
			}
			if written {
				count.Restored++
				o.Say(aws.ToString(object.Key))
			} else {
				count.Present++
			}
		}
	}
	return count, nil
}

// restore puts one object back, unless it is there.
func (o Objects) restore(ctx context.Context, backup, bucket, key string) (written bool, err error) {
	found, err := o.Client.GetObject(ctx, &s3.GetObjectInput{Bucket: &backup, Key: &key})
	if err != nil {
		return false, wrap(err, "read "+key+" of "+backup)
	}
	defer found.Body.Close()
	body, err := io.ReadAll(io.LimitReader(found.Body, maxObject+1))
	if err != nil {
		return false, wrap(err, "read "+key+" of "+backup)
	}
	if len(body) > maxObject {
		return false, fault.New(fault.Invalid, "%s of %s is too large for an object of a stack", key,
			backup)
	}
	_, err = o.Client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key,
		Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"), ContentType: found.ContentType,
		ContentEncoding: found.ContentEncoding, Metadata: found.Metadata})
	var refused smithy.APIError
	if errors.As(err, &refused) && refused.ErrorCode() == "PreconditionFailed" {
		return false, nil
	}
	return err == nil, wrap(err, "write "+key)
}
