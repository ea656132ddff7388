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

// TestASlowLinkIsNotDead has an answer to a keep-alive that waits until the
// output before it has arrived, for far longer than a connection may be silent.
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

// TestASlowUploadIsNotDead has a server that sends nothing for far longer than
// a connection may be silent, because it answers only after it has read the
// whole script. But it acknowledges the data.
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
