package sqsqueue_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// hold is one time that the message was held: when, since the start, and for
// how long.
type hold struct {
	At, For time.Duration
}

// sending is a message that was sent.
type sending struct {
	MessageBody  string
	DelaySeconds int
}

// service is an SQS that notes how a message is held.
type service struct {
	mu    sync.Mutex
	sent  []sending
	start time.Time
	holds []hold
	lease time.Duration
	// fails says which calls, counted from 1, are refused.
	fails func(call int) bool
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	var asked struct {
		ReceiptHandle     string
		VisibilityTimeout int
		sending
	}
	if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if asked.MessageBody != "" {
		s.sent = append(s.sent, asked.sending)
		return awstest.Answer(r, http.StatusOK, awstest.JSON10, "{}"), nil
	}
	if asked.ReceiptHandle != "receipt" {
		return nil, errors.New("not the call that was expected")
	}
	s.holds = append(s.holds, hold{At: time.Since(s.start),
		For: time.Duration(asked.VisibilityTimeout) * time.Second})
	status, body := http.StatusOK, "{}"
	if s.fails != nil && s.fails(len(s.holds)) {
		status, body = http.StatusForbidden, `{"__type":"AccessDenied","message":"no"}`
	}
	return awstest.Answer(r, status, awstest.JSON10, body), nil
}

// queue is a queue of the service.
func (s *service) queue() *sqsqueue.Queue {
	s.start = time.Now()
	return sqsqueue.Open(awstest.Offline(s), "https://sqs.eu-central-1.amazonaws.com/000000000000/runner")
}

// holdWhile runs work for a message that was received so often, on a fake clock.
func (s *service) holdWhile(t *testing.T, receives int, work func(context.Context) error) error {
	t.Helper()
	return s.queue().HoldWhile(t.Context(), sqsqueue.Message{Receipt: "receipt", Receives: receives,
		Lease: s.lease}, work)
}

// forTime is work that takes so long.
func forTime(d time.Duration, err error) func(context.Context) error {
	return func(context.Context) error { time.Sleep(d); return err } // on the bubble's clock
}

