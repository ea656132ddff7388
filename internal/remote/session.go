package remote

import (
	"cmp"
	"context"
	"io"
	"sync"
	"time"

	"waybill/internal/fault"
)

// TickEvery is the time between two calls of a sink's Tick.
const TickEvery = 500 * time.Millisecond

// The scripts print a frame about every second, so a silence of silentFor means
// that the server is gone.
const (
	silentFor  = 20 * time.Second
	silentTime = int(silentFor / TickEvery)
)

// session is one script on a shell. It does not wait forever for output.
type session struct {
	shell  Shell
	script string
	// feed gets the script's output, and tick is called every TickEvery. One
	// goroutine calls both. An error of either ends the session.
	feed func(p []byte) error
	tick func() error
	// patience is how many ticks may pass without output; silentTime if zero.
	patience int
	// exit is the script's exit status when run returns nil.
	exit int
}

// run returns when the script has ended, when feed or tick returns an error,
// when ctx ends, or, with Unavailable, after too long a silence. Before it
// returns, it cancels the context of [Shell.Run] and waits until that has
// returned.
//
// The output is handed over slice by slice and not copied: the shell waits
// until feed has taken each slice. So a slow reader slows the server down, and
// no output piles up here.
func (s *session) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	defer running.Wait()
	defer cancel()
	out := handover{ctx: ctx, parts: make(chan []byte), taken: make(chan struct{})}
	patience := cmp.Or(s.patience, silentTime)
	ended := make(chan error, 1)
	running.Go(func() {
		exit, err := s.shell.Run(ctx, s.script, nil, out, io.Discard)
		s.exit = exit
		ended <- err
	})
	ticker := time.NewTicker(TickEvery)
	defer ticker.Stop()
	delivered := s.delivered()
	for silent := 0; ; {
		select {
		case p := <-out.parts:
			silent = 0
			if err := s.feed(p); err != nil {
				return err
			}
			if err := out.release(); err != nil {
				return err
			}
		case <-ticker.C:
			// Ticks are counted instead of time, so that the time that feed
			// takes does not count against the server. A server that is still
			// receiving the script cannot answer yet.
			if now := s.delivered(); now != delivered {
				silent, delivered = 0, now
			}
			if silent++; silent > patience {
				return fault.New(fault.Unavailable, "The server has not answered for %s.",
					time.Duration(patience)*TickEvery)
			}
			if err := s.tick(); err != nil {
				return err
			}
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (s *session) delivered() int64 {
	if delivery, ok := s.shell.(Delivery); ok {
		return delivery.Delivered()
	}
	return 0
}

// handover is a writer whose every Write waits until its slice was taken.
type handover struct {
	ctx   context.Context
	parts chan []byte
	taken chan struct{}
}

// Write hands p over.
func (h handover) Write(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for _, step := range []func() error{func() error { return h.give(p) }, h.wait} {
		if err := step(); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (h handover) give(p []byte) error {
	select {
	case h.parts <- p:
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

// release lets the Write return whose slice was taken. After ctx has ended, that Write
// no longer waits for it.
func (h handover) release() error {
	select {
	case h.taken <- struct{}{}:
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}

func (h handover) wait() error {
	select {
	case <-h.taken:
		return nil
	case <-h.ctx.Done():
		return h.ctx.Err()
	}
}
