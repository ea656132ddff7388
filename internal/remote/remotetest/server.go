// Package remotetest is a real SSH server on loopback for tests and the demo.
package remotetest

import (
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
	// Environment is added to that of every command ("NAME=value").
	Environment []string
	// Noise is printed before a command's output, as a shell's start-up files
	// may do.
	Noise string
}

// Server is a running SSH server.
type Server struct{}

// Start starts an SSH server in this process and ends it with the test.
func Start(t testing.TB, opts Options) *Server { return &Server{} }

// Best starts Debian's sshd where it is installed and the one in this process
// elsewhere.
func Best(t testing.TB) *Server { return &Server{} }

// Serve starts an SSH server in this process.
func Serve(opts Options) (*Server, error) { return &Server{}, nil }

// HostKey is the server's public key as a line of authorized_keys.
func (s *Server) HostKey() string { return "" }

// Port is where it listens on 127.0.0.1.
func (s *Server) Port() int { return 0 }

// User is the only user that may log in: the one who runs the test.
func (s *Server) User() string { return "" }

// ClientKeyPEM is the private key that opens the server.
func (s *Server) ClientKeyPEM() string { return "" }

// Target is the server as a job sees it.
func (s *Server) Target() remote.Target { return remote.Target{} }

// CutAll drops all connections; the server goes on.
func (s *Server) CutAll() {}

// Close ends the server and all connections. Detached jobs live on.
func (s *Server) Close() {}
