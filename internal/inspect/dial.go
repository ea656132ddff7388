package inspect

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/remote"
	"waybill/internal/remote/route"
)

// sessionFor is how long a session with a server may take, with the connection: API
// Gateway waits 29 s for the whole of a request.
const sessionFor = 20 * time.Second

// DialAndLook returns a function that connects to a server and asks
// it for the status of a resource. The function returns Unavailable if the server was
// not reached, did not answer within 20 s or could not tell the status. Its error
// masks credentials that the server's text seems to have.
func DialAndLook(dialer remote.Dialer) func(
	ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.Deployable,
) (string, error) {
	return func(
		ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.Deployable,
	) (status string, err error) {
		look := func(ctx context.Context, shell remote.Shell) error {
			found, err := Look(ctx, shell, resource, server.DataDir)
			status = found.Status
			return err
		}
		err = dialAndAsk(ctx, dialer, server, login, look)
		return status, err
	}
}

// DialAndReadLogs returns a function that connects to a server and reads
// the logs of a resource's containers. It fails like the function of [DialAndLook].
func DialAndReadLogs(dialer remote.Dialer) func(
	ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.ID, query LogQuery,
) (Logs, error) {
	return func(
		ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.ID, query LogQuery,
	) (logs Logs, err error) {
		read := func(ctx context.Context, shell remote.Shell) (err error) {
			logs, err = ReadLogs(ctx, shell, resource, query)
			return err
		}
		err = dialAndAsk(ctx, dialer, server, login, read)
		return logs, err
	}
}

// dialAndAsk calls ask with a connection to the server, for at most [sessionFor].
func dialAndAsk(
	ctx context.Context, dialer remote.Dialer, server *catalog.Server, login catalog.Login,
	ask func(context.Context, remote.Shell) error,
) error {
	limited, cancel := context.WithTimeout(ctx, sessionFor)
	defer cancel()
	shell, err := dialer.Dial(limited, route.To(server, login))
	if dial, ok := errors.AsType[*remote.DialError](err); ok {
		return fault.Wrap(err, fault.Unavailable, "The %s was not reached: %v.", dial.Host(), dial.Err)
	}
	if err != nil {
		return err
	}
	defer shell.Close()
	err = ask(limited, shell)
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		return fault.Wrap(err, fault.Unavailable, "The server has not answered within %s.", sessionFor)
	}
	return redact.NewMatcher(nil).Error(err)
}
