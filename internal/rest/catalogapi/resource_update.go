package catalogapi

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// A change of a resource with secrets is stored in two places, and another change
// may come at the same time. The order is this:
//
//  1. Read the resource, then its secrets. The marks in the resource say whether
//     these secrets belong to it. If they do not, another change is between its
//     own steps 2 and 3.
//  2. Store the resource, if it is still the version that was read. Of two changes
//     at the same time, this lets one through.
//  3. Put the secrets into the vault.
//
// Storing the secrets first would lose some: a change that then cannot store the
// resource would have to restore the old secrets, and would overwrite the secrets
// of the change that came first. A change that fails after step 2 leaves digests
// that do not match. Repeating the change repairs this. Until then, no other
// change keeps a secret that was never stored.

// A change that meets another one is tried maxAttempts times. The first pause is
// firstPause, and each further one is twice as long.
const (
	maxAttempts = 4
	firstPause  = 100 * time.Millisecond
)

// errConcurrentChange is the cause of a Conflict with a change at the same time.
var errConcurrentChange = errors.New("another change came at the same time")

// updateEndpoint changes resources of a kind. A request names only the fields to
// change, so a change that meets another one can be tried again.
func (a catalogAPI) updateEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		wait := firstPause
		for attempt := 1; ; attempt++ {
			reply, err := a.update(ctx, c, kind)
			if !errors.Is(err, errConcurrentChange) || attempt == maxAttempts {
				return reply, err
			}
			if err := rest.Pause(ctx, wait); err != nil {
				return rest.Answer{}, err
			}
			wait *= 2
		}
	}
}

func (a catalogAPI) update(ctx context.Context, c *rest.Call, kind catalog.Kind) (rest.Answer, error) {
	present, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
	if err != nil {
		return rest.Answer{}, err
	}
	stored, err := a.Vault.Get(ctx, present.Common().ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return rest.Answer{}, err
	}
	change, err := readChange(c.Body, present, stored)
	if err != nil {
		return rest.Answer{}, err
	}
	prepared, err := a.prepare(ctx, change.draft, change.given, change.stored)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.mayDeploy(ctx, c.Token, present, change.draft, prepared.server); err != nil {
		return rest.Answer{}, err
	}
	uuid, err := a.saveChange(ctx, c, present, change.draft, stored, prepared.secrets)
	if err != nil {
		return rest.Answer{}, err
	}
	warnings := append(prepared.warnings,
		warnUnappliedSettings(present, change.draft, stored, prepared.secrets)...)
	warnings = append(warnings, warnOpenPorts(present, change.draft)...)
	body := a.details(change.draft, prepared.server, c.Sensitive(), prepared.secrets)
	reply := rest.OK(wire.Merged{body, changeBody{warnings, &uuid}})
	reply.Deployment = string(uuid)
	return reply, nil
}

// change is the new version of a resource, before its checks.
type change struct {
	draft catalog.Deployable
	given wire.ResourceInput
	// stored are the secrets in the vault that the draft may keep.
	stored map[string]string
}

// readChange merges a patch into the present resource. A stored secret that does
// not match the resource's digest is not kept: the client has to send it again.
func readChange(patch []byte, present catalog.Deployable, stored map[string]string) (change, error) {
	codec := wire.CodecOf(present)
	body, nulls, err := codec.MergePatch(present, patch)
	if err != nil {
		return change{}, err
	}
	given, err := wire.Decode[wire.ResourceInput](body)
	if err != nil {
		return change{}, err
	}
	mismatched := mismatchedSecrets(present, stored)
	stored = wire.Without(stored, slices.Concat(mismatched, vaultNames(present, nulls)))
	if err := given.RequireValues(stored); err != nil {
		if len(mismatched) > 0 {
			err = newConcurrentChangeError(present.Common().ID)
		}
		return change{}, err
	}
	common := *present.Shared()
	given.ApplyTo(&common)
	draft, err := codec.Decode(body, common)
	if err != nil {
		return change{}, err
	}
	if lacksSecret(draft, mismatched, nulls) {
		return change{}, newConcurrentChangeError(present.Common().ID)
	}
	if repositoryOf(draft) != repositoryOf(present) {
		// A caller who may change the address must not learn the password by having
		// it sent there.
		stored = wire.Without(stored, []string{catalog.GitPasswordSecret})
	}
	keepDataFolder(draft, present)
	if stored[catalog.TLSKeySecret] != "" {
		keepCertificate(draft, present)
	}
	return change{draft, given, stored}, nil
}

// repositoryOf returns the repository that an application is built from, or "".
func repositoryOf(resource catalog.Deployable) string {
	if app, is := resource.(*catalog.Application); is && app.Source() != nil {
		return app.Source().Repository
	}
	return ""
}

