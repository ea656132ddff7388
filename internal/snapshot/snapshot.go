// Package snapshot keeps what each deployment ran with: the configuration of a
// resource without its secrets, under a hash that records name. A deployment
// can so be compared with another, and done again.
//
// A snapshot is one JSON object, its names in order, of what decides what runs.
// The names are those of the API (docker_compose, image, postgres_user), but:
//
//	kind          application, service or database
//	engine        the database's engine
//	environment   [{"key", "value", "is_secret"}] by key; no secret has a value
//	marks         {"POSTGRES_PASSWORD": "…"}: the mark of each secret that the
//	              vault has of the resource (see [catalog.Mark])
//	init_scripts  [{"name", "content"}] by name
//
// What is empty, zero or as it is by default for all is left out, so that a
// field which a later version adds changes no hash of what does not use it.
package snapshot

import (
	"bytes"
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
// its state is part of it, nor ever the value of a secret, even if the resource
// is a draft that still has them.
func Of(resource catalog.Deployable) (Snapshot, error) {
	values := object{}
	if err := values.take(resource); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the configuration of %s", resource.Common().ID)
	}
	return values.encode()
}

// Restore returns a copy of the resource with the configuration of the
// snapshot. Internal if the snapshot is none of its kind.
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

// Missing lists the secrets that the snapshot names and the set of the vault
// does not have, in the order of their names.
func (s Snapshot) Missing(secrets map[string]string) ([]string, error) {
	values, err := s.decode()
	if err != nil {
		return nil, err
	}
	return values.missing(secrets)
}

// Public is the snapshot for those who may not see what is sensitive: null
// stands for each text that often has a password in it, as in values of the
// environment, compose files, scripts and configuration files.
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

// object is a snapshot, each value still or already JSON.
type object map[string]json.RawMessage

func (s Snapshot) decode() (object, error) {
	var values object
	if err := json.Unmarshal(s, &values); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "decode a configuration")
	}
	return values, nil
}

// encode writes the names in order, which makes the text canonical.
func (o object) encode() (Snapshot, error) {
	body, err := encode(o)
	return Snapshot(body), err
}

// encode is json.Marshal that leaves <, > and & readable.
func encode(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a configuration")
	}
	return bytes.TrimSuffix(body.Bytes(), []byte("\n")), nil
}

// get decodes one value; what is left out stays as it is. A null is no value of
// any configuration: [Snapshot.Public] puts it for what it withholds.
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
