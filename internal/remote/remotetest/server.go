// Package remotetest has real SSH servers on loopback, for tests and for the
// demo: one in this process that runs sh, and Debian's own sshd.
package remotetest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"waybill/internal/remote"
)

// Options adjust the server in this process; the zero value works.
type Options struct {
	// Dir keeps the host's and the client's key from one start to the next, as
	// PEM files "host_key" and "client_key". If it is empty, the keys are new
	// each time.
	Dir string
	// Port is the port to listen on, on 127.0.0.1; a free one if zero.
	Port int
	// Environment is added to the environment of every command ("NAME=value").
	Environment []string
	// Noise is printed before the output of a command, as a shell's start-up
	// files may do.
	Noise string
	// Says, a word, is sent wherever SSH lets a server send text: in its
	// version and before the login. If Refuses is set, the server opens no
	// session and gives Says as the reason.
	Says    string
	Refuses bool
}

// Server is a running SSH server. Its methods may be called at once from
// several goroutines.
type Server struct {
	keys keys
	user *user.User
	port int
	backend
}

// backend is the server that listens.
type backend interface {
	// CutAll drops all connections but keeps the server running. Detached jobs
	// continue.
	CutAll()
	// Close ends the server and all connections, and waits until the commands
	// on them have ended. Detached jobs continue. Closing again does nothing.
	Close()
}

// Start starts an SSH server in this process and ends it with the test.
func Start(t testing.TB, opts Options) *Server {
	t.Helper()
	server, err := Serve(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// Best starts Debian's sshd if it is installed, or else the server in this
// process, and ends it with the test. In CI a missing sshd fails the test.
func Best(t testing.TB) *Server {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil && os.Getenv("WAYBILL_CI") == "" {
		return Start(t, Options{})
	}
	return OpenSSH(t, Setup{})
}

// Setup adjusts Debian's sshd; the zero value works.
type Setup struct {
	// HostKeys are PEM texts; Server.HostKey returns the first. ClientKey opens
	// the server. If the first host key or the client key is empty, it is a new
	// Ed25519 key.
	HostKeys  []string
	ClientKey string
	// Lines go to the front of sshd_config. If a setting appears twice there,
	// the first one counts.
	Lines []string
}

// OpenSSH starts Debian's sshd and ends it with the test.
func OpenSSH(t testing.TB, setup Setup) *Server {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("%v: install openssh-server", err)
		}
		t.Skipf("%v: install openssh-server", err)
	}
	dir := t.TempDir()
	lines := setup.Lines
	files := map[string]string{"client_key": setup.ClientKey}
	for i, text := range setup.HostKeys {
		name := "host_key"
		if i > 0 {
			name = fmt.Sprintf("host_key.%d", i)
			lines = append(lines, "HostKey "+filepath.Join(dir, name))
		}
		files[name] = text
	}
	for name, text := range files {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := openSSH(dir, lines)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// Serve starts an SSH server in this process. It lives until Close.
func Serve(opts Options) (*Server, error) {
	server, err := newServer(opts.Dir)
	if err != nil {
		return nil, err
	}
	inside, port, err := listen(opts, server.keys, server.user)
	if err != nil {
		return nil, err
	}
	server.backend, server.port = inside, port
	return server, nil
}

func newServer(dir string) (*Server, error) {
	keys, err := loadKeys(dir)
	if err != nil {
		return nil, err
	}
	current, err := user.Current()
	if err != nil {
		return nil, err
	}
	return &Server{keys: keys, user: current}, nil
}

// HostKey is the server's public key as a line of authorized_keys.
func (s *Server) HostKey() string { return line(s.keys.host.PublicKey()) }

// Port is where the server listens, on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// User is the only user that may log in: the user that runs this process.
func (s *Server) User() string { return s.user.Username }

// ClientKeyPEM is the private key that opens the server.
func (s *Server) ClientKeyPEM() string { return string(s.keys.clientPEM) }

// Target returns the server as a dialer takes it.
func (s *Server) Target() remote.Target {
	return remote.Target{Address: "127.0.0.1", Port: s.port, User: s.user.Username, HostKey: s.HostKey(),
		PrivateKey: s.ClientKeyPEM()}
}
