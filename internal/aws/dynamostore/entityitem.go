package dynamostore

import (
	"maps"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// entityItem is the part of a catalog item that every kind has. What each kind
// has of its own lies beside it in the attribute "definition".
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

// serverState is the part of a server's item that the deployments change: who
// waits, in order, and who runs, with the time of its claim. Both are there
// from the beginning, for the conditions that take their size. A queue of 1,000
// takes 40 KB of the item.
type serverState struct {
	Queue   []string           `dynamodbav:"queue"`
	Running map[string]instant `dynamodbav:"running"`
}

// resourceState is the part of a resource's item that the deployments change.
// Queued and Running are "" for none, which a condition can compare.
type resourceState struct {
	Status      string `dynamodbav:"status"`
	Queued      string `dynamodbav:"queued"`
	Running     string `dynamodbav:"running"`
	Deployments int    `dynamodbav:"deployments"`
}

// serverDefinition has the two limits that the conditions of enqueue.go and
// claim.go compare with, as they are at the moment of the write.
type serverDefinition struct {
	Address     string `dynamodbav:"address"`
	Port        int    `dynamodbav:"port"`
	User        string `dynamodbav:"user"`
	HostKey     string `dynamodbav:"host_key"`
	DataDir     string `dynamodbav:"data_dir"`
	Concurrency int    `dynamodbav:"concurrency"`
	QueueLimit  int    `dynamodbav:"queue_limit"`
	// ForbidHostAccess is not in items that are older than it.
	ForbidHostAccess bool    `dynamodbav:"forbid_host_access"`
	ValidatedAt      instant `dynamodbav:"validated_at"`
}

// keyDefinition is what is public about a key. The key itself lies elsewhere.
type keyDefinition struct {
	PublicKey   string `dynamodbav:"public_key"`
	Fingerprint string `dynamodbav:"fingerprint"`
}

// entityKey is the primary key. The id names its kind.
func entityKey(id catalog.ID) item {
	return item{"kind": text(id.Kind()), "uuid": text(id)}
}

// encodeEntity makes the item of a new entity, on which nothing depends and
// nothing has run.
func encodeEntity(entity catalog.Entity) (item, error) {
	meta := entity.Common()
	form := entityItem{
		Kind: string(meta.ID.Kind()), UUID: string(meta.ID),
		Name: meta.Name, Description: meta.Description,
		CreatedAt: instant(meta.CreatedAt), UpdatedAt: instant(meta.UpdatedAt),
	}
	for _, id := range entity.DependsOn() {
		form.DependsOn = append(form.DependsOn, string(id))
	}
	whole := item{}
	for _, form := range []any{form, newState(entity)} {
		encoded, err := attributevalue.MarshalMap(form)
		if err != nil {
			return nil, fault.Wrap(err, fault.Internal, "encode %s", meta.ID)
		}
		maps.Copy(whole, encoded)
	}
	var err error
	whole["definition"], err = encodeDefinition(entity)
	return whole, err
}

// newState is the state of an entity that no deployment has touched.
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

// encodeDefinition makes what a user gave into one attribute, so that an update
// replaces it at once and touches nothing that the deployments wrote.
func encodeDefinition(entity catalog.Entity) (types.AttributeValue, error) {
	var form any
	switch entity := entity.(type) {
	case *catalog.Server:
		form = serverDefinition{
			Address: entity.Address, Port: entity.Port, User: entity.User, HostKey: entity.HostKey, DataDir: entity.DataDir,
			Concurrency: entity.Concurrency, QueueLimit: entity.QueueLimit,
			ForbidHostAccess: entity.ForbidHostAccess, ValidatedAt: instant(entity.ValidatedAt),
		}
	case *catalog.PrivateKey:
		form = keyDefinition{PublicKey: entity.PublicKey, Fingerprint: entity.Fingerprint}
	case *catalog.Service:
		resource := resourceForm(entity.Shared())
		resource.Compose = bulk(entity.Compose)
		form = resource
	case *catalog.Application:
		form = applicationForm(entity)
	case *catalog.Database:
		form = databaseForm(entity)
	}
	encoded, err := attributevalue.Marshal(form)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the definition of %s", entity.Common().ID)
	}
	return encoded, nil
}
