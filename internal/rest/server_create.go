package rest

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// newServer is what a client gives of a server; what it leaves out has the
// defaults of [catalog.Check].
type newServer struct {
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

// server is what is given as the catalog has it, its host key excepted.
func (n newServer) server(meta catalog.Meta) *catalog.Server {
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

// createServer keeps a server; nothing connects to it. That its key exists is
// for the store to say, which holds the key in place in the same write.
func (k keeper) createServer(ctx context.Context, c *call) (answer, error) {
	given, err := decode[newServer](c.body)
	if err != nil {
		return answer{}, err
	}
	meta, err := k.meta(catalog.KindServer, given.Name, given.Description)
	if err != nil {
		return answer{}, err
	}
	server := given.server(meta)
	if err := catalog.Check(server); err != nil {
		return answer{}, err
	}
	if server.HostKey, err = k.hostKey(given.HostKey); err != nil {
		return answer{}, err
	}
	if err := k.Store.Create(ctx, server); err != nil {
		return answer{}, err
	}
	return created(showServer(server)), nil
}

// hostKey is the key as it is pinned: without comment and white space.
func (k keeper) hostKey(line string) (string, error) {
	if line == "" {
		return "", nil
	}
	key, err := k.Inspector.PublicKey(line)
	if err != nil {
		return "", fault.WrapField(err, fault.KindOf(err), "host_key", `must be one line of authorized_keys, such as "ssh-ed25519 AAAA…"`)
	}
	return key.Line, nil
}
