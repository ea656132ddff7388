package sshrun_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// login opens the server.
func login(server *remotetest.Server) catalog.Login {
	return catalog.Login{PrivateKey: server.ClientKeyPEM()}
}

// of returns the server as the catalog has it.
func of(server *remotetest.Server, id catalog.ID) *catalog.Server {
	return &catalog.Server{Meta: catalog.Meta{ID: id}, Address: "127.0.0.1", Port: server.Port(),
		User: server.User(), HostKey: server.HostKey(), DataDir: "/tmp"}
}

// behind is a server that is reached through a jump host; both are real sshds.
func behind(t *testing.T, lines ...string) (server, jump *remotetest.Server, target remote.Target) {
	t.Helper()
	server = remotetest.OpenSSH(t, remotetest.Setup{})
	jump = remotetest.OpenSSH(t, remotetest.Setup{Lines: lines})
	target = server.Target()
	via := jump.Target()
	target.Via = &via
	return server, jump, target
}

func TestAServerIsReachedThroughItsJumpHost(t *testing.T) {
	// The jump host opens no session and no terminal, so it only forwards.
	_, jump, target := behind(t, "MaxSessions 0", "PermitTTY no")
	shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var out bytes.Buffer
	exit, err := shell.Run(t.Context(), `echo "${SSH_CONNECTION##* }"`, nil, &out, io.Discard)
	if err != nil || exit != 0 || strings.TrimSpace(out.String()) != port(target) {
		t.Errorf("%q, %d, %v; want the port of the server behind the jump host", out.String(), exit, err)
	}
	if port(target) == port(jump.Target()) {
		t.Error("both have one port")
	}
}

func TestBothHostKeysArePinned(t *testing.T) {
	server, jump, _ := behind(t)
	other := remotetest.Start(t, remotetest.Options{})
	for _, c := range []struct {
		name       string
		change     func(target *remote.Target)
		cause      remote.Cause
		atJumpHost bool
		print      string
	}{
		{"the server's is another", func(target *remote.Target) { target.HostKey = other.HostKey() },
			remote.CauseHostKeyChanged, false, server.HostKey()},
		{"the server's is of another type", func(target *remote.Target) {
			target.HostKey = remotetest.PublicLine(t, ecdsaPEM(t))
		}, remote.CauseHostKeyChanged, false, server.HostKey()},
		{"the jump host's is another", func(target *remote.Target) { target.Via.HostKey = other.HostKey() },
			remote.CauseHostKeyChanged, true, jump.HostKey()},
		{"the jump host's is missing", func(target *remote.Target) { target.Via.HostKey = "" },
			remote.CauseHostKeyMissing, true, ""},
		{"the server refuses the key", func(target *remote.Target) {
			target.PrivateKey = other.ClientKeyPEM()
		}, remote.CauseAccess, false, ""},
		{"the jump host refuses the key", func(target *remote.Target) {
			target.Via.PrivateKey = other.ClientKeyPEM()
		}, remote.CauseAccess, true, ""},
		{"nothing listens behind the jump host", func(target *remote.Target) { target.Port = free(t) },
			remote.CauseUnreachable, false, ""},
		{"nothing listens at the jump host", func(target *remote.Target) { target.Via.Port = free(t) },
			remote.CauseUnreachable, true, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			target, via := server.Target(), jump.Target()
			target.Via = &via
			c.change(&target)
			_, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
			dial, ok := errors.AsType[*remote.DialError](err)
			if !ok || dial.Cause != c.cause || dial.AtJumpHost != c.atJumpHost {
				t.Fatalf("%v, want %s, at the jump host %t", err, c.cause, c.atJumpHost)
			}
			if c.print != "" && dial.Fingerprint != fingerprint(t, c.print) {
				t.Errorf("fingerprint %q, want that of the key which was shown", dial.Fingerprint)
			}
		})
	}
}

func TestAJumpHostThatForbidsForwardingIsNamed(t *testing.T) {
	_, _, target := behind(t, "AllowTcpForwarding no")
	_, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
	if dial, ok := errors.AsType[*remote.DialError](err); !ok || dial.Cause != remote.CauseUnreachable ||
		!strings.Contains(err.Error(), "AllowTcpForwarding") {
		t.Errorf("error = %v, want that the jump host forbids it", err)
	}
}

func TestAServerIsInspectedThroughItsJumpHost(t *testing.T) {
	server, jump, _ := behind(t)
	dialer, entity := sshrun.New(sshrun.Options{}), of(server, "srv000000000000000000001")
	through := catalog.Login{PrivateKey: server.ClientKeyPEM(),
		Jump: &catalog.Jump{Server: of(jump, "srv000000000000000000002"), PrivateKey: jump.ClientKeyPEM()}}
	got, err := dialer.HostKey(t.Context(), entity, through, "")
	if err != nil || got.Line != server.HostKey() {
		t.Errorf("host key %q, %v; want the one of the server behind", got.Line, err)
	}
	if err := dialer.Login(t.Context(), entity, through); err != nil {
		t.Error(err)
	}
	through.Jump.Server.HostKey = server.HostKey()
	for what, ask := range map[string]func() error{
		"HostKey": func() error { _, err := dialer.HostKey(t.Context(), entity, through, ""); return err },
		"Login":   func() error { return dialer.Login(t.Context(), entity, through) },
	} {
		err := ask()
		if text := fault.Public(err); !errors.Is(err, catalog.ErrServer) ||
			!strings.HasPrefix(text, "The jump host showed the host key "+fingerprint(t, jump.HostKey())) {
			t.Errorf("%s: error = %v, want that the jump host showed another key", what, err)
		}
	}
}

// TestACutOfEitherHopIsALostConnection: both are noticed while a script runs.
func TestACutOfEitherHopIsALostConnection(t *testing.T) {
	for _, which := range []string{"the server", "the jump host"} {
		t.Run(which, func(t *testing.T) {
			server, jump, target := behind(t)
			shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer shell.Close()
			cut := server
			if which == "the jump host" {
				cut = jump
			}
			begun := &firstWrite{then: cut.CutAll}
			_, err = shell.Run(t.Context(), "echo begun; sleep 30", nil, begun, io.Discard)
			if !errors.Is(err, fault.Unavailable) {
				t.Errorf("error = %v, want that the connection was lost", err)
			}
		})
	}
}

// TestAHopThatStallsIsALostConnection: the keep-alive goes through both hops.
func TestAHopThatStallsIsALostConnection(t *testing.T) {
	for _, which := range []string{"the server", "the jump host"} {
		t.Run(which, func(t *testing.T) {
			_, _, target := behind(t)
			stalled := &target
			if which == "the jump host" {
				stalled = target.Via
			}
			proxy := stall(t, stalled.Port)
			stalled.Port = proxy.port
			dialer := sshrun.New(sshrun.Options{KeepAlive: 100 * time.Millisecond})
			shell, err := dialer.Dial(t.Context(), target)
			if err != nil {
				t.Fatal(err)
			}
			defer shell.Close()
			begun := &firstWrite{then: proxy.stop}
			_, err = shell.Run(t.Context(), "echo begun; sleep 20", nil, begun, io.Discard)
			if !errors.Is(err, fault.Unavailable) {
				t.Errorf("error = %v, want that the connection was lost", err)
			}
		})
	}
}

// firstWrite calls then at the first write.
type firstWrite struct{ then func() }

func (w *firstWrite) Write(p []byte) (int, error) {
	if w.then != nil {
		w.then()
		w.then = nil
	}
	return len(p), nil
}

// port returns the target's port as text.
func port(target remote.Target) string {
	return strconv.Itoa(target.Port)
}
