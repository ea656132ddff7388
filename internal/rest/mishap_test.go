package rest_test

import (
	"context"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/idempotency"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/deployapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/schedule"
	"waybill/internal/snapshot"
)

// mishap lets a number of writes through, and something happens at the next one. Nothing
// happens with the zero mishap.
type mishap struct {
	through  int
	happened bool
	happens  func(write func() error) error
}

// mishaps are what can happen at a write. It fails before or after it has taken effect, or
// the function dies after it. A panic stands for the death of the function: no code of the
// endpoint runs after it.
func mishaps() map[string]func(write func() error) error {
	return map[string]func(write func() error) error{
		"fails before": func(func() error) error { return resttest.ErrAway },
		"fails after":  func(write func() error) error { _ = write(); return resttest.ErrAway },
		"dies after":   func(write func() error) error { _ = write(); panic("dies") },
	}
}

func (m *mishap) at(write func() error) error {
	if m.happens == nil {
		return write()
	}
	if m.through--; m.through != -1 {
		return write()
	}
	m.happened = true
	return m.happens(write)
}

type mishapStore struct {
	catalog.Store
	*mishap
}

func (s mishapStore) Create(ctx context.Context, entity catalog.Entity, entry audit.Entry) error {
	return s.at(func() error { return s.Store.Create(ctx, entity, entry) })
}

func (s mishapStore) Reserve(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	return s.at(func() error { return s.Store.Reserve(ctx, id, generation) })
}

type mishapVault struct {
	catalog.Vault
	*mishap
}

func (v mishapVault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	return v.at(func() error { return v.Vault.Put(ctx, id, generation, secrets) })
}

type mishapTokens struct {
	access.Tokens
	*mishap
}

func (s mishapTokens) Create(ctx context.Context, token access.Token, entry audit.Entry) error {
	return s.at(func() error { return s.Tokens.Create(ctx, token, entry) })
}

type mishapSnapshots struct {
	snapshot.Archive
	*mishap
}

func (s mishapSnapshots) Put(ctx context.Context, id catalog.ID, taken snapshot.Snapshot) error {
	return s.at(func() error { return s.Archive.Put(ctx, id, taken) })
}

type mishapSchedules struct {
	schedule.Store
	*mishap
}

func (s mishapSchedules) Replace(ctx context.Context, set schedule.Set, entry audit.Entry) error {
	return s.at(func() error { return s.Store.Replace(ctx, set, entry) })
}

type mishapClock struct {
	schedule.Clock
	*mishap
}

func (c mishapClock) Set(ctx context.Context, one schedule.Copy) error {
	return c.at(func() error { return c.Clock.Set(ctx, one) })
}

type mishapQueue struct {
	deployapi.Ledger
	*mishap
}

func (q mishapQueue) Enqueue(ctx context.Context, record deployment.Record,
	key deployment.RequestKey, entries ...audit.Entry) (receipt deployment.Receipt, err error) {
	return receipt, q.at(func() (err error) {
		receipt, err = q.Ledger.Enqueue(ctx, record, key, entries...)
		return err
	})
}

func (q mishapQueue) Cancel(ctx context.Context, id deployment.ID, by string,
	now time.Time) (record deployment.Record, err error) {
	return record, q.at(func() (err error) {
		record, err = q.Ledger.Cancel(ctx, id, by, now)
		return err
	})
}

func (q mishapQueue) Hold(ctx context.Context, id deployment.ID, hold deployment.Hold,
	entry audit.Entry) (record deployment.Record, err error) {
	return record, q.at(func() (err error) {
		record, err = q.Ledger.Hold(ctx, id, hold, entry)
		return err
	})
}

type mishapKeys struct {
	idempotency.Store
	*mishap
}

func (k mishapKeys) Take(ctx context.Context, request idempotency.Request, seed idempotency.Seed,
	now time.Time) (key idempotency.Key, err error) {
	return key, k.at(func() (err error) {
		key, err = k.Store.Take(ctx, request, seed, now)
		return err
	})
}

func (k mishapKeys) Complete(ctx context.Context, key idempotency.Key,
	result idempotency.Result) error {
	return k.at(func() error { return k.Store.Complete(ctx, key, result) })
}

// build makes the functions that take keys again, over ports with the mishap.
func (m *mishap) build(t *testing.T, w *resttest.World, now func() time.Time) {
	t.Helper()
	data, opts := w.Memory, rest.Options{Now: now}
	keys, queue := mishapKeys{data.IdempotencyKeys(), m}, mishapQueue{data.Ledger(), m}
	snapshots := mishapSnapshots{data.Snapshots(), m}
	var err error
	w.Handlers["catalog"], err = catalogapi.New(catalogapi.Ports{
		Tokens: mishapTokens{data.Tokens(), m}, Keys: keys, Store: mishapStore{data.Catalog(), m},
		Vault: mishapVault{data.Vault(), m}, KeyReader: w.Inspector, Inspector: w.Inspector,
		Notify:      w.NotifyPorts(),
		WebhookKeys: data.WebhookKeys(), Ledger: queue, Snapshots: snapshots,
		Schedules: mishapSchedules{data.Schedules(), m}, Clock: mishapClock{data.Clock(), m},
		Check: w.Check, Warn: w.Warn, Expand: w.Expand,
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["deploy"], err = deployapi.New(deployapi.Ports{
		Tokens: data.Tokens(), Keys: keys, Store: data.Catalog(), Ledger: queue, History: data.History(),
		Snapshots: snapshots,
	}, opts)
	if err != nil {
		t.Fatal(err)
	}
}
