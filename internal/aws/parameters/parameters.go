// Package parameters stores secrets in AWS's parameter store. Each entity with secrets
// has one encrypted parameter for all of them.
package parameters

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"waybill/internal/aws/outage"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
)

// MaxBytes is the largest set of secrets as JSON, including names. It is the limit of a
// parameter in the advanced tier. An RSA key of 4096 bits takes 3.3 KB of it.
const MaxBytes = 8 << 10

// Vault is a path of the parameter store. It is safe for use by several
// goroutines.
//
// No error of a Vault contains a value. The messages of the service may repeat their
// input, so only the codes of its errors are kept.
type Vault struct {
	client *ssm.Client
	path   string
}

var _ catalog.Vault = (*Vault)(nil)

// New returns the vault below the path, which begins with a slash and does not end with
// one.
func New(client *ssm.Client, path string) *Vault {
	return &Vault{client: client, path: path}
}

// Open returns the vault below the path and makes a client for it.
func Open(config aws.Config, path string) *Vault {
	return New(ssm.NewFromConfig(config), path)
}

func (v *Vault) name(id catalog.ID) *string { return aws.String(v.path + "/" + string(id)) }

// Put replaces the secrets of the entity. Invalid if they are too large together.
//
// The service chooses the tier: the free one up to 4 KB, the advanced one above. With a
// fixed tier it would refuse a set that has become smaller, because a parameter cannot
// return to the free tier.
func (v *Vault) Put(ctx context.Context, id catalog.ID, secrets map[string]string) error {
	value, err := encode(secrets)
	if err != nil {
		return err
	}
	_, err = v.client.PutParameter(ctx, &ssm.PutParameterInput{
		Name:      v.name(id),
		Type:      types.ParameterTypeSecureString,
		Tier:      types.ParameterTierIntelligentTiering,
		Overwrite: aws.Bool(true),
		Value:     &value,
	})
	return explained(err, "write the secrets of %s", id)
}

// braces escapes "{{" and "}}", which the service would read as a reference to another
// parameter and refuse. In the JSON of a set they occur only within strings, where an
// escape is allowed.
var braces = strings.NewReplacer("{{", `{\u007b`, "}}", `}\u007d`)

// encode encodes the secrets as one JSON object, as short as possible.
func encode(secrets map[string]string) (string, error) {
	if secrets == nil {
		secrets = map[string]string{}
	}
	text, err := plainjson.Encode(secrets)
	if err != nil {
		return "", fault.New(fault.Internal, "the secrets do not encode as JSON")
	}
	value := braces.Replace(string(text))
	if len(value) > MaxBytes {
		name, size := largest(secrets)
		return "", fault.New(fault.Invalid, "The secrets take %d bytes with their names and quotes, and "+
			"at most %d fit. The largest is %s with %d bytes. "+
			"Take a shorter one (of keys, an EC key), or put it into a file on the server.",
			len(value), MaxBytes, name, size)
	}
	return value, nil
}

// largest returns the name and the size of the largest secret. The name may be in an
// error: names are not secret.
func largest(secrets map[string]string) (name string, size int) {
	for _, candidate := range slices.Sorted(maps.Keys(secrets)) {
		if n := len(secrets[candidate]); n > size || name == "" {
			name, size = candidate, n
		}
	}
	return name, size
}

// Get returns the secrets of the entity, or NotFound.
func (v *Vault) Get(ctx context.Context, id catalog.ID) (map[string]string, error) {
	got, err := v.client.GetParameter(ctx, &ssm.GetParameterInput{Name: v.name(id),
		WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, explained(err, "read the secrets of %s", id)
	}
	secrets := map[string]string{}
	if err := json.Unmarshal([]byte(aws.ToString(got.Parameter.Value)), &secrets); err != nil {
		// The decoder's error may quote a value.
		return nil, fault.New(fault.Internal, "the stored secrets of %s are damaged", id)
	}
	return secrets, nil
}

// Delete removes the secrets of the entity, if there are any.
func (v *Vault) Delete(ctx context.Context, id catalog.ID) error {
	_, err := v.client.DeleteParameter(ctx, &ssm.DeleteParameterInput{Name: v.name(id)})
	err = explained(err, "delete the secrets of %s", id)
	if errors.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// explained classifies an error of the service; it returns nil for nil. It keeps only
// the parts that cannot repeat a value.
func explained(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind, cause := fault.Internal, errors.New("no usable answer")
	refusal, refused := errors.AsType[smithy.APIError](err)
	network, cut := errors.AsType[*net.OpError](err)
	switch {
	case refused && refusal.ErrorCode() == (&types.ParameterNotFound{}).ErrorCode():
		kind, cause = fault.NotFound, errors.New(refusal.ErrorCode())
	case refused:
		cause = errors.New(refusal.ErrorCode())
	case errors.Is(err, context.Canceled):
		cause = context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		cause = context.DeadlineExceeded
	case cut:
		cause = network
	}
	if outage.Is(err) {
		return fault.Wrap(fmt.Errorf(format+": %w", append(args, cause)...), fault.Unavailable,
			"The store of secrets does not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(cause, kind, format, args...)
}
