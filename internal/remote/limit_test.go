package remote_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"waybill/internal/remote"
)

// ruler is a sink for output in which every byte follows from its offset: lines
// of nine digits, numbered from 0.
type ruler struct {
	tape
	next    [2]int64
	dropped [2]int64
	wrong   error
	pause   func()
}

func (r *ruler) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	i := 0
	if stream == remote.Err {
		i = 1
	}
	if offset < r.next[i] {
		r.wrong = fmt.Errorf("%c: offset %d after %d", stream, offset, r.next[i])
	}
	r.dropped[i] += offset - r.next[i]
	r.next[i] = offset + int64(len(p))
	for len(p) > 0 {
		want := fmt.Sprintf("%09d\n", offset/10)[offset%10:]
		n := min(len(want), len(p))
		if string(p[:n]) != want[:n] && r.wrong == nil {
			r.wrong = fmt.Errorf("%c at %d: %q, want %q", stream, offset, p[:n], want[:n])
		}
		offset, p = offset+int64(n), p[n:]
	}
	if r.pause != nil {
		r.pause()
	}
	return nil
}

// check compares the received bytes with the job's end.
func (r *ruler) check(t *testing.T, end remote.End) {
	t.Helper()
	if r.wrong != nil {
		t.Error(r.wrong)
	}
	if end.Lost || end.ExitCode != 0 || r.next != [2]int64{end.Out, end.Err} ||
		r.dropped != [2]int64{end.DroppedOut, end.DroppedErr} {
		t.Errorf("%+v, came to %v with %v dropped", end, r.next, r.dropped)
	}
}

