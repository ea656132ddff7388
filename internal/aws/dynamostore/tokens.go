package dynamostore

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/access"
	"waybill/internal/fault"
)

// kindToken is the kind of the tokens in the catalog table.
const kindToken = "token"

// Tokens are the bearer tokens in the catalog table.
type Tokens struct{ catalog *Catalog }

// tokenItem has a digest of the token's secret, never the secret.
type tokenItem struct {
	Kind      string   `dynamodbav:"kind"`
	UUID      string   `dynamodbav:"uuid"`
	Name      string   `dynamodbav:"name"`
	Abilities []string `dynamodbav:"abilities"`
	Digest    []byte   `dynamodbav:"digest"`
	CreatedAt instant  `dynamodbav:"created_at"`
}

func tokenKey(id string) item { return item{"kind": text(kindToken), "uuid": text(id)} }

// Create adds a token.
func (t *Tokens) Create(ctx context.Context, token access.Token) error {
	fields := tokenItem{Kind: kindToken, UUID: token.ID, Name: token.Name, Digest: token.Digest[:],
		CreatedAt: instant(token.CreatedAt)}
	for _, ability := range token.Abilities {
		fields.Abilities = append(fields.Abilities, string(ability))
	}
	whole, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode a token")
	}
	const condition = "attribute_not_exists(#uuid)"
	return t.single(ctx, fault.New(fault.Conflict, "Token %s exists already.", token.ID), func() error {
		_, err := t.catalog.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName:                aws.String(t.catalog.table),
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
	if id == "" { // no key
		return access.Token{}, noToken()
	}
	stored, err := read(ctx, t.catalog.client, t.catalog.table, tokenKey(id))
	if err != nil {
		return access.Token{}, err
	}
	if stored == nil {
		return access.Token{}, noToken()
	}
	return decodeToken(stored)
}

// List returns every token.
func (t *Tokens) List(ctx context.Context) ([]access.Token, error) {
	var all []access.Token
	pages := dynamodb.NewQueryPaginator(t.catalog.client, t.catalog.ofKind(kindToken))
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
	return all, nil
}

// Delete removes the token.
func (t *Tokens) Delete(ctx context.Context, id string) error {
	if id == "" {
		return noToken()
	}
	const condition = "attribute_exists(#uuid)"
	return t.single(ctx, noToken(), func() error {
		_, err := t.catalog.client.DeleteItem(ctx, &dynamodb.DeleteItemInput{
			TableName:                aws.String(t.catalog.table),
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
	token := access.Token{ID: fields.UUID, Name: fields.Name, CreatedAt: time.Time(fields.CreatedAt)}
	if len(fields.Digest) != len(token.Digest) {
		return access.Token{}, fault.New(fault.Internal, "the digest of token %s is damaged", fields.UUID)
	}
	copy(token.Digest[:], fields.Digest)
	for _, ability := range fields.Abilities {
		token.Abilities = append(token.Abilities, access.Ability(ability))
	}
	return token, nil
}

func noToken() error { return fault.New(fault.NotFound, "Token not found.") }
