package dynamostore

import (
	"context"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Tokens are two tables with the key id, a number: of bearer tokens, and of their last
// uses, so that a function may write a use and no token. The entries of their changes are in
// the table of the audit. It is safe for use by several goroutines.
type Tokens struct {
	client             *dynamodb.Client
	table, uses, audit string
}

// TokenTables has the names of the tables. A caller that never changes a token may leave
// Audit empty.
type TokenTables struct {
	Tokens, Uses, Audit string
}

// NewTokens returns the tokens in the tables.
func NewTokens(client *dynamodb.Client, tables TokenTables) *Tokens {
	return &Tokens{client: client, table: tables.Tokens, uses: tables.Uses, audit: tables.Audit}
}

// tokenItem has a digest of the token's secret, never the secret.
type tokenItem struct {
	ID        uint64   `dynamodbav:"id"`
	Name      string   `dynamodbav:"name"`
	Abilities []string `dynamodbav:"abilities"`
	Digest    []byte   `dynamodbav:"digest"`
	CreatedAt instant  `dynamodbav:"created_at"`
	// Resources, Servers and Tags are the scope. Without any, the token is for the whole stack.
	Resources []string `dynamodbav:"scope_resources,omitempty"`
	Servers   []string `dynamodbav:"scope_servers,omitempty"`
	Tags      []string `dynamodbav:"scope_tags,omitempty"`
	// ValidUntil is nil without an expiry. The name is not the one by which DynamoDB
	// removes items, because an expired token stays in the list.
	ValidUntil *instant `dynamodbav:"valid_until,omitempty"`
}

func tokenKey(id string) item { return item{"id": &types.AttributeValueMemberN{Value: id}} }

// Create adds a token and the entry.
func (t *Tokens) Create(ctx context.Context, token access.Token, entry audit.Entry) error {
	id, err := strconv.ParseUint(token.ID, 10, 64)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "the id of a token is not a number")
	}
	fields := tokenItem{ID: id, Name: token.Name, Digest: token.Digest[:],
		CreatedAt: instant(token.CreatedAt), Abilities: convert[string](token.Abilities),
		Resources: convert[string](token.Scope.Resources), Servers: convert[string](token.Scope.Servers),
		Tags: token.Scope.Tags}
	if until := instant(token.ExpiresAt); !token.ExpiresAt.IsZero() {
		fields.ValidUntil = &until
	}
	whole, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a token")
	}
	const condition = "attribute_not_exists(#id)"
	return t.write(ctx, put(t.table, whole, condition, nil), entry,
		fault.New(fault.Conflict, "Token %s exists already.", token.ID))
}

// write makes one transaction of the change and the entry. It returns unmet if the condition of
// the change is not met.
func (t *Tokens) write(
	ctx context.Context, change types.TransactWriteItem, entry audit.Entry, unmet error,
) error {
	writes := append([]types.TransactWriteItem{change}, entering(t.audit, entry)...)
	return retry(ctx, func() (bool, error) {
		why, done, err := write(ctx, t.client, writes)
		switch {
		case len(why.unmet) == 0:
			return done, err
		case why.unmet[0] == 0:
			return true, unmet
		}
		return true, newEnteredError()
	})
}

// Get returns the token.
func (t *Tokens) Get(ctx context.Context, id string) (access.Token, error) {
	if !access.IsID(id) {
		return access.Token{}, noToken()
	}
	stored, err := read(ctx, t.client, t.table, tokenKey(id))
	if err != nil {
		return access.Token{}, err
	}
	if stored == nil {
		return access.Token{}, noToken()
	}
	return decodeToken(stored)
}

// List returns every token, the oldest first. A team has tens of tokens, so a scan of
// the table is one request.
func (t *Tokens) List(ctx context.Context) ([]access.Token, error) {
	var all []access.Token
	pages := dynamodb.NewScanPaginator(t.client,
		&dynamodb.ScanInput{TableName: aws.String(t.table), ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, classify(err)
		}
		for _, stored := range page.Items {
			token, err := decodeToken(stored)
			if err != nil {
				return nil, err
			}
			all = append(all, token)
		}
	}
	access.SortByAge(all)
	return all, nil
}

// Delete removes the token and adds the entry.
func (t *Tokens) Delete(ctx context.Context, id string, entry audit.Entry) error {
	if !access.IsID(id) {
		return noToken()
	}
	const condition = "attribute_exists(#id)"
	return t.write(ctx, remove(t.table, tokenKey(id), condition, nil), entry, noToken())
}

func decodeToken(stored item) (access.Token, error) {
	var fields tokenItem
	if err := decode(stored, &fields); err != nil {
		return access.Token{}, err
	}
	token := access.Token{ID: strconv.FormatUint(fields.ID, 10), Name: fields.Name,
		CreatedAt: time.Time(fields.CreatedAt)}
	if len(fields.Digest) != len(token.Digest) {
		return access.Token{}, fault.New(fault.Internal, "the digest of token %s is damaged", token.ID)
	}
	copy(token.Digest[:], fields.Digest)
	token.Abilities = convert[access.Ability](fields.Abilities)
	token.Scope = access.Scope{Resources: convert[catalog.ID](fields.Resources),
		Servers: convert[catalog.ID](fields.Servers), Tags: fields.Tags}
	if fields.ValidUntil != nil {
		token.ExpiresAt = time.Time(*fields.ValidUntil)
	}
	return token, nil
}

// convert converts a list of texts to another type of text.
func convert[T, S ~string](all []S) []T {
	var converted []T
	for _, one := range all {
		converted = append(converted, T(one))
	}
	return converted
}

func noToken() error { return fault.New(fault.NotFound, "Token not found.") }
