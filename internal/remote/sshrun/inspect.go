package sshrun

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/route"
	"waybill/internal/remote/sshkey"
)

var _ catalog.Inspector = (*Dialer)(nil)

// HostKey connects, sends the server no credentials, and returns a key that the server
// proves to have: the key with the fingerprint if it has one, else a key of the
// pinned key's type, else the key that the server prefers. The error is
// [catalog.ErrServer], with the reason, if there is no SSH server.
func (d *Dialer) HostKey(
	ctx context.Context, server *catalog.Server, login catalog.Login, fingerprint string,
) (catalog.PublicKey, error) {
	at := route.To(server, login)
	key, err := d.likePinned(ctx, at)
	if hop, ok := errors.AsType[*remote.DialError](err); ok {
		return catalog.PublicKey{}, refusal(hop, login.Jump.Server.User)
	}
	if err != nil {
		return catalog.PublicKey{}, catalog.NewServerError(
			"The server did not answer: %s.", dialFailureText(err))
	}
	if fingerprint == "" || key.Fingerprint == fingerprint {
		return key, nil
	}
	for _, of := range hostKeyTypes {
		other, err := d.fetchHostKey(ctx, at, algorithms(of))
		if err == nil && other.Fingerprint == fingerprint {
			return other, nil
		}
	}
	return key, nil
}

// likePinned returns the server's key of the same type as the pinned key. If
// there is no such key, or no key is pinned, it returns the key that the server
// prefers.
func (d *Dialer) likePinned(ctx context.Context, at remote.Target) (catalog.PublicKey, error) {
	if line, err := sshkey.Parse(at.HostKey); err == nil {
		key, err := d.fetchHostKey(ctx, at, algorithms(line.Type()))
		if _, unequal := errors.AsType[*ssh.AlgorithmNegotiationError](err); !unequal {
			return key, err
		}
	}
	return d.fetchHostKey(ctx, at, allHostKeys())
}

// hostKeyTypes are the types of host keys, the preferred ones first.
var hostKeyTypes = []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSA}

func allHostKeys() []string {
	var all []string
	for _, of := range hostKeyTypes {
		all = append(all, algorithms(of)...)
	}
	return all
}

// Login connects with the pinned host key and the private key, runs nothing and
// disconnects. The error is [catalog.ErrServer], with the reason, if any of that fails.
func (d *Dialer) Login(ctx context.Context, server *catalog.Server, login catalog.Login) error {
	shell, err := d.login(ctx, server, login)
	if err != nil {
		return err
	}
	return shell.Close()
}

// probeFor is how long a probe may take. The answer must come within the 29 s
// that API Gateway waits.
const probeFor = 12 * time.Second

// measureFor is how long the measurement of a server may take, after its probe.
const measureFor = 5 * time.Second

// Usable logs in and tests everything that a start needs, and measures the server. If
// anything is missing, the error is [catalog.ErrServer] and names it.
func (d *Dialer) Usable(
	ctx context.Context, server *catalog.Server, login catalog.Login,
) (catalog.Health, error) {
	shell, err := d.login(ctx, server, login)
	if err != nil {
		if !errors.Is(err, catalog.ErrServer) {
			return catalog.Health{}, err
		}
		return catalog.Health{}, catalog.NewServerError("Logging in failed: %s", fault.Public(err))
	}
	defer shell.Close()
	if err := probe(ctx, shell, server); err != nil {
		return catalog.Health{}, err
	}
	limited, cancel := context.WithTimeout(ctx, measureFor)
	defer cancel()
	// The server is usable, whatever it tells of its disks.
	measured, _ := remote.Measure(limited, shell, server.DataDir, true, time.Now)
	return catalog.Health(measured), nil
}

// probe tests everything that a start needs.
func probe(ctx context.Context, shell remote.Shell, server *catalog.Server) error {
	limited, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	err := remote.Probe(limited, shell, server.DataDir)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return catalog.NewServerError(
			"Logging in works, but the server runs no commands: none was answered within %s. "+
				"Look for ForceCommand in its sshd_config and for commands that wait in the user's "+
				"shell start-up files.",
			probeFor)
	}
	return catalog.NewServerError("Logging in works, but deployments cannot run. %s", fault.Public(err))
}

// login logs in. Its errors are worded for the answer of a validation.
func (d *Dialer) login(
	ctx context.Context, server *catalog.Server, login catalog.Login,
) (remote.Shell, error) {
	shell, err := d.Dial(ctx, route.To(server, login))
	if err == nil {
		return shell, nil
	}
	dial, ok := errors.AsType[*remote.DialError](err)
	if !ok {
		return nil, err
	}
	user := server.User
	if dial.AtJumpHost {
		user = login.Jump.Server.User
	}
	return nil, refusal(dial, user)
}

// refusal is the error of a validation for a host that cannot be opened. user is the
// one that was to log in there.
func refusal(dial *remote.DialError, user string) error {
	host := dial.Host()
	switch dial.Cause {
	case remote.CauseHostKeyChanged:
		return catalog.NewServerError("%s", dial.ChangedKey())
	case remote.CauseHostKeyMissing:
		return catalog.NewServerError("No usable host key is pinned for the %s.", host)
	case remote.CauseAccess:
		return catalog.NewServerError("The %s refused the private key for the user %s.", host, user)
	}
	return catalog.NewServerError("The %s did not answer: %v.", host, dial.Err)
}

// errKeySeen ends a handshake once the key was seen, before any login.
var errKeySeen = errors.New("the host key was shown")

// fetchHostKey returns the host key that a server proves to have by one of the
// algorithms.
func (d *Dialer) fetchHostKey(
	ctx context.Context, target remote.Target, by []string,
) (catalog.PublicKey, error) {
	var seen ssh.PublicKey
	client, _, err := d.connect(ctx, target, &ssh.ClientConfig{
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return errKeySeen
		},
		HostKeyAlgorithms: by,
	})
	if err == nil {
		_ = client.Close()
	}
	if seen == nil {
		return catalog.PublicKey{}, err
	}
	return sshkey.Describe(seen), nil
}
