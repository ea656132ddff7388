package sshrun

import (
	"net"
	"syscall"
)

// quick makes a connection acknowledge at once what it receives. After login a
// server sends several small packets in a row, each of which waits for the
// acknowledgement of the one before (Nagle), which a receiver with nothing to
// say holds back for 40 ms. Linux forgets the setting after a while, so it is
// renewed after every read.
func quick(conn net.Conn) net.Conn {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return conn
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return conn
	}
	return &quickConn{TCPConn: tcp, raw: raw}
}

type quickConn struct {
	*net.TCPConn
	raw syscall.RawConn
}

// Read reads and renews the setting.
func (c *quickConn) Read(p []byte) (int, error) {
	n, err := c.TCPConn.Read(p)
	_ = c.raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
	return n, err
}
