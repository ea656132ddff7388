// Package remotetest is a real SSH server on loopback, for tests and for the
// demo: one in this process that runs sh, or Debian's own sshd.
package remotetest

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"testing"

	"waybill/internal/remote"
)

// Options adjust a server; the zero value works.
type Options struct {
	// Dir keeps the host's and the client's key from one start to the next, as
	// PEM files "host_key" and "client_key". Without it they are new each time.
	Dir string
	// Port to listen on, on 127.0.0.1; a free one when zero.
	Port int
	// Environment is added to that of every command ("NAME=value"). Only the
	// server in this process knows it.
	Environment []string
	// Noise is printed before a command's output, as a shell's start-up files
	// may do. Only the server in this process knows it.
	Noise string
	// Says, a word, is what the server says of itself wherever SSH lets it: in
	// its version and before the login; and it gives that as the reason for
	// which it opens no session, if Refuses is set. Only the server in this
	// process knows them.
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

// backend is what listens.
type backend interface {
	// CutAll drops all connections; the server goes on. Detached jobs live on.
	CutAll()
	// Close ends the server and all connections, and waits until what ran on
	// them has ended. Detached jobs live on. Closing again does nothing.
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

// Best starts Debian's sshd where it is installed and the server in this
// process elsewhere, and ends it with the test.
func Best(t testing.TB) *Server {
	t.Helper()
	if _, err := os.Stat(sshdPath); err != nil && os.Getenv("WAYBILL_CI") == "" {
		return Start(t, Options{})
	}
	return OpenSSH(t, Setup{})
}

// Setup adjusts Debian's sshd; the zero value works.
type Setup struct {
	// HostKeys are PEM texts; the first is the one that Server.HostKey names.
	// ClientKey opens the server. One of Ed25519 is made of what is empty.
	HostKeys  []string
	ClientKey string
	// Lines go to the front of sshd_config, where the first of two settings
	// counts.
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

// User is the only user that may log in: the one who runs this process.
func (s *Server) User() string { return s.user.Username }

// ClientKeyPEM is the private key that opens the server.
func (s *Server) ClientKeyPEM() string { return string(s.keys.clientPEM) }

// Target is the server, as a dialer takes it.
func (s *Server) Target() remote.Target {
	return remote.Target{Address: "127.0.0.1", Port: s.port, User: s.user.Username, HostKey: s.HostKey(), PrivateKey: s.ClientKeyPEM()}
}
