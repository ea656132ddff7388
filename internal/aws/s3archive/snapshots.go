package s3archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// Snapshots stores the configurations of deployments in the bucket of the logs, one
// object each. It is safe for use by several goroutines.
type Snapshots struct{ archive *Archive }

var _ snapshot.Archive = (*Snapshots)(nil)

// OpenSnapshots returns the configurations in the bucket and makes a client for it, like
// [Open].
func OpenSnapshots(config aws.Config, bucket string) *Snapshots {
	return Open(config, bucket).Snapshots()
}

// Snapshots returns the configurations in the same bucket.
func (a *Archive) Snapshots() *Snapshots { return &Snapshots{archive: a} }

// snapshotKey is the key of a snapshot. It contains the hash, so an existing object has
// the same content.
func snapshotKey(resource catalog.ID, hash string) *string {
	return aws.String("configurations/" + string(resource) + "/" + hash + ".json")
}

// hashText matches a hash. Any other text names no snapshot.
var hashText = regexp.MustCompile(`^[0-9a-f]+$`)

// hashLength is the length of a SHA-256 in hexadecimal.
const hashLength = 64

func isHash(text string) bool { return len(text) == hashLength && hashText.MatchString(text) }

// maxPuts is how often Put tries while another writer stores the same snapshot. S3 then
// asks to try again, because the other write may fail.
const maxPuts = 5

// Put stores the snapshot, once.
func (s *Snapshots) Put(ctx context.Context, resource catalog.ID, taken snapshot.Snapshot) error {
	hash := taken.Hash()
	var err error
	for range maxPuts {
		_, err = s.archive.client.PutObject(ctx, &s3.PutObjectInput{
			Bucket:      &s.archive.bucket,
			Key:         snapshotKey(resource, hash),
			Body:        bytes.NewReader(taken),
			IfNoneMatch: aws.String("*"),
			ContentType: aws.String("application/json"),
		})
		if !isCode(err, codeConcurrent) {
			break
		}
	}
	if isCode(err, codeExists) {
		return nil
	}
	return explained(err, "store configuration %s of %s", hash, resource)
}

// errOther is the cause of NotFound for an object whose content does not match its hash.
var errOther = errors.New("the stored object has another hash")

// Get returns the snapshot. An object whose content does not match its hash is NotFound,
// like a missing one: the caller can only use another snapshot.
func (s *Snapshots) Get(ctx context.Context, resource catalog.ID, hash string) (snapshot.Snapshot, error) {
	if !isHash(hash) {
		return nil, fault.New(fault.NotFound, "Configuration not found.")
	}
	got, err := s.archive.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.archive.bucket,
		Key: snapshotKey(resource, hash)})
	if err = explained(err, "open configuration %s of %s", hash, resource); err != nil {
		if errors.Is(err, fault.NotFound) {
			return nil, fault.Wrap(err, fault.NotFound, "Configuration not found.")
		}
		return nil, err
	}
	defer got.Body.Close()
	body, err := io.ReadAll(got.Body)
	if err != nil {
		return nil, explained(err, "read configuration %s of %s", hash, resource)
	}
	if found := snapshot.Snapshot(body); found.Hash() == hash {
		return found, nil
	}
	return nil, fault.Wrap(errOther, fault.NotFound, "Configuration not found.")
}

// Remove deletes the object. S3 answers the same if it does not exist.
func (s *Snapshots) Remove(ctx context.Context, resource catalog.ID, hash string) error {
	if !isHash(hash) {
		return nil
	}
	_, err := s.archive.client.DeleteObject(ctx,
		&s3.DeleteObjectInput{Bucket: &s.archive.bucket, Key: snapshotKey(resource, hash)})
	return explained(err, "remove configuration %s of %s", hash, resource)
}
