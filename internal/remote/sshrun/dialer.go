// Package sshrun implements the shell of package remote over SSH. It opens
// connections to servers whose host key is pinned, and inspects servers before
// a deployment uses them.
package sshrun

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strconv"
	"time"

	"golang.org/x/crypto/ssh"

	"waybill/internal/remote"
	"waybill/internal/remote/sshkey"
)

// Options adjust [New]; the zero value works.
type Options struct {
	// Timeout limits the opening of a connection, with handshake and login, and
	// with the jump host if there is one, so that a server that accepts and then
	// says nothing counts as unreachable; 10 s if zero.
	Timeout time.Duration
	// KeepAlive is how often a connection is tested; 5 s if zero. A connection
	// is dead if nothing has arrived or been acknowledged for three times as
	// long.
	KeepAlive time.Duration
}

// Dialer opens SSH connections and inspects servers. It may be used
// by several goroutines at once.
type Dialer struct {
	opts Options
}

var _ remote.Dialer = (*Dialer)(nil)

// New returns a dialer.
func New(opts Options) *Dialer {
	if opts.Timeout == 0 {
		opts.Timeout = 10 * time.Second
	}
	if opts.KeepAlive == 0 {
		opts.KeepAlive = 5 * time.Second
	}
	return &Dialer{opts: opts}
}

// Dial connects, checks that the server has the pinned key, and logs in with
// the private key, first at the jump host if there is one. Its errors are
// *[remote.DialError] and hold neither a key nor anything that a server said.
func (d *Dialer) Dial(ctx context.Context, target remote.Target) (remote.Shell, error) {
	client, line, err := d.enter(ctx, target)
	if err != nil {
		return nil, err
	}
	return newShell(client, line, d.opts.KeepAlive), nil
}

// enter opens a connection to a server whose host key is pinned, and logs in. Its
// errors are like Dial's.
func (d *Dialer) enter(ctx context.Context, target remote.Target) (*ssh.Client, *line, error) {
	if target.HostKey == "" {
		return nil, nil, newDialError(remote.CauseHostKeyMissing, "no host key is pinned")
	}
	pinned, err := sshkey.Parse(target.HostKey)
	if err != nil {
		return nil, nil, newDialError(remote.CauseHostKeyMissing, "the pinned host key cannot be read")
	}
	signer, err := ssh.ParsePrivateKey([]byte(target.PrivateKey))
	if err != nil {
		return nil, nil, newDialError(remote.CauseAccess, "the private key cannot be read")
	}
	check := &pin{key: pinned}
	client, line, err := d.connect(ctx, target, &ssh.ClientConfig{
		User:              target.User,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signers(signer)...)},
		HostKeyCallback:   check.compare,
		HostKeyAlgorithms: algorithms(pinned.Type()),
	})
	if err != nil {
		return nil, nil, d.classify(ctx, target, check, err)
	}
	return client, line, nil
}

// connect opens a connection within the timeout, which is one for both hops.
func (d *Dialer) connect(
	ctx context.Context, target remote.Target, config *ssh.ClientConfig,
) (*ssh.Client, *line, error) {
	ctx, cancel := context.WithTimeout(ctx, d.opts.Timeout)
	defer cancel()
	line, err := d.reach(ctx, target)
	if err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = line.Close() })
	conn, channels, requests, err := ssh.NewClientConn(line, address(target), config)
	if err != nil {
		_ = line.Close()
		return nil, nil, orContextError(ctx, err)
	}
	if !stop() {
		_ = conn.Close()
		return nil, nil, ctx.Err()
	}
	return ssh.NewClient(conn, channels, requests), line, nil
}

// orContextError returns ctx's error if the end of ctx caused err, and otherwise err.
func orContextError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// pin compares a server's key with the pinned one.
type pin struct {
	key ssh.PublicKey
	// verified says that the server proved to have the key; seen is the
	// fingerprint of another key that it showed.
	verified bool
	seen     string
}

var errOtherKey = errors.New("the server showed another host key")

func (p *pin) compare(_ string, _ net.Addr, key ssh.PublicKey) error {
	if !bytes.Equal(key.Marshal(), p.key.Marshal()) {
		p.seen = ssh.FingerprintSHA256(key)
		return errOtherKey
	}
	p.verified = true
	return nil
}

// algorithms returns the algorithms by which a server can prove that it has a
// key of the type. Only these are offered, so that a server with several keys
// shows that one.
func algorithms(keyType string) []string {
	if keyType == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{keyType}
}

// signers offers an RSA key once for each of its algorithms, the strongest
// first. The library signs with only one algorithm, which it takes from the
// server's list of known algorithms, but the server may not accept all of
// these. SHA-1 is last, for servers that know nothing else.
func signers(signer ssh.Signer) []ssh.Signer {
	rsa, ok := signer.(ssh.AlgorithmSigner)
	if !ok || signer.PublicKey().Type() != ssh.KeyAlgoRSA {
		return []ssh.Signer{signer}
	}
	var all []ssh.Signer
	for _, algorithm := range []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA} {
		if one, err := ssh.NewSignerWithAlgorithms(rsa, []string{algorithm}); err == nil {
			all = append(all, one)
		}
	}
	return all
}

func address(target remote.Target) string {
	return net.JoinHostPort(target.Address, strconv.Itoa(target.Port))
}

func newDialError(cause remote.Cause, text string) *remote.DialError {
	return &remote.DialError{Cause: cause, Err: errors.New(text)}
}
