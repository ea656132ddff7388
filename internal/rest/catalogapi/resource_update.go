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

// A change of a resource that has secrets is kept in two places, and another
// change may come at the same time. The order is this:
//
//  1. Read the resource, then its secrets. The marks in the resource say
//     whether the secrets are those that belong to it; if they are not, another
//     change is between its own steps 2 and 3.
//  2. Store the resource, if it is still the one that was read. Of two changes
//     at once this lets one through.
//  3. Put the secrets into the vault.
//
// Secrets first would lose some: the change that then fails to be stored would
// have to put the old ones back, over those of the change that was stored. Who
// dies after 2 leaves marks that do not fit. Doing the same change again mends
// that, and until then nobody builds on secrets that were never kept.

// attempts and again are how often a change is tried that met another, and the
// pause before the second time; each pause is twice the one before.
const (
	attempts = 4
	again    = 100 * time.Millisecond
)

// errMet is the cause of the Conflict with a change that came at the same time.
var errMet = errors.New("another change came at the same time")

// updates is the endpoint that changes resources of a kind. A change names only
// what is to be different, so one that met another is simply made again.
func (k catalogAPI) updates(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		wait := again
		for attempt := 1; ; attempt++ {
			reply, err := k.update(ctx, c, kind)
			if !errors.Is(err, errMet) || attempt == attempts {
				return reply, err
			}
			if err := rest.Pause(ctx, wait); err != nil {
				return rest.Answer{}, err
			}
			wait *= 2
		}
	}
}

func (k catalogAPI) update(ctx context.Context, c *rest.Call, kind catalog.Kind) (rest.Answer, error) {
	present, err := rest.Find[catalog.Deployable](ctx, k.Store, c.Params["uuid"], kind)
	if err != nil {
		return rest.Answer{}, err
	}
	kept, err := k.Vault.Get(ctx, present.Common().ID)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return rest.Answer{}, err
	}
	change, err := changeOf(c.Body, present, kept)
	if err != nil {
		return rest.Answer{}, err
	}
	ready, err := k.prepare(ctx, change.draft, change.given, change.kept)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := k.mayDeploy(ctx, c.Token, present, change.draft, ready.server); err != nil {
		return rest.Answer{}, err
	}
	uuid, err := k.commit(ctx, c, present, change.draft, kept, ready.secrets)
	if err != nil {
		return rest.Answer{}, err
	}
	warnings := append(ready.warnings, unreached(present, change.draft, kept, ready.secrets)...)
	warnings = append(warnings, stillOpen(present, change.draft)...)
	body := k.whole(change.draft, ready.server, c.Sensitive(), ready.secrets)
	reply := rest.OK(wire.Joined{body, changeBody{warnings, &uuid}})
	reply.Deployment = string(uuid)
	return reply, nil
}

// change is what a client wants a resource to be.
type change struct {
	draft catalog.Deployable
	given wire.NewResource
	// kept are the secrets that the draft may keep.
	kept map[string]string
}

// changeOf reads a change of the resource that is present. A secret that the
// vault does not have as the resource says is not kept: it has to be given
// again.
func changeOf(patch []byte, present catalog.Deployable, kept map[string]string) (change, error) {
	of := wire.FormOf(present)
	body, nulls, err := of.Overlay(present, patch)
	if err != nil {
		return change{}, err
	}
	given, err := wire.Decode[wire.NewResource](body)
	if err != nil {
		return change{}, err
	}
	strange := strangeSecrets(present, kept)
	kept = wire.Without(kept, slices.Concat(strange, vaultNames(present, nulls)))
	if err := given.MissingValues(kept); err != nil {
		if len(strange) > 0 {
			err = met(present.Common().ID)
		}
		return change{}, err
	}
	common := *present.Shared()
	given.Fill(&common)
	draft, err := of.Read(body, common)
	if err != nil {
		return change{}, err
	}
	if lacks(draft, strange, nulls) {
		return change{}, met(present.Common().ID)
	}
	if repositoryOf(draft) != repositoryOf(present) {
		// Whoever may change the address must not have the password sent there.
		kept = wire.Without(kept, []string{catalog.GitPasswordSecret})
	}
	keepDataFolder(draft, present)
	if kept[catalog.TLSKeySecret] != "" {
		keepCertificate(draft, present)
	}
	return change{draft, given, kept}, nil
}

// repositoryOf is where an application is built from, "" if it is not.
func repositoryOf(resource catalog.Deployable) string {
	if app, is := resource.(*catalog.Application); is && app.Source() != nil {
		return app.Source().Repository
	}
	return ""
}

