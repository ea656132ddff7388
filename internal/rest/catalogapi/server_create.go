package catalogapi

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// createServer keeps a server; nothing connects to it. That its key exists is
// for the store to say, which holds the key in place in the same write.
func (k catalogAPI) createServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.NewServer](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := k.meta(catalog.KindServer, given.Name, given.Description)
	if err != nil {
		return rest.Answer{}, err
	}
	server := given.Server(meta)
	if err := catalog.Check(server); err != nil {
		return rest.Answer{}, err
	}
	if server.HostKey, err = k.hostKey(given.HostKey); err != nil {
		return rest.Answer{}, err
	}
	if err := k.mayShare(ctx, c.Token, server); err != nil {
		return rest.Answer{}, err
	}
	if err := k.Store.Create(ctx, server); err != nil {
		return rest.Answer{}, err
	}
	return rest.Created(wire.ShowServer(server)), nil
}

// hostKey is the key as it is pinned: without comment and white space.
func (k catalogAPI) hostKey(line string) (string, error) {
	if line == "" {
		return "", nil
	}
	key, err := k.Inspector.PublicKey(line)
	if err != nil {
		return "", fault.WrapField(err, fault.KindOf(err), "host_key", `must be one line of authorized_keys, such as "ssh-ed25519 AAAA…"`)
	}
	return key.Line, nil
}
