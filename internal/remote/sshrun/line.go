package sshrun

import (
	"io"
	"net"
	"sync/atomic"
)

// line is a connection that counts the bytes on it.
type line struct {
	net.Conn
	// first is the line to the jump host, or nil. All bytes of this line are on it.
	first            *line
	arrived, written atomic.Int64
	writing          atomic.Int32
	// script is the value of written after the latest part of a script. got is
	// the number of bytes that the server had acknowledged while a part was on
	// its way.
	script, got atomic.Int64
}

// Read reads and counts.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.arrived.Add(int64(n))
	return n, err
}

// Write writes and counts.
func (l *line) Write(p []byte) (int, error) {
	l.writing.Add(1)
	defer l.writing.Add(-1)
	n, err := l.Conn.Write(p)
	l.written.Add(int64(n))
	return n, err
}

// acknowledged returns how many bytes the server's machine has acknowledged, or
// the jump host's if there is one. Where the system does not tell, it returns how
// many bytes were handed to the system.
func (l *line) acknowledged() int64 {
	if l.first != nil {
		// Of all that is on its way to the jump host, at most this much is of this line.
		onTheWay := l.first.written.Load() - l.first.acknowledged()
		return max(0, l.written.Load()-max(0, onTheWay))
	}
	if conn, ok := l.Conn.(interface{ acknowledged() (int64, bool) }); ok {
		if n, known := conn.acknowledged(); known {
			return n
		}
	}
	return l.written.Load()
}

// signsOfLife grows with every sign of life.
func (l *line) signsOfLife() int64 { return l.arrived.Load() + l.acknowledged() }

// delivered grows while a script is being sent and the server's machine takes
// it. It stands still once the machine has taken all that it has room for. From
// then on the server must read, and keep-alives do not count.
func (l *line) delivered() int64 {
	if now := l.acknowledged(); l.writing.Load() > 0 || now < l.script.Load() {
		l.got.Store(now)
	}
	return l.got.Load()
}

// scriptWriter notes after each write where the script ends so far.
type scriptWriter struct {
	to   io.Writer
	line *line
}

// Write writes and notes.
func (w scriptWriter) Write(p []byte) (int, error) {
	n, err := w.to.Write(p)
	w.line.script.Store(w.line.written.Load())
	return n, err
}
