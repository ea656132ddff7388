package rest_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/deployapi"
	"waybill/internal/rest/inspectapi"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/triggerapi"
	"waybill/internal/schedule"
)

// outage lets a number of calls of a store and a vault through and fails the
// next one.
type outage struct {
	through int
	failed  bool
}

func (o *outage) call() error {
	o.through--
	if o.through != -1 {
		return nil
	}
	o.failed = true
	return resttest.ErrAway
}

type outageStore struct {
	catalog.Store
	*outage
}

func (s outageStore) Create(ctx context.Context, entity catalog.Entity, entry audit.Entry) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Create(ctx, entity, entry)
}

func (s outageStore) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.Store.Get(ctx, id)
}

func (s outageStore) Head(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	if err := s.call(); err != nil {
		return nil, err
	}
	return s.Store.Head(ctx, id)
}

func (s outageStore) List(
	ctx context.Context, kind catalog.Kind, page catalog.Page,
) (catalog.Listing, error) {
	if err := s.call(); err != nil {
		return catalog.Listing{}, err
	}
	return s.Store.List(ctx, kind, page)
}

func (s outageStore) Update(ctx context.Context, entity catalog.Entity, was time.Time,
	entry audit.Entry) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Update(ctx, entity, was, entry)
}

func (s outageStore) Observe(ctx context.Context, id catalog.ID, status string) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Observe(ctx, id, status)
}

func (s outageStore) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Delete(ctx, id, entry)
}

type outageSchedules struct {
	schedule.Store
	*outage
}

func (s outageSchedules) Of(ctx context.Context, resource catalog.ID) (schedule.Set, error) {
	if err := s.call(); err != nil {
		return schedule.Set{}, err
	}
	return s.Store.Of(ctx, resource)
}

func (s outageSchedules) Replace(ctx context.Context, set schedule.Set, entry audit.Entry) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Store.Replace(ctx, set, entry)
}

type outageClock struct {
	schedule.Clock
	*outage
}

func (c outageClock) Set(ctx context.Context, one schedule.Copy) error {
	if err := c.call(); err != nil {
		return err
	}
	return c.Clock.Set(ctx, one)
}

type outageAudit struct {
	audit.Log
	*outage
}

func (l outageAudit) Read(ctx context.Context, span audit.Span, limit int) ([]audit.Entry, error) {
	if err := l.call(); err != nil {
		return nil, err
	}
	return l.Log.Read(ctx, span, limit)
}

type outageVault struct {
	catalog.Vault
	*outage
}

func (v outageVault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	if err := v.call(); err != nil {
		return err
	}
	return v.Vault.Put(ctx, id, generation, secrets)
}

func (v outageVault) Get(ctx context.Context, id catalog.ID,
	generation catalog.Generation) (catalog.Secrets, error) {
	if err := v.call(); err != nil {
		return catalog.Secrets{}, err
	}
	return v.Vault.Get(ctx, id, generation)
}

func (v outageVault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	if err := v.call(); err != nil {
		return nil, err
	}
	return v.Vault.GetAll(ctx, sets)
}

type outageSessions struct {
	catalog.Sessions
	*outage
}

func (s outageSessions) Take(ctx context.Context, server catalog.ID, holder string, now time.Time) error {
	if err := s.call(); err != nil {
		return err
	}
	return s.Sessions.Take(ctx, server, holder, now)
}

// build makes the function again over stores that fail, and reports whether it has
// any of the catalog's.
func (o *outage) build(t *testing.T, w *resttest.World, function string) bool {
	t.Helper()
	m, opts := w.Memory, rest.Options{}
	store := outageStore{m.Catalog(), o}
	var err error
	switch function {
	case "catalog":
		w.Handlers[function], err = catalogapi.New(catalogapi.Ports{
			Tokens: m.Tokens(), Audit: outageAudit{m.Audit(), o}, Keys: m.IdempotencyKeys(), Store: store,
			Vault: outageVault{m.Vault(), o}, KeyReader: w.Inspector, Inspector: w.Inspector,
			Notify:      w.NotifyPorts(),
			WebhookKeys: m.WebhookKeys(), Ledger: m.Ledger(), Snapshots: m.Snapshots(),
			Schedules: outageSchedules{m.Schedules(), o}, Clock: outageClock{m.Clock(), o},
			Check: w.Check, Warn: w.Warn, Expand: w.Expand}, opts)
	case "inspect":
		ports := w.InspectPorts()
		ports.Store, ports.Vault = store, outageVault{m.Vault(), o}
		ports.Sessions = outageSessions{m.Sessions(), o}
		w.Handlers[function], err = inspectapi.New(ports, opts)
	case "deploy":
		w.Handlers[function], err = deployapi.New(deployapi.Ports{
			Tokens: m.Tokens(), Keys: m.IdempotencyKeys(), Store: store, Ledger: m.Ledger(),
			History: m.History(), Snapshots: m.Snapshots()}, opts)
	case "list":
		w.Handlers[function], err = listapi.New(listapi.Ports{
			Tokens: m.Tokens(), Store: store, History: m.History(), Storage: m.Storage(), Feed: m.Feed(),
			Statistics: m.Statistics(), Triggers: m.Triggers(),
		}, opts)
	case "trigger":
		ports := w.TriggerPorts()
		ports.Store = store
		w.Handlers[function], err = triggerapi.New(ports, opts)
	default:
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	return true
}

// TestAnOutageIsNotMistakenForAnAnswer fails each call of the catalog's stores that
// an endpoint makes, one after the other. The answer is 503 with Retry-After,
// never a finding about a server, a refusal of the input or an error of ours.
func TestAnOutageIsNotMistakenForAnAnswer(t *testing.T) {
	ids := slices.Collect(maps.Keys(resttest.NewScene(t).Successes(t)))
	const otherKey = "updateServer, its key"
	for _, id := range append(ids, otherKey) {
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			change, hasKey := strings.CutSuffix(id, ", its key")
			id := change
			for through := 0; ; through++ {
				s := resttest.NewScene(t)
				good := s.Successes(t)[id]
				good.Operation = id
				if hasKey {
					good.Body = resttest.Object{"private_key_uuid": s.World.Key(t)}
				}
				o := &outage{through: through}
				if !o.build(t, s.World, s.Route(t, id).Function) {
					return
				}
				answer := s.Ask(t, good.Request)
				if !o.failed {
					if answer.Status != good.Status {
						t.Errorf("without an outage it answers %d %s", answer.Status, answer.Body)
					}
					return
				}
				if answer.Status != http.StatusServiceUnavailable ||
					strings.TrimSpace(answer.Header.Get("Retry-After")) == "" {
					t.Errorf("with call %d failing it answers %d %s, Retry-After %q", through+1,
						answer.Status, answer.Body, answer.Header.Get("Retry-After"))
				}
			}
		})
	}
}
