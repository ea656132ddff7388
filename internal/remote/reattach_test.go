package remote_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// TestP4NoByteIsLostOrDoubledByLostConnections cuts all connections at random
// moments, from before the start to after the end, and continues each time at
// the byte that it had reached.
func TestP4NoByteIsLostOrDoubledByLostConnections(t *testing.T) {
	servers := map[string]func(t *testing.T) *remotetest.Server{
		"in-process server": func(t *testing.T) *remotetest.Server {
			return remotetest.Start(t, remotetest.Options{Noise: "Welcome!\nnext"})
		},
		"best server": func(t *testing.T) *remotetest.Server { return remotetest.Best(t) },
	}
	for name, start := range servers {
		for seed := range uint64(3) {
			t.Run(fmt.Sprintf("%s, seed %d", name, seed), func(t *testing.T) {
				t.Parallel()
				server := start(t)
				dir := folder(t)
				j := job(dir, "echo x >>count",
					"i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; echo oops $i >&2; [ "+
						"$((i%50)) -ne 0 ] || sleep 0.05; done")
				j.Files = []remote.File{{Path: "file", Content: make([]byte, 200<<10)}}
				random := rand.New(rand.NewPCG(seed, 0))
				whole, cuts := followWithCuts(t, server, j,
					func() time.Duration { return time.Duration(random.IntN(400)) * time.Millisecond })
				t.Logf("%d cuts", cuts)
				if got, want := whole.out.String(), numbered("line", 2000); got != want {
					t.Errorf("out: %d bytes, want %d", len(got), len(want))
				}
				if got, want := whole.err.String(), numbered("oops", 2000); got != want {
					t.Errorf("err: %d bytes, want %d", len(got), len(want))
				}
				if got := read(t, filepath.Join(dir, "app/count")); got != "x\n" {
					t.Errorf("started %d times", len(got)/2)
				}
			})
		}
	}
}

// followWithCuts follows the job to its end over connections that are each cut
// after a pause. It returns all output and the number of cuts.
func followWithCuts(
	t *testing.T, server *remotetest.Server, j remote.Job, pause func() time.Duration,
) (*tape, int) {
	t.Helper()
	whole := &tape{}
	for cuts := 0; ; cuts++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		shell, err := sshrun.New(sshrun.Options{}).Dial(ctx, server.Target())
		if err != nil {
			t.Fatal(err)
		}
		from := remote.Offsets{Out: int64(whole.out.Len()), Err: int64(whole.err.Len())}
		part := &tape{from: from}
		// The pauses grow, so that the test ends on any machine.
		timer := time.AfterFunc(pause()*time.Duration(1+cuts/5), server.CutAll)
		_, err = remote.Follow(ctx, shell, j, from, part)
		timer.Stop()
		cancel()
		_ = shell.Close()
		if part.gap != nil {
			t.Error(part.gap)
		}
		whole.out.Write(part.out.Bytes())
		whole.err.Write(part.err.Bytes())
		if err == nil {
			return whole, cuts
		}
		if !errors.Is(err, fault.Unavailable) {
			t.Fatalf("cut %d: %v, want Unavailable", cuts, err)
		}
	}
}

func TestReattaching(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		j := job(dir, "echo one; echo two >&2; sleep 1.2; echo three", "sleep 1.2; echo four")
		begun := time.Now()
		end, _ := follow(t, shell, j)
		for _, from := range []remote.Offsets{{}, {Out: 1}, {Out: 5, Err: 2}, {Out: 10, Err: 4},
			{Out: 15, Err: 4}} {
			tape := &tape{from: from}
			again, err := remote.Follow(t.Context(), shell, j, from, tape)
			if err != nil || again != end {
				t.Fatalf("from %+v: %+v %v, want %+v", from, again, err, end)
			}
			if got, want := tape.out.String()+tape.err.String(), "one\nthree\nfour\n"[from.Out:]+
				"two\n"[from.Err:]; got != want {
				t.Errorf("from %+v: got %q, want %q", from, got, want)
			}
			if got, want := tape.steps(), "S1 E1 S2 E2"; got != want || tape.started {
				t.Errorf("from %+v: events %s, want all again: %s", from, got, want)
			}
			for _, at := range tape.times {
				if at.Before(begun.Add(-time.Second)) || at.After(end.At.Add(time.Second)) {
					t.Errorf("from %+v: written at %s, not between %s and %s", from, at, begun, end.At)
				}
			}
		}
		// Each part of the output has the time at which it was written.
		tape := &tape{}
		if _, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, tape); err != nil {
			t.Fatal(err)
		}
		first, last := slices.MinFunc(tape.times, time.Time.Compare),
			slices.MaxFunc(tape.times, time.Time.Compare)
		if last.Sub(first) < time.Second {
			t.Errorf("times %v, want some that differ by a second", tape.times)
		}
	})
}
