package runner_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/remote"
	"waybill/internal/runner"
)

// eye is how a resource is looked at in these tests.
type eye struct {
	found inspect.Found
	err   error
	looks int
	// sees, if set, is done instead.
	sees func(ctx context.Context) (inspect.Found, error)
}

func (e *eye) look(
	ctx context.Context, _ remote.Shell, resource catalog.Deployable, dataDir string,
) (inspect.Found, error) {
	e.looks++
	if resource == nil || dataDir != "/data" {
		return inspect.Found{}, fault.New(fault.Internal, "nothing to look at")
	}
	if e.sees != nil {
		return e.sees(ctx)
	}
	return e.found, e.err
}

// seen is a world with a puppet and an eye, and an operation that waits for its
// runner.
func seen(t *testing.T, p *puppet, e *eye, operation deployment.Operation) (*world, deployment.ID) {
	t.Helper()
	w := stillWorld(t, p)
	w.opts.Look = e.look
	const id = catalog.ID("app000000000000000000001")
	w.create(t, &catalog.Application{
		Shell: &catalog.Shell{Start: "true", Stop: "true"}, Resource: catalog.Resource{
			Meta: catalog.Meta{ID: id}, ServerID: w.server.ID,
			Environment: []catalog.Variable{{Name: "TOKEN", Secret: true}}}})
	if err := w.SetSecrets(t.Context(), id, map[string]string{"TOKEN": "an open secret"}); err != nil {
		t.Fatal(err)
	}
	return w, w.asked(t, id, operation)
}

func TestStatusOfTheResourceAtTheEnd(t *testing.T) {
	blind := fault.New(fault.Unavailable, "The server cannot tell: an open secret.")
	for _, c := range []struct {
		name      string
		operation deployment.Operation
		code      int
		eye       eye
		want      string
		looks     int
		says      bool
	}{
		{"what was seen", deployment.Start, 0, eye{found: inspect.Found{Status: "running:healthy"}},
			"running:healthy", 1, false},
		{"what was seen after a failure", deployment.Start, 3,
			eye{found: inspect.Found{Status: "degraded:unhealthy"}}, "degraded:unhealthy", 1, false},
		{"what the recipe promises, if nothing was", deployment.Start, 0, eye{err: blind},
			"running:unknown", 1, false},
		{"unknown after a failure, if nothing was", deployment.Start, 3, eye{err: blind},
			"unknown", 1, true},
		{"unknown after a failure, if nothing is told", deployment.Start, 3, eye{}, "unknown", 1, true},
		{"gone once it is deleted", deployment.Delete, 0,
			eye{found: inspect.Found{Status: "running:healthy"}}, "exited", 0, false},
		{"what was seen when it could not be deleted", deployment.Delete, 1,
			eye{found: inspect.Found{Status: "running:healthy"}}, "running:healthy", 1, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &puppet{prints: "done\n", code: c.code}
				w, id := seen(t, p, &c.eye, c.operation)
				record, log := w.run(t, id)
				if got := record.Outcome.ResourceStatus; got != c.want || c.eye.looks != c.looks {
					t.Errorf("it is %q after %d looks, want %q after %d", got, c.eye.looks, c.want, c.looks)
				}
				if says := strings.Contains(log, "could not be found out"); says != c.says {
					t.Errorf("the log says that nobody knows: %t, want %t:\n%s", says, c.says, log)
				}
				if strings.Contains(log, "an open secret") ||
					c.says && c.eye.err != nil &&
						!strings.Contains(log, "found out. The server cannot tell: <REDACTED:TOKEN>.") {
					t.Errorf("the log does not say why, or says too much:\n%s", log)
				}
				if want := c.operation == deployment.Delete && c.code == 0; p.vacated != want {
					t.Errorf("its folder was given up: %t, want %t", p.vacated, want)
				}
			})
		})
	}
}

