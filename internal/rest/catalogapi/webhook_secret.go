package catalogapi

import (
	"context"
	"errors"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/webhook"
)

// webhookSecretBody is the only answer that has the secret.
type webhookSecretBody struct {
	ResourceUUID string `json:"resource_uuid"`
	Secret       string `json:"secret"`
	// URLs are the addresses for each provider.
	URLs map[webhook.Provider]string `json:"urls"`
}

// webhookSecretField is the changed field in the audit.
const webhookSecretField = "webhook_secret"

// createWebhookSecret makes a secret for the webhooks of a resource. A former one is void from
// then on.
func (a catalogAPI) createWebhookSecret(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		// The key comes first: a resource must not have a secret that nothing can check.
		key, err := webhook.Ensure(ctx, a.WebhookKeys, a.opts.Random)
		if err != nil {
			return rest.Answer{}, err
		}
		id := resource.Common().ID
		generation, err := a.raiseWebhookGeneration(ctx, c, id)
		if err != nil {
			return rest.Answer{}, err
		}
		return created(webhookSecretOf(c, key, id, generation), id), nil
	}
}

func webhookSecretOf(c *rest.Call, key webhook.Key, id catalog.ID, generation int) webhookSecretBody {
	urls := map[webhook.Provider]string{}
	for _, provider := range webhook.Providers() {
		urls[provider] = c.URL("/api/v1/webhooks/" + string(provider) + "/" + string(id))
	}
	return webhookSecretBody{string(id), key.Secret(id, generation).Text(), urls}
}

// raiseWebhookGeneration stores the next generation of the resource's secret and returns it. If
// another change comes at the same time, it is tried again.
func (a catalogAPI) raiseWebhookGeneration(ctx context.Context, c *rest.Call, id catalog.ID) (int, error) {
	wait := firstPause
	for attempt := 1; ; attempt++ {
		resource, err := catalog.Find[catalog.Deployable](ctx, a.Store, id)
		if err != nil {
			return 0, rest.WrapNotFound(err, id.Kind().Title())
		}
		present := resource.Shared().WebhookGeneration
		resource.Shared().WebhookGeneration++
		err = a.storeWebhookGeneration(ctx, c, resource)
		switch {
		case err == nil:
			return present + 1, nil
		case !errors.Is(err, fault.Conflict):
			return 0, rest.WrapNotFound(err, id.Kind().Title())
		case attempt == maxAttempts && c.Rerun():
			// The entry of an earlier run is there, so its change is made.
			return present, nil
		case attempt == maxAttempts:
			return 0, err
		}
		if err := rest.Pause(ctx, wait); err != nil {
			return 0, err
		}
		wait *= 2
	}
}

// storeWebhookGeneration stores the resource. Conflict if another change was stored since it was
// read, or if an earlier run of the request has stored its own.
func (a catalogAPI) storeWebhookGeneration(
	ctx context.Context, c *rest.Call, resource catalog.Deployable,
) error {
	meta := resource.Common()
	was := meta.UpdatedAt
	if meta.UpdatedAt = a.opts.RecordTime(); !meta.UpdatedAt.After(was) {
		meta.UpdatedAt = was.Add(time.Microsecond)
	}
	entry, err := c.EntryOnce(audit.Update, meta.Target(), webhookSecretField)
	if err != nil {
		return err
	}
	return a.Store.Update(ctx, resource, was, entry)
}

// repeatWebhookSecret answers with the present secret.
func (a catalogAPI) repeatWebhookSecret(ctx context.Context, c *rest.Call, ids []string) (any, error) {
	resource, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, catalog.ID(ids[0]))
	if err != nil {
		return nil, err
	}
	key, err := a.WebhookKeys.Load(ctx)
	return webhookSecretOf(c, key, resource.Common().ID, resource.Shared().WebhookGeneration), err
}
