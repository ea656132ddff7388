package catalogapi

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// A change of a resource with secrets is stored in two places, and another change may
// come at the same time. The new secrets are written first, under a generation of their
// own. Then one write stores the resource, which names that generation, if the resource
// is still the version that was read. Of two changes at the same time, this lets one
// through whole. The secrets of the other one are discarded.

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
	stored, err := a.Vault.Get(ctx, present.Common().ID, present.Common().Generation)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return rest.Answer{}, err
	}
	change, err := readChange(c.Body, present, stored.Values)
	if err != nil {
		return rest.Answer{}, err
	}
	prepared, err := a.prepare(ctx, change.draft, change.given, change.stored)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.mayDeploy(ctx, c, present, change.draft, prepared.server); err != nil {
		return rest.Answer{}, err
	}
	uuid, dropped, err := a.saveChange(ctx, c, present, change.draft, stored, prepared.secrets)
	if err != nil {
		return rest.Answer{}, err
	}
	warnings := append(prepared.warnings, warnUnmasked(dropped)...)
	warnings = append(warnings,
		warnUnappliedSettings(present, change.draft, stored.Values, prepared.secrets)...)
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

// readChange merges a patch into the present resource.
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
	stored = wire.Without(stored, vaultNames(present, nulls))
	if err := given.RequireValues(stored); err != nil {
		return change{}, err
	}
	common := *present.Shared()
	given.ApplyTo(&common)
	draft, err := codec.Decode(body, common)
	if err != nil {
		return change{}, err
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

// saveChange stores and records a change, unless the resource and its secrets are the
// same as before. It returns the uuid of the record, or "" without one, and the names of
// former secrets that will not be masked any more.
func (a catalogAPI) saveChange(
	ctx context.Context, c *rest.Call, present, draft catalog.Deployable, stored catalog.Secrets,
	secrets map[string]string,
) (uuid wire.Nullable, dropped []string, err error) {
	sameSecrets := maps.Equal(stored.Values, secrets)
	same, err := sameResource(present, draft)
	if err != nil || same && sameSecrets {
		return "", nil, err
	}
	if !sameSecrets {
		set := catalog.Secrets{Values: secrets}
		former := stored.Retire(secrets, a.opts.RecordTime(), present.Shared().State.LastStart)
		set.Retired, dropped = catalog.LimitRetired(former)
		if err := a.writeSecrets(ctx, draft.Common(), set); err != nil {
			return "", nil, err
		}
	}
	if err := a.replace(ctx, present, draft); err != nil {
		return "", nil, err
	}
	record, recorded, err := a.requests.Update(ctx, present, draft, c.Trigger())
	if err != nil || !recorded {
		return "", dropped, err
	}
	draft.Shared().State.Deployments++
	return wire.Nullable(record.ID), dropped, nil
}

// warnUnmasked warns of former secrets that will not be masked any more.
func warnUnmasked(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{"Too many secrets have been replaced to mask them all. Former values of these are not " +
		"masked in logs any more: " + strings.Join(slices.Compact(names), ", ") + "."}
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
