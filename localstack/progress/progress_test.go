package progress_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/localstack/progress"
)

func TestWhile(t *testing.T) {
	t.Run("long work is heard of every ten seconds, and its error comes back", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			broken := errors.New("it broke")
			var said []string
			err := progress.While(func(line string) { said = append(said, line) }, "Building", func() error {
				time.Sleep(25 * time.Second)
				return broken
			})
			if !errors.Is(err, broken) {
				t.Errorf("error = %v, want %v", err, broken)
			}
			if diff := cmp.Diff(said, []string{
				"Building: 10 s so far", "Building: 20 s so far",
			}); diff != "" {
				t.Error(diff)
			}
		})
	})
	t.Run("short work says nothing", func(t *testing.T) {
		err := progress.While(func(line string) { t.Errorf("said %q", line) }, "Building",
			func() error { return nil })
		if err != nil {
			t.Error(err)
		}
	})
}

func TestPoll(t *testing.T) {
	never := func() (bool, error) { return false, nil }
	t.Run("it ends with the first yes", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			err := progress.Poll(t.Context(), time.Second,
				func() (bool, error) { return time.Since(begun) >= 3*time.Second, nil })
			if waited := time.Since(begun); err != nil || waited != 3*time.Second {
				t.Errorf("error %v after %s, want none after 3s", err, waited)
			}
		})
	})
	t.Run("it ends with its context", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			if err := progress.Poll(ctx, time.Second, never); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error = %v, want the deadline's", err)
			}
		})
	})
}
