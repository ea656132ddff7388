package runner_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/remote"
)

// speechless is a server that lets in and never answers a script.
type speechless struct {
	puppet
	mu sync.Mutex
	// cuts has the first session end before its first answer, with the port
	// closed from then on; the others never answer.
	cuts bool
	// asked is what the record said when the first script came.
	asked func() bool
	sent  []bool
}

func (s *speechless) Dial(ctx context.Context, target remote.Target) (remote.Shell, error) {
	if _, err := s.puppet.Dial(ctx, target); err != nil {
		return nil, err
	}
	return s, nil
}

func (s *speechless) Run(ctx context.Context, _ string, _ []string, _, _ io.Writer) (int, error) {
	s.mu.Lock()
	s.sent = append(s.sent, s.asked())
	s.mu.Unlock()
	if s.cuts {
		s.puppet.mu.Lock()
		s.deaf = time.Now().Add(time.Hour)
		s.puppet.mu.Unlock()
		return 0, fault.New(fault.Unavailable, "The connection to the server was lost.")
	}
	<-ctx.Done()
	return 0, ctx.Err()
}

// speechlessWorld has one, which looks at the record as others see it.
func speechlessWorld(t *testing.T, s *speechless) (*world, deployment.ID) {
	t.Helper()
	w, id := still(t, &s.puppet, time.Hour)
	w.dialer = s
	s.asked = func() bool {
		record, err := w.History().Get(context.Background(), id)
		return err == nil && record.Progress.Sent
	}
	return w, id
}

// TestP2AJobThatWasSentMayRun although no answer came: the record says so
// before anything is sent, and the server is tried for as long as a job is
// worth.
func TestP2AJobThatWasSentMayRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speechless{cuts: true}
		w, id := speechlessWorld(t, s)
		begun := time.Now()
		record, log := w.run(t, id)
		if took := time.Since(begun); record.Outcome.Reason != deployment.ReasonUnreachable ||
			took < 4*time.Minute || took > 6*time.Minute {
			t.Errorf("%q after %s, want unreachable after some 5 min", record.Outcome.Reason, took)
		}
		if len(s.sent) == 0 || !s.sent[0] {
			t.Error("a script was sent before the record said so")
		}
		if !strings.Contains(log, "The job may have been started") ||
			strings.Contains(log, "nothing was started") {
			t.Errorf("the log does not say that the job may run:\n%s", log)
		}
		if record.Outcome.ResourceStatus != "unknown" {
			t.Errorf("the resource is %q, want unknown", record.Outcome.ResourceStatus)
		}
	})
}

// TestP7ACancelDoesNotFreeAJobThatMayRun before the server was reached again.
func TestP7ACancelDoesNotFreeAJobThatMayRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speechless{cuts: true}
		w, id := speechlessWorld(t, s)
		go func() {
			time.Sleep(20 * time.Second)
			if _, err := w.Ledger().Cancel(context.Background(), id, "ci", time.Now().UTC()); err != nil {
				t.Error(err)
			}
		}()
		record, log := w.run(t, id)
		if record.Status == deployment.Cancelled || strings.Contains(log, "nothing was started") {
			t.Errorf("%s %q, want no word of a cancel that is done:\n%s",
				record.Status, record.Outcome.Reason, log)
		}
	})
}

// Such a server counts as unreachable, however often it accepts the login.
func TestAServerThatAcceptsTheLoginAndHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &speechless{}
		w, id := speechlessWorld(t, s)
		begun := time.Now()
		record, log := w.run(t, id)
		if took := time.Since(begun); record.Outcome.Reason != deployment.ReasonUnreachable ||
			took > 6*time.Minute {
			t.Errorf("%q after %s, want unreachable after some 5 min", record.Outcome.Reason, took)
		}
		if strings.Contains(log, "What was started there goes on") ||
			!strings.Contains(log, "has not answered for 20s") {
			t.Errorf("the log says what is not known, or not what is:\n%s", log)
		}
		if lines := strings.Count(log, "\n"); lines > 40 {
			t.Errorf("%d lines", lines)
		}
	})
}

// TestALaterRunnerKnowsThatNothingWasSent by an earlier one that died before.
func TestALaterRunnerKnowsThatNothingWasSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{deaf: time.Now().Add(time.Hour)}
		w, id := still(t, p, time.Hour)
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if err := w.runner().Run(ctx, id, "the one that dies"); err != nil &&
			!errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		cancel()
		time.Sleep(time.Minute)
		if _, err := w.Ledger().Cancel(t.Context(), id, "ci", time.Now().UTC()); err != nil {
			t.Fatal(err)
		}
		record, log := w.run(t, id)
		if record.Status != deployment.Cancelled || !strings.Contains(log, "nothing was started") {
			t.Errorf("%s %q, want cancelled:\n%s", record.Status, record.Outcome.Reason, log)
		}
	})
}
