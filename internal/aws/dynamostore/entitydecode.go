package dynamostore

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// decodeEntity reads any kind of entity. The item itself says which it is.
func decodeEntity(stored item) (catalog.Entity, error) {
	var form entityItem
	if err := decode(stored, &form); err != nil {
		return nil, err
	}
	meta := catalog.Meta{
		ID: catalog.ID(form.UUID), Name: form.Name, Description: form.Description,
		CreatedAt: time.Time(form.CreatedAt), UpdatedAt: time.Time(form.UpdatedAt),
	}
	// What an entity depends on is kept once, in depends_on: no definition has
	// any of it.
	switch catalog.Kind(form.Kind) {
	case catalog.KindServer:
		return decodeServer(meta, dependency(form.DependsOn, 0), stored["definition"])
	case catalog.KindPrivateKey:
		return decodePrivateKey(meta, stored["definition"])
	case catalog.KindApplication, catalog.KindService, catalog.KindDatabase:
		return decodeResource(meta, form.DependsOn, stored)
	default:
		return nil, fault.New(fault.Internal, "%s is of a kind that is not known", meta.ID)
	}
}

func decodeServer(meta catalog.Meta, key catalog.ID, definition types.AttributeValue) (catalog.Entity, error) {
	var form serverDefinition
	if err := decodeDefinition(definition, &form); err != nil {
		return nil, err
	}
	return &catalog.Server{
		Meta: meta, KeyID: key,
		Address: form.Address, Port: form.Port, User: form.User, HostKey: form.HostKey, DataDir: form.DataDir,
		Concurrency: form.Concurrency, QueueLimit: form.QueueLimit,
		ForbidHostAccess: form.ForbidHostAccess, ValidatedAt: time.Time(form.ValidatedAt),
	}, nil
}

func decodePrivateKey(meta catalog.Meta, definition types.AttributeValue) (catalog.Entity, error) {
	var form keyDefinition
	if err := decodeDefinition(definition, &form); err != nil {
		return nil, err
	}
	return &catalog.PrivateKey{Meta: meta, PublicKey: form.PublicKey, Fingerprint: form.Fingerprint}, nil
}

// decode reads an item, or the parts of it that the form has.
func decode(stored item, form any) error {
	if err := attributevalue.UnmarshalMap(stored, form); err != nil {
		return fault.Wrap(err, fault.Internal, "decode an item of the catalog")
	}
	return nil
}

func decodeDefinition(stored types.AttributeValue, form any) error {
	if err := attributevalue.Unmarshal(stored, form); err != nil {
		return fault.Wrap(err, fault.Internal, "decode a definition")
	}
	return nil
}
