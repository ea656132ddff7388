package wire

import (
	"waybill/internal/catalog"
)

// NewServer is what a client gives of a server; what it leaves out has the
// defaults of [catalog.Check].
type NewServer struct {
	Name           string `json:"name"`
	Description    string `json:"description"`
	IP             string `json:"ip"`
	Port           int    `json:"port"`
	User           string `json:"user"`
	PrivateKeyUUID string `json:"private_key_uuid"`
	HostKey        string `json:"host_key"`
	DataDir        string `json:"data_dir"`
	Concurrency    int    `json:"concurrency"`
	QueueLimit     int    `json:"queue_limit"`

	ForbidHostAccess bool `json:"forbid_host_access"`
}

// Server is what is given as the catalog has it, its host key excepted.
func (n NewServer) Server(meta catalog.Meta) *catalog.Server {
	meta.Name, meta.Description = n.Name, n.Description
	return &catalog.Server{
		Meta:             meta,
		Address:          n.IP,
		Port:             n.Port,
		User:             n.User,
		KeyID:            catalog.ID(n.PrivateKeyUUID),
		DataDir:          n.DataDir,
		Concurrency:      n.Concurrency,
		QueueLimit:       n.QueueLimit,
		ForbidHostAccess: n.ForbidHostAccess,
	}
}

// WriteServer is the body that makes the server as it is.
func WriteServer(s *catalog.Server) NewServer {
	return NewServer{
		Name:             s.Name,
		Description:      s.Description,
		IP:               s.Address,
		Port:             s.Port,
		User:             s.User,
		PrivateKeyUUID:   string(s.KeyID),
		HostKey:          s.HostKey,
		DataDir:          s.DataDir,
		Concurrency:      s.Concurrency,
		QueueLimit:       s.QueueLimit,
		ForbidHostAccess: s.ForbidHostAccess,
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
	DataDir        string  `json:"data_dir"`
	Concurrency    int     `json:"concurrency"`
	QueueLimit     int     `json:"queue_limit"`
	// ForbidHostAccess is the policy on containers that could take it over.
	ForbidHostAccess bool `json:"forbid_host_access"`

	IsReachable bool           `json:"is_reachable"`
	IsUsable    bool           `json:"is_usable"`
	Settings    ServerSettings `json:"settings"`
	ValidatedAt *string        `json:"validated_at"`
	CreatedAt   string         `json:"created_at"`
	UpdatedAt   string         `json:"updated_at"`
	// Resources is there only when it was asked for, even if it is empty.
	Resources []Resource `json:"resources,omitzero"`
}

// ServerSettings are the same facts where existing clients look for them.
type ServerSettings struct {
	ConcurrentBuilds     int  `json:"concurrent_builds"`
	DeploymentQueueLimit int  `json:"deployment_queue_limit"`
	IsReachable          bool `json:"is_reachable"`
	IsUsable             bool `json:"is_usable"`
}

// ShowServer is a server as everybody sees it. It counts as reached once its
// host key was seen to match, and as usable once one is pinned.
func ShowServer(s *catalog.Server) Server {
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
		DataDir:        s.DataDir,
		Concurrency:    s.Concurrency,
		QueueLimit:     s.QueueLimit,

		ForbidHostAccess: s.ForbidHostAccess,

		IsReachable: reached,
		IsUsable:    usable,
		Settings:    ServerSettings{s.Concurrency, s.QueueLimit, reached, usable},
		ValidatedAt: TimestampOrNull(s.ValidatedAt),
		CreatedAt:   Timestamp(s.CreatedAt),
		UpdatedAt:   Timestamp(s.UpdatedAt),
	}
}
