package wire

import (
	"encoding/json"

	"waybill/internal/catalog"
)

// ServerInput creates a server. [catalog.Check] sets the defaults of zero fields.
type ServerInput struct {
	Name           string `json:"name"`
	Description    string `json:"description"`
	IP             string `json:"ip"`
	Port           int    `json:"port"`
	User           string `json:"user"`
	PrivateKeyUUID string `json:"private_key_uuid"`
	HostKey        string `json:"host_key"`
	ProxyJump      string `json:"proxy_jump"`
	DataDir        string `json:"data_dir"`
	Concurrency    int    `json:"concurrency"`
	QueueLimit     int    `json:"queue_limit"`

	ForbidHostAccess bool   `json:"forbid_host_access"`
	ServiceDomain    string `json:"service_domain"`

	Windows Windows `json:"windows"`
}

// Server returns the input as the catalog stores it, without the host key, which
// has to be parsed first.
func (n ServerInput) Server(meta catalog.Meta) *catalog.Server {
	meta.Name, meta.Description = n.Name, n.Description
	return &catalog.Server{
		Meta:             meta,
		Address:          n.IP,
		Port:             n.Port,
		User:             n.User,
		KeyID:            catalog.ID(n.PrivateKeyUUID),
		ProxyJump:        catalog.ID(n.ProxyJump),
		DataDir:          n.DataDir,
		Concurrency:      n.Concurrency,
		QueueLimit:       n.QueueLimit,
		ForbidHostAccess: n.ForbidHostAccess,
		ServiceDomain:    n.ServiceDomain,
		Windows:          n.Windows.Set(),
	}
}

// ServerChanges returns the changes of a patch, in which existing clients have other names
// for two fields. Waybill's own name counts if both are given.
func ServerChanges(patch []byte) (map[string]json.RawMessage, error) {
	changes, err := Changes(patch)
	for other, name := range map[string]string{
		"concurrent_builds": "concurrency", "deployment_queue_limit": "queue_limit",
	} {
		value, given := changes[other]
		if _, own := changes[name]; given && !own {
			changes[name] = value
		}
		delete(changes, other)
	}
	return changes, err
}

// InputOfServer returns the input that would create the server.
func InputOfServer(s *catalog.Server) ServerInput {
	return ServerInput{
		Name:             s.Name,
		Description:      s.Description,
		IP:               s.Address,
		Port:             s.Port,
		User:             s.User,
		PrivateKeyUUID:   string(s.KeyID),
		HostKey:          s.HostKey,
		ProxyJump:        string(s.ProxyJump),
		DataDir:          s.DataDir,
		Concurrency:      s.Concurrency,
		QueueLimit:       s.QueueLimit,
		ForbidHostAccess: s.ForbidHostAccess,
		ServiceDomain:    s.ServiceDomain,
		Windows:          FromWindows(s.Windows),
	}
}

// Server is a server on the wire.
type Server struct {
	UUID           string  `json:"uuid"`
	Name           string  `json:"name"`
	Description    *string `json:"description"`
	IP             string  `json:"ip"`
	Port           int     `json:"port"`
	User           string  `json:"user"`
	PrivateKeyUUID string  `json:"private_key_uuid"`
	HostKey        *string `json:"host_key"`
	// ProxyJump is null if the server is reached directly.
	ProxyJump   *string `json:"proxy_jump"`
	DataDir     string  `json:"data_dir"`
	Concurrency int     `json:"concurrency"`
	QueueLimit  int     `json:"queue_limit"`
	// ForbidHostAccess refuses containers that could take over the server.
	ForbidHostAccess bool `json:"forbid_host_access"`
	// ServiceDomain is null if services get names of sslip.io.
	ServiceDomain *string `json:"service_domain"`
	// Windows are its own ones, without the windows of the team.
	Windows Windows `json:"windows"`

	IsReachable bool           `json:"is_reachable"`
	IsUsable    bool           `json:"is_usable"`
	Settings    ServerSettings `json:"settings"`
	ValidatedAt *string        `json:"validated_at"`
	CreatedAt   string         `json:"created_at"`
	UpdatedAt   string         `json:"updated_at"`
	// Health is null before the first measurement.
	Health *ServerHealth `json:"health"`
	// Resources is nil, and absent, unless the request asks for it.
	Resources []Resource `json:"resources,omitzero"`
	// Opening is in the answer about one server only.
	*Opening
	// Warnings are in the answer to a creation or a change only.
	Warnings []string `json:"warnings,omitempty"`
}

// ServerSettings repeats fields of the server where existing clients read them.
type ServerSettings struct {
	ConcurrentBuilds     int  `json:"concurrent_builds"`
	DeploymentQueueLimit int  `json:"deployment_queue_limit"`
	IsReachable          bool `json:"is_reachable"`
	IsUsable             bool `json:"is_usable"`
}

// FromServer returns a server as every reader sees it. It is reachable once its
// host key was seen to match, and usable once a host key is pinned.
func FromServer(s *catalog.Server) Server {
	reached, usable := !s.ValidatedAt.IsZero(), s.HostKey != ""
	return Server{
		UUID:           string(s.ID),
		Name:           s.Name,
		Description:    TextOrNull(s.Description),
		IP:             s.Address,
		Port:           s.Port,
		User:           s.User,
		PrivateKeyUUID: string(s.KeyID),
		HostKey:        TextOrNull(s.HostKey),
		ProxyJump:      TextOrNull(string(s.ProxyJump)),
		DataDir:        s.DataDir,
		Concurrency:    s.Concurrency,
		QueueLimit:     s.QueueLimit,

		ForbidHostAccess: s.ForbidHostAccess,
		ServiceDomain:    TextOrNull(s.ServiceDomain),
		Windows:          FromWindows(s.Windows),

		IsReachable: reached,
		IsUsable:    usable,
		Settings:    ServerSettings{s.Concurrency, s.QueueLimit, reached, usable},
		ValidatedAt: TimestampOrNull(s.ValidatedAt),
		CreatedAt:   Timestamp(s.CreatedAt),
		UpdatedAt:   Timestamp(s.UpdatedAt),
		Health:      FromHealth(s.Health),
	}
}
