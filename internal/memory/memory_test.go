package memory_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/access/accesstest"
	"waybill/internal/audit"
	"waybill/internal/audit/audittest"
	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
	"waybill/internal/deployment/deploymenttest"
	"waybill/internal/idempotency/idempotencytest"
	"waybill/internal/logbook"
	"waybill/internal/logbook/logbooktest"
	"waybill/internal/memory"
	"waybill/internal/notify/notifytest"
	"waybill/internal/schedule"
	"waybill/internal/schedule/scheduletest"
	"waybill/internal/snapshot"
	"waybill/internal/snapshot/snapshottest"
	"waybill/internal/trigger"
	"waybill/internal/trigger/triggertest"
	"waybill/internal/webhook"
	"waybill/internal/webhook/webhooktest"
)

func TestStore(t *testing.T) {
	catalogtest.TestStore(t, func(*testing.T) catalog.Store { return memory.New(memory.Options{}).Catalog() })
}

func TestVault(t *testing.T) {
	catalogtest.TestVault(t, func(*testing.T) catalog.Vault { return memory.New(memory.Options{}).Vault() })
}

func TestExcerpts(t *testing.T) {
	deploymenttest.TestExcerpts(t, memory.New(memory.Options{}).Excerpts())
}

func TestWebhookKeys(t *testing.T) {
	webhooktest.TestKeys(t,
		func(*testing.T) webhook.Keys { return memory.New(memory.Options{}).WebhookKeys() })
}

func TestDeliveries(t *testing.T) {
	notifytest.TestStore(t, memory.New(memory.Options{}).Deliveries())
}

func TestSessions(t *testing.T) {
	catalogtest.TestSessions(t, memory.New(memory.Options{}).Sessions())
}

func TestTokens(t *testing.T) {
	accesstest.TestTokens(t, func(*testing.T) access.Tokens { return memory.New(memory.Options{}).Tokens() })
}

func TestTriggers(t *testing.T) {
	triggertest.TestStore(t, func(*testing.T) trigger.Store {
		return memory.New(memory.Options{}).Triggers()
	})
}

func TestIdempotencyKeys(t *testing.T) {
	idempotencytest.TestStore(t, memory.New(memory.Options{}).IdempotencyKeys())
}

func TestArchive(t *testing.T) {
	logbooktest.TestLister(t, func(*testing.T) logbooktest.Listed {
		return memory.New(memory.Options{}).Archive().(logbooktest.Listed)
	})
	logbooktest.TestArchive(t, func(*testing.T) logbook.Archive {
		return memory.New(memory.Options{}).Archive()
	})
	logbooktest.TestRewriter(t, func(*testing.T) logbook.Rewriter {
		return memory.New(memory.Options{}).Archive()
	})
}

func TestIndexStore(t *testing.T) {
	logbooktest.TestIndexStore(t, func(*testing.T) logbook.IndexStore {
		return memory.New(memory.Options{}).Index()
	})
}

func TestSnapshots(t *testing.T) {
	snapshottest.TestArchive(t, func(*testing.T) snapshot.Archive {
		return memory.New(memory.Options{}).Snapshots()
	})
}

func TestLedger(t *testing.T) {
	deploymenttest.TestLedger(t, func(*testing.T) deploymenttest.Ports {
		m := memory.New(memory.Options{})
		return deploymenttest.Ports{Store: m.Catalog(), Ledger: m.Ledger(), History: m.History(),
			Storage: m.Storage(), Audit: m.Audit(), Damage: damage(m)}
	})
}

func TestFeed(t *testing.T) { deploymenttest.TestFeed(t, memory.New(memory.Options{}).Feed()) }

func damage(m *memory.Memory) deploymenttest.Damage {
	return deploymenttest.Damage{
		Save:   func(_ *testing.T, record deployment.Record) { m.Save(record) },
		Forget: func(_ *testing.T, id deployment.ID) { m.Forget(id) },
		SetPlaces: func(_ *testing.T, server catalog.ID, running, queue []deployment.ID) {
			m.SetPlaces(server, running, queue)
		},
		SetState: func(_ *testing.T, resource catalog.ID,
			state catalog.State) {
			m.SetState(resource, state)
		},
	}
}

// started is a memory in which one deployment has been queued and claimed.
func started(t *testing.T) (*memory.Memory, deployment.ID) {
	t.Helper()
	now := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	m := memory.New(memory.Options{})
	server := catalog.ID("srv000000000000000000000")
	service := catalog.ID("svc000000000000000000000")
	id, err := deployment.NewID(service, now, bytes.NewReader(make([]byte, 16)))
	if err != nil {
		t.Fatal(err)
	}
	for _, entity := range []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000000"}},
		&catalog.Server{Meta: catalog.Meta{ID: server}, KeyID: "key000000000000000000000", Concurrency: 1,
			QueueLimit: 1},
		&catalog.Service{Resource: catalog.Resource{Meta: catalog.Meta{ID: service}, ServerID: server}},
	} {
		if err := m.Catalog().Create(t.Context(), entity, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
	}
	record := deployment.Record{ID: id, Status: deployment.Queued, Operation: deployment.Start,
		ServerID: server, QueuedAt: now}
	if _, err := m.Ledger().Enqueue(t.Context(), record, deployment.RequestKey{}); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Ledger().Claim(t.Context(), server, now); err != nil {
		t.Fatal(err)
	}
	return m, id
}

