package sshrun

import (
	"context"
	"errors"
	"net"

	"golang.org/x/crypto/ssh"

	"waybill/internal/remote"
)

// hop is a connection to a server that its jump host forwards. It ends together with
// the connection to the jump host.
type hop struct {
	net.Conn
	jump *ssh.Client
}

// Close closes both connections.
func (h *hop) Close() error {
	err := h.Conn.Close()
	return errors.Join(err, h.jump.Close())
}

// reach opens a connection to the target's address, through its jump host if it has
// one. The jump host looks the address up, in its own network.
func (d *Dialer) reach(ctx context.Context, target remote.Target) (*line, error) {
	if target.Via == nil {
		plain, err := (&net.Dialer{}).DialContext(ctx, "tcp", address(target))
		if err != nil {
			return nil, orContextError(ctx, err)
		}
		return &line{Conn: withQuickACK(plain)}, nil
	}
	jump, first, err := d.enter(ctx, *target.Via)
	if refused, ok := errors.AsType[*remote.DialError](err); ok {
		refused.AtJumpHost = true
		return nil, refused
	}
	if err != nil {
		return nil, err
	}
	forwarded, err := jump.DialContext(ctx, "tcp", address(target))
	if err != nil {
		_ = jump.Close()
		return nil, orContextError(ctx, err)
	}
	return &line{Conn: &hop{Conn: forwarded, jump: jump}, first: first}, nil
}