func TestALookEndsInTime(t *testing.T) {
	forever := func(ctx context.Context) (inspect.Found, error) {
		<-ctx.Done()
		return inspect.Found{}, ctx.Err()
	}
	synctest.Test(t, func(t *testing.T) { // its own
		w, id := seen(t, &puppet{prints: "done\n"}, &eye{sees: forever}, deployment.Start)
		w.opts.Lease = 4 * time.Second
		go func() {
			for range 14 {
				time.Sleep(time.Second)
				if record := w.record(t, id); record.Lease.Expires.Before(time.Now().Add(2 * time.Second)) {
					t.Errorf("the lease expires in %s", time.Until(record.Lease.Expires))
				}
			}
		}()
		begun := time.Now()
		record, _ := w.run(t, id)
		if took := time.Since(begun); took < 14*time.Second || took > 16*time.Second ||
			record.Outcome.ResourceStatus != "running:unknown" {
			t.Errorf("%q after %s, want what the recipe promises after 15 s",
				record.Outcome.ResourceStatus, took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the runner's
		w, id := seen(t, &puppet{prints: "done\n"}, &eye{sees: forever}, deployment.Start)
		ctx, cancel := context.WithTimeout(t.Context(), runner.HandOverTime+3*time.Second)
		defer cancel()
		begun := time.Now()
		if err := w.runner().Run(ctx, id, "runner"); err != nil {
			t.Fatal(err)
		}
		if took, record := time.Since(begun), w.record(t, id); took > 4*time.Second ||
			record.Status != deployment.Finished {
			t.Errorf("%s after %s, want finished before the runner must hand over", record.Status, took)
		}
	})
	synctest.Test(t, func(t *testing.T) { // the process's
		ctx, die := context.WithCancel(t.Context())
		w, id := seen(t, &puppet{prints: "done\n"},
			&eye{sees: func(ctx context.Context) (inspect.Found, error) { die(); return forever(ctx) }},
			deployment.Start)
		if err := w.runner().Run(ctx, id, "runner"); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
		if record := w.record(t, id); record.Status != deployment.InProgress {
			t.Errorf("a dead runner made it %s", record.Status)
		}
	})
}

// TestARunnerThatLostItsLeaseWhileLooking ends nothing.
func TestARunnerThatLostItsLeaseWhileLooking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var w *world
		var id deployment.ID
		e := &eye{sees: func(ctx context.Context) (inspect.Found, error) {
			if _, err := w.Ledger().Begin(ctx, id, "another", time.Now().Add(time.Hour),
				time.Hour); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			return inspect.Found{Status: "running:healthy"}, nil
		}}
		w, id = seen(t, &puppet{prints: "done\n"}, e, deployment.Start)
		if err := w.runner().Run(t.Context(), id, "first"); !errors.Is(err, fault.Conflict) {
			t.Errorf("error = %v, want Conflict", err)
		}
		if record := w.record(t, id); record.Status != deployment.InProgress ||
			record.Lease.Owner != "another" {
			t.Errorf("%s by %s, want the other's, in progress", record.Status, record.Lease.Owner)
		}
	})
}

func TestTheBuiltCommitIsRecorded(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	long := strings.Repeat("ä", 200)
	for _, c := range []struct {
		name          string
		operation     deployment.Operation
		commit, found string
		want          deployment.Source
	}{
		{"a commit and its first line", deployment.Start, commit, " Mend the till\n\nIt was broken.\n",
			deployment.Source{Commit: commit, Message: "Mend the till"}},
		{"without what is secret", deployment.Deploy, commit, "Use an open secret",
			deployment.Source{Commit: commit, Message: "Use <REDACTED:TOKEN>"}},
		{"cut between two letters", deployment.Start, commit, "x" + long,
			deployment.Source{Commit: commit, Message: "x" + long[:254]}},
		{"cut behind what is secret", deployment.Start, commit, strings.Repeat("x", 250) + "an open secret",
			deployment.Source{Commit: commit, Message: strings.Repeat("x", 250) + "<REDAC"}},
		{"without what commands a terminal", deployment.Start, commit,
			"Mend\r \x1b[31mthe\x1b[0m\x07 \x1b]0;x\x07till",
			deployment.Source{Commit: commit, Message: "Mend the till"}},
		{"without a secret that escapes split", deployment.Start, commit, "an \x1b[1mop\x1b[0men secret",
			deployment.Source{Commit: commit, Message: "<REDACTED:TOKEN>"}},
		{"as text", deployment.Start, commit, "a\xffb",
			deployment.Source{Commit: commit, Message: "a\uFFFDb"}},
		{"of SHA-256", deployment.Start, commit + commit[:24], "",
			deployment.Source{Commit: commit + commit[:24]}},
		{"nothing that is no commit", deployment.Start, commit + "; echo", "x", deployment.Source{}},
		{"nothing when nothing is built", deployment.Stop, commit, "x", deployment.Source{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &eye{found: inspect.Found{Status: "running:healthy", Commit: c.commit, Message: c.found}}
				w, id := seen(t, &puppet{prints: "done\n"}, e, c.operation)
				record, _ := w.run(t, id)
				if diff := cmp.Diff(record.Outcome.Source, c.want); diff != "" {
					t.Errorf("on record, -got +want:\n%s", diff)
				}
			})
		})
	}
}
