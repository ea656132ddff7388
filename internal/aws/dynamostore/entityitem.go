package dynamostore

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// entityItem is the part of a catalog item that all kinds have. The attribute
// "definition" has the part of each kind.
type entityItem struct {
	Kind        string   `dynamodbav:"kind"`
	UUID        string   `dynamodbav:"uuid"`
	Name        string   `dynamodbav:"name"`
	Description string   `dynamodbav:"description"`
	CreatedAt   instant  `dynamodbav:"created_at"`
	UpdatedAt   instant  `dynamodbav:"updated_at"`
	DependsOn   []string `dynamodbav:"depends_on"`
	Dependents  int      `dynamodbav:"dependents"`
}

// serverState is the part of a server's item that deployments change: the queue in
// order, and the running set with the time of each claim. Both exist from the
// beginning, because conditions use their size. A queue of 1,000 takes 40 KB.
type serverState struct {
	Queue   []string           `dynamodbav:"queue"`
	Running map[string]instant `dynamodbav:"running"`
}

// resourceState is the part of a resource's item that deployments change. Queued and
// Running are "" for none, because a condition can compare that.
type resourceState struct {
	Status      string `dynamodbav:"status"`
	Queued      string `dynamodbav:"queued"`
	Running     string `dynamodbav:"running"`
	Deployments int    `dynamodbav:"deployments"`
}

// serverDefinition has the two limits that the conditions in enqueue.go and claim.go
// use: concurrency and queue_limit.
type serverDefinition struct {
	Address     string `dynamodbav:"address"`
	Port        int    `dynamodbav:"port"`
	User        string `dynamodbav:"user"`
	HostKey     string `dynamodbav:"host_key"`
	DataDir     string `dynamodbav:"data_dir"`
	Concurrency int    `dynamodbav:"concurrency"`
	QueueLimit  int    `dynamodbav:"queue_limit"`
	// ForbidHostAccess is absent from older items.
	ForbidHostAccess bool    `dynamodbav:"forbid_host_access"`
	ValidatedAt      instant `dynamodbav:"validated_at"`
}

// keyDefinition is the public half of a key. The vault has the private one.
type keyDefinition struct {
	PublicKey   string `dynamodbav:"public_key"`
	Fingerprint string `dynamodbav:"fingerprint"`
}

// entityKey is the primary key. The id names its kind.
func entityKey(id catalog.ID) item {
	return item{"kind": text(id.Kind()), "uuid": text(id)}
}

// encodeEntity returns the item of a new entity, without dependents and without
// deployments.
func encodeEntity(entity catalog.Entity) (item, error) {
	meta := entity.Common()
	fields := entityItem{
		Kind: string(meta.ID.Kind()), UUID: string(meta.ID),
		Name: meta.Name, Description: meta.Description,
		CreatedAt: instant(meta.CreatedAt), UpdatedAt: instant(meta.UpdatedAt),
	}
	for _, id := range entity.DependsOn() {
		fields.DependsOn = append(fields.DependsOn, string(id))
	}
	whole := item{}
	for _, fields := range []any{fields, newState(entity)} {
		encoded, err := attributevalue.MarshalMap(fields)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "encode %s", meta.ID)
		}
		maps.Copy(whole, encoded)
	}
	var err error
	if whole["definition"], err = encodeDefinition(entity); err != nil {
		return nil, err
	}
	return whole, checkSize(itemSize(whole))
}

// newState is the state of an entity without deployments.
func newState(entity catalog.Entity) any {
	switch entity.(type) {
	case *catalog.Server:
		return serverState{Queue: []string{}, Running: map[string]instant{}}
	case catalog.Deployable:
		return resourceState{}
	default:
		return struct{}{}
	}
}

// encodeDefinition encodes the user's part of an entity as one attribute. An update
// replaces it and leaves alone what deployments wrote.
func encodeDefinition(entity catalog.Entity) (types.AttributeValue, error) {
	var fields any
	switch entity := entity.(type) {
	case *catalog.Server:
		fields = serverDefinition{
			Address: entity.Address, Port: entity.Port, User: entity.User, HostKey: entity.HostKey,
			DataDir:     entity.DataDir,
			Concurrency: entity.Concurrency, QueueLimit: entity.QueueLimit,
			ForbidHostAccess: entity.ForbidHostAccess, ValidatedAt: instant(entity.ValidatedAt),
		}
	case *catalog.PrivateKey:
		fields = keyDefinition{PublicKey: entity.PublicKey, Fingerprint: entity.Fingerprint}
	case *catalog.Service:
		resource := newResourceDefinition(entity.Shared())
		resource.Compose = bulk(entity.Compose)
		fields = resource
	case *catalog.Application:
		fields = newApplicationDefinition(entity)
	case *catalog.Database:
		fields = newDatabaseDefinition(entity)
	}
	encoded, err := attributevalue.Marshal(fields)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the definition of %s", entity.Common().ID)
	}
	return encoded, nil
}
