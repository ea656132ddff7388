package sshrun

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// withQuickACK makes a connection acknowledge received data at once. After login a
// server sends several small packets in a row. By Nagle's algorithm, each waits
// for the acknowledgement of the one before, and a receiver with nothing to
// send holds that back for 40 ms. Linux forgets the setting after a while, so
// it is renewed after every read that got all there was. While data pours in,
// acknowledging each piece would only cost time.
func withQuickACK(conn net.Conn) net.Conn {
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
	if n == len(p) {
		return n, err
	}
	_ = c.raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_QUICKACK, 1)
	})
	return n, err
}

// acknowledged returns the kernel's count of acknowledged bytes, and whether
// the kernel knows it.
func (c *quickConn) acknowledged() (n int64, known bool) {
	_ = c.raw.Control(func(fd uintptr) {
		info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if known = err == nil; known {
			n = int64(info.Bytes_acked)
		}
	})
	return n, known
}
