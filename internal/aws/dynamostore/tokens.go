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
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Tokens are two tables with the key id, a number: of bearer tokens, and of their last
// uses, so that a function may write a use and no token. It is safe for use by several
// goroutines.
type Tokens struct {
	client      *dynamodb.Client
	table, uses string
}

// NewTokens returns the tokens in the table, and their uses in the other one.
func NewTokens(client *dynamodb.Client, table, uses string) *Tokens {
	return &Tokens{client: client, table: table, uses: uses}
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

// Create adds a token.
func (t *Tokens) Create(ctx context.Context, token access.Token) error {
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
	return t.single(ctx, fault.New(fault.Conflict, "Token %s exists already.", token.ID), func() error {
		_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                aws.String(t.table),
			Item:                     whole,
			ConditionExpression:      aws.String(condition),
			ExpressionAttributeNames: names("", condition),
		})
		return err
	})
}

// single makes one conditional write and returns unmet if its condition is not met.
func (t *Tokens) single(ctx context.Context, unmet error, write func() error) error {
	return retry(ctx, func() (bool, error) {
		err := write()
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		if err == nil && len(why.unmet) > 0 {
			err = unmet
		}
		return false, err
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

// Delete removes the token.
func (t *Tokens) Delete(ctx context.Context, id string) error {
	if !access.IsID(id) {
		return noToken()
	}
	const condition = "attribute_exists(#id)"
	return t.single(ctx, noToken(), func() error {
		_, err := t.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName:                aws.String(t.table),
			Key:                      tokenKey(id),
			ConditionExpression:      aws.String(condition),
			ExpressionAttributeNames: names("", condition),
		})
		return err
	})
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
