// Package runner performs one claimed deployment: it takes the lease, starts the
// job on the server or finds it there, writes its output to the log, stops it for
// a user or at its timeout, and records how it ended. A runner may die at any
// time; the next one continues where the log ends.
package runner

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/logbook"
	"waybill/internal/remote"
	"waybill/internal/snapshot"
)

// HandOverTime is how long before its own time limit a runner stops, so that it
// can commit the output that it has read and call the next runner.
const HandOverTime = time.Minute

// Ports are what a runner works with. Without Excerpts, none are stored, and without Health, no
// server is measured; all others are needed.
type Ports struct {
	Store     catalog.Reader
	Vault     catalog.Vault
	Ledger    Ledger
	History   deployment.History
	Archive   logbook.Rewriter
	Index     logbook.IndexStore
	Snapshots snapshot.Archive
	Excerpts  deployment.Excerpts
	Health    catalog.HealthObserver
	Dialer    remote.Dialer
	Sender    deployment.Sender
}

// log returns where the log of a deployment is.
func (p Ports) log(id deployment.ID) logbook.Log {
	return logbook.Log{Book: id.Book(), Archive: p.Archive, Index: p.Index}
}

// Ledger is the part of a [deployment.Ledger] that a runner uses.
type Ledger interface {
	deployment.Leases
	deployment.Scrubs
}

// Options adjust [New]; the zero value works.
type Options struct {
	// Now and Log default to the clock and to no log.
	Now func() time.Time
	Log *slog.Logger
	// Lease is how long a lease lasts after its last renewal; [deployment.LeaseLength] when
	// zero. It is renewed four times as often.
	Lease time.Duration
	// SignalEvery is how often a runner checks whether a user has asked to cancel
	// or follows the log; 2 s when zero.
	SignalEvery time.Duration
	// ReachFor is how long a runner tries to connect to a server that does not
	// answer, 30 s when zero. ReattachFor is the same once the job may run there,
	// 5 min when zero.
	ReachFor    time.Duration
	ReattachFor time.Duration
	// Look asks a server for the state of a resource; [inspect.Look] when nil.
	Look Look
	// ParkAfter is how long after its start a deployment may be parked; 1 min when zero.
	ParkAfter time.Duration
	// StopGrace is how long the processes of a job that is stopped have between
	// TERM and KILL; 10 s when zero.
	StopGrace time.Duration
}

// Look asks a server for the state of a resource.
type Look func(
	ctx context.Context, shell remote.Shell, resource catalog.Deployable, dataDir string,
) (inspect.Found, error)

// Runner runs deployments. It is safe for use by several goroutines.
type Runner struct {
	ports Ports
	opts  Options
}

// New returns a runner over its ports.
func New(ports Ports, opts Options) *Runner {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Look == nil {
		opts.Look = inspect.Look
	}
	for _, standard := range []struct {
		option *time.Duration
		value  time.Duration
	}{
		{&opts.Lease, deployment.LeaseLength},
		{&opts.SignalEvery, 2 * time.Second},
		{&opts.ReachFor, 30 * time.Second},
		{&opts.ReattachFor, 5 * time.Minute},
		{&opts.ParkAfter, time.Minute},
		{&opts.StopGrace, remote.DefaultGrace},
	} {
		if *standard.option == 0 {
			*standard.option = standard.value
		}
	}
	return &Runner{ports, opts}
}

// Why a run ends while the job continues.
var (
	errHandOver = errors.New("the runner's time is nearly up")
	errPark     = errors.New("the job runs, and the deployment is not followed")
)

// Run performs the deployment until it has ended, is parked, or ctx's deadline is near. The
// owner is a name that no other runner and no other call of Run has.
//
// nil means that the message can be deleted: the deployment has ended, was never
// claimed or does not exist, or another message continues it. A deployment that
// failed is no error. Conflict means that another runner has the lease. After any
// error the message must be delivered again.
func (r *Runner) Run(ctx context.Context, id deployment.ID, owner string) error {
	return r.Resume(ctx, id, 0, owner)
}

// Resume does what Run does for the wake-up of a parking. If the deployment was parked again
// since, it does nothing. With a parking of 0 it is Run.
func (r *Runner) Resume(ctx context.Context, id deployment.ID, parking int, owner string) error {
	record, err := r.begin(ctx, id, parking, owner)
	if errors.Is(err, fault.Gone) || errors.Is(err, fault.NotFound) {
		r.opts.Log.InfoContext(ctx, "nothing to run", "cause", err)
		return nil
	}
	if err != nil {
		return err
	}
	r.opts.Log.InfoContext(ctx, "begun", "lease", record.Lease.Attempt,
		"attempt", record.Attempts(), "woken", record.Lease.Woken, "log_entries", record.Progress.Log.Last)
	a, err := r.newAttempt(ctx, record)
	if err != nil {
		return err
	}
	defer a.closeShell()
	return a.matcher.Error(a.run(ctx))
}

func (r *Runner) begin(ctx context.Context, id deployment.ID, parking int,
	owner string) (deployment.Record, error) {
	if parking == 0 {
		return r.ports.Ledger.Begin(ctx, id, owner, r.now(), r.opts.Lease)
	}
	return r.ports.Ledger.Resume(ctx, id, parking, owner, r.now(), r.opts.Lease)
}

// run works on the deployment, and ends it, parks it or hands it over.
func (a *attempt) run(ctx context.Context) error {
	outcome, err := a.work(ctx)
	switch {
	case errors.Is(err, errHandOver):
		return a.handOver(ctx)
	case errors.Is(err, errPark):
		return a.park(ctx)
	}
	if err == nil {
		outcome, err = a.lookOrVacate(ctx, outcome)
	}
	if err == nil {
		err = a.measure(ctx)
	}
	if err != nil {
		return err
	}
	return a.finish(ctx, outcome)
}

func (r *Runner) now() time.Time { return r.opts.Now().UTC() }
