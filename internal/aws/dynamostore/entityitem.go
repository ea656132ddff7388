package dynamostore

import (
	"maps"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/dynamodb/attributevalue"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// entityItem is the part of an entity's head that all kinds have. The attribute
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
	// Secrets is the generation of its secrets, or "".
	Secrets string `dynamodbav:"secrets"`
	// Jumps is the number of servers whose jump host this server is. They are among
	// the dependents.
	Jumps int `dynamodbav:"jumps,omitempty"`
}

// serverState is the state of a server: the queue in order, the running set with the
// time of each claim, and the limits of both. Queue and Running exist from the beginning,
// because conditions use their size. A queue of 1,000 takes 40 KB.
type serverState struct {
	Queue   []string           `dynamodbav:"queue"`
	Running map[string]instant `dynamodbav:"running"`
	// Waiting are the deployments that are kept out of the queue. It exists from the first
	// one on.
	Waiting     []string `dynamodbav:"waiting,omitempty"`
	Concurrency int      `dynamodbav:"concurrency"`
	QueueLimit  int      `dynamodbav:"queue_limit"`
	ValidatedAt instant  `dynamodbav:"validated_at"`
	// UpdatedAt is the one of the definition that the limits belong to.
	UpdatedAt instant `dynamodbav:"updated_at"`
	// Health and Usage are the last measurement, packed.
	Health []byte `dynamodbav:"health,omitempty"`
	Usage  []byte `dynamodbav:"docker_usage,omitempty"`
}

// resourceState is the state of a resource. Queued and Running are "" for none, because a
// condition can compare that.
type resourceState struct {
	Status      string  `dynamodbav:"status"`
	Queued      string  `dynamodbav:"queued"`
	Running     string  `dynamodbav:"running"`
	Deployments int     `dynamodbav:"deployments"`
	LogObjects  int     `dynamodbav:"log_objects"`
	LogBytes    int64   `dynamodbav:"log_bytes"`
	LastStart   instant `dynamodbav:"last_start"`
	// Finished are the entries of the deployments that finished and have no date.
	Finished []string `dynamodbav:"finished"`
}

func (f resourceState) state() catalog.State {
	return catalog.State{Status: f.Status, Queued: f.Queued, Running: f.Running, Deployments: f.Deployments,
		LogObjects: f.LogObjects, LogBytes: f.LogBytes, LastStart: time.Time(f.LastStart)}
}

// serverDefinition is the part of a server that only its users change.
type serverDefinition struct {
	Address          string `dynamodbav:"address"`
	Port             int    `dynamodbav:"port"`
	User             string `dynamodbav:"user"`
	HostKey          string `dynamodbav:"host_key"`
	DataDir          string `dynamodbav:"data_dir"`
	ForbidHostAccess bool   `dynamodbav:"forbid_host_access"`
	ServiceDomain    string `dynamodbav:"service_domain,omitempty"`

	Windows *windowsItem `dynamodbav:"windows,omitempty"`
}

// keyDefinition is the public half of a key. The vault has the private one.
type keyDefinition struct {
	PublicKey   string `dynamodbav:"public_key"`
	Fingerprint string `dynamodbav:"fingerprint"`
}

// registryDefinition is a registry without its password, which is in the vault.
type registryDefinition struct {
	Host      string       `dynamodbav:"host"`
	User      string       `dynamodbav:"user"`
	Servers   []catalog.ID `dynamodbav:"servers,omitempty"`
	Resources []catalog.ID `dynamodbav:"resources,omitempty"`
}

// notificationDefinition is a notification without its secrets, which are in the vault.
type notificationDefinition struct {
	Channel   catalog.Channel             `dynamodbav:"channel"`
	Target    string                      `dynamodbav:"target"`
	Events    []catalog.NotificationEvent `dynamodbav:"events"`
	Kinds     []catalog.Kind              `dynamodbav:"kinds,omitempty"`
	Tags      []string                    `dynamodbav:"tags,omitempty"`
	Resources []catalog.ID                `dynamodbav:"resources,omitempty"`
	Disabled  bool                        `dynamodbav:"disabled,omitempty"`
	// StuckAfter is in seconds.
	StuckAfter int64 `dynamodbav:"stuck_after"`
}

