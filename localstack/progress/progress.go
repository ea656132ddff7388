// Package progress shows that a long piece of work still goes on, so that
// nobody has to wonder in front of a silent terminal.
package progress

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Every is how often a long piece of work is heard of.
const Every = 10 * time.Second

// Say shows one line.
type Say func(line string)

// While does the work, and says once every while that it still does.
func While(say Say, what string, work func() error) error {
	done := make(chan struct{})
	var beat sync.WaitGroup
	beat.Go(func() {
		Beat(done, func(after time.Duration) { say(fmt.Sprintf("%s: %.0f s so far", what, after.Seconds())) })
	})
	err := work()
	close(done)
	beat.Wait()
	return err
}

// Beat calls tell once every while, with the time since the call, until done is
// closed.
func Beat(done <-chan struct{}, tell func(after time.Duration)) {
	begun := time.Now()
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			tell(time.Since(begun))
		}
	}
}

// Poll calls ready until it says yes, fails, or ctx ends.
func Poll(ctx context.Context, every time.Duration, ready func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if yes, err := ready(); yes || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
