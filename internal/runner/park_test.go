package runner_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/runner"
)

// functions plays Lambda, the queue and the stream for one deployment, on the bubble's clock.
type functions struct {
	*world
	id deployment.ID
	// queue has the messages, and read how many wake-ups of the sender are in it.
	queue []due
	read  int
	// busy is how long runners ran, and wakes when each of them began.
	busy  time.Duration
	wakes []time.Time
	// counts, if set, counts the writes of the runners.
	counts *costs
}

// due is a message: the parking that it ends, or 0, and when it is delivered.
type due struct {
	parking int
	at      time.Time
}

// connectTime is how long a runner of these tests takes until it follows the job.
const connectTime = 500 * time.Millisecond

// parkable is a world with a puppet that tells when everything was sent.
func parkable(t *testing.T, p *puppet, timeout time.Duration) *functions {
	t.Helper()
	p.idles = true
	w, id := still(t, p, timeout)
	w.dialer = tardy{p, connectTime}
	w.Changes() // its claim, which the first message stands for
	return &functions{world: w, id: id, queue: []due{{0, time.Now()}}}
}

// run calls runners until the deployment has ended, or at most for the time.
func (f *functions) run(t *testing.T, atMost time.Duration) deployment.Record {
	t.Helper()
	for end := time.Now().Add(atMost); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if record := f.record(t, f.id); record.Status.Terminal() {
			return record
		}
		f.deliver(t)
		f.receive(t)
	}
	return f.record(t, f.id)
}

// deliver gives the changes to dispatch, and adds the wake-ups that were sent to the queue.
func (f *functions) deliver(t *testing.T) {
	t.Helper()
	dispatcher := deployment.NewDispatcher(deployment.DispatcherPorts{Claims: f.Ledger(),
		Expiries: f.Ledger(), History: f.History(), Store: f.Catalog(), Vault: f.Vault(),
		Sender: f.Sender(), Feed: f.Feed(), Publisher: f.Publisher()},
		deployment.DispatcherOptions{Now: f.now})
	for _, change := range f.Changes() {
		if err := dispatcher.Changed(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	sent := f.Sender().WakeUps()
	for _, wake := range sent[f.read:] {
		f.queue = append(f.queue, due{wake.Parking, time.Now().Add(wake.Delay)})
	}
	f.read = len(sent)
}

// receive runs a runner for the first message that is due.
func (f *functions) receive(t *testing.T) {
	t.Helper()
	first := slices.IndexFunc(f.queue, func(m due) bool { return !m.at.After(time.Now()) })
	if first < 0 {
		return
	}
	message := f.queue[first]
	f.queue = slices.Delete(f.queue, first, first+1)
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	begun := time.Now()
	f.wakes = append(f.wakes, begun)
	called := f.runner()
	if f.counts != nil {
		opts := f.opts
		opts.Now = f.now
		called = runner.New(f.counts.counted(f.ports()), opts)
	}
	err := called.Resume(ctx, f.id, message.parking, begun.String())
	f.busy += time.Since(begun)
	if errors.Is(err, fault.Conflict) {
		f.queue = append(f.queue, due{message.parking, time.Now().Add(10 * time.Second)})
	} else if err != nil {
		t.Fatal(err)
	}
}

// follow notes that a reader follows, from a time from now on and for the time.
func (f *functions) follow(t *testing.T, after, length time.Duration) {
	t.Helper()
	var reader sync.WaitGroup
	t.Cleanup(reader.Wait)
	reader.Go(func() {
		time.Sleep(after)
		for end := time.Now().Add(length); time.Now().Before(end); time.Sleep(deployment.FollowEvery) {
			if err := f.History().Follow(context.Background(), f.id, time.Now().UTC()); err != nil {
				t.Error(err)
			}
		}
	})
}

// delays returns the delays of the wake-ups.
func (f *functions) delays() []time.Duration {
	var all []time.Duration
	for _, wake := range f.Sender().WakeUps() {
		all = append(all, wake.Delay)
	}
	return all
}

// TestP14AnUnfollowedJobCostsItsFirstMinute counts what Lambda charges for, with the memory
// of the runner's function.
func TestP14AnUnfollowedJobCostsItsFirstMinute(t *testing.T) {
	const (
		gigabytes = 0.25
		most      = 30 // GB-seconds
		takes     = 30 * time.Minute
	)
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{until: time.Now().Add(takes)}
		f := parkable(t, p, time.Hour)
		record := f.run(t, time.Hour)
		cost := gigabytes * f.busy.Seconds()
		t.Logf("%.1f GB-s in %d runners", cost, len(f.wakes))
		if record.Status != deployment.Finished || cost > most {
			t.Errorf("%s for %.1f GB-s, want finished for at most %d", record.Status, cost, most)
		}
		if late := record.FinishedAt.Sub(p.until); late > 31*time.Second {
			t.Errorf("its end was noticed %s late, want at most 30 s", late)
		}
		want := []time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 30 * time.Second}
		if diff := cmp.Diff(f.delays()[:4], want); diff != "" {
			t.Errorf("delays (-got +want):\n%s", diff)
		}
		if record.Attempts() != 1 || record.Lease.Attempt != len(f.wakes) || record.IsParked() {
			t.Errorf("%d attempts with %d leases of %d runners, parked at %s; want one attempt",
				record.Attempts(), record.Lease.Attempt, len(f.wakes), record.ParkedAt)
		}
		log := f.log(t, f.id)
		if strings.Count(log, "\n") != 2 || !strings.HasPrefix(log, "Connecting to") ||
			!strings.Contains(log, "Finished after 30m") {
			t.Errorf("the log tells of parkings:\n%s", log)
		}
	})
}

func TestAFollowedJobIsNotParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{until: time.Now().Add(10 * time.Minute)}
		f := parkable(t, p, time.Hour)
		f.follow(t, 50*time.Second, 5*time.Minute)
		begun := time.Now()
		f.receive(t)
		// The last note is 10 s before the end of following.
		if took := time.Since(begun); took < 6*time.Minute || took > 6*time.Minute+15*time.Second {
			t.Errorf("parked after %s, want it 30 s after the last note", took)
		}
		if record := f.record(t, f.id); !record.IsParked() || record.ParkedAt.IsZero() {
			t.Errorf("%s, parked at %s; want it parked", record.Status, record.ParkedAt)
		}
	})
}

func TestP14AReaderWakesTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		p := &puppet{until: begun.Add(15 * time.Minute)}
		f := parkable(t, p, time.Hour)
		const after = 10*time.Minute + 7*time.Second
		f.follow(t, after, 5*time.Minute)
		record := f.run(t, time.Hour)
		woken, _ := slices.BinarySearchFunc(f.wakes, begun.Add(after), time.Time.Compare)
		if woken != len(f.wakes)-1 && woken != len(f.wakes)-2 ||
			f.wakes[woken].Sub(begun.Add(after)) > time.Second {
			t.Errorf("runners at %v, want one at once at %v, which stays", f.wakes, begun.Add(after))
		}
		if late := record.FinishedAt.Sub(p.until); late > 2*time.Second {
			t.Errorf("its end was noticed %s late, want at once while it is followed", late)
		}
	})
}

func TestP7ACancelWakesTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{}
		f := parkable(t, p, time.Hour)
		var asked time.Time
		go func() {
			time.Sleep(20 * time.Minute)
			asked = time.Now()
			if _, err := f.Ledger().Cancel(context.Background(), f.id, "ci", asked.UTC()); err != nil {
				t.Error(err)
			}
		}()
		record := f.run(t, time.Hour)
		if record.Status != deployment.Cancelled || len(p.stops) != 1 ||
			p.stops[0].Sub(asked) > 2*time.Second {
			t.Errorf("%s, stopped at %v; want it cancelled, stopped at once at %v",
				record.Status, p.stops, asked)
		}
	})
}

func TestATimeoutIsNotMissedWhileParked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &puppet{}
		begun := time.Now()
		f := parkable(t, p, 101*time.Second)
		record := f.run(t, time.Hour)
		if record.Outcome.Reason != deployment.ReasonTimeout || len(p.stops) != 1 ||
			p.stops[0].Sub(begun) > 103*time.Second {
			t.Errorf("%q, stopped at %v; want a timeout, stopped 101 s after %v",
				record.Outcome.Reason, p.stops, begun)
		}
	})
}

