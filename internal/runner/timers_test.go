package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/remote"
)

// puppet is a server that answers as it is told to, on the bubble's clock: it
// says what the scripts would print.
type puppet struct {
	mu sync.Mutex
	// deaf is until when nobody is let in, and silent since when sessions break.
	deaf, silent time.Time
	survivor     bool
	// ahead is how far its clock is ahead.
	ahead time.Duration
	// idles is whether it says that it has sent everything. until is when the job ends by
	// itself, if ever.
	idles bool
	until time.Time
	// breaks has each session end behind the first step's start.
	breaks bool
	// prints is what the job prints before it ends; "" for one that runs
	// until it is stopped.
	prints string
	// code is what that job ends with.
	code int
	// vacated is whether the folder was given up.
	vacated bool
	dials   []time.Time
	stops   []time.Time
	ended   chan struct{}
}

func (p *puppet) Dial(context.Context, remote.Target) (remote.Shell, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dials = append(p.dials, time.Now())
	if time.Now().Before(p.deaf) {
		return nil, &remote.DialError{Cause: remote.CauseUnreachable, Err: errors.New("connection refused")}
	}
	return p, nil
}

func (p *puppet) Close() error { return nil }

var nonces = regexp.MustCompile(`nonce='([A-Z0-9]+)'`)

// Run answers a script by what stands in it and in no other.
func (p *puppet) Run(ctx context.Context, script string, _ []string, out, _ io.Writer) (int, error) {
	nonce := nonces.FindStringSubmatch(script)
	if nonce == nil { // none of package remote's
		return 1, nil
	}
	fmt.Fprintf(out, "\n%s\n", nonce[1])
	switch {
	case strings.Contains(script, "grace="):
		return 0, p.stop(ctx, out)
	case strings.Contains(script, "fresh="):
		return 0, p.follow(ctx, out)
	case strings.Contains(script, "begins="):
		fmt.Fprint(out, "Y 0 0\n")
		return 0, nil
	case strings.Contains(script, "rmdir"):
		p.vacated = true
	}
	fmt.Fprint(out, "D\n")
	return 0, nil
}

func (p *puppet) follow(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "A 4711 b00-7 1 %d.0\n", time.Now().Add(p.ahead).Unix())
	if p.breaks {
		at := fmt.Sprintf("%d.000000000", time.Now().Add(p.ahead).Unix())
		step := "S 1 " + at + " 0 0\n"
		fmt.Fprintf(out, "S 0 %d %s\n%s", len(step), at, step)
		return fault.New(fault.Unavailable, "cut")
	}
	if p.prints != "" {
		at := fmt.Sprintf("%d.000000000", time.Now().Add(p.ahead).Unix())
		step := "S 1 " + at + " 0 0\n"
		fmt.Fprintf(out, "S 0 %d %s\n%sO 0 %d %s\n%s", len(step), at, step, len(p.prints), at, p.prints)
		fmt.Fprintf(out, "X %d %s %d 0 0\n", p.code, at, len(p.prints))
		return nil
	}
	var over <-chan time.Time
	if !p.until.IsZero() {
		over = time.After(time.Until(p.until))
	}
	if p.idles && (over == nil || time.Now().Before(p.until)) {
		fmt.Fprint(out, "I\n")
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-over:
			fmt.Fprintf(out, "X 0 %d.000000000 0 0 0\n", time.Now().Unix())
			return nil
		case <-p.ended:
			if p.survivor {
				p.ended = nil // it never ends
				continue
			}
			fmt.Fprintf(out, "X 143 %d.000000000 0 0 0\n", time.Now().Unix())
			return nil
		case <-time.After(time.Second):
			fmt.Fprint(out, "H\n")
		}
		if !p.silent.IsZero() && time.Now().After(p.silent) {
			p.silent = time.Time{}
			return fault.New(fault.Unavailable, "cut")
		}
	}
}

func (p *puppet) stop(ctx context.Context, out io.Writer) error {
	p.stops = append(p.stops, time.Now())
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Second):
	}
	close(p.ended)
	fmt.Fprint(out, "P 4712 sleep\n")
	if p.survivor {
		fmt.Fprint(out, "V 4713 stuck\n")
	}
	fmt.Fprint(out, "T 1 1\n")
	return nil
}

