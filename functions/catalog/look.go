package main

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// lookFor is how long a look at a resource may take, with the connection: API
// Gateway waits 29 s for the whole of a request.
const lookFor = 20 * time.Second

// look asks a server for the status of a resource.
type look func(
	ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable,
) (string, error)

// looker returns a look over connections of the dialer.
func looker(dialer remote.Dialer) look {
	return func(
		ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable,
	) (string, error) {
		limited, cancel := context.WithTimeout(ctx, lookFor)
		defer cancel()
		shell, err := dialer.Dial(limited, remote.Target{
			Address:    server.Address,
			Port:       server.Port,
			User:       server.User,
			HostKey:    server.HostKey,
			PrivateKey: privateKey,
		})
		if dial, ok := errors.AsType[*remote.DialError](err); ok {
			return "", fault.Wrap(err, fault.Unavailable, "The server was not reached: %v.", dial.Err)
		}
		if err != nil {
			return "", err
		}
		defer shell.Close()
		found, err := inspect.Look(limited, shell, resource, server.DataDir)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			return "", fault.Wrap(err, fault.Unavailable, "The server has not answered within %s.", lookFor)
		}
		if errors.Is(err, fault.Unavailable) { // in words of the server's, perhaps
			return "", fault.New(fault.Unavailable, "%s", redact.NewMatcher(nil).Text(fault.Public(err)))
		}
		return found.Status, err
	}
}
