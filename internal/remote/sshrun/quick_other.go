//go:build !linux

package sshrun

import "net"

// quick needs a socket option that only Linux has.
func quick(conn net.Conn) net.Conn { return conn }
