package catalog

import (
	"time"

	"waybill/internal/audit"
	"waybill/internal/window"
)

// Entity is anything the catalog holds: *[Server], *[PrivateKey], *[Registry],
// *[Notification], *[Application], *[Service] or *[Database]. The set is closed.
type Entity interface {
	// Common is the part that every entity has.
	Common() *Meta
	// DependsOn returns the entities that this one needs. They cannot be deleted
	// before it.
	DependsOn() []ID
}

// Meta is what every entity has.
type Meta struct {
	ID          ID
	Name        string
	Description string
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// Generation is the generation of its secrets in the [Vault], or "" without secrets.
	Generation Generation
}

// Target returns the entity as the target of an entry of the audit.
func (m *Meta) Target() audit.Target {
	return audit.Target{Kind: string(m.ID.Kind()), ID: string(m.ID), Name: m.Name}
}

// Common implements [Entity] for types that embed Meta.
func (m *Meta) Common() *Meta { return m }

// Server is a machine that deployments run on, reached over SSH.
type Server struct {
	Meta
	// Address is a host name or an IP address; Port is 1 to 65535.
	Address string
	Port    int
	User    string
	// KeyID is the private key that logs in to it.
	KeyID ID
	// ProxyJump is the server through which it is reached, or "". That one is reached
	// without another.
	ProxyJump ID
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
	// ForbidHostAccess refuses resources whose containers could take over the
	// server: privileged containers, and containers that mount its system folders.
	ForbidHostAccess bool
	// ServiceDomain is the domain below which each service on the server gets a host
	// name of its own, or "". See [Server.ServiceHost].
	ServiceDomain string
	// Windows say when deployments may start on it.
	Windows window.Set
	// ValidatedAt is when the host key last matched, at a validation or at the end of
	// a deployment. Zero if never.
	ValidatedAt time.Time
	// Health is the last measurement. It is read-only here: Create and Update ignore it.
	Health Health
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

// DependsOn returns the server's key, and its jump host if it has one.
func (s *Server) DependsOn() []ID {
	if s.ProxyJump == "" {
		return []ID{s.KeyID}
	}
	return []ID{s.KeyID, s.ProxyJump}
}

// PrivateKey is the public part of an SSH key. The private key is in the [Vault] under
// the entity's id.
type PrivateKey struct {
	Meta
	// PublicKey is one line of authorized_keys. Fingerprint is its SHA-256 in
	// OpenSSH's notation ("SHA256:…").
	PublicKey   string
	Fingerprint string
}

// DependsOn returns nothing.
func (*PrivateKey) DependsOn() []ID { return nil }

// Resource is the part that all resources have.
type Resource struct {
	Meta
	ServerID    ID
	Labels      Labels
	Environment []Variable
	// Previews are the variables of pull requests. Waybill does not deploy pull requests,
	// so it only stores them for the clients that set them.
	Previews []Variable
	// Timeout is the longest run of a deployment. HealthTimeout is how long a start
	// may take to become healthy. Both are whole seconds.
	Timeout       time.Duration
	HealthTimeout time.Duration
	// Retention is how long its deployments are kept; see [Retention.Or].
	Retention Retention
	// Triggers are the events that start an operation on it. Debounce, in whole seconds, is how
	// long events are collected after the first one, so that they become one deployment.
	Triggers []TriggerRule
	Debounce time.Duration
	// Windows say when deployments of it may start.
	Windows window.Set
	// SecretDigests has a keyed digest of each secret in the [Vault], by its name
	// (see [SecretDigest]).
	SecretDigests map[string]string
	// WebhookGeneration is the generation of the secret of its webhooks. It only grows; 0 is
	// without a secret, so that no webhook counts.
	WebhookGeneration int
	// HeadOnly says that the [Body] was not read. Such a resource cannot be stored.
	HeadOnly bool
	// State comes from the deployments of the resource. It is read-only here: Create
	// and Update ignore it.
	State State
}

// Defaults of a resource. An hour is upstream's limit of a command. Two minutes is
// Waybill's own limit, which `docker compose up --wait` gets.
const (
	DefaultTimeout       = time.Hour
	DefaultHealthTimeout = 2 * time.Minute
)

// State is the part of a resource that its deployments change.
type State struct {
	// Status is the last known status, in upstream's form ("running:healthy",
	// "exited"). It is empty before the first deployment has ended.
	Status string
	// Queued and Running are the uuids of the queued and the running deployment, or
	// empty.
	Queued  string
	Running string
	// Deployments is the number of records in the history.
	Deployments int
	// LogObjects and LogBytes are the number of the chunks of its logs and their size in
	// storage. They count deployments that have ended.
	LogObjects int
	LogBytes   int64
	// LastStart is when the last start that finished had begun. The resource runs with
	// the secrets of that time, or later ones. It is zero before the first one.
	LastStart time.Time
}

// DependsOn returns the resource's server.
func (r *Resource) DependsOn() []ID { return []ID{r.ServerID} }

// Shared returns the resource itself, for code that handles all kinds alike.
func (r *Resource) Shared() *Resource { return r }

// Deployable is an entity that can be started and stopped.
type Deployable interface {
	Entity
	Shared() *Resource
}

// Service is a docker compose project.
type Service struct {
	Resource
	// Compose is the team's compose file, unchanged, at most [MaxComposeBytes].
	Compose string
	// Template is whether the file is in the dialect of Coolify's templates. Such a file
	// is turned into plain compose at each start.
	Template bool
}

// MaxComposeBytes bounds a compose file, which shares [MaxBodyBytes] with the variables.
const MaxComposeBytes = 256 << 10

var (
	_ Entity     = (*Server)(nil)
	_ Entity     = (*PrivateKey)(nil)
	_ Entity     = (*Registry)(nil)
	_ Entity     = (*Notification)(nil)
	_ Deployable = (*Application)(nil)
	_ Deployable = (*Service)(nil)
	_ Deployable = (*Database)(nil)
)
