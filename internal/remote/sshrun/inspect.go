package sshrun

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

var _ catalog.Inspector = (*Dialer)(nil)

// PublicKey reads one line of authorized_keys. The error is Invalid if the line
// is not a public key.
func (d *Dialer) PublicKey(line string) (catalog.PublicKey, error) {
	key, err := parsePublicKey(line)
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Invalid,
			"This is no public key; give one line such as \"ssh-ed25519 AAAA…\".")
	}
	return publicKeyOf(key), nil
}

// HostKey connects, sends no credentials, and returns a key that the server
// proves to have: the key with the fingerprint if it has one, else a key of the
// pinned key's type, else the key that the server prefers. The error is
// Unavailable, with the reason, if there is no SSH server.
func (d *Dialer) HostKey(
	ctx context.Context, server *catalog.Server, fingerprint string,
) (catalog.PublicKey, error) {
	at := address(server.Address, server.Port)
	key, err := d.likePinned(ctx, at, server.HostKey)
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Unavailable,
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
func (d *Dialer) likePinned(ctx context.Context, at, pinned string) (catalog.PublicKey, error) {
	if line, err := parsePublicKey(pinned); err == nil {
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
// disconnects. The error is Unavailable, with the reason, if any of that fails.
func (d *Dialer) Login(ctx context.Context, server *catalog.Server, privateKey string) error {
	shell, err := d.login(ctx, server, privateKey)
	if err != nil {
		return err
	}
	return shell.Close()
}

// probeFor is how long a probe may take. The answer must come within the 29 s
// that API Gateway waits.
const probeFor = 12 * time.Second

// Usable logs in and tests everything that a start needs. If anything is
// missing, the error is Unavailable and names it.
func (d *Dialer) Usable(ctx context.Context, server *catalog.Server, privateKey string) error {
	shell, err := d.login(ctx, server, privateKey)
	if err != nil {
		return fault.New(fault.KindOf(err), "Logging in failed: %s", fault.Public(err))
	}
	defer shell.Close()
	limited, cancel := context.WithTimeout(ctx, probeFor)
	defer cancel()
	err = remote.Probe(limited, shell, server.DataDir)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case limited.Err() != nil:
		return fault.New(fault.Unavailable,
			"Logging in works, but the server runs no commands: none was answered within %s. "+
				"Look for ForceCommand in its sshd_config and for commands that wait in the user's "+
				"shell start-up files.",
			probeFor)
	}
	return fault.New(fault.Unavailable, "Logging in works, but deployments cannot run. %s", fault.Public(err))
}

// login logs in. Its errors are worded for the answer of a validation.
func (d *Dialer) login(ctx context.Context, server *catalog.Server, privateKey string) (remote.Shell, error) {
	shell, err := d.Dial(ctx, remote.Target{Address: server.Address, Port: server.Port, User: server.User,
		HostKey: server.HostKey, PrivateKey: privateKey})
	if err == nil {
		return shell, nil
	}
	dial, ok := errors.AsType[*remote.DialError](err)
	if !ok {
		return nil, err
	}
	switch dial.Cause {
	case remote.CauseHostKeyChanged:
		return nil, fault.New(fault.Unavailable, "%s", dial.ChangedKey())
	case remote.CauseHostKeyMissing:
		return nil, fault.New(fault.Unavailable, "No usable host key is pinned for the server.")
	case remote.CauseAccess:
		return nil, fault.New(fault.Unavailable, "The server refused the private key for the user %s.",
			server.User)
	}
	return nil, fault.New(fault.Unavailable, "The server did not answer: %v.", dial.Err)
}

// errKeySeen ends a handshake once the key was seen, before any login.
var errKeySeen = errors.New("the host key was shown")

// fetchHostKey returns the host key that a server proves to have by one of the
// algorithms.
func (d *Dialer) fetchHostKey(ctx context.Context, address string, by []string) (catalog.PublicKey, error) {
	var seen ssh.PublicKey
	client, _, err := d.connect(ctx, address, &ssh.ClientConfig{
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
	return publicKeyOf(seen), nil
}

// parsePublicKey reads exactly one key: no options before it, no second line.
// It refuses a certificate, which would have to be checked against its
// authority.
func parsePublicKey(line string) (ssh.PublicKey, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(line))
	switch {
	case err != nil:
		return nil, err
	case len(options) > 0 || len(bytes.TrimSpace(rest)) > 0:
		return nil, errors.New("more than a key")
	case strings.Contains(key.Type(), "-cert-"):
		return nil, errors.New("a certificate")
	}
	return key, nil
}

func publicKeyOf(key ssh.PublicKey) catalog.PublicKey {
	return catalog.PublicKey{
		Line:        strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		Fingerprint: ssh.FingerprintSHA256(key),
	}
}
