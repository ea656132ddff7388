// Package snapshot stores the configuration of each deployment, without secrets, under
// a hash that the record names. So deployments can be compared and repeated.
//
// A snapshot is one JSON object with its names in order. It has every field that
// affects a deployment, under its name in the API (docker_compose, image,
// postgres_user), with these exceptions:
//
//	kind          application, service or database
//	engine        the database's engine
//	environment   [{"key", "value", "is_secret"}] by key; no secret has a value. What
//	              else is stored of a variable changes no deployment
//	marks         {"POSTGRES_PASSWORD": "…"}: the keyed digest of each secret of
//	              the resource (see [catalog.SecretDigest])
//	init_scripts  [{"name", "content"}] by name
//
// A field that is empty or zero is left out. So a field of a later version changes no
// hash of a configuration that does not use it.
//
// A snapshot is a stored format. It has its own encoders, although the API has similar
// ones in package wire: a change of the API must not change the hashes of stored
// configurations.
package snapshot

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// Snapshot is a resource's configuration as canonical JSON: equal configurations are
// equal bytes. It has only a digest of each secret.
type Snapshot []byte

// Archive stores snapshots. Each is written once.
type Archive interface {
	Reader
	// Put stores the snapshot of the resource under its hash. Storing it again changes
	// nothing.
	Put(ctx context.Context, resource catalog.ID, snapshot Snapshot) error
	// Remove deletes the snapshot of the resource with the hash. Without one it does
	// nothing.
	Remove(ctx context.Context, resource catalog.ID, hash string) error
}

// Reader reads stored snapshots.
type Reader interface {
	// Get returns the snapshot of the resource with the hash, or NotFound.
	Get(ctx context.Context, resource catalog.ID, hash string) (Snapshot, error)
}

// Hash returns the SHA-256 of the snapshot in hexadecimal.
func (s Snapshot) Hash() string {
	sum := sha256.Sum256(s)
	return hex.EncodeToString(sum[:])
}

// Of takes the snapshot of a resource. It does not include the resource's name, server
// and state, and never a secret, even if the resource is a draft that carries its
// secrets. Internal if the resource was read without its body.
func Of(resource catalog.Deployable) (Snapshot, error) {
	if err := catalog.CheckWhole(resource); err != nil {
		return nil, err
	}
	values := object{}
	if err := values.take(resource); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the configuration of %s", resource.Common().ID)
	}
	return values.encode()
}

// Restore returns a copy of the resource with the configuration of the snapshot.
// Internal if the snapshot is of another kind.
func (s Snapshot) Restore(resource catalog.Deployable) (catalog.Deployable, error) {
	values, err := s.decode()
	if err != nil {
		return nil, err
	}
	restored, err := values.restore(resource)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "restore the configuration of %s", resource.Common().ID)
	}
	return restored, nil
}

// Missing lists the secrets that the snapshot names and the vault's set lacks, in the
// order of their names.
func (s Snapshot) Missing(secrets map[string]string) ([]string, error) {
	values, err := s.decode()
	if err != nil {
		return nil, err
	}
	return values.missing(secrets)
}

// Public returns the snapshot for callers without the ability read:sensitive. Texts
// that often contain a password are null: values of the environment, compose files,
// scripts and configuration files.
func (s Snapshot) Public() (Snapshot, error) {
	values, err := s.decode()
	if err != nil {
		return nil, err
	}
	if err := values.withhold(); err != nil {
		return nil, err
	}
	return values.encode()
}

// object is a snapshot whose values are encoded.
type object map[string]json.RawMessage

func (s Snapshot) decode() (object, error) {
	var values object
	if err := json.Unmarshal(s, &values); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "decode a configuration")
	}
	return values, nil
}

// encode returns canonical JSON: the names are in order.
func (o object) encode() (Snapshot, error) {
	body, err := encode(o)
	return Snapshot(body), err
}

func encode(value any) ([]byte, error) {
	text, err := plainjson.Encode(value)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a configuration")
	}
	return text, nil
}

// get decodes one value. It leaves the target unchanged if the name is absent. A null
// is an error: only [Snapshot.Public] writes it, for a withheld value.
func (o object) get(name string, value any) error {
	text, there := o[name]
	if !there {
		return nil
	}
	if string(text) == "null" {
		return fault.New(fault.Internal, "%s of the configuration was withheld", name)
	}
	if err := json.Unmarshal(text, value); err != nil {
		return fault.Wrap(err, fault.Internal, "decode %s of a configuration", name)
	}
	return nil
}

// set encodes one value.
func (o object) set(name string, value any) error {
	text, err := encode(value)
	o[name] = text
	return err
}
