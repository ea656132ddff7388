package rest

import (
	"context"
	"time"
)

// Pause sleeps for the length, or until ctx is cancelled.
func Pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
