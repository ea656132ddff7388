package secrets

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// jumpHost returns the jump host of the server, or nil for a server that is reached directly.
// NotFound is for the user.
func (r Reader) jumpHost(ctx context.Context, server *catalog.Server) (*catalog.Server, error) {
	if server.ProxyJump == "" {
		return nil, nil
	}
	host, err := catalog.Find[*catalog.Server](ctx, r.Store, server.ProxyJump)
	if errors.Is(err, fault.NotFound) {
		return nil, fault.Wrap(err, fault.NotFound, "The jump host of the server was deleted.")
	}
	return host, err
}

// Login returns what opens the server.
func (s Sets) Login() catalog.Login {
	return catalog.Login{PrivateKey: s.Server[catalog.PrivateKeySecret], Jump: s.Jump}
}
