package remote_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/remote"
)

func TestTicksComeDuringSilence(t *testing.T) {
	t.Run("a silent job ticks", func(t *testing.T) {
		t.Parallel()
		_, tape := follow(t, local{}, job(folder(t), "sleep 3"))
		if tape.ticks < 4 {
			t.Errorf("%d ticks in 3 s, want one every half second", tape.ticks)
		}
	})
	t.Run("a line comes at once", func(t *testing.T) {
		t.Parallel()
		tape := &tape{}
		var late []time.Duration
		tape.fail = func(event string) error {
			if event == "D" {
				late = append(late, time.Since(stampOf(tape.out.String())))
			}
			return nil
		}
		if _, err := remote.Follow(t.Context(), local{},
			job(folder(t), "for i in 1 2 3; do sleep 1; date +%s.%N; done"),
			remote.Offsets{}, tape); err != nil {
			t.Fatal(err)
		}
		// The test takes the median, because a busy machine may delay one of
		// the lines.
		slices.Sort(late)
		if len(late) != 3 || late[1] > time.Second {
			t.Errorf("three lines came after %v, want less than a second", late)
		}
	})
	t.Run("it is told once when it has caught up with a job that goes on", func(t *testing.T) {
		t.Parallel()
		dir, ended := folder(t), &tape{}
		first := &tape{fail: func(event string) error {
			if event == "I" {
				return errors.New("enough")
			}
			return nil
		}}
		j := job(dir, "printf 'one\\ntwo\\n'; sleep 3; echo three")
		for first.out.Len() == 0 { // it may come before the first line
			if _, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, first); err == nil {
				t.Fatal("the job has ended")
			}
		}
		second := &tape{from: remote.Offsets{Out: int64(first.out.Len())}}
		_, err := remote.Follow(t.Context(), local{}, j, second.from, second)
		_, again := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, ended)
		if err != nil || again != nil || first.out.String() != "one\ntwo\n" || len(second.idle) != 1 ||
			second.idle[0] != 0 || len(ended.idle) != 0 {
			t.Errorf("%v, %v: %q, then idle after %v bytes and %q, after the end idle after %v",
				err, again, first.out.String(), second.idle, second.out.String(), ended.idle)
		}
	})
	t.Run("its error ends Follow as it is, and the job goes on", func(t *testing.T) {
		t.Parallel()
		enough := errors.New("enough")
		for _, event := range []string{"A", "S", "D", "T"} {
			dir := folder(t)
			tape := &tape{fail: func(got string) error {
				if got == event {
					return enough
				}
				return nil
			}}
			j := job(dir, "echo one; sleep 1; echo two; echo x >>count")
			if _, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, tape); err != enough {
				t.Errorf("%s: %v, want %v", event, err, enough)
			}
			end, again := follow(t, local{}, j)
			if end.ExitCode != 0 || again.out.String() != "one\ntwo\n" ||
				read(t, filepath.Join(dir, "app/count")) != "x\n" {
				t.Errorf("%s: %+v %q", event, end, again.out.String())
			}
		}
	})
	t.Run("ctx ends Follow with its own error", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := remote.Follow(ctx, local{}, job(folder(t), "sleep 1"), remote.Offsets{},
			&tape{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// stampOf returns the last line of a text as a time.
func stampOf(text string) time.Time {
	lines := strings.Fields(text)
	var seconds, nanoseconds int64
	_, _ = fmt.Sscanf(lines[len(lines)-1], "%d.%d", &seconds, &nanoseconds)
	return time.Unix(seconds, nanoseconds)
}