// still is a world with a puppet, inside of a bubble.
func still(t *testing.T, p *puppet, timeout time.Duration) (*world, deployment.ID) {
	t.Helper()
	w := stillWorld(t, p)
	return w, w.claimedAs(t, "app000000000000000000001", catalog.Shell{Start: "sleep 1000"}, nil, timeout)
}

// stillWorld is one with nothing deployed.
func stillWorld(t *testing.T, p *puppet) *world {
	t.Helper()
	p.ended = make(chan struct{})
	w := &world{Memory: memory.New(memory.Options{}), dialer: p, now: time.Now}
	w.create(t, &catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}})
	if err := w.SetSecrets(t.Context(), "key000000000000000000001", map[string]string{
		catalog.PrivateKeySecret: "a private key",
	}); err != nil {
		t.Fatal(err)
	}
	w.server = &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000001", Name: "web-1"},
		Address: "web-1", Port: 22, User: "root",
		HostKey: "key", KeyID: "key000000000000000000001", DataDir: "/data", Concurrency: 1, QueueLimit: 1}
	w.create(t, w.server)
	return w
}

func TestAServerThatDoesNotAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{deaf: time.Now().Add(time.Hour)}
		w, id := still(t, p, time.Hour)
		begun := time.Now()
		record, log := w.run(t, id)
		if took := time.Since(begun); record.Outcome.Reason != deployment.ReasonUnreachable ||
			took > 30*time.Second || took < 29*time.Second {
			t.Errorf("%q after %s, want unreachable within 30 s", record.Outcome.Reason, took)
		}
		for _, want := range []string{
			"connection refused. Trying again in 1s, until ", "Trying again in 8s", "Given up after 30s.",
		} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %q:\n%s", want, log)
			}
		}
		if last := p.dials[len(p.dials)-1].Sub(begun); last != 30*time.Second {
			t.Errorf("the last try was after %s, want it at the end of the window", last)
		}
		if tries := strings.Count(log, "did not answer"); tries != len(p.dials) ||
			strings.Contains(log, "may") {
			t.Errorf("%d tries of %d are in the log, which must not speak of a job:\n%s",
				tries, len(p.dials), log)
		}
	})
}

// tardy is a server whose every refusal takes a while, such as one that ends each
// key exchange.
type tardy struct {
	*puppet
	takes time.Duration
}

func (d tardy) Dial(ctx context.Context, target remote.Target) (remote.Shell, error) {
	shell, err := d.puppet.Dial(ctx, target)
	time.Sleep(d.takes)
	return shell, err
}

// The last pause is as long as what is left of the window, which begins with the
// first refusal.
func TestTheLastTryIsAtTheEndOfTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{deaf: time.Now().Add(time.Hour)}
		w, id := still(t, p, time.Hour)
		const takes = 2 * time.Second
		w.dialer = tardy{p, takes}
		begun := time.Now()
		if record, log := w.run(t, id); record.Outcome.Reason != deployment.ReasonUnreachable ||
			!strings.Contains(log, "Trying again in 7s, until ") {
			t.Errorf("%q, want unreachable after a pause of 7 s:\n%s", record.Outcome.Reason, log)
		}
		if last := p.dials[len(p.dials)-1].Sub(begun); last != takes+30*time.Second {
			t.Errorf("the last try was after %s, want it %s after the first refusal", last, 30*time.Second)
		}
	})
}

func TestAServerThatIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{silent: time.Now().Add(10 * time.Second)}
		w, id := still(t, p, time.Hour)
		go func() {
			time.Sleep(9 * time.Second)
			p.mu.Lock()
			p.deaf = time.Now().Add(time.Hour)
			p.mu.Unlock()
		}()
		begun := time.Now()
		record, log := w.run(t, id)
		if took := time.Since(begun); record.Outcome.Reason != deployment.ReasonUnreachable ||
			took < 4*time.Minute || took > 6*time.Minute {
			t.Errorf("%q after %s, want unreachable after some 5 min", record.Outcome.Reason, took)
		}
		for _, want := range []string{"What was started there goes on. Connecting again, until ",
			"The job was started and may still be running on the server."} {
			if !strings.Contains(log, want) {
				t.Errorf("the log lacks %q:\n%s", want, log)
			}
		}
		if tries := strings.Count(log, "did not answer"); tries != len(p.dials)-1 {
			t.Errorf("%d of %d tries are in the log", tries, len(p.dials)-1)
		}
	})
	synctest.Test(t, func(t *testing.T) { // and comes back
		p := &puppet{silent: time.Now().Add(10 * time.Second)}
		w, id := still(t, p, 2*time.Minute)
		if record, log := w.run(t, id); record.Outcome.Reason != deployment.ReasonTimeout ||
			len(p.dials) != 2 {
			t.Errorf("%q after %d connections, want the job followed to its timeout:\n%s",
				record.Outcome.Reason, len(p.dials), log)
		}
	})
}

