package remotetest

import (
	"context"
	"io"
	"net"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Link is the speed of a link in each direction, in bytes a second; 0 means no
// limit.
type Link struct{ ToServer, ToClient int }

// Slow puts a slow link in front of a port on this machine and returns the port
// of its near end. It takes one connection.
func Slow(t testing.TB, port int, link Link) int {
	t.Helper()
	// Small windows let both ends notice the speed; otherwise the kernel would
	// take megabytes at once.
	small := func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) {
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10)
			_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF, 4<<10)
		})
	}
	config := net.ListenConfig{Control: small}
	listener, err := config.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	go func() {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := (&net.Dialer{Control: small}).DialContext(ctx, "tcp",
			net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return
		}
		defer far.Close()
		defer context.AfterFunc(ctx, func() { _, _ = near.Close(), far.Close() })()
		ended := make(chan struct{}, 2)
		pass := func(to, from net.Conn, speed int) {
			carrySlowly(to, from, speed)
			ended <- struct{}{}
		}
		go pass(far, near, link.ToServer)
		go pass(near, far, link.ToClient)
		<-ended
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// pieces is how many pieces a slow link carries in a second.
const pieces = 20

func carrySlowly(to io.Writer, from io.Reader, speed int) {
	if speed == 0 {
		_, _ = io.Copy(to, from)
		return
	}
	slow := time.NewTicker(time.Second / pieces)
	defer slow.Stop()
	for piece := make([]byte, max(speed/pieces, 1)); ; <-slow.C {
		n, err := from.Read(piece)
		if err != nil {
			return
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return
		}
	}
}
