package sshrun

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"golang.org/x/crypto/ssh"

	"waybill/internal/remote"
)

// classify turns an error of connect into an error with a cause.
func (d *Dialer) classify(
	ctx context.Context, target remote.Target, check *pin, err error,
) *remote.DialError {
	if hop, ok := errors.AsType[*remote.DialError](err); ok {
		return hop
	}
	negotiation, unequal := errors.AsType[*ssh.AlgorithmNegotiationError](err)
	switch {
	case check.seen != "":
		return &remote.DialError{Cause: remote.CauseHostKeyChanged, Fingerprint: check.seen, Err: errOtherKey}
	case unequal && negotiation.What == "host key":
		// The server has no key of the pinned type, so look which key it has.
		seen, _ := d.fetchHostKey(ctx, target, allHostKeys())
		return &remote.DialError{Cause: remote.CauseHostKeyChanged, Fingerprint: seen.Fingerprint,
			Err: errOtherKey}
	case check.verified && refusedKey(err):
		return newDialError(remote.CauseAccess, "the server refused the private key")
	}
	return newDialError(remote.CauseUnreachable, dialFailureText(err))
}

// refusedKey recognises a refused login: by the library's text, because the
// library has no type for it, or by OpenSSH's text, which a server sends if it
// allows only one attempt.
func refusedKey(err error) bool {
	return strings.Contains(err.Error(), "ssh: unable to authenticate") ||
		strings.Contains(err.Error(), "Too many authentication failures")
}

// dialFailureText says why a server cannot be reached. It repeats nothing that the server
// said, because that is not redacted.
func dialFailureText(err error) string {
	if negotiation, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		return "no common algorithm for the " + negotiation.What
	}
	if unknown, ok := errors.AsType[*net.DNSError](err); ok {
		if unknown.IsNotFound {
			return "no such host"
		}
		return "its name cannot be looked up"
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return forwardingText(refused)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	case errors.Is(err, context.Canceled):
		return "the attempt was cancelled"
	}
	return "it does not speak SSH"
}

// forwardingText says why a jump host opened no connection to the server.
func forwardingText(refused *ssh.OpenChannelError) string {
	switch refused.Reason {
	case ssh.Prohibited:
		return "the jump host forbids the forwarding, which needs AllowTcpForwarding and PermitOpen " +
			"in its sshd_config"
	case ssh.ConnectionFailed:
		return "the jump host cannot connect to it"
	}
	return fmt.Sprintf("the jump host opened no connection to it, for reason %d", uint32(refused.Reason))
}

// closeReason says, for the operator, how a connection ended. It also repeats
// nothing that the server said.
func closeReason(err error) string {
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		return number.Error()
	}
	if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return fmt.Sprintf("it opened no session, for reason %d", uint32(refused.Reason))
	}
	switch {
	case errors.Is(err, io.EOF):
		return "it ended"
	case errors.Is(err, net.ErrClosed):
		return "it was closed"
	}
	return fmt.Sprintf("%T", err)
}
