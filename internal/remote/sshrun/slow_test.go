package sshrun_test

import (
	"bytes"
	"io"
	"strings"
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
	target.Port = remotetest.Slow(t, server.Port(), remotetest.Link{ToClient: 160 << 10})
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

// TestASlowUploadIsNotDead: for far longer than a silent connection is given,
// nothing arrives, since the server answers only when it has read the script. It
// acknowledges what it gets, though.
func TestASlowUploadIsNotDead(t *testing.T) {
	server := remotetest.Best(t)
	target := server.Target()
	target.Port = remotetest.Slow(t, server.Port(), remotetest.Link{ToServer: 40 << 10})
	shell, err := sshrun.New(sshrun.Options{KeepAlive: 200 * time.Millisecond}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var out bytes.Buffer
	script := strings.Repeat("# "+strings.Repeat("x", 97)+"\n", 1<<10) + "echo read\n"
	exit, err := shell.Run(t.Context(), script, nil, &out, io.Discard)
	if err != nil || exit != 0 || out.String() != "read\n" {
		t.Errorf("%q, exit %d, %v", out.String(), exit, err)
	}
}
