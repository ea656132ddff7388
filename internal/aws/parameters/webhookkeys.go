package parameters

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"waybill/internal/webhook"
)

// WebhookKeys is one encrypted parameter, PATH/webhooks/key. It is safe for use by several
// goroutines. No error of it contains the key.
type WebhookKeys struct {
	client *ssm.Client
	name   string
	// key is nil for the account's own.
	key *string
}

var _ webhook.Keys = (*WebhookKeys)(nil)

// OpenWebhookKeys returns the key below the path, and makes a client for it.
func OpenWebhookKeys(config aws.Config, path string) *WebhookKeys {
	return &WebhookKeys{client: ssm.NewFromConfig(config), name: path + "/webhooks/key"}
}

// EncryptedWith returns the key that is itself encrypted with the other one, an ARN, or with the
// account's own when it is "".
func (k *WebhookKeys) EncryptedWith(key string) *WebhookKeys {
	return &WebhookKeys{client: k.client, name: k.name, key: optional(key)}
}

// Load reads the parameter.
func (k *WebhookKeys) Load(ctx context.Context) (webhook.Key, error) {
	got, err := k.client.GetParameters(ctx,
		&ssm.GetParametersInput{Names: []string{k.name}, WithDecryption: aws.Bool(true)})
	if err != nil {
		return webhook.Key{}, explained(err, "read the key of webhooks")
	}
	if len(got.Parameters) == 0 {
		return webhook.Key{}, webhook.NewNoKeyError()
	}
	return webhook.ParseKey(aws.ToString(got.Parameters[0].Value))
}

// Create writes the parameter, which must not exist yet.
func (k *WebhookKeys) Create(ctx context.Context, key webhook.Key) error {
	_, err := k.client.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      &k.name,
		Type:      types.ParameterTypeSecureString,
		Tier:      types.ParameterTierStandard,
		Value:     aws.String(key.Text()),
		Overwrite: aws.Bool(false),
		KeyId:     k.key,
	})
	refusal, refused := errors.AsType[smithy.APIError](err)
	if refused && refusal.ErrorCode() == (&types.ParameterAlreadyExists{}).ErrorCode() {
		return webhook.NewKeyExistsError()
	}
	return explained(err, "write the key of webhooks")
}
