package sshrun_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// servers runs the test on both kinds of server.
func servers(t *testing.T, test func(t *testing.T, server *remotetest.Server)) {
	t.Run("in-process server", func(t *testing.T) { test(t, remotetest.Start(t, remotetest.Options{})) })
	t.Run("best server", func(t *testing.T) { test(t, remotetest.Best(t)) })
}

func open(t *testing.T, target remote.Target) remote.Shell {
	t.Helper()
	shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shell.Close() })
	return shell
}

func TestRun(t *testing.T) {
	servers(t, func(t *testing.T, server *remotetest.Server) {
		shell := open(t, server.Target())
		for _, c := range []struct {
			script   string
			args     []string
			exit     int
			out, err string
		}{
			{script: "echo out; echo err >&2", out: "out\n", err: "err\n"},
			{script: "exit 7", exit: 7},
			{script: "kill -TERM $$", exit: 143},
			{script: "kill -KILL $$", exit: 137},
			{script: `for a; do printf '<%s>' "$a"; done`, args: []string{"a b", "it's", "$HOME", "-x", ""},
				out: "<a b><it's><$HOME><-x><>"},
			{script: "exit 0\n" + strings.Repeat("# never read\n", 1<<18)},
			{script: "cat <<'.' | wc -c\n" + strings.Repeat("x", 3<<20) + "\n.\n", out: "3145729\n"},
			{script: ""},
		} {
			var stdout, stderr bytes.Buffer
			exit, err := shell.Run(t.Context(), c.script, c.args, &stdout, &stderr)
			if err != nil || exit != c.exit || stdout.String() != c.out || stderr.String() != c.err {
				t.Errorf("%.40q: %d %v %q %q, want %d %q %q", c.script, exit, err, stdout.String(),
					stderr.String(), c.exit, c.out, c.err)
			}
		}
	})
}