// encodeEntity returns the items of a new entity, without dependents and without
// deployments.
func encodeEntity(entity catalog.Entity) (items, error) {
	if err := catalog.CheckWhole(entity); err != nil {
		return items{}, err
	}
	meta := entity.Common()
	fields := entityItem{
		Kind: string(meta.ID.Kind()), UUID: string(meta.ID),
		Name: meta.Name, Description: meta.Description,
		CreatedAt: instant(meta.CreatedAt), UpdatedAt: instant(meta.UpdatedAt),
		Secrets:   string(meta.Generation),
		DependsOn: []string{}, // conditions compare it
	}
	for _, id := range entity.DependsOn() {
		fields.DependsOn = append(fields.DependsOn, string(id))
	}
	var all items
	var err error
	if all.head, err = attributevalue.MarshalMap(fields); err != nil {
		return items{}, fault.Wrap(err, fault.Internal, "encode %s", meta.ID)
	}
	if all.head["definition"], err = encodeDefinition(entity); err != nil {
		return items{}, err
	}
	if server, is := entity.(*catalog.Server); is {
		// It is also in depends_on. Conditions compare it here.
		all.head["proxy_jump"] = text(string(server.ProxyJump))
	}
	if all.state, err = encodeState(entity); err != nil {
		return items{}, err
	}
	resource, ok := entity.(catalog.Deployable)
	if !ok {
		return all, nil
	}
	if all.body, err = encodeBody(resource); err != nil {
		return items{}, err
	}
	all.head["body_digest"] = all.body["body_digest"]
	return all, all.checkSize()
}

// encodeState returns the state of an entity without deployments, or nil if entities of
// its kind have no state.
func encodeState(entity catalog.Entity) (item, error) {
	var fields any
	switch entity := entity.(type) {
	case *catalog.Server:
		fields = serverState{Queue: []string{}, Running: map[string]instant{},
			Concurrency: entity.Concurrency, QueueLimit: entity.QueueLimit,
			ValidatedAt: instant(entity.ValidatedAt), UpdatedAt: instant(entity.UpdatedAt)}
	case catalog.Deployable:
		fields = resourceState{Finished: []string{}}
	default:
		return nil, nil
	}
	encoded, err := attributevalue.MarshalMap(fields)
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode the state of %s", entity.Common().ID)
	}
	maps.Copy(encoded, stateKey(entity.Common().ID))
	return encoded, nil
}

// encodeDefinition encodes the user's part of an entity as one attribute.
func encodeDefinition(entity catalog.Entity) (types.AttributeValue, error) {
	var fields any
	switch entity := entity.(type) {
	case *catalog.Server:
		fields = serverDefinition{
			Address: entity.Address, Port: entity.Port, User: entity.User, HostKey: entity.HostKey,
			DataDir: entity.DataDir, ForbidHostAccess: entity.ForbidHostAccess,
			ServiceDomain: entity.ServiceDomain, Windows: newWindowsItem(entity.Windows),
		}
	case *catalog.PrivateKey:
		fields = keyDefinition{PublicKey: entity.PublicKey, Fingerprint: entity.Fingerprint}
	case *catalog.Registry:
		fields = registryDefinition{Host: entity.Host, User: entity.User, Servers: entity.ServerIDs,
			Resources: entity.ResourceIDs}
	case *catalog.Notification:
		fields = notificationDefinition{Channel: entity.Channel, Target: entity.Target,
			Events: entity.Events, Kinds: entity.Kinds, Tags: entity.Tags, Resources: entity.ResourceIDs,
			Disabled: entity.Disabled, StuckAfter: int64(entity.StuckAfter / time.Second)}
	case *catalog.Service:
		fields = newServiceDefinition(entity)
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
