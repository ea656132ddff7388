package sshrun

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

var _ catalog.Inspector = (*Dialer)(nil)

// PrivateKey returns the public half of a PEM private key. Invalid if it is
// none, or if it needs a passphrase; the error never quotes it.
func (d *Dialer) PrivateKey(pem string) (catalog.PublicKey, error) {
	signer, err := ssh.ParsePrivateKey([]byte(pem))
	if _, ok := errors.AsType[*ssh.PassphraseMissingError](err); ok {
		return catalog.PublicKey{}, fault.New(fault.Invalid, "The private key is protected by a passphrase; give one that is not.")
	}
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Invalid, "This is no private key in PEM form (\"-----BEGIN … PRIVATE KEY-----\").")
	}
	return named(signer.PublicKey()), nil
}

// PublicKey reads one line of authorized_keys. Invalid if it is none.
func (d *Dialer) PublicKey(line string) (catalog.PublicKey, error) {
	key, err := parsePublicKey(line)
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Invalid, "This is no public key; give one line such as \"ssh-ed25519 AAAA…\".")
	}
	return named(key), nil
}

// HostKey connects, sends no credentials, and returns the key that the server
// proves to have. Unavailable, saying why, if there is no SSH server.
func (d *Dialer) HostKey(ctx context.Context, server *catalog.Server) (catalog.PublicKey, error) {
	key, err := d.show(ctx, address(server.Address, server.Port))
	if err != nil {
		return catalog.PublicKey{}, fault.New(fault.Unavailable, "The server did not answer: %s.", words(err))
	}
	return key, nil
}

// Login connects with the pinned host key and the private key, runs nothing
// and leaves. Unavailable, saying why, if any of that fails.
func (d *Dialer) Login(ctx context.Context, server *catalog.Server, privateKey string) error {
	shell, err := d.Dial(ctx, remote.Target{Address: server.Address, Port: server.Port, User: server.User,
		HostKey: server.HostKey, PrivateKey: privateKey})
	if err == nil {
		return shell.Close()
	}
	dial, ok := errors.AsType[*remote.DialError](err)
	if !ok {
		return err
	}
	switch dial.Cause {
	case remote.CauseHostKeyChanged:
		return fault.New(fault.Unavailable, "The server showed the host key %s, which is not the pinned one.", dial.Fingerprint)
	case remote.CauseHostKeyMissing:
		return fault.New(fault.Unavailable, "No usable host key is pinned for the server.")
	case remote.CauseAccess:
		return fault.New(fault.Unavailable, "The server refused the private key for the user %s.", server.User)
	}
	return fault.New(fault.Unavailable, "The server did not answer: %v.", dial.Err)
}

// errShown ends a handshake once the key was seen, before any login.
var errShown = errors.New("the host key was shown")

// show returns the host key that a server shows.
func (d *Dialer) show(ctx context.Context, address string) (catalog.PublicKey, error) {
	var seen ssh.PublicKey
	client, _, err := d.connect(ctx, address, &ssh.ClientConfig{
		HostKeyCallback: func(_ string, _ net.Addr, key ssh.PublicKey) error {
			seen = key
			return errShown
		},
		HostKeyAlgorithms: []string{ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
			ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256},
	})
	if err == nil {
		_ = client.Close()
	}
	if seen == nil {
		return catalog.PublicKey{}, err
	}
	return named(seen), nil
}

// parsePublicKey reads exactly one key: no options before it, no second line.
// A certificate is none: it would have to be checked against its authority.
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

func named(key ssh.PublicKey) catalog.PublicKey {
	return catalog.PublicKey{
		Line:        strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))),
		Fingerprint: ssh.FingerprintSHA256(key),
	}
}