func TestRunEndsEarly(t *testing.T) {
	servers(t, func(t *testing.T, server *remotetest.Server) {
		t.Run("with ctx", func(t *testing.T) {
			shell := open(t, server.Target())
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer cancel()
			begun := time.Now()
			_, err := shell.Run(ctx, "while sleep 0.1; do echo x || exit; done", nil, io.Discard, io.Discard)
			if took := time.Since(begun); !errors.Is(err, context.DeadlineExceeded) || took > 5*time.Second {
				t.Errorf("%v after %s", err, took)
			}
			if exit, err := shell.Run(t.Context(), "exit 3", nil, io.Discard, io.Discard); exit != 3 ||
				err != nil {
				t.Errorf("the connection is not usable any more: %d %v", exit, err)
			}
		})
		t.Run("when a writer fails", func(t *testing.T) {
			full := errors.New("full")
			_, err := open(t, server.Target()).Run(t.Context(), "while echo x; do :; done", nil,
				failing{full}, io.Discard)
			if err != full {
				t.Errorf("%v, want %v", err, full)
			}
		})
		t.Run("when the connection is cut", func(t *testing.T) {
			shell := open(t, server.Target())
			timer := time.AfterFunc(300*time.Millisecond, server.CutAll)
			defer timer.Stop()
			_, err := shell.Run(t.Context(), "while sleep 0.1; do echo x || exit; done", nil, io.Discard,
				io.Discard)
			if !errors.Is(err, fault.Unavailable) {
				t.Errorf("%v, want Unavailable", err)
			}
			if _, err := shell.Run(t.Context(), "true", nil, io.Discard,
				io.Discard); !errors.Is(err, fault.Unavailable) {
				t.Errorf("afterwards: %v, want Unavailable", err)
			}
		})
		t.Run("when it is closed", func(t *testing.T) {
			shell := open(t, server.Target())
			timer := time.AfterFunc(300*time.Millisecond, func() { _ = shell.Close() })
			defer timer.Stop()
			if _, err := shell.Run(t.Context(), "while sleep 0.1; do echo x || exit; done", nil, io.Discard,
				io.Discard); !errors.Is(err, fault.Unavailable) {
				t.Errorf("%v, want Unavailable", err)
			}
			if err := shell.Close(); err != nil {
				t.Errorf("closing again: %v", err)
			}
		})
	})
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestSeveralScriptsRunAtOnce(t *testing.T) {
	servers(t, func(t *testing.T, server *remotetest.Server) {
		shell := open(t, server.Target())
		var together sync.WaitGroup
		for i := range 8 {
			together.Go(func() {
				var out bytes.Buffer
				exit, err := shell.Run(t.Context(), fmt.Sprintf("sleep 0.2; echo %d; exit %d", i, i), nil,
					&out, io.Discard)
				if want := fmt.Sprintln(i); err != nil || exit != i || out.String() != want {
					t.Errorf("%d %v %q, want %d %q", exit, err, out.String(), i, want)
				}
			})
		}
		together.Wait()
	})
}

func TestADeadConnectionIsNoticed(t *testing.T) {
	server := remotetest.Start(t, remotetest.Options{})
	proxy := stall(t, server.Port())
	target := server.Target()
	target.Port = proxy.port
	shell, err := sshrun.New(sshrun.Options{KeepAlive: 100 * time.Millisecond}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	proxy.stop()
	begun := time.Now()
	if _, err := shell.Run(t.Context(), "sleep 5", nil, io.Discard,
		io.Discard); !errors.Is(err, fault.Unavailable) || time.Since(begun) > 4*time.Second {
		t.Errorf("%v after %s, want Unavailable", err, time.Since(begun))
	}
}

// stalling is a proxy that can stop passing data on but keep the connection
// open, as a broken network does.
type stalling struct {
	port    int
	stopped chan struct{}
}

func (p *stalling) stop() { close(p.stopped) }

func stall(t *testing.T, port int) *stalling {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &stalling{port: listener.Addr().(*net.TCPAddr).Port, stopped: make(chan struct{})}
	var conns [2]net.Conn
	t.Cleanup(func() {
		_ = listener.Close()
		for _, conn := range conns {
			if conn != nil {
				_ = conn.Close()
			}
		}
	})
	go func() {
		var errs [2]error
		conns[0], errs[0] = listener.Accept()
		conns[1], errs[1] = net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if errors.Join(errs[:]...) == nil {
			go p.pass(conns[0], conns[1])
			go p.pass(conns[1], conns[0])
		}
	}()
	return p
}

func (p *stalling) pass(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		select {
		case <-p.stopped:
			return
		default:
			_, _ = to.Write(buffer[:n])
		}
	}
}

func TestDialSaysWhy(t *testing.T) {
	servers(t, func(t *testing.T, server *remotetest.Server) {
		other := remotetest.Start(t, remotetest.Options{})
		ran := filepath.Join(t.TempDir(), "ran")
		for _, c := range []struct {
			name   string
			change func(target *remote.Target)
			cause  remote.Cause
			says   string
		}{
			{"another key is pinned", func(target *remote.Target) { target.HostKey = other.HostKey() },
				remote.CauseHostKeyChanged, "another host key"},
			{"a key of another type is pinned", func(target *remote.Target) {
				target.HostKey = remotetest.PublicLine(t, ecdsaPEM(t))
			},
				remote.CauseHostKeyChanged, "another host key"},
			{"no key is pinned", func(target *remote.Target) { target.HostKey = "" },
				remote.CauseHostKeyMissing, "no host key"},
			{"what is pinned is no key", func(target *remote.Target) { target.HostKey = "ssh-ed25519 x" },
				remote.CauseHostKeyMissing, "cannot be read"},
			{"another private key", func(target *remote.Target) { target.PrivateKey = other.ClientKeyPEM() },
				remote.CauseAccess, "refused"},
			{"another user", func(target *remote.Target) { target.User = "nobody" }, remote.CauseAccess,
				"refused"},
			{"no private key", func(target *remote.Target) { target.PrivateKey = "secret" },
				remote.CauseAccess, "cannot be read"},
			{"a port where nothing is", func(target *remote.Target) { target.Port = free(t) },
				remote.CauseUnreachable, "connection refused"},
			{"a host that is none", func(target *remote.Target) { target.Address = "nowhere.invalid" },
				remote.CauseUnreachable, ""},
			{"a server of another protocol", func(target *remote.Target) {
				target.Port = speaking(t, "HTTP/1.1 400 Bad Request\r\n\r\nsecret")
			}, remote.CauseUnreachable, "does not speak SSH"},
			{"a server that hangs up", func(target *remote.Target) { target.Port = speaking(t, "") },
				remote.CauseUnreachable, "does not speak SSH"},
		} {
			t.Run(c.name, func(t *testing.T) {
				target := server.Target()
				c.change(&target)
				shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
				if err == nil {
					_, _ = shell.Run(t.Context(), "touch "+ran, nil, io.Discard, io.Discard)
					t.Fatal("a connection was opened")
				}
				dial, ok := errors.AsType[*remote.DialError](err)
				if !ok || dial.Cause != c.cause || !strings.Contains(dial.Error(), c.says) ||
					strings.Contains(dial.Error(), "secret") {
					t.Errorf("%v, want %s with %q", err, c.cause, c.says)
				}
				if ok && c.cause == remote.CauseHostKeyChanged &&
					dial.Fingerprint != fingerprint(t, server.HostKey()) {
					t.Errorf("fingerprint %q, want that of the key which was shown", dial.Fingerprint)
				}
			})
		}
		if _, err := os.Stat(ran); err == nil {
			t.Error("a command was run")
		}
	})
}

func TestAServerThatAcceptsAndHangsIsUnreachable(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	target := remotetest.Start(t, remotetest.Options{}).Target()
	target.Port = listener.Addr().(*net.TCPAddr).Port
	dialer := sshrun.New(sshrun.Options{Timeout: 300 * time.Millisecond})
	begun := time.Now()
	_, err = dialer.Dial(t.Context(), target)
	dial, ok := errors.AsType[*remote.DialError](err)
	if !ok || dial.Cause != remote.CauseUnreachable || dial.Err.Error() != "no answer in time" ||
		time.Since(begun) > 5*time.Second {
		t.Errorf("%v after %s", err, time.Since(begun))
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dialer.Dial(ctx, target); err == nil || !strings.Contains(err.Error(), "cancelled") {
		t.Errorf("%v, want that it was cancelled", err)
	}
	if _, err := dialer.HostKey(t.Context(), &catalog.Server{Address: "127.0.0.1", Port: target.Port},
		catalog.Login{}, ""); !errors.Is(err, fault.Unavailable) {
		t.Errorf("%v, want Unavailable", err)
	}
}

// free returns a port on which no program listens.
func free(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port
}

// speaking returns the port of a server that sends a text and hangs up.
func speaking(t *testing.T, text string) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(conn, text)
			// To close before the client's data was read would reset the
			// connection.
			_ = conn.(*net.TCPConn).CloseWrite()
			go func() {
				_, _ = io.Copy(io.Discard, conn)
				_ = conn.Close()
			}()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}
