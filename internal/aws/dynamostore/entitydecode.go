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
	// What an entity depends on is kept once, in depends_on: an update of the
	// definition cannot change it.
	var dependency catalog.ID
	if len(form.DependsOn) > 0 {
		dependency = catalog.ID(form.DependsOn[0])
	}
	switch catalog.Kind(form.Kind) {
	case catalog.KindServer:
		return decodeServer(meta, dependency, stored["definition"])
	case catalog.KindPrivateKey:
		return decodePrivateKey(meta, stored["definition"])
	case catalog.KindService, catalog.KindApplication:
		return decodeResource(meta, dependency, stored)
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
		Concurrency: form.Concurrency, QueueLimit: form.QueueLimit, ValidatedAt: time.Time(form.ValidatedAt),
	}, nil
}

func decodePrivateKey(meta catalog.Meta, definition types.AttributeValue) (catalog.Entity, error) {
	var form keyDefinition
	if err := decodeDefinition(definition, &form); err != nil {
		return nil, err
	}
	return &catalog.PrivateKey{Meta: meta, PublicKey: form.PublicKey, Fingerprint: form.Fingerprint}, nil
}

func decodeResource(meta catalog.Meta, server catalog.ID, stored item) (catalog.Entity, error) {
	var form resourceDefinition
	if err := decodeDefinition(stored["definition"], &form); err != nil {
		return nil, err
	}
	var state resourceState
	if err := decode(stored, &state); err != nil {
		return nil, err
	}
	resource := catalog.Resource{
		Meta: meta, ServerID: server,
		Timeout:       time.Duration(form.TimeoutSeconds) * time.Second,
		HealthTimeout: time.Duration(form.HealthTimeoutSeconds) * time.Second,
		State:         catalog.State(state),
	}
	for _, variable := range form.Environment {
		resource.Environment = append(resource.Environment, catalog.Variable(variable))
	}
	if meta.ID.Kind() == catalog.KindService {
		return &catalog.Service{Resource: resource, Compose: form.Compose}, nil
	}
	application := &catalog.Application{Resource: resource}
	if form.Shell != nil {
		application.Shell = new(catalog.Shell(*form.Shell))
	}
	return application, nil
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