// onDisk returns how many bytes of the disk the spool's output takes.
func onDisk(j remote.Job) int64 {
	var sum int64
	for _, name := range []string{"out", "err"} {
		if info, err := os.Stat(filepath.Join(j.Spool, name)); err == nil {
			sum += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
	}
	return sum
}

// stalling is a shell on which the first draft is delayed on its way.
type stalling struct {
	local
	atDraft func()
}

func (s stalling) Run(
	ctx context.Context, script string, args []string, stdout, stderr io.Writer,
) (int, error) {
	return s.local.Run(ctx, script, args, &gate{Writer: stdout, first: sync.OnceFunc(s.atDraft)}, stderr)
}

// gate is a writer that calls first before it passes on the head of a draft. It
// knows the head by its letter, which occurs nowhere else, because the job
// prints only digits. The letter follows the digits directly, and the head may
// come in two pieces.
type gate struct {
	io.Writer
	first func()
	last  []byte
}

func (g *gate) Write(p []byte) (int, error) {
	if seen := append(g.last, p...); bytes.Contains(seen, []byte("o ")) {
		g.first()
	}
	g.last = append(g.last[:0], p[max(0, len(p)-1):]...)
	return g.Writer.Write(p)
}

func TestSpoolLimit(t *testing.T) {
	const limit, block = 4 << 20, 64 << 10
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("keeps head and tail of each stream, and their offsets", func(t *testing.T) {
			j := job(folder(t),
				"seq -w 000000000 1999999; seq -w 000000000 999999 >&2; echo 002000000; sleep 2")
			j.SpoolLimit = limit
			enough := errors.New("enough")
			if _, err := remote.Follow(t.Context(), shell, j, remote.Offsets{},
				&tape{fail: func(event string) error {
					if event == "T" { // the job may not have started yet
						return nil
					}
					return enough
				}}); err != enough {
				t.Fatal(err)
			}
			await(t, "the end", func() bool {
				_, err := os.Stat(filepath.Join(j.Spool, "exit"))
				return err == nil
			})
			if got := onDisk(j); got > limit+4*block {
				t.Errorf("%d bytes on the disk, want at most about %d", got, limit)
			}
			ruler := &ruler{}
			end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, ruler)
			if err != nil {
				t.Fatal(err)
			}
			ruler.check(t, end)
			for i, size := range []int64{20000010, 10000000} {
				if kept := size - ruler.dropped[i]; kept < limit/2 || kept > limit/2+block {
					t.Errorf("stream %d: %d bytes kept, want half of %d", i, kept, limit)
				}
			}
			// A reader whose offset lies after the dropped bytes misses
			// nothing.
			tail := &tape{from: remote.Offsets{Out: end.Out - 10, Err: end.Err}}
			again, err := remote.Follow(t.Context(), shell, j, tail.from, tail)
			if err != nil || again.DroppedOut+again.DroppedErr != 0 || tail.out.String() != "002000000\n" ||
				tail.gap != nil {
				t.Errorf("%+v %v %q", again, err, tail.out.String())
			}
		})
	})
	t.Run("gives a slow reader no byte that is not the job's", func(t *testing.T) {
		for seed := range uint64(3) {
			t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
				t.Parallel()
				j := job(folder(t),
					"for i in 0 1 2 3 4 5 6 7 8 9; do seq -f %09.0f ${i}00000 ${i}99999; sleep 0.1; done")
				j.SpoolLimit = block
				random := rand.New(rand.NewPCG(seed, 0))
				ruler := &ruler{pause: func() {
					time.Sleep(time.Duration(random.IntN(20)) * time.Millisecond)
				}}
				end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, ruler)
				if err != nil {
					t.Fatal(err)
				}
				ruler.check(t, end)
				t.Logf("%d of %d bytes were dropped", end.DroppedOut, end.Out)
			})
		}
	})
	t.Run("gives the tail of a draft that was overtaken", func(t *testing.T) {
		const limit = 512 << 10
		j := job(folder(t),
			"seq -f %09.0f 0 24999; until [ -e go ]; do sleep 0.02; done; seq -f %09.0f 25000 30999; sleep 2")
		j.SpoolLimit = limit
		enough := errors.New("enough")
		if _, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{},
			&tape{fail: func(string) error { return enough }}); err != enough {
			t.Fatal(err)
		}
		exists := func(name string) bool {
			_, err := os.Stat(filepath.Join(j.Spool, name))
			return err == nil
		}
		await(t, "the first part", func() bool {
			info, err := os.Stat(filepath.Join(j.Spool, "out"))
			return err == nil && info.Size() == 250000
		})
		// The draft is delayed on its way until the job has written the rest.
		shell := stalling{atDraft: func() {
			if err := os.WriteFile(filepath.Join(j.Dir, "go"), nil, 0o600); err != nil {
				t.Error(err)
			}
			await(t, "the end", func() bool { return exists("exit") })
		}}
		ruler := &ruler{}
		end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, ruler)
		if err != nil {
			t.Fatal(err)
		}
		ruler.check(t, end)
		if kept := end.Out - ruler.dropped[0]; ruler.dropped[0] == 0 || kept < limit/2 {
			t.Errorf("%d bytes kept and %d dropped, want half of %d kept", kept, ruler.dropped[0], limit)
		}
	})
	t.Run("holds while the job runs", func(t *testing.T) {
		// The job ends after the spool was trimmed, or after far too long a
		// time.
		j := job(folder(t), "")
		j.Steps[0].Script = fmt.Sprintf(`yes 000000000 | head -c 100000000
			n=0
			until [ "$(du -k %s | cut -f 1)" -le %d ] || [ $((n += 1)) -gt 600 ]; do sleep 0.05; done`,
			filepath.Join(j.Spool, "out"), (limit+4*block)>>10)
		j.SpoolLimit = limit
		var most atomic.Int64
		ruler := &tape{fail: func(event string) error {
			most.Store(max(most.Load(), onDisk(j)))
			return nil
		}}
		end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, ruler)
		if last := onDisk(j); err != nil || end.Out != 100000000 || last > limit+4*block {
			t.Errorf("%+v %v, %d bytes on the disk at the end", end, err, last)
		}
		t.Logf("at most %d bytes on the disk, limit %d", most.Load(), limit)
	})
}
