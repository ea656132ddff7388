package inspect

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
	"waybill/internal/remote"
)

// dialAndLookFor is how long a look at a resource may take, with the connection: API
// Gateway waits 29 s for the whole of a request.
const dialAndLookFor = 20 * time.Second

// DialAndLook returns a function that connects to a server with the private key and asks
// it for the status of a resource. The function returns Unavailable if the server was
// not reached, did not answer within 20 s or could not tell the status. Its error
// masks credentials that the server's text seems to have.
func DialAndLook(dialer remote.Dialer) func(
	ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable,
) (string, error) {
	return func(
		ctx context.Context, server *catalog.Server, privateKey string, resource catalog.Deployable,
	) (string, error) {
		limited, cancel := context.WithTimeout(ctx, dialAndLookFor)
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
		found, err := Look(limited, shell, resource, server.DataDir)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			return "", fault.Wrap(err, fault.Unavailable,
				"The server has not answered within %s.", dialAndLookFor)
		}
		return found.Status, redact.NewMatcher(nil).Error(err)
	}
}
