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

// Snapshots is the configurations that deployments ran with, one object each,
// beside the logs. It is safe for use by several goroutines.
type Snapshots struct{ archive *Archive }

var _ snapshot.Archive = (*Snapshots)(nil)

// OpenSnapshots returns the configurations in the bucket, by a client of its
// own, like [Open].
func OpenSnapshots(config aws.Config, bucket string) *Snapshots {
	return Open(config, bucket).Snapshots()
}

// Snapshots returns the configurations in the same bucket.
func (a *Archive) Snapshots() *Snapshots { return &Snapshots{archive: a} }

// snapshotKey is a snapshot's place. Its hash makes it, so whatever is there
// already is the same.
func snapshotKey(resource catalog.ID, hash string) *string {
	return aws.String("configurations/" + string(resource) + "/" + hash + ".json")
}

// hashText is what a hash looks like: anything else names no snapshot.
var hashText = regexp.MustCompile(`^[0-9a-f]+$`)

// hashLength is that of a SHA-256 in hexadecimal.
const hashLength = 64

// maxPuts is how often a snapshot is tried that meets another writer of it. The
// other has its own end, so S3 asks to try again; who does finds what is there.
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

// errOther is the cause of the NotFound of an object that is not what its name
// says.
var errOther = errors.New("what lies in its place has another hash")

// Get returns the snapshot. An object that is not what its name says is not the
// snapshot: NotFound, for who asks can only ask for another.
func (s *Snapshots) Get(ctx context.Context, resource catalog.ID, hash string) (snapshot.Snapshot, error) {
	if len(hash) != hashLength || !hashText.MatchString(hash) {
		return nil, fault.New(fault.NotFound, "Configuration not found.")
	}
	got, err := s.archive.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.archive.bucket, Key: snapshotKey(resource, hash)})
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
