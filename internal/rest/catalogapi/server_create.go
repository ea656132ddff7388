package catalogapi

import (
	"context"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// serverCreation is the body that creates a server.
type serverCreation struct {
	wire.ServerInput
	InstantValidate bool `json:"instant_validate"`
}

// createServer stores a server, and validates it only if the request says so. The store
// checks that its key exists, in the same transaction.
func (a catalogAPI) createServer(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[serverCreation](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := a.newMeta(c, catalog.KindServer, given.Name, given.Description)
	if err != nil {
		return rest.Answer{}, err
	}
	if reply, done, err := a.createdBefore(ctx, c, meta.ID, false); done || err != nil {
		return reply, err
	}
	given.Name = meta.Name
	server := given.Server(meta)
	if err := catalog.Check(server); err != nil {
		return rest.Answer{}, err
	}
	if server.HostKey, err = a.parseHostKey(given.HostKey); err != nil {
		return rest.Answer{}, err
	}
	if err := a.mayShare(ctx, c.Token, server); err != nil {
		return rest.Answer{}, err
	}
	entry, err := c.Entry(audit.Create, server.Target())
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.Store.Create(ctx, server, entry); err != nil {
		return rest.Answer{}, err
	}
	warnings, err := wire.ServerWarnings(c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	if given.InstantValidate {
		warnings = append(warnings, a.validateNew(ctx, c, server)...)
	}
	reply := serverAnswer(server, warnings)
	reply.Created = []string{string(server.ID)}
	return reply, nil
}

// serverAnswer answers 201 with the server and the warnings. Existing clients read no other
// status than 201, of a change neither.
func serverAnswer(server *catalog.Server, warnings []string) rest.Answer {
	body := wire.FromServer(server)
	body.Warnings = warnings
	return rest.Created(body)
}

// parseHostKey returns the key in the form in which it is pinned: without comment and
// extra spaces.
func (a catalogAPI) parseHostKey(line string) (string, error) {
	if line == "" {
		return "", nil
	}
	key, err := a.KeyReader.PublicKey(line)
	if err != nil {
		return "", fault.WrapField(err, fault.KindOf(err), "host_key",
			`must be one line of authorized_keys, such as "ssh-ed25519 AAAA…"`)
	}
	return key.Line, nil
}
