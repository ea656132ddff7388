package sshrun

import (
	"net"
	"sync/atomic"
)

// line is a connection that counts the bytes which arrive on it.
type line struct {
	net.Conn
	arrived atomic.Int64
}

// Read reads and counts.
func (l *line) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	l.arrived.Add(int64(n))
	return n, err
}
