package runner

import (
	"context"
	"path"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// handOver commits the log, gives up the lease and calls the next runner. If it
// fails between the last two, the sweep calls the next runner.
func (a *attempt) handOver(ctx context.Context) error {
	if err := a.commit(ctx); err != nil {
		return err
	}
	const noLease = 0
	_, err := a.ports.Ledger.Advance(ctx, a.record.ID, a.record.Lease, a.progress, a.now(), noLease)
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "handed over", "log_entries", a.progress.Log.Last)
	return a.ports.Sender.Send(ctx, a.record.ID)
}

// finish ends the deployment: it adds the last line, commits the rest of the log
// and ends the record, which frees slot and resource. Then it removes the spool and
// some spools that other runners left. A failure to remove them is not an error.
func (a *attempt) finish(ctx context.Context, outcome deployment.Outcome) error {
	a.say(outcomeType(outcome), a.summary(outcome))
	if err := a.commit(ctx); err != nil {
		return err
	}
	a.keepExcerpt(ctx, outcome)
	a.progress.Log.Complete = true
	err := a.ports.Ledger.Finish(ctx, a.record.ID, a.record.Lease, a.progress, outcome, a.now())
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "ended", "status", outcome.Status, "reason", outcome.Reason,
		"log_entries", a.progress.Log.Last, "output_bytes", a.progress.OutputBytes())
	if a.shell == nil {
		return nil
	}
	// The record is final. A leftover spool only takes space, and the runner of
	// the next deployment removes it.
	if err := remote.Remove(ctx, a.shell, a.plan.recipe.Job); err != nil {
		a.log.WarnContext(ctx, "spool not removed", "error", err)
	}
	if err := a.removeLeftovers(ctx); err != nil {
		a.log.WarnContext(ctx, "leftover spools not removed", "error", err)
	}
	a.storeHealth(ctx)
	return nil
}

// How many spools one runner removes for others, and how many records it reads to
// find them. Spools of another stack stay, so they must not use up the first limit.
const (
	maxLeftovers = 20
	maxLookUps   = 500
)

// removeLeftovers removes the spools of ended deployments whose runner died or
// lost the server before it removed them. A spool without a record belongs to
// another stack and stays. The first error of the server ends it.
func (a *attempt) removeLeftovers(ctx context.Context) error {
	names, err := remote.Leftovers(ctx, a.shell, a.plan.server.DataDir)
	if err != nil {
		return err
	}
	removed := 0
	for _, name := range names[:min(len(names), maxLookUps)] {
		if removed == maxLeftovers || a.nearlyOutOfTime() {
			return nil
		}
		id, err := deployment.ParseID(name)
		if err != nil || id == a.record.ID {
			continue
		}
		record, err := a.ports.History.Get(ctx, id)
		if err != nil || !record.Status.Terminal() || record.ServerID != a.record.ServerID {
			continue
		}
		spool, control, _ := recipe.Places(a.plan.server.DataDir, id.Resource(), name)
		job := remote.Job{Spool: spool, Dir: control, Deployment: name, Attempt: record.Lease.Attempt}
		if err := remote.Remove(ctx, a.shell, job); err != nil {
			return err
		}
		removed++
		a.log.InfoContext(ctx, "leftover spool removed", "spool", path.Base(spool))
	}
	return nil
}
