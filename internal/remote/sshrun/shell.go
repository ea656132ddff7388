package sshrun

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

// shell is one open connection.
type shell struct {
	client *ssh.Client
	line   *line
	opened atomic.Bool   // whether it has had a session
	ended  chan struct{} // closed when the connection is
}

var _ interface {
	remote.Shell
	remote.Delivery
} = (*shell)(nil)

func newShell(client *ssh.Client, line *line, keepAlive time.Duration) *shell {
	s := &shell{client: client, line: line, ended: make(chan struct{})}
	go func() {
		_ = client.Wait()
		close(s.ended)
	}()
	go s.keepAlive(keepAlive)
	return s
}

// keepAlive notices a connection whose other end is gone without a word, and
// closes it. TCP alone would take a quarter of an hour.
//
// Whatever arrives or is acknowledged is a sign of life: on a slow link the
// question waits behind the script that is on its way already, and the answer
// behind the output, which may take a minute.
func (s *shell) keepAlive(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		answered := make(chan struct{})
		go func() {
			// The answer may well be a refusal; any answer is a sign of life.
			_, _, _ = s.client.SendRequest("keepalive@openssh.com", true, nil)
			close(answered)
		}()
		if !s.answers(answered, 3*every) {
			_ = s.client.Close()
			return
		}
		select {
		case <-ticker.C:
		case <-s.ended:
			return
		}
	}
}

// answers waits until answered is closed, and is false once the connection has
// ended or there was no sign of life for as long as within.
func (s *shell) answers(answered <-chan struct{}, within time.Duration) bool {
	for {
		before := s.line.signs()
		select {
		case <-answered:
			return true
		case <-s.ended:
			return false
		case <-time.After(within):
			if s.line.signs() == before {
				return false
			}
		}
	}
}

// Close ends the connection and every script on it. A connection that has ended
// already is closed.
func (s *shell) Close() error {
	if err := s.client.Close(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Delivered grows while a script is on its way and the server takes it.
func (s *shell) Delivered() int64 { return s.line.delivered() }

// result is how a script ended.
type result struct {
	exit int
	err  error
}

// Run runs the script. When it returns early, since ctx ended or a writer
// failed, nothing is written any more and the script's session is closed.
func (s *shell) Run(ctx context.Context, script string, args []string, stdout, stderr io.Writer) (int, error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	gate := &gate{refused: make(chan error, 1)}
	defer gate.close()
	begun, done := make(chan struct{}), make(chan result, 1)
	go func() {
		exit, err := s.execute(running, script, command(args), begun, gate.writer(stdout), gate.writer(stderr))
		done <- result{exit, err}
	}()
	for gone := s.ended; ; {
		select {
		case r := <-done:
			if r.err != nil && ctx.Err() != nil {
				return 0, ctx.Err()
			}
			return r.exit, r.err
		case <-begun:
			// From here on the session itself notices the connection's end, after
			// all that came was written. One that is opened when the connection
			// has just ended would wait for ever, in x/crypto v0.58.
			begun, gone = nil, nil
		case <-gone:
			return 0, lost(io.EOF)
		case err := <-gate.refused:
			return 0, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// reopenFor is how long a session is asked for on a connection that has had one.
const (
	reopenFor   = 5 * time.Second
	reopenEvery = 200 * time.Millisecond
)

// open opens a session. A server with MaxSessions 1 refuses a second one until
// the script of the first has noticed its end, which takes it a moment: so a
// refusal is no lost connection when there was a session before.
func (s *shell) open(ctx context.Context) (*ssh.Session, error) {
	limit := time.NewTimer(reopenFor)
	defer limit.Stop()
	for {
		session, err := s.client.NewSession()
		if err == nil {
			s.opened.Store(true)
			return session, nil
		}
		if _, refused := errors.AsType[*ssh.OpenChannelError](err); !refused || !s.opened.Load() {
			return nil, err
		}
		select {
		case <-limit.C:
			return nil, err
		case <-ctx.Done():
			return nil, err
		case <-time.After(reopenEvery):
		}
	}
}

// execute runs the command in a session and closes begun once it runs.
func (s *shell) execute(ctx context.Context, script, command string, begun chan<- struct{}, stdout, stderr io.Writer) (int, error) {
	session, err := s.open(ctx)
	if err != nil {
		return 0, lost(err)
	}
	defer session.Close()
	defer context.AfterFunc(ctx, func() { _ = session.Close() })()
	stdin, err := session.StdinPipe()
	if err != nil {
		return 0, lost(err)
	}
	session.Stdout, session.Stderr = stdout, stderr
	if err := session.Start(command); err != nil {
		return 0, lost(err)
	}
	close(begun)
	go func() {
		// A script that ends before it was read to its end is no error. The
		// reader's other methods are hidden, or it would be copied as a whole.
		_, _ = io.Copy(scriptWriter{stdin, s.line}, struct{ io.Reader }{strings.NewReader(script)})
		_ = stdin.Close()
	}()
	err = session.Wait()
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return exit.ExitStatus(), nil // 128 and the number if a signal ended it
	}
	if err != nil {
		return 0, lost(err)
	}
	return 0, nil
}

// lost says that a connection ended, in words that hold nothing of what the
// server said: a farewell, or why it opened no session, is not redacted.
func lost(err error) error {
	return fault.Wrap(errors.New(ending(err)), fault.Unavailable, "The connection to the server was lost.")
}

// command is what the login shell is told to run, and to make room for.
// Whatever shell that is, these quotes are the same to it.
func command(args []string) string {
	words := []string{"exec", "sh", "-s"}
	if len(args) > 0 {
		words = append(words, "--")
	}
	for _, arg := range args {
		words = append(words, "'"+strings.ReplaceAll(arg, "'", `'\''`)+"'")
	}
	return strings.Join(words, " ")
}

// gate lets writes through until it is closed, and tells of the first that
// failed: a script whose output nobody takes would wait for ever.
type gate struct {
	mu      sync.Mutex
	closed  bool
	refused chan error
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
}

func (g *gate) writer(to io.Writer) io.Writer { return &gated{gate: g, to: to} }

// gated is one of a gate's writers.
type gated struct {
	gate *gate
	to   io.Writer
}

// Write passes p on while the gate is open.
func (w *gated) Write(p []byte) (int, error) {
	w.gate.mu.Lock()
	defer w.gate.mu.Unlock()
	if w.gate.closed {
		return 0, io.ErrClosedPipe
	}
	n, err := w.to.Write(p)
	if err != nil {
		w.gate.closed = true
		w.gate.refused <- err
	}
	return n, err
}
