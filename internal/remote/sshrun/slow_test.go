package sshrun_test

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// TestASlowLinkIsNotDead: the answer to a keep-alive waits behind the output
// that is on its way, for far longer than a silent connection is given.
func TestASlowLinkIsNotDead(t *testing.T) {
	server := remotetest.Best(t)
	target := server.Target()
	target.Port = trickle(t, server.Port())
	shell, err := sshrun.New(sshrun.Options{KeepAlive: 100 * time.Millisecond}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var out bytes.Buffer
	const size = 300 << 10
	exit, err := shell.Run(t.Context(), "head -c 307200 /dev/zero", nil, &out, io.Discard)
	if err != nil || exit != 0 || out.Len() != size {
		t.Errorf("%d bytes of %d, exit %d, %v", out.Len(), size, exit, err)
	}
}

// trickle is a proxy that passes about 160 KB a second to the client.
func trickle(t *testing.T, port int) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		near, err := listener.Accept()
		if err != nil {
			return
		}
		defer near.Close()
		far, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return
		}
		defer far.Close()
		go func() { _, _ = io.Copy(far, near) }()
		slow := time.NewTicker(50 * time.Millisecond)
		defer slow.Stop()
		for piece := make([]byte, 8<<10); ; <-slow.C {
			n, err := far.Read(piece)
			if err != nil {
				return
			}
			if _, err := near.Write(piece[:n]); err != nil {
				return
			}
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}
