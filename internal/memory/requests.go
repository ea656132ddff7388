package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/idempotency"
)

// requests is an [idempotency.Store].
type requests struct{ *Memory }

func (r requests) Claim(ctx context.Context, request idempotency.Request, seed idempotency.Seed,
	now time.Time) (idempotency.Claim, error) {
	var claim idempotency.Claim
	err := r.locked(ctx, func() (err error) {
		known, there := r.claims[request.Key]
		if !there || known.Expired(now) {
			claim = idempotency.NewClaim(request, seed, now)
		} else if claim, err = known.Again(request, now); err != nil {
			return err
		}
		r.claims[request.Key] = claim
		claim.Outcome = cloneOutcome(claim.Outcome)
		return nil
	})
	return claim, err
}

func (r requests) Complete(ctx context.Context, claim idempotency.Claim,
	outcome idempotency.Outcome) error {
	return r.end(ctx, claim, func(known idempotency.Claim) {
		known.Outcome = cloneOutcome(&outcome)
		r.claims[claim.Key] = known
	})
}

func (r requests) Suspend(ctx context.Context, claim idempotency.Claim) error {
	return r.end(ctx, claim, func(known idempotency.Claim) {
		known.RunningUntil = time.Time{}
		r.claims[claim.Key] = known
	})
}

func (r requests) Release(ctx context.Context, claim idempotency.Claim) error {
	return r.end(ctx, claim, func(idempotency.Claim) { delete(r.claims, claim.Key) })
}

// end ends the run of the claim, unless it has ended.
func (r requests) end(ctx context.Context, claim idempotency.Claim,
	change func(known idempotency.Claim)) error {
	return r.locked(ctx, func() error {
		known, there := r.claims[claim.Key]
		if !there || known.Seed != claim.Seed || known.Run != claim.Run || known.Outcome != nil {
			return idempotency.NewEndedError()
		}
		change(known)
		return nil
	})
}

func cloneOutcome(outcome *idempotency.Outcome) *idempotency.Outcome {
	if outcome == nil {
		return nil
	}
	return &idempotency.Outcome{Status: outcome.Status, IDs: slices.Clone(outcome.IDs)}
}
