package remote_test

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// scripted is a shell that finds a job. It closes returned after its last Write
// has returned.
type scripted struct{ returned chan struct{} }

var nonceOf = regexp.MustCompile(`nonce='([^']+)'`)

func (s scripted) Run(ctx context.Context, script string, _ []string, stdout, _ io.Writer) (int, error) {
	nonce := nonceOf.FindStringSubmatch(script)[1]
	_, err := io.WriteString(stdout, "\n"+nonce+"\nA 1 00-00 1 1.0\n")
	close(s.returned)
	return 0, err
}

func (scripted) Close() error { return nil }

// abandoned is a sink whose context ends while one of its methods runs.
type abandoned struct {
	tape
	attached func()
}

func (a *abandoned) Attached(string, bool, time.Time) error {
	a.attached()
	return nil
}

func TestFollowEndsWhenItsContextEndsInTheMiddleOfASlice(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	shell := scripted{returned: make(chan struct{})}
	sink := &abandoned{attached: func() {
		cancel()
		<-shell.returned // the writer of the slice no longer waits
	}}
	ended := make(chan error, 1)
	go func() {
		_, err := remote.Follow(ctx, shell, job(t.TempDir(), "true"), remote.Offsets{}, sink)
		ended <- err
	}()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want that of the context", err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("Follow waits for somebody who has left")
	}
}

// TestASlowUploadDoesNotCountAsSilence has a script whose upload takes longer than a
// server may be silent, and a script that the server takes but no shell reads.
func TestASlowUploadDoesNotCountAsSilence(t *testing.T) {
	padding := func(kib int) string { return strings.Repeat("#"+strings.Repeat("x", 1022)+"\n", kib) }
	run := func(t *testing.T, link remotetest.Link, script string) (string, error) {
		t.Helper()
		server := remotetest.Best(t)
		target := server.Target()
		target.Port = remotetest.Slow(t, server.Port(), link)
		shell, err := sshrun.New(sshrun.Options{KeepAlive: 200 * time.Millisecond}).Dial(t.Context(), target)
		if err != nil {
			t.Fatal(err)
		}
		defer shell.Close()
		var said strings.Builder
		err = remote.RunFor(t.Context(), shell, script, 2*time.Second, func(p []byte) error {
			said.Write(p)
			return nil
		})
		return said.String(), err
	}
	t.Run("a script on its way", func(t *testing.T) {
		said, err := run(t, remotetest.Link{ToServer: 40 << 10}, padding(200)+"echo read\n")
		if said != "read\n" || err != nil {
			t.Errorf("said %q, %v", said, err)
		}
	})
	for name, kib := range map[string]int{"a script that arrived": 1,
		"a script that is more than the server takes": 8 << 10} {
		t.Run(name+" and is not read", func(t *testing.T) {
			t.Parallel()
			said, err := run(t, remotetest.Link{}, "sleep 60\n"+padding(kib))
			if said != "" || !errors.Is(err, fault.Unavailable) ||
				!strings.Contains(err.Error(), "has not answered") {
				t.Errorf("said %q, %v", said, err)
			}
		})
	}
}
