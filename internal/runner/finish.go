package runner

import (
	"context"
	"path"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// handOver ends this runner's turn: the log is committed, the lease given up,
// and the next runner called. Called first and begun later is harmless; given
// up and never called would need the net.
func (a *attempt) handOver(ctx context.Context) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	if _, err := a.ports.Ledger.Advance(ctx, a.record.ID, a.record.Lease, a.progress, a.now(), 0); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "handed over", "log_entries", a.progress.Log.Last)
	return a.ports.Sender.Send(ctx, a.record.ID)
}

// finish ends the deployment: the rest of the log, then the record with slot
// and resource, then the spool, which only now nobody needs any more.
func (a *attempt) finish(ctx context.Context, outcome deployment.Outcome) error {
	a.say(outcomeType(outcome), a.summary(outcome))
	if err := a.commit(ctx); err != nil {
		return err
	}
	a.progress.Log.Complete = true
	if err := a.ports.Ledger.Finish(ctx, a.record.ID, a.record.Lease, a.progress, outcome, a.now()); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "ended", "status", outcome.Status, "reason", outcome.Reason,
		"log_entries", a.progress.Log.Last, "output_bytes", a.progress.OutputBytes())
	if a.shell == nil {
		return nil
	}
	// The record is right and final; a leftover spool only takes space, and the
	// next deployment's runner finds it.
	if err := remote.Remove(ctx, a.shell, a.plan.recipe.Job); err != nil {
		a.log.WarnContext(ctx, "spool not removed", "error", err)
	}
	if err := a.sweep(ctx); err != nil {
		a.log.WarnContext(ctx, "leftover spools not removed", "error", err)
	}
	return nil
}

// maxSwept bounds the work that one runner does for others.
const maxSwept = 20

// sweep removes the spools of deployments that have ended and whose runner died
// before it removed them, or lost the server. One that the records do not know
// is another stack's, and is left alone.
func (a *attempt) sweep(ctx context.Context) error {
	names, err := remote.Leftovers(ctx, a.shell, a.plan.server.DataDir)
	if err != nil {
		return err
	}
	for _, name := range names[:min(len(names), maxSwept)] {
		id, err := deployment.ParseID(name)
		if err != nil || id == a.record.ID || a.late() {
			continue
		}
		record, err := a.ports.History.Get(ctx, id)
		if err != nil || !record.Status.Terminal() || record.ServerID != a.record.ServerID {
			continue
		}
		spool, control, _ := recipe.Places(a.plan.server.DataDir, id.Resource(), name)
		if err := remote.Remove(ctx, a.shell, remote.Job{Spool: spool, Dir: control, Deployment: name, Attempt: record.Lease.Attempt}); err != nil {
			return err
		}
		a.log.InfoContext(ctx, "leftover spool removed", "spool", path.Base(spool))
	}
	return nil
}