func TestAServerThatBreaksEachSessionIsNotRushed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{breaks: true}
		w, id := still(t, p, time.Hour)
		begun := time.Now()
		record, log := w.run(t, id)
		if took := time.Since(begun); record.Outcome.Reason != deployment.ReasonUnreachable ||
			took < 4*time.Minute || took > 6*time.Minute {
			t.Errorf("%q after %s, want unreachable after some 5 min", record.Outcome.Reason, took)
		}
		if len(p.dials) > 40 {
			t.Errorf("it was entered %d times:\n%.2000s", len(p.dials), log)
		}
	})
}

func TestP7ACancelIsSeenInTime(t *testing.T) {
	for _, survivor := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := &puppet{survivor: survivor}
			w, id := still(t, p, time.Hour)
			var asked time.Time
			go func() {
				time.Sleep(33 * time.Second)
				asked = time.Now()
				if _, err := w.Ledger().Cancel(context.Background(), id, "ci", asked.UTC()); err != nil {
					t.Error(err)
				}
			}()
			record, log := w.run(t, id)
			if len(p.stops) != 1 || p.stops[0].Sub(asked) > 5*time.Second {
				t.Errorf("stopped at %v, asked at %v, want once and within 5 s", p.stops, asked)
			}
			status, reason, says := deployment.Cancelled, deployment.ReasonCancelled, "Stopped: sleep (4712)."
			if survivor {
				status, reason, says = deployment.Failed, deployment.ReasonSurvivors,
					"still run on the server: stuck (4713)."
			}
			if record.Status != status || record.Outcome.Reason != reason || !strings.Contains(log, says) {
				t.Errorf("%s %q, want %s %q and %q in the log:\n%s",
					record.Status, record.Outcome.Reason, status, reason, says, log)
			}
		})
	}
}

func TestATimeoutCountsOverAllRunners(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{}
		w, id := still(t, p, 30*time.Minute)
		begun := time.Now()
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
			if err := w.runner().Run(ctx, id, fmt.Sprint("runner at ", time.Since(begun))); err != nil {
				t.Fatal(err)
			}
			cancel()
		}
		record := w.record(t, id)
		if record.Outcome.Reason != deployment.ReasonTimeout || record.Lease.Attempt != 3 ||
			len(w.Sender().Sent()) != 2 {
			t.Errorf("%q in attempt %d after %d hand-overs, want timeout in the third after two",
				record.Outcome.Reason, record.Lease.Attempt, len(w.Sender().Sent()))
		}
		if took := record.FinishedAt.Sub(begun); took < 30*time.Minute || took > 31*time.Minute {
			t.Errorf("it took %s, want 30 min and the time to stop it", took)
		}
	})
}

// TestALeaseIsKeptWhileNothingHappens: by a runner that follows, waits or stops.
func TestALeaseIsKeptWhileNothingHappens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{deaf: time.Now().Add(20 * time.Second), silent: time.Now().Add(100 * time.Second)}
		w, id := still(t, p, 3*time.Minute)
		w.opts.Lease = 4 * time.Second
		ended := make(chan error, 1)
		go func() { ended <- w.runner().Run(t.Context(), id, "first") }()
		time.Sleep(time.Second)
		for {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
				return
			case <-time.After(time.Second):
			}
			if record := w.record(t, id); record.Status == deployment.InProgress &&
				record.Lease.Expires.Before(time.Now().Add(2*time.Second)) {
				t.Fatalf("the lease expires in %s", time.Until(record.Lease.Expires))
			}
		}
	})
}