// signalled is a ledger that gets a signal in the moment before it parks.
type signalled struct {
	runner.Ledger
	signal func()
}

func (s signalled) Park(ctx context.Context, id deployment.ID, lease deployment.Lease,
	progress deployment.Progress, now time.Time) (deployment.Signals, error) {
	s.signal()
	return s.Ledger.Park(ctx, id, lease, progress, now)
}

// The runner does not know of these signals, and dispatch sees no change of a parked deployment.
func TestASignalJustBeforeTheParkingIsSeen(t *testing.T) {
	for name, signal := range map[string]func(f *functions) error{
		"a reader": func(f *functions) error {
			return f.History().Follow(context.Background(), f.id, time.Now().UTC())
		},
		"a cancel": func(f *functions) error {
			_, err := f.Ledger().Cancel(context.Background(), f.id, "ci", time.Now().UTC())
			return err
		},
	} {
		synctest.Test(t, func(t *testing.T) {
			f := parkable(t, &puppet{}, time.Hour)
			ports := f.ports()
			ports.Ledger = signalled{ports.Ledger, func() {
				if err := signal(f); err != nil {
					t.Error(err)
				}
			}}
			err := runner.New(ports, runner.Options{Now: time.Now}).Run(t.Context(), f.id, "runner")
			want := []memory.WakeUp{{ID: f.id, Parking: 1}}
			if diff := cmp.Diff(f.Sender().WakeUps(), want); diff != "" || err != nil {
				t.Errorf("%s, %v: wake-ups (-got +want):\n%s", name, err, diff)
			}
		})
	}
}

func TestALateWakeUpIsHarmless(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := parkable(t, &puppet{}, time.Hour)
		resume := func(parking int) error {
			return f.runner().Resume(t.Context(), f.id, parking, time.Now().String())
		}
		for parking := range 3 {
			if err := resume(parking); err != nil {
				t.Fatal(err)
			}
		}
		before := f.record(t, f.id)
		for parking, want := range map[int]fault.Kind{1: fault.Internal, 2: fault.Conflict} {
			if err := resume(parking); (err != nil || want != fault.Internal) && !errors.Is(err, want) {
				t.Errorf("the wake-up of parking %d, in the third: %v", parking, err)
			}
		}
		if after := f.record(t, f.id); after.Lease != before.Lease || len(f.Sender().WakeUps()) != 3 {
			t.Errorf("lease %+v, was %+v; %v", after.Lease, before.Lease, f.Sender().WakeUps())
		}
		time.Sleep(21 * time.Second) // the right one is lost
		if err := resume(2); err != nil || len(f.Sender().WakeUps()) != 4 {
			t.Errorf("%v, want an earlier wake-up in place of one that is overdue", err)
		}
	})
}

func TestTheSweepRepairsALostWakeUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := parkable(t, &puppet{}, time.Hour)
		f.receive(t)
		sweep := func() []memory.WakeUp {
			dispatcher := deployment.NewDispatcher(deployment.DispatcherPorts{Claims: f.Ledger(),
				Expiries: f.Ledger(), History: f.History(), Store: f.Catalog(), Vault: f.Vault(),
				Sender: f.Sender(), Feed: f.Feed(), Publisher: f.Publisher()},
				deployment.DispatcherOptions{Now: f.now})
			if err := dispatcher.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			return f.Sender().WakeUps()[1:]
		}
		time.Sleep(24 * time.Second)
		if woken := sweep(); len(woken) > 0 {
			t.Errorf("woken by the sweep: %v, although a message may be on its way", woken)
		}
		time.Sleep(2 * time.Second)
		want := []memory.WakeUp{{ID: f.id, Parking: 1}}
		if diff := cmp.Diff(sweep(), want); diff != "" || len(f.Sender().Sent()) > 0 {
			t.Errorf("woken (-got +want), and sent %v:\n%s", f.Sender().Sent(), diff)
		}
	})
}