// newConcurrentChangeError returns Conflict: another change of the resource's
// secrets is not complete, because it still runs or because it failed.
func newConcurrentChangeError(id catalog.ID) error {
	return fault.Wrap(errConcurrentChange, fault.Conflict,
		"Another change of the secrets of %s is not complete. "+
			"Try again, and if that does not help, give their values again.", id)
}

// mismatchedSecrets returns the names of the secrets whose stored value does not
// match the resource's mark.
func mismatchedSecrets(resource catalog.Deployable, stored map[string]string) []string {
	var mismatched []string
	for name, mark := range resource.Shared().SecretDigests {
		value, found := stored[name]
		if !found || catalog.SecretDigest(stored[catalog.DigestKeySecret], name, value) != mark {
			mismatched = append(mismatched, name)
		}
	}
	return mismatched
}

// lacksSecret reports whether the draft has no value for a mismatched secret that
// cannot be generated. The passwords in the fields nulls and the key of TLS can.
func lacksSecret(draft catalog.Deployable, mismatched, nulls []string) bool {
	return slices.ContainsFunc(catalog.SecretsOf(draft), func(secret catalog.Secret) bool {
		return secret.Value == "" && secret.Name != catalog.TLSKeySecret &&
			slices.Contains(mismatched, secret.Name) && !slices.Contains(nulls, secret.Field)
	})
}

// vaultNames returns the names in the vault of the secrets in these fields.
func vaultNames(resource catalog.Deployable, fields []string) []string {
	var names []string
	for _, secret := range catalog.SecretsOf(resource) {
		if slices.Contains(fields, secret.Field) {
			names = append(names, secret.Name)
		}
	}
	return names
}

// keepDataFolder keeps the folder of a database's data even if its image changes.
func keepDataFolder(draft, present catalog.Deployable) {
	after, is := draft.(*catalog.Database)
	if before, was := present.(*catalog.Database); is && was {
		after.DataFolder = before.DataFolder
	}
}

// keepCertificate keeps the certificate of a database that had TLS and still has.
func keepCertificate(draft, present catalog.Deployable) {
	after, is := draft.(*catalog.Database)
	before, was := present.(*catalog.Database)
	if is && was && after.TLS != "" && before.TLS != "" {
		after.Certificate = before.Certificate
	}
}

// saveChange stores and records a change, unless the resource and its secrets are
// the same as before. It returns the uuid of the record, or "" without one.
func (a catalogAPI) saveChange(
	ctx context.Context, c *rest.Call, present, draft catalog.Deployable, stored, secrets map[string]string,
) (wire.Nullable, error) {
	sameSecrets := maps.Equal(stored, secrets)
	same, err := sameResource(present, draft)
	if err != nil || same && sameSecrets {
		return "", err
	}
	if err := a.replace(ctx, present, draft); err != nil {
		return "", err
	}
	if !sameSecrets {
		if err := a.Vault.Put(ctx, draft.Common().ID, secrets); err != nil {
			return "", errors.Join(err, a.replace(context.WithoutCancel(ctx), draft, present))
		}
	}
	record, recorded, err := a.requests.Update(ctx, present, draft, c.Trigger())
	if err != nil || !recorded {
		return "", err
	}
	draft.Shared().State.Deployments++
	return wire.Nullable(record.ID), nil
}

// sameResource reports whether both have the same input, secrets and certificate.
func sameResource(a, b catalog.Deployable) (bool, error) {
	codec := wire.CodecOf(a)
	one, err := plainjson.Encode(codec.Encode(a))
	if err != nil {
		return false, fault.Wrap(err, fault.Internal, "encode a resource")
	}
	other, err := plainjson.Encode(codec.Encode(b))
	if err != nil {
		return false, fault.Wrap(err, fault.Internal, "encode a resource")
	}
	return bytes.Equal(one, other) && maps.Equal(a.Shared().SecretDigests, b.Shared().SecretDigests) &&
		certificateOf(a) == certificateOf(b), nil
}

func certificateOf(resource catalog.Deployable) string {
	if db, is := resource.(*catalog.Database); is {
		return db.Certificate
	}
	return ""
}

// replace stores a new version of an entity. Conflict, caused by
// errConcurrentChange, if before is no longer the stored version.
func (a catalogAPI) replace(ctx context.Context, before, after catalog.Entity) error {
	was := before.Common().UpdatedAt
	now := a.opts.RecordTime()
	if !now.After(was) { // the time tells the versions apart
		now = was.Add(time.Microsecond)
	}
	after.Common().UpdatedAt = now
	err := a.Store.Update(ctx, after, was)
	if errors.Is(err, fault.Conflict) {
		return fault.Wrap(errors.Join(errConcurrentChange, err), fault.Conflict, "%s", fault.Public(err))
	}
	return rest.WrapNotFound(err, after.Common().ID.Kind().Title())
}
