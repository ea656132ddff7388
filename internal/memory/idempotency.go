package memory

import (
	"context"
	"slices"
	"time"

	"waybill/internal/idempotency"
)

// idempotencyKeys is an [idempotency.Store].
type idempotencyKeys struct{ *Memory }

func (k idempotencyKeys) Take(ctx context.Context, request idempotency.Request, seed idempotency.Seed,
	now time.Time) (idempotency.Key, error) {
	var key idempotency.Key
	err := k.locked(ctx, func() (err error) {
		known, there := k.keys[request.Hash]
		if !there || known.Expired(now) {
			key = idempotency.NewKey(request, seed, now)
		} else if key, err = known.Again(request, now); err != nil {
			return err
		}
		k.keys[request.Hash] = key
		key.Result = cloneResult(key.Result)
		return nil
	})
	return key, err
}

func (k idempotencyKeys) Complete(ctx context.Context, key idempotency.Key,
	result idempotency.Result) error {
	return k.end(ctx, key, func(known idempotency.Key) {
		known.Result = cloneResult(&result)
		k.keys[key.Hash] = known
	})
}

func (k idempotencyKeys) Suspend(ctx context.Context, key idempotency.Key) error {
	return k.end(ctx, key, func(known idempotency.Key) {
		known.RunningUntil = time.Time{}
		k.keys[key.Hash] = known
	})
}

func (k idempotencyKeys) Release(ctx context.Context, key idempotency.Key) error {
	return k.end(ctx, key, func(idempotency.Key) { delete(k.keys, key.Hash) })
}

// end ends the run of the key, unless it has ended.
func (k idempotencyKeys) end(ctx context.Context, key idempotency.Key,
	change func(known idempotency.Key)) error {
	return k.locked(ctx, func() error {
		known, there := k.keys[key.Hash]
		if !there || known.Seed != key.Seed || known.Run != key.Run || known.Result != nil {
			return idempotency.NewEndedError()
		}
		change(known)
		return nil
	})
}

func cloneResult(result *idempotency.Result) *idempotency.Result {
	if result == nil {
		return nil
	}
	return &idempotency.Result{Status: result.Status, IDs: slices.Clone(result.IDs)}
}