// met is Conflict: another change of the resource is on its way, or died on it.
func met(id catalog.ID) error {
	return fault.Wrap(errMet, fault.Conflict,
		"Another change of the secrets of %s is on its way, or ended half-way. Try again, and if that does not help, give their values again.", id)
}

// strangeSecrets are the names of the secrets that are not in the vault as the
// resource's marks say. One from before there were marks has none that are.
func strangeSecrets(resource catalog.Deployable, kept map[string]string) []string {
	var strange []string
	for name, digest := range resource.Shared().SecretDigests {
		value, there := kept[name]
		if !there || catalog.SecretDigest(kept[catalog.DigestKeySecret], name, value) != digest {
			strange = append(strange, name)
		}
	}
	return strange
}

// lacks reports whether the draft has no value for one of the strange secrets
// and cannot be given a new one: passwords that are to be made anew can, and so
// can the key of TLS.
func lacks(draft catalog.Deployable, strange, anew []string) bool {
	return slices.ContainsFunc(catalog.SecretsOf(draft), func(secret catalog.Secret) bool {
		return secret.Value == "" && secret.Name != catalog.TLSKeySecret &&
			slices.Contains(strange, secret.Name) && !slices.Contains(anew, secret.Field)
	})
}

// vaultNames are the vault's names of the resource's secrets in these fields.
func vaultNames(resource catalog.Deployable, fields []string) []string {
	var names []string
	for _, secret := range catalog.SecretsOf(resource) {
		if slices.Contains(fields, secret.Field) {
			names = append(names, secret.Name)
		}
	}
	return names
}

// keepDataFolder leaves a database's data where it is, whatever its image becomes.
func keepDataFolder(draft, present catalog.Deployable) {
	after, is := draft.(*catalog.Database)
	if before, was := present.(*catalog.Database); is && was {
		after.DataFolder = before.DataFolder
	}
}

// keepCertificate lets a database that goes on with TLS go on with its
// certificate.
func keepCertificate(draft, present catalog.Deployable) {
	after, is := draft.(*catalog.Database)
	before, was := present.(*catalog.Database)
	if is && was && after.TLS != "" && before.TLS != "" {
		after.Certificate = before.Certificate
	}
}

// commit keeps what a resource has become and records it, if anything became
// different. The uuid is that of the record, "" for none.
func (k catalogAPI) commit(ctx context.Context, c *rest.Call, present, draft catalog.Deployable, kept, secrets map[string]string) (wire.Nullable, error) {
	sameSecrets := maps.Equal(kept, secrets)
	same, err := sameResource(present, draft)
	if err != nil || same && sameSecrets {
		return "", err
	}
	if err := k.replace(ctx, present, draft); err != nil {
		return "", err
	}
	if !sameSecrets {
		if err := k.Vault.Put(ctx, draft.Common().ID, secrets); err != nil {
			return "", errors.Join(err, k.replace(context.WithoutCancel(ctx), draft, present))
		}
	}
	record, noted, err := k.requests.Update(ctx, present, draft, c.Trigger())
	if err != nil || !noted {
		return "", err
	}
	draft.Shared().State.Deployments++
	return wire.Nullable(record.ID), nil
}

// sameResource reports whether both make the same body, and have the same
// secrets and certificate.
func sameResource(a, b catalog.Deployable) (bool, error) {
	of := wire.FormOf(a)
	one, err := plainjson.Encode(of.Write(a))
	if err != nil {
		return false, fault.Wrap(err, fault.Internal, "encode a resource")
	}
	other, err := plainjson.Encode(of.Write(b))
	if err != nil {
		return false, fault.Wrap(err, fault.Internal, "encode a resource")
	}
	return bytes.Equal(one, other) && maps.Equal(a.Shared().SecretDigests, b.Shared().SecretDigests) && certificateOf(a) == certificateOf(b), nil
}

func certificateOf(resource catalog.Deployable) string {
	if db, is := resource.(*catalog.Database); is {
		return db.Certificate
	}
	return ""
}

// replace stores one version of an entity in place of another. Conflict by
// errMet if the other is no longer the stored one.
func (k catalogAPI) replace(ctx context.Context, before, after catalog.Entity) error {
	was := before.Common().UpdatedAt
	now := k.opts.RecordTime()
	if !now.After(was) { // two versions of one time could not be told apart
		now = was.Add(time.Microsecond)
	}
	after.Common().UpdatedAt = now
	err := k.Store.Update(ctx, after, was)
	if errors.Is(err, fault.Conflict) {
		return fault.Wrap(errors.Join(errMet, err), fault.Conflict, "%s", fault.Public(err))
	}
	return rest.NotFoundAs(err, after.Common().ID.Kind().Title())
}
