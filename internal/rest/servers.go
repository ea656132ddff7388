package rest

import (
	"context"

	"waybill/internal/catalog"
)

// serverBody is a server on the wire.
type serverBody struct {
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
	Settings    serverSettings `json:"settings"`
	ValidatedAt *string        `json:"validated_at"`
	CreatedAt   string         `json:"created_at"`
	UpdatedAt   string         `json:"updated_at"`
	// Resources is there only when it was asked for, even if it is empty.
	Resources []resourceBody `json:"resources,omitzero"`
}

// serverSettings are the same facts where existing clients look for them.
type serverSettings struct {
	ConcurrentBuilds     int  `json:"concurrent_builds"`
	DeploymentQueueLimit int  `json:"deployment_queue_limit"`
	IsReachable          bool `json:"is_reachable"`
	IsUsable             bool `json:"is_usable"`
}

// showServer is a server as everybody sees it. It counts as reached once its
// host key was seen to match, and as usable once one is pinned.
func showServer(s *catalog.Server) serverBody {
	reached, usable := !s.ValidatedAt.IsZero(), s.HostKey != ""
	return serverBody{
		UUID:           string(s.ID),
		Name:           s.Name,
		Description:    textOrNull(s.Description),
		IP:             s.Address,
		Port:           s.Port,
		User:           s.User,
		PrivateKeyUUID: string(s.KeyID),
		HostKey:        textOrNull(s.HostKey),
		DataDir:        s.DataDir,
		Concurrency:    s.Concurrency,
		QueueLimit:     s.QueueLimit,

		ForbidHostAccess: s.ForbidHostAccess,

		IsReachable: reached,
		IsUsable:    usable,
		Settings:    serverSettings{s.Concurrency, s.QueueLimit, reached, usable},
		ValidatedAt: timestampOrNull(s.ValidatedAt),
		CreatedAt:   timestamp(s.CreatedAt),
		UpdatedAt:   timestamp(s.UpdatedAt),
	}
}

// listServers answers all of them as a bare array.
func (k keeper) listServers(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindServer, showServer)
}

// getServer answers one, with what is deployed on it if that is asked for.
func (k keeper) getServer(ctx context.Context, c *call) (answer, error) {
	server, err := find[*catalog.Server](ctx, k.Store, c.params["uuid"], catalog.KindServer)
	if err != nil {
		return answer{}, err
	}
	body := showServer(server)
	if flag(c.query, "resources") {
		if body.Resources, err = k.resources(ctx, func(r *catalog.Resource) bool { return r.ServerID == server.ID }); err != nil {
			return answer{}, err
		}
	}
	return ok(body), nil
}
