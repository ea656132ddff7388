package memory

import (
	"context"

	"waybill/internal/webhook"
)

// WebhookKeys returns the key of the stack's webhooks.
func (m *Memory) WebhookKeys() webhook.Keys { return webhookKeys{m} }

// webhookKeys is a [webhook.Keys].
type webhookKeys struct{ *Memory }

func (k webhookKeys) Load(ctx context.Context) (key webhook.Key, err error) {
	err = k.locked(ctx, func() error {
		if k.hookKey == nil {
			return webhook.NewNoKeyError()
		}
		key = *k.hookKey
		return nil
	})
	return key, err
}

func (k webhookKeys) Create(ctx context.Context, key webhook.Key) error {
	return k.locked(ctx, func() error {
		if k.hookKey != nil {
			return webhook.NewKeyExistsError()
		}
		k.hookKey = &key
		return nil
	})
}
