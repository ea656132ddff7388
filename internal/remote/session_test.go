package remote_test

import (
	"context"
	"errors"
	"io"
	"regexp"
	"testing"
	"time"

	"waybill/internal/remote"
)

// scripted is a shell on which a job is found, and whose last Write returns.
type scripted struct{ returned chan struct{} }

var nonceOf = regexp.MustCompile(`nonce='([^']+)'`)

func (s scripted) Run(ctx context.Context, script string, _ []string, stdout, _ io.Writer) (int, error) {
	nonce := nonceOf.FindStringSubmatch(script)[1]
	_, err := io.WriteString(stdout, "\n"+nonce+"\nA 1 00-00 1 1.0\n")
	close(s.returned)
	return 0, err
}

func (scripted) Close() error { return nil }

// abandoned is a sink that has the context end while it is being called.
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
		<-shell.returned // whoever gave the slice has left
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