// TestP6 holds here as it does for the tables' streams: a change of a status
// is told once, and anything else is not.
func TestP6EveryChangeOfAStatusIsToldOnce(t *testing.T) {
	m, id := started(t)
	now := time.Date(2026, 8, 22, 10, 0, 1, 0, time.UTC)
	record, err := m.Ledger().Begin(t.Context(), id, "runner", now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.History().Follow(t.Context(), id, now); err != nil {
		t.Fatal(err)
	}
	if err := m.Ledger().Finish(t.Context(), id, record.Lease, record.Progress,
		deployment.Outcome{Status: deployment.Finished}, now); err != nil {
		t.Fatal(err)
	}
	var got [][2]deployment.Status
	for _, change := range m.Changes() {
		got = append(got, [2]deployment.Status{change.Previous, change.Record.Status})
	}
	want := [][2]deployment.Status{
		{"", deployment.Queued}, {deployment.Queued, deployment.InProgress},
		{deployment.InProgress, deployment.Finished},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("changes (-got +want):\n%s", diff)
	}
	if again := m.Changes(); len(again) != 0 {
		t.Errorf("told again: %v", again)
	}
}

func TestANotedRecordIsOneChange(t *testing.T) {
	m, id := started(t)
	m.Changes()
	noted := deployment.Record{ID: id[:len(id)-1] + "z", Status: deployment.Finished,
		Operation: deployment.Update}
	if err := m.Ledger().Note(t.Context(), noted); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Changes(), []deployment.Change{{Record: noted}}); diff != "" {
		t.Errorf("changes (-got +want):\n%s", diff)
	}
}

func TestRecordersRemember(t *testing.T) {
	m, id := started(t)
	change := deployment.Change{Record: deployment.Record{ID: id}, Previous: deployment.Queued}
	for range 2 {
		if err := m.Sender().Send(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if err := m.Publisher().Publish(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(m.Sender().Sent(), []deployment.ID{id, id}); diff != "" {
		t.Errorf("sent (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(m.Publisher().Published(), []deployment.Change{change, change}); diff != "" {
		t.Errorf("published (-got +want):\n%s", diff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Sender().Send(ctx, id); !errors.Is(err, context.Canceled) {
		t.Errorf("Send with a cancelled context: %v", err)
	}
	if err := m.Publisher().Publish(ctx, change); !errors.Is(err, context.Canceled) {
		t.Errorf("Publish with a cancelled context: %v", err)
	}
}

// TestRecordsAreCopied changes every part of a record that is held by pointer.
func TestRecordsAreCopied(t *testing.T) {
	m, id := started(t)
	now := time.Date(2026, 8, 22, 10, 0, 1, 0, time.UTC)
	record, err := m.Ledger().Begin(t.Context(), id, "runner", now, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	zero := 0
	record.Progress.Steps = []deployment.Step{{Name: "Start", ExitCode: &zero}}
	record.Progress.Log.Index = logbook.Index{Ends: []logbook.End{{Last: 5}}}
	if _, err := m.Ledger().Advance(t.Context(), id, record.Lease, record.Progress, now,
		time.Minute); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		got, err := m.History().Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if step := got.Progress.Steps[0]; step.Name != "Start" || *step.ExitCode != 0 ||
			got.Progress.Log.Index.Ends[0].Last != 5 {
			t.Errorf("progress = %+v, exit code %d", got.Progress, *step.ExitCode)
		}
		for _, shared := range []deployment.Record{got, record} {
			shared.Progress.Steps[0].Name, *shared.Progress.Steps[0].ExitCode,
				shared.Progress.Log.Index.Ends[0].Last = "changed", 1, 6
		}
	}
}

func TestAudit(t *testing.T) {
	audittest.TestLog(t, func(*testing.T) audittest.Ports {
		m := memory.New(memory.Options{})
		return audittest.Ports{Store: m.Catalog(), Tokens: m.Tokens(), Log: m.Audit()}
	})
}

func TestSchedules(t *testing.T) {
	scheduletest.TestStore(t, func(*testing.T) scheduletest.Ports {
		m := memory.New(memory.Options{})
		return scheduletest.Ports{Catalog: m.Catalog(), Schedules: m.Schedules(), Log: m.Audit()}
	})
	scheduletest.TestClock(t, func(*testing.T) schedule.Clock { return memory.New(memory.Options{}).Clock() })
}
