package catalogapi

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
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

// updateEndpoint changes resources of a kind.
func (a catalogAPI) updateEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		made, err := a.update(ctx, c, kind, func(r revision) (change, error) {
			return readChange(c.Body, r.present, r.stored.Values)
		})
		if err != nil {
			return rest.Answer{}, err
		}
		warnings, err := wire.ChangeWarnings(c.Body)
		if err != nil {
			return rest.Answer{}, err
		}
		made.warnings = append(warnings, made.warnings...)
		body, change := a.details(made.draft, made.server, c.Sensitive(), made.secrets), made.body()
		change.Template = wire.FromTemplateUse(made.template)
		reply := rest.OK(wire.Merged{body, change})
		reply.Deployment = string(made.uuid)
		return reply, nil
	}
}

// revision is a stored version of a resource, with its secrets.
type revision struct {
	present catalog.Deployable
	stored  catalog.Secrets
}

// change is the new version of a resource, before its checks.
type change struct {
	draft catalog.Deployable
	// present is the stored version, or nil for a new resource.
	present catalog.Deployable
	// weak are the fields whose secret may be weak.
	weak map[string]bool
	// stored are the secrets in the vault that the draft may keep.
	stored map[string]string
	// before is what the resource was if an earlier run of the request has stored the
	// change, and maybe not recorded it. It is nil otherwise.
	before catalog.Deployable
}

// madeChange is a change that is stored.
type madeChange struct {
	preparedDraft
	draft catalog.Deployable
	// uuid names the record of the change. It is "" if the configuration is the same.
	uuid wire.Nullable
}

func (m madeChange) body() changeBody {
	return changeBody{Warnings: m.warnings, DeploymentUUID: &m.uuid}
}

// update changes the resource that the path names. read makes the change from the stored
// version. A change names only what it changes, so one that meets another is tried again,
// with the version that the other has stored.
func (a catalogAPI) update(
	ctx context.Context, c *rest.Call, kind catalog.Kind, read func(revision) (change, error),
) (madeChange, error) {
	wait := firstPause
	for attempt := 1; ; attempt++ {
		made, err := a.tryUpdate(ctx, c, kind, read)
		if !errors.Is(err, errConcurrentChange) || attempt == maxAttempts {
			return made, err
		}
		if err := rest.Pause(ctx, wait); err != nil {
			return madeChange{}, err
		}
		wait *= 2
	}
}

func (a catalogAPI) tryUpdate(
	ctx context.Context, c *rest.Call, kind catalog.Kind, read func(revision) (change, error),
) (madeChange, error) {
	present, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
	if err != nil {
		return madeChange{}, err
	}
	stored, err := a.Vault.Get(ctx, present.Common().ID, present.Common().Generation)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return madeChange{}, err
	}
	was := revision{present, stored}
	change, err := read(was)
	if err != nil {
		return madeChange{}, err
	}
	prepared, err := a.prepare(ctx, change)
	if err != nil {
		return madeChange{}, err
	}
	made := madeChange{preparedDraft: prepared, draft: change.draft}
	if err := a.mayStore(ctx, c, present, made.draft, made.server); err != nil {
		return madeChange{}, err
	}
	var dropped []string
	made.uuid, dropped, err = a.saveChange(ctx, c, was, change, made.secrets)
	if err != nil {
		return madeChange{}, err
	}
	made.warnings = append(made.warnings, warnUnmasked(dropped)...)
	made.warnings = append(made.warnings,
		warnUnappliedSettings(present, made.draft, stored.Values, made.secrets)...)
	made.warnings = append(made.warnings, warnOpenPorts(present, made.draft)...)
	return made, nil
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
	return change{draft: draft, present: present, weak: given.WeakAllowed(), stored: stored}, nil
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
	ctx context.Context, c *rest.Call, was revision, change change, secrets map[string]string,
) (uuid wire.Nullable, dropped []string, err error) {
	draft, sameSecrets := change.draft, maps.Equal(was.stored.Values, secrets)
	same, err := sameResource(was.present, draft)
	if err != nil {
		return "", nil, err
	}
	if same && sameSecrets {
		if change.before != nil {
			uuid, err = a.recordChange(ctx, c, change.before, draft)
		}
		return uuid, nil, err
	}
	fields, err := changedFields(was, draft, secrets)
	if err != nil {
		return "", nil, err
	}
	if !sameSecrets {
		set := catalog.Secrets{Values: secrets}
		former := was.stored.Retire(secrets, a.opts.RecordTime(), was.present.Shared().State.LastStart)
		set.Retired, dropped = catalog.LimitRetired(former)
		if err := a.writeSecrets(ctx, draft.Common(), set); err != nil {
			return "", nil, err
		}
	}
	if err := a.replace(ctx, c, was.present, draft, fields); err != nil {
		return "", nil, err
	}
	uuid, err = a.recordChange(ctx, c, was.present, draft)
	return uuid, dropped, err
}

// recordChange records the change that was stored and returns the uuid of the record, or ""
// if the configuration is the same.
func (a catalogAPI) recordChange(
	ctx context.Context, c *rest.Call, before, after catalog.Deployable,
) (wire.Nullable, error) {
	request, err := c.Request(after.Common().ID, deployment.Update, deployment.Options{})
	if err != nil {
		return "", err
	}
	record, recorded, err := a.requests.Update(ctx, before, after, request)
	if err != nil || !recorded {
		return "", err
	}
	after.Shared().State.Deployments++
	return wire.Nullable(record.ID), nil
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

// sameResource reports whether both have the same input, variables, secrets, certificate
// and dialect.
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
	// The input lacks what only the routes of variables can set.
	first, second := a.Shared(), b.Shared()
	return bytes.Equal(one, other) && maps.Equal(first.SecretDigests, second.SecretDigests) &&
		slices.Equal(first.Environment, second.Environment) &&
		slices.Equal(first.Previews, second.Previews) && certificateOf(a) == certificateOf(b) &&
		isTemplate(a) == isTemplate(b), nil
}

func certificateOf(resource catalog.Deployable) string {
	if db, is := resource.(*catalog.Database); is {
		return db.Certificate
	}
	return ""
}

// replace stores a new version of an entity, with the names of the changed fields. Conflict, caused by
// errConcurrentChange, if before is no longer the stored version.
func (a catalogAPI) replace(
	ctx context.Context, c *rest.Call, before, after catalog.Entity, fields []string,
) error {
	was := before.Common().UpdatedAt
	now := a.opts.RecordTime()
	if !now.After(was) { // the time tells the versions apart
		now = was.Add(time.Microsecond)
	}
	after.Common().UpdatedAt = now
	entry, err := c.Entry(audit.Update, after.Common().Target(), fields...)
	if err != nil {
		return err
	}
	err = a.Store.Update(ctx, after, was, entry)
	if errors.Is(err, fault.Conflict) {
		return fault.Wrap(errors.Join(errConcurrentChange, err), fault.Conflict, "%s", fault.Public(err))
	}
	return rest.WrapNotFound(err, after.Common().ID.Kind().Title())
}
