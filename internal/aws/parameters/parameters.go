// Package parameters keeps secrets in AWS's parameter store: one encrypted
// parameter for each thing that has secrets, which holds all of them.
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
)

// MaxBytes is the most that a set of secrets takes as JSON, names included:
// the limit of a parameter in the advanced tier. Beside the variables of a
// resource it holds an RSA key of 4096 bits, which takes 3.3 KB of it.
const MaxBytes = 8 << 10

// Vault is a path of the parameter store. It is safe for use by several
// goroutines.
//
// No error of a Vault has a value in it. The service repeats in its own
// messages what it was sent, so of its errors only the code is kept.
type Vault struct {
	client *ssm.Client
	path   string
}

var _ catalog.Vault = (*Vault)(nil)

// New returns the vault below the path, which begins with a slash and does not
// end with one.
func New(client *ssm.Client, path string) *Vault {
	return &Vault{client: client, path: path}
}

// Open returns the vault below the path, by a client of its own.
func Open(config aws.Config, path string) *Vault {
	return New(ssm.NewFromConfig(config), path)
}

func (v *Vault) name(id catalog.ID) *string { return aws.String(v.path + "/" + string(id)) }

// Put replaces the secrets of the entity. Invalid if they are too many to keep.
//
// The service chooses the tier: the free one up to 4 KB, the advanced one
// above. Naming a tier would have it refuse a set that has become smaller,
// because a parameter cannot go back to the free one.
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

// braces keeps "{{" and "}}" out of a value: the service takes them for a
// reference to another parameter and refuses the value. In JSON both stand only
// inside of a text, where they have another spelling.
var braces = strings.NewReplacer("{{", `{\u007b`, "}}", `}\u007d`)

// encode writes the secrets as one JSON object, as short as it gets.
func encode(secrets map[string]string) (string, error) {
	if secrets == nil {
		secrets = map[string]string{}
	}
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(secrets); err != nil {
		return "", fault.New(fault.Internal, "the secrets do not encode as JSON")
	}
	value := braces.Replace(strings.TrimSpace(out.String()))
	if len(value) > MaxBytes {
		name, size := largest(secrets)
		return "", fault.New(fault.Invalid, "The secrets take %d bytes with their names and quotes, and at most %d fit. "+
			"The largest is %s with %d bytes. Take a shorter one (of keys, an EC key), or put it into a file on the server.",
			len(value), MaxBytes, name, size)
	}
	return value, nil
}

// largest is the name and the size of the largest secret, the first by name of
// several. Who reads of it may know the names, which are no secrets.
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
	got, err := v.client.GetParameter(ctx, &ssm.GetParameterInput{Name: v.name(id), WithDecryption: aws.Bool(true)})
	if err != nil {
		return nil, explained(err, "read the secrets of %s", id)
	}
	secrets := map[string]string{}
	if err := json.Unmarshal([]byte(aws.ToString(got.Parameter.Value)), &secrets); err != nil {
		// The decoder's error may quote what it stumbled over.
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

// explained classifies an error of the service and is nil for none. Only parts
// of it that cannot repeat a value are kept.
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