func TestHandleRunsTheDeploymentOfTheMessage(t *testing.T) {
	const id deployment.ID = "app0000000000000000000010123456789abcdef"
	synctest.Test(t, func(t *testing.T) {
		s, failed := &service{}, errors.New("the table is gone")
		message := sqsqueue.Message{Body: `{"deployment_uuid":"` + string(id) + `"}`, Receipt: "receipt"}
		var got deployment.ID
		err := s.queue().Handle(t.Context(), message, func(_ context.Context, id deployment.ID, _ int) error {
			got = id
			return failed
		})
		if got != id || !errors.Is(err, failed) || len(s.holds) != 1 {
			t.Errorf("ran %q with %v and held it %d times; want %q, the run's error and once",
				got, err, len(s.holds), id)
		}
	})
	t.Run("a wake-up that finds another runner comes again", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			s := &service{}
			message := sqsqueue.Message{Receipt: "receipt", Receives: 1,
				Body: `{"deployment_uuid":"` + string(id) + `","parking":7}`}
			run := func(_ context.Context, _ deployment.ID, parking int) error {
				if parking != 7 {
					t.Errorf("parking %d, want 7", parking)
				}
				return fault.New(fault.Conflict, "another runner")
			}
			err := s.queue().Handle(t.Context(), message, run)
			if !errors.Is(err, fault.Conflict) || len(s.holds) != 2 {
				t.Errorf("%v, held %d times; want it kept", err, len(s.holds))
			}
		})
	})
	for name, c := range map[string]struct {
		body string
		want []sending
	}{
		"an old wake-up that finds another runner makes room for a new one": {
			`{"deployment_uuid":"` + string(id) + `","parking":7}`,
			[]sending{{`{"deployment_uuid":"` + string(id) + `","parking":7}`, 40}}},
		"an old message that is no wake-up is kept": {`{"deployment_uuid":"` + string(id) + `"}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &service{}
				message := sqsqueue.Message{Receipt: "receipt", Receives: 15, Body: c.body}
				run := func(context.Context, deployment.ID, int) error {
					return fault.New(fault.Conflict, "another runner")
				}
				err := s.queue().Handle(t.Context(), message, run)
				if kept := errors.Is(err, fault.Conflict); kept != (c.want == nil) {
					t.Errorf("Handle: %v", err)
				}
				if diff := cmp.Diff(s.sent, c.want); diff != "" {
					t.Errorf("sent (-got +want):\n%s", diff)
				}
			})
		})
	}
	t.Run("a message of another kind is Invalid and not held", func(t *testing.T) {
		s := &service{}
		err := s.queue().Handle(t.Context(), sqsqueue.Message{Body: "{}", Receipt: "receipt"},
			func(context.Context, deployment.ID, int) error { t.Error("it ran"); return nil })
		if !errors.Is(err, fault.Invalid) || len(s.holds) > 0 {
			t.Errorf("%v, held %d times; want Invalid", err, len(s.holds))
		}
	})
}

func TestAMessageIsHeldWhileItsRunnerLives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		if err := s.holdWhile(t, 1, forTime(35*time.Second, nil)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // the message is no longer held
		want := []hold{{0, 40 * time.Second}, {10 * time.Second, 40 * time.Second},
			{20 * time.Second, 40 * time.Second}, {30 * time.Second, 40 * time.Second}}
		if diff := cmp.Diff(s.holds, want); diff != "" {
			t.Errorf("holds (-got +want):\n%s", diff)
		}
	})
}

func TestAMessageIsHeldAsLongAsALease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{lease: 8 * time.Second}
		if err := s.holdWhile(t, 1, forTime(5*time.Second,
			fault.New(fault.Conflict, "another runner is at work"))); !errors.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		want := []hold{{0, 8 * time.Second}, {2 * time.Second, 8 * time.Second},
			{4 * time.Second, 8 * time.Second}, {5 * time.Second, 2 * time.Second}}
		if diff := cmp.Diff(s.holds, want); diff != "" {
			t.Errorf("holds (-got +want):\n%s", diff)
		}
	})
}

func TestAMessageThatMetAnotherRunnerComesBack(t *testing.T) {
	conflict := fault.New(fault.Conflict, "another runner is at work")
	for receives, pause := range map[int]time.Duration{0: 10 * time.Second, 1: 10 * time.Second,
		3: 10 * time.Second, 4: 40 * time.Second, 900: 40 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := &service{}
			if err := s.holdWhile(t, receives, forTime(time.Second,
				conflict)); !errors.Is(err, fault.Conflict) {
				t.Errorf("HoldWhile: %v, want Conflict, which leaves the message in flight", err)
			}
			want := []hold{{0, 40 * time.Second}, {time.Second, pause}}
			if diff := cmp.Diff(s.holds, want); diff != "" {
				t.Errorf("holds after %d receives (-got +want):\n%s", receives, diff)
			}
		})
	}
}

func TestAnyOtherErrorLeavesTheHoldAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		failed := errors.New("the table is gone")
		if err := s.holdWhile(t, 1, forTime(time.Second, failed)); !errors.Is(err, failed) {
			t.Errorf("HoldWhile: %v, want the work's own error", err)
		}
		if len(s.holds) != 1 {
			t.Errorf("held %d times, want once", len(s.holds))
		}
	})
}

func TestWorkDoesNotBeginWithAMessageThatCannotBeHeld(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{fails: func(int) bool { return true }}
		err := s.holdWhile(t, 1, func(context.Context) error { t.Error("the work began"); return nil })
		if !errors.Is(err, fault.Internal) {
			t.Errorf("HoldWhile: %v, want Internal", err)
		}
	})
}

func TestAFailedRenewalDoesNotStopTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{fails: func(call int) bool { return call > 1 }}
		if err := s.holdWhile(t, 1, forTime(35*time.Second, nil)); err != nil {
			t.Errorf("HoldWhile of work that succeeded: %v", err)
		}
		if len(s.holds) != 4 {
			t.Errorf("held %d times, want it tried again each time: 4", len(s.holds))
		}
	})
	synctest.Test(t, func(t *testing.T) {
		s := &service{fails: func(call int) bool { return call > 1 }}
		err := s.holdWhile(t, 1, forTime(35*time.Second, fault.New(fault.Unavailable, "the server is gone")))
		if !errors.Is(err, fault.Unavailable) || !strings.Contains(err.Error(), "hold a message") {
			t.Errorf("HoldWhile: %v, want the work's error and that the message was not held", err)
		}
	})
}

func TestAPanicEndsTheHolding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		func() {
			defer func() { _ = recover() }()
			_ = s.holdWhile(t, 1, func(context.Context) error { panic("of a test") })
		}()
		time.Sleep(time.Minute)
		if len(s.holds) != 1 {
			t.Errorf("held %d times, want once: no runner works on it", len(s.holds))
		}
	})
}
