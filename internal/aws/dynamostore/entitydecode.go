package dynamostore

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// decodeEntity reads an entity of the kind that its head names.
func decodeEntity(stored items) (catalog.Entity, error) {
	var fields entityItem
	if err := decode(stored.head, &fields); err != nil {
		return nil, err
	}
	meta := catalog.Meta{
		ID: catalog.ID(fields.UUID), Name: fields.Name, Description: fields.Description,
		CreatedAt: time.Time(fields.CreatedAt), UpdatedAt: time.Time(fields.UpdatedAt),
		Generation: catalog.Generation(fields.Secrets),
	}
	// Dependencies are stored once, in depends_on, and in no definition.
	switch catalog.Kind(fields.Kind) {
	case catalog.KindServer:
		return decodeServer(meta, fields.DependsOn, stored)
	case catalog.KindPrivateKey:
		return decodePrivateKey(meta, stored.head["definition"])
	case catalog.KindRegistry:
		return decodeRegistry(meta, stored.head["definition"])
	case catalog.KindNotification:
		return decodeNotification(meta, stored.head["definition"])
	case catalog.KindApplication, catalog.KindService, catalog.KindDatabase:
		return decodeResource(meta, fields.DependsOn, stored)
	default:
		return nil, fault.New(fault.Internal, "%s is of a kind that is not known", meta.ID)
	}
}

func decodeServer(meta catalog.Meta, dependencies []string, stored items) (catalog.Entity, error) {
	var fields serverDefinition
	if err := decodeDefinition(stored.head["definition"], &fields); err != nil {
		return nil, err
	}
	var state serverState
	if err := decode(stored.state, &state); err != nil {
		return nil, err
	}
	health, err := unpackHealth(state)
	if err != nil {
		return nil, err
	}
	return &catalog.Server{
		Meta: meta, KeyID: dependency(dependencies, 0), ProxyJump: dependency(dependencies, 1),
		Address: fields.Address, Port: fields.Port, User: fields.User, HostKey: fields.HostKey,
		DataDir:     fields.DataDir,
		Concurrency: state.Concurrency, QueueLimit: state.QueueLimit,
		ForbidHostAccess: fields.ForbidHostAccess, ServiceDomain: fields.ServiceDomain,
		Windows:     fields.Windows.set(),
		ValidatedAt: time.Time(state.ValidatedAt),
		Health:      health,
	}, nil
}

func decodePrivateKey(meta catalog.Meta, definition types.AttributeValue) (catalog.Entity, error) {
	var fields keyDefinition
	if err := decodeDefinition(definition, &fields); err != nil {
		return nil, err
	}
	return &catalog.PrivateKey{Meta: meta, PublicKey: fields.PublicKey, Fingerprint: fields.Fingerprint}, nil
}

func decodeRegistry(meta catalog.Meta, definition types.AttributeValue) (catalog.Entity, error) {
	var fields registryDefinition
	if err := decodeDefinition(definition, &fields); err != nil {
		return nil, err
	}
	return &catalog.Registry{Meta: meta, Host: fields.Host, User: fields.User, ServerIDs: fields.Servers,
		ResourceIDs: fields.Resources}, nil
}

func decodeNotification(meta catalog.Meta, definition types.AttributeValue) (catalog.Entity, error) {
	var fields notificationDefinition
	if err := decodeDefinition(definition, &fields); err != nil {
		return nil, err
	}
	return &catalog.Notification{Meta: meta, Channel: fields.Channel, Target: fields.Target,
		Events: fields.Events, Kinds: fields.Kinds, Tags: fields.Tags, ResourceIDs: fields.Resources,
		Disabled: fields.Disabled, StuckAfter: time.Duration(fields.StuckAfter) * time.Second}, nil
}
