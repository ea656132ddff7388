// Package parameters stores secrets in AWS's parameter store. A set of secrets is one
// encrypted parameter, or several if it is large:
// PATH/PURPOSE/ENTITY/GENERATION/PART.
package parameters

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"waybill/internal/aws/outage"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// partBytes is the most that one parameter holds of a set. The free tier has 4 KB; a set
// of a few passwords takes one parameter.
const partBytes = 4 << 10

// maxParts is enough for the largest set: 64 KB of present and 64 KB of former values.
// Only a set full of braces, which are escaped, may need more.
const maxParts = 40

// Vault is a path of the parameter store. It is safe for use by several
// goroutines.
//
// No error of a Vault contains a value. The messages of the service may repeat their
// input, so only the codes of its errors are kept.
type Vault struct {
	client *ssm.Client
	path   string
	// key is nil for the account's own.
	key *string
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

// EncryptedWith returns the vault that encrypts what it writes with the key, an ARN, or with the
// account's own when it is "". Reading needs no key: each parameter names its own.
func (v *Vault) EncryptedWith(key string) *Vault {
	return &Vault{client: v.client, path: v.path, key: optional(key)}
}

// optional is nil for "".
func optional(key string) *string {
	if key == "" {
		return nil
	}
	return &key
}

// purposes has the folder of each kind's secrets, so that a role can be limited to a
// purpose by the path.
var purposes = map[catalog.Kind]string{
	catalog.KindApplication:  "resources",
	catalog.KindService:      "resources",
	catalog.KindDatabase:     "resources",
	catalog.KindPrivateKey:   "keys",
	catalog.KindRegistry:     "registries",
	catalog.KindNotification: "notifications",
}

// names returns the names of the parameters of a set from a part to another, which is
// not included. Parts count from 1.
func (v *Vault) names(id catalog.ID, generation catalog.Generation, from, to int) []string {
	var all []string
	for part := from; part < to; part++ {
		all = append(all, fmt.Sprintf("%s/%s/%s/%s/%d", v.path, purposes[id.Kind()], id, generation, part))
	}
	return all
}

// Put writes the parts of the set. No part may exist yet. The first part begins with the
// number of parts.
func (v *Vault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	encoded, err := secrets.Encode()
	if err != nil {
		return err
	}
	parts := split(braces.Replace(string(encoded)))
	if len(parts) > maxParts {
		return fault.New(fault.Invalid, "The secrets need %d parameters of the parameter store, and at "+
			"most %d can be used. Put the largest into a file on the server.", len(parts), maxParts)
	}
	for i, name := range v.names(id, generation, 1, len(parts)+1) {
		_, err := v.client.PutParameter(ctx, &ssm.PutParameterInput{
			Name:  &name,
			Type:  types.ParameterTypeSecureString,
			Tier:  types.ParameterTierStandard,
			Value: &parts[i],
			KeyId: v.key,
		})
		if refusal, ok := errors.AsType[smithy.APIError](err); ok &&
			refusal.ErrorCode() == (&types.ParameterAlreadyExists{}).ErrorCode() {
			return catalog.NewGenerationExistsError(id)
		}
		if err != nil {
			return explained(err, "write the secrets of %s", id)
		}
	}
	return nil
}

// braces escapes "{{" and "}}", which the service would read as a reference to another
// parameter and refuse. In a set they occur only within strings of JSON, where an escape
// is allowed.
var braces = strings.NewReplacer("{{", `{\u007b`, "}}", `}\u007d`)

// headerBytes is room for the number of parts and a line feed.
const headerBytes = 3

// split cuts the text into parts that each fit into a parameter. A parameter holds text,
// so no cut is within a character.
func split(text string) []string {
	room := partBytes - headerBytes
	var parts []string
	for text != "" {
		end := min(room, len(text))
		for end < len(text) && !utf8.RuneStart(text[end]) {
			end--
		}
		parts = append(parts, text[:end])
		text, room = text[end:], partBytes
	}
	parts[0] = fmt.Sprintf("%d\n%s", len(parts), parts[0])
	return parts
}

// maxNames is the most names of one request.
const maxNames = 10

// Get returns the set, or NotFound.
func (v *Vault) Get(ctx context.Context, id catalog.ID,
	generation catalog.Generation) (catalog.Secrets, error) {
	all, err := v.GetAll(ctx, map[catalog.ID]catalog.Generation{id: generation})
	if err != nil {
		return catalog.Secrets{}, err
	}
	set, found := all[id]
	if !found {
		return catalog.Secrets{}, catalog.NewNotFoundError(id)
	}
	return set, nil
}

// GetAll reads the first part of each set, which says how many others there are, and then
// those. Each request has up to ten names, of whichever sets.
func (v *Vault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	ids := slices.Sorted(maps.Keys(sets))
	var firsts, rests []string
	for _, id := range ids {
		if sets[id] != "" {
			firsts = append(firsts, v.names(id, sets[id], 1, 2)...)
		}
	}
	values := map[string]string{}
	if err := v.read(ctx, ids, firsts, values); err != nil {
		return nil, err
	}
	parts := map[catalog.ID][]string{}
	for _, id := range ids {
		first, found := values[v.names(id, sets[id], 1, 2)[0]]
		if !found {
			continue
		}
		header, _, _ := strings.Cut(first, "\n")
		count, err := strconv.Atoi(header)
		if err != nil || count > maxParts {
			return nil, damaged(id)
		}
		parts[id] = v.names(id, sets[id], 1, count+1)
		rests = append(rests, parts[id][1:]...)
	}
	if err := v.read(ctx, ids, rests, values); err != nil {
		return nil, err
	}
	return assembled(parts, values)
}

// assembled puts the sets together from the values of their parts. A set without one of its
// parts is being deleted, and is not in the result.
func assembled(parts map[catalog.ID][]string,
	values map[string]string) (map[catalog.ID]catalog.Secrets, error) {
	all := map[catalog.ID]catalog.Secrets{}
	for id, names := range parts {
		text, whole := "", true
		for _, name := range names {
			part, found := values[name]
			text, whole = text+part, whole && found
		}
		if !whole {
			continue
		}
		_, text, _ = strings.Cut(text, "\n") // the number of parts
		set, err := catalog.DecodeSecrets([]byte(text))
		if err != nil {
			return nil, damaged(id)
		}
		all[id] = set
	}
	return all, nil
}

func damaged(id catalog.ID) error {
	return fault.New(fault.Internal, "the stored secrets of %s are damaged", id)
}

// read adds the values of the parameters that exist, by their names.
func (v *Vault) read(ctx context.Context, of []catalog.ID, names []string, values map[string]string) error {
	for some := range slices.Chunk(names, maxNames) {
		got, err := v.client.GetParameters(ctx,
			&ssm.GetParametersInput{Names: some, WithDecryption: aws.Bool(true)})
		if err != nil {
			return explained(err, "read the secrets of %v", of)
		}
		for _, parameter := range got.Parameters {
			values[aws.ToString(parameter.Name)] = aws.ToString(parameter.Value)
		}
	}
	return nil
}

// Delete removes every part that the set may have. It cannot ask how many there are: the
// caller may not read secrets, and the set may have been written or deleted in part.
func (v *Vault) Delete(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	for names := range slices.Chunk(v.names(id, generation, 1, maxParts+1), maxNames) {
		_, err := v.client.DeleteParameters(ctx, &ssm.DeleteParametersInput{Names: names})
		if err != nil {
			return explained(err, "delete the secrets of %s", id)
		}
	}
	return nil
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
	if outage.Throttled(err) {
		return fault.Wrap(fmt.Errorf(format+": throttled: %w", append(args, cause)...), fault.Unavailable,
			"AWS limits the requests to the store of secrets at present. Try again in a few seconds.")
	}
	if outage.Is(err) {
		return fault.Wrap(fmt.Errorf(format+": %w", append(args, cause)...), fault.Unavailable,
			"The store of secrets does not answer at present. Try again in a few seconds.")
	}
	return fault.Wrap(cause, kind, format, args...)
}
