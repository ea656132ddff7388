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
	ended  chan struct{} // closed when the connection has ended
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

// keepAlive closes a connection whose other end is gone without a word. TCP
// alone would take a quarter of an hour to notice.
//
// Whatever arrives or is acknowledged is a sign of life. On a slow link, the
// keep-alive waits until the script before it has been sent, and its answer
// waits until the output before it has arrived, which may take a minute.
func (s *shell) keepAlive(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		answered := make(chan struct{})
		go func() {
			// The answer may be a refusal; any answer is a sign of life.
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

// answers waits until answered is closed. It returns false if the connection
// ends or shows no sign of life for the time within.
func (s *shell) answers(answered <-chan struct{}, within time.Duration) bool {
	for {
		before := s.line.signsOfLife()
		select {
		case <-answered:
			return true
		case <-s.ended:
			return false
		case <-time.After(within):
			if s.line.signsOfLife() == before {
				return false
			}
		}
	}
}

// Close ends the connection and every script on it. It is not an error if the
// connection has already ended.
func (s *shell) Close() error {
	if err := s.client.Close(); err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// Delivered grows while a script is being sent and the server takes it.
func (s *shell) Delivered() int64 { return s.line.delivered() }

// result is how a script ended.
type result struct {
	exit int
	err  error
}

// Run runs the script. If it returns early, because ctx ended or a writer
// failed, it writes nothing more and closes the script's session.
func (s *shell) Run(
	ctx context.Context, script string, args []string, stdout, stderr io.Writer,
) (int, error) {
	running, cancel := context.WithCancel(ctx)
	defer cancel()
	gate := &gate{refused: make(chan error, 1)}
	defer gate.close()
	begun, done := make(chan struct{}), make(chan result, 1)
	go func() {
		exit, err := s.execute(running, script, command(args), begun, gate.writer(stdout),
			gate.writer(stderr))
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
			// From here on the session itself notices the end of the
			// connection, after all its output was written. A session that is
			// opened just after the connection has ended would wait forever, in
			// x/crypto v0.58.
			begun, gone = nil, nil
		case <-gone:
			return 0, newLostConnectionError(io.EOF)
		case err := <-gate.refused:
			return 0, err
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// reopenFor is how long a session is asked for on a connection that has had one
// before.
const (
	reopenFor   = 5 * time.Second
	reopenEvery = 200 * time.Millisecond
)

// open opens a session. A server with MaxSessions 1 refuses a second session
// until the script of the first one has noticed its end, which takes a moment.
// So on a connection that has had a session, a refusal does not mean that the
// connection is lost.
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
func (s *shell) execute(
	ctx context.Context, script, command string, begun chan<- struct{}, stdout, stderr io.Writer,
) (int, error) {
	session, err := s.open(ctx)
	if err != nil {
		return 0, newLostConnectionError(err)
	}
	defer session.Close()
	defer context.AfterFunc(ctx, func() { _ = session.Close() })()
	stdin, err := session.StdinPipe()
	if err != nil {
		return 0, newLostConnectionError(err)
	}
	session.Stdout, session.Stderr = stdout, stderr
	if err := session.Start(command); err != nil {
		return 0, newLostConnectionError(err)
	}
	close(begun)
	go func() {
		// It is not an error if a script ends before all of it was read. The
		// reader's other methods are hidden, because WriteTo would write the
		// script in one piece.
		_, _ = io.Copy(scriptWriter{stdin, s.line}, struct{ io.Reader }{strings.NewReader(script)})
		_ = stdin.Close()
	}()
	err = session.Wait()
	if exit, ok := errors.AsType[*ssh.ExitError](err); ok {
		return exit.ExitStatus(), nil // 128 and the number if a signal ended it
	}
	if err != nil {
		return 0, newLostConnectionError(err)
	}
	return 0, nil
}

// newLostConnectionError says that a connection ended. It repeats nothing that the
// server said, such as a farewell or the reason why it opened no session, because that
// is not redacted.
func newLostConnectionError(err error) error {
	return fault.Wrap(errors.New(closeReason(err)), fault.Unavailable,
		"The connection to the server was lost.")
}

// command is the command for the login shell, which sh then replaces. These
// quotes mean the same to every login shell.
func command(args []string) string {
	words := []string{"exec", "sh", "-s"}
	if len(args) > 0 {
		words = append(words, "--")
	}
	for _, arg := range args {
		words = append(words, remote.Quote(arg))
	}
	return strings.Join(words, " ")
}

// gate lets writes through until it is closed. It reports the first write that
// failed, because a script whose output is not taken would wait forever.
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
