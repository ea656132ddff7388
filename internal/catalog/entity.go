package catalog

import (
	"time"
)

// Entity is anything the catalog holds: *[Server], *[PrivateKey],
// *[Application], *[Service] or *[Database]. The set is closed.
type Entity interface {
	// Common is the part that every entity has.
	Common() *Meta
	// DependsOn names the entities that must exist for this one to exist. They
	// cannot be deleted before it.
	DependsOn() []ID
}

// Meta is what every entity has.
type Meta struct {
	ID          ID
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Common makes an embedded Meta satisfy half of [Entity].
func (m *Meta) Common() *Meta { return m }

// Server is a machine that deployments run on, reached over SSH.
type Server struct {
	Meta
	// Address is a host name or an IP address; Port is 1 to 65535.
	Address string
	Port    int
	User    string
	// KeyID is the private key that opens it.
	KeyID ID
	// HostKey is the pinned public key of the server, as one line of
	// authorized_keys ("ssh-ed25519 AAAA…"). Empty until it is pinned; nothing
	// runs on a server without one.
	HostKey string
	// DataDir is where Waybill keeps files on the server. Absolute.
	DataDir string
	// Concurrency is how many deployments may run on it at a time, and
	// QueueLimit how many may wait.
	Concurrency int
	QueueLimit  int
	// ForbidHostAccess refuses every resource whose containers could take the
	// server over: privileged ones, and those that mount its system folders.
	ForbidHostAccess bool
	// ValidatedAt is when its host key was last seen to match, by a validation or
	// at the end of a deployment. Zero if never.
	ValidatedAt time.Time
}

// Defaults and bounds of a server. The numbers are upstream's own defaults
// (2 concurrent builds, 25 queued).
const (
	DefaultPort        = 22
	DefaultUser        = "root"
	DefaultDataDir     = "/data/waybill"
	DefaultConcurrency = 2
	DefaultQueueLimit  = 25
	MaxConcurrency     = 100
	MaxQueueLimit      = 1000
)

// DependsOn is the server's key.
func (s *Server) DependsOn() []ID { return []ID{s.KeyID} }

// PrivateKey is what is public about an SSH key; the key itself lies in the
// [Vault] under the entity's id.
type PrivateKey struct {
	Meta
	// PublicKey is one line of authorized_keys; Fingerprint its SHA-256 as
	// OpenSSH prints it ("SHA256:…").
	PublicKey   string
	Fingerprint string
}

// DependsOn is nothing.
func (*PrivateKey) DependsOn() []ID { return nil }

// Variable is one environment variable of a resource.
type Variable struct {
	Name string
	// Value is empty when Secret: the value then lies in the [Vault].
	Value  string
	Secret bool
}

// Resource is the part that everything deployable has.
type Resource struct {
	Meta
	ServerID    ID
	Environment []Variable
	// Timeout ends a deployment that is still running after it; HealthTimeout
	// is how long a start may take to become healthy. Both whole seconds.
	Timeout       time.Duration
	HealthTimeout time.Duration
	// Marks has, for each secret that lies in the [Vault], a text that changes
	// when its value does and says nothing of it (see [Mark]).
	Marks map[string]string
	// State is what the deployments say of the resource. It is read-only here:
	// Create and Update ignore it.
	State State
}

// Defaults of a resource. An hour is upstream's command limit; two minutes is
// ours, and what `docker compose up --wait` is given.
const (
	DefaultTimeout       = time.Hour
	DefaultHealthTimeout = 2 * time.Minute
)

// State is what the deployments of a resource say of it.
type State struct {
	// Status is the last known state, as upstream writes it ("running:healthy",
	// "exited"); empty before the first deployment ended.
	Status string
	// Queued and Running are the uuids of the deployment that waits and the one
	// that runs, or empty.
	Queued  string
	Running string
	// Deployments is how many records the history holds.
	Deployments int
}

// DependsOn is the resource's server.
func (r *Resource) DependsOn() []ID { return []ID{r.ServerID} }

// Shared is the resource itself, for code that treats all kinds alike.
func (r *Resource) Shared() *Resource { return r }

// Deployable is an entity that can be started and stopped.
type Deployable interface {
	Entity
	Shared() *Resource
}

// Service is a docker compose project.
type Service struct {
	Resource
	// Compose is the team's file as it was given, at most [MaxComposeBytes].
	Compose string
}

// MaxComposeBytes bounds a compose file. A DynamoDB item ends at 400 KB and
// holds the rest of the resource as well.
const MaxComposeBytes = 256 << 10

var (
	_ Entity     = (*Server)(nil)
	_ Entity     = (*PrivateKey)(nil)
	_ Deployable = (*Application)(nil)
	_ Deployable = (*Service)(nil)
	_ Deployable = (*Database)(nil)
)
