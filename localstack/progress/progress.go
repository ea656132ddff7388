// Package progress shows that a long task still runs, so that the terminal is
// not silent for minutes.
package progress

import (
	"context"
	"fmt"
	"time"
)

// interval is the time between two lines about a running task.
const interval = 10 * time.Second

// Say shows one line.
type Say func(line string)

// While does the work, and prints a line every ten seconds while it runs.
func While(say Say, what string, work func() error) error {
	done := make(chan error)
	go func() { done <- work() }()
	begun := time.Now()
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
			say(fmt.Sprintf("%s: %.0f s so far", what, time.Since(begun).Seconds()))
		}
	}
}

// Poll calls ready until it returns true or an error, or until ctx ends.
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
