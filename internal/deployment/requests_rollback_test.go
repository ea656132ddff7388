package deployment_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// hash names the configuration that the resource has now.
func (w *world) hash(t *testing.T, id catalog.ID) string {
	t.Helper()
	taken, err := snapshot.Of(w.resource(t, id))
	if err != nil {
		t.Fatal(err)
	}
	return taken.Hash()
}

func (w *world) resource(t *testing.T, id catalog.ID) catalog.Deployable {
	t.Helper()
	resource, err := catalog.Find[catalog.Deployable](t.Context(), w.Catalog(), id)
	if err != nil {
		t.Fatal(err)
	}
	return resource
}

// change gives the resource another configuration, and records that.
func (w *world) change(t *testing.T, id catalog.ID,
	change func(catalog.Deployable)) (deployment.Record, bool) {
	t.Helper()
	before, after := w.resource(t, id), w.resource(t, id)
	change(after)
	if err := w.Catalog().Update(t.Context(), after, after.Common().UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	record, noted, err := w.requests.Update(t.Context(), before, after,
		deployment.Request{Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci"}})
	if err != nil {
		t.Fatal(err)
	}
	return record, noted
}

// ran starts the resource and ends the deployment, as having built the commit.
func (w *world) ran(t *testing.T, request deployment.Request, commit string) deployment.Record {
	t.Helper()
	record := w.request(t, request).Record
	if _, err := w.Ledger().Claim(t.Context(), record.ServerID, w.now()); err != nil {
		t.Fatal(err)
	}
	begun, err := w.Ledger().Begin(t.Context(), record.ID, "runner", w.now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	outcome := deployment.Outcome{Status: deployment.Finished, Source: deployment.Source{Commit: commit}}
	if err := w.Ledger().Finish(t.Context(), record.ID, begun.Lease, deployment.Progress{}, outcome,
		w.now()); err != nil {
		t.Fatal(err)
	}
	ended, err := w.History().Get(t.Context(), record.ID)
	if err != nil {
		t.Fatal(err)
	}
	return ended
}

func (w *world) rollback(t *testing.T, to deployment.Record) (deployment.Receipt, error) {
	t.Helper()
	return w.requests.Rollback(t.Context(), to, deployment.Request{Caller: "tok1",
		Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci"}})
}

func TestUpdateIsRecordedIfItChangesTheConfiguration(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, w.server(t, 1, 25))
	record, noted := w.change(t, service, func(d catalog.Deployable) {
		d.(*catalog.Service).Compose = "services: {}"
	})
	stored, err := w.History().Get(t.Context(), record.ID)
	if err != nil || !noted {
		t.Fatal(err, noted)
	}
	at := time.UnixMicro(record.ID.Number()).UTC()
	want := deployment.Record{
		ID: record.ID, Status: deployment.Finished, Operation: deployment.Update,
		ResourceName: "demo service", ServerID: record.ServerID, ServerName: "demo server",
		Trigger:           record.Trigger,
		ConfigurationHash: w.hash(t, service),
		Retention:         catalog.DefaultRetention(),
		CreatedAt:         at, FinishedAt: at, UpdatedAt: at,
		Outcome: deployment.Outcome{Status: deployment.Finished},
	}
	want.Progress.Log.Complete = true
	if diff := cmp.Diff(stored, want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	if kept, err := w.Snapshots().Get(t.Context(), service, record.ConfigurationHash); err != nil ||
		kept.Hash() != record.ConfigurationHash {
		t.Errorf("its configuration: %v", err)
	}
	t.Run("and not if it does not", func(t *testing.T) {
		record, noted := w.change(t, service, func(d catalog.Deployable) { d.Common().Name = "another" })
		if noted || w.count(t, service) != 1 {
			t.Errorf("recorded as %v, %d records", record.ID, w.count(t, service))
		}
	})
}

func TestRollbackRunsTheOlderConfiguration(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	application := w.create(t, &catalog.Application{Resource: catalog.Resource{ServerID: server},
		Image: &catalog.Image{Name: "web", Tag: "1"}}, catalog.KindApplication)
	for id, operation := range map[catalog.ID]deployment.Operation{service: deployment.Start,
		application: deployment.Deploy} {
		t.Run(string(id.Kind()), func(t *testing.T) {
			first := start(id)
			first.Options.DockerTag = "1.4"
			old := w.ran(t, first, "c0ffee0")
			w.change(t, id, func(d catalog.Deployable) {
				d.Shared().Environment = []catalog.Variable{{Name: "GREETING", Value: "hello"}}
			})
			present := w.hash(t, id)
			receipt, err := w.rollback(t, old)
			if err != nil {
				t.Fatal(err)
			}
			got := receipt.Record
			if got.ConfigurationHash != old.ConfigurationHash || got.ConfigurationHash == present ||
				got.Operation != operation {
				t.Errorf("it runs %s by %s, want %s by %s", got.ConfigurationHash, got.Operation,
					old.ConfigurationHash, operation)
			}
			want := deployment.Options{Configuration: old.ConfigurationHash, DockerTag: "1.4",
				Commit: "c0ffee0"}
			if diff := cmp.Diff(got.Options, want); diff != "" {
				t.Errorf("options (-got +want)\n%s", diff)
			}
			if w.hash(t, id) != present {
				t.Error("it changed the resource itself")
			}
			if again, err := w.rollback(t, old); err != nil || !again.Repeated || again.Record.ID != got.ID {
				t.Errorf("again: %+v, %v, want the same", again, err)
			}
			w.run(t, server)
		})
	}
}

func TestRollbackIsRefused(t *testing.T) {
	w := newWorld(t)
	server := w.server(t, 1, 25)
	refused := func(t *testing.T, to deployment.Record, kind fault.Kind, says string) {
		t.Helper()
		before := w.count(t, to.ID.Resource())
		_, err := w.rollback(t, to)
		if wantKind(t, err, kind); !strings.Contains(fault.Public(err), says) {
			t.Errorf("it says %q, want %q", fault.Public(err), says)
		}
		if after := w.count(t, to.ID.Resource()); after != before {
			t.Errorf("%d records, were %d", after, before)
		}
	}
	t.Run("if a secret of it is gone, by its name", func(t *testing.T) {
		id := w.create(t, &catalog.Service{Resource: catalog.Resource{ServerID: server,
			Environment:   []catalog.Variable{{Name: "TOKEN", Secret: true}},
			SecretDigests: map[string]string{"TOKEN": "1"}}}, catalog.KindService)
		old := w.ran(t, start(id), "")
		w.change(t, id, func(d catalog.Deployable) {
			d.Shared().Environment, d.Shared().SecretDigests = nil,
				nil
		})
		refused(t, old, fault.Conflict, "TOKEN")
	})
	t.Run("if it never had a configuration on record", func(t *testing.T) {
		old := w.ran(t, start(w.service(t, server)), "")
		old.ConfigurationHash = ""
		refused(t, old, fault.Conflict, "no configuration on record")
	})
	t.Run("if its configuration is no longer kept", func(t *testing.T) {
		old := w.ran(t, start(w.service(t, server)), "")
		old.ConfigurationHash = strings.Repeat("0", 64)
		refused(t, old, fault.Gone, "no longer kept")
	})
	t.Run("if the resource is gone", func(t *testing.T) {
		old := w.ran(t, start(w.service(t, server)), "")
		if err := w.Catalog().Delete(t.Context(), old.ID.Resource(), audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		refused(t, old, fault.NotFound, "Service not found.")
	})
	t.Run("and tells of an archive that does not answer", func(t *testing.T) {
		old := w.ran(t, start(w.service(t, server)), "")
		requests := deployment.NewRequests(w.Catalog(), w.Ledger(),
			deployment.RequestsOptions{Snapshots: away{}})
		if _, err := requests.Rollback(t.Context(), old, deployment.Request{}); !errors.Is(err, errAway) {
			t.Errorf("error = %v, want %v", err, errAway)
		}
		if _, err := requests.Request(t.Context(), start(old.ID.Resource())); !errors.Is(err, errAway) {
			t.Errorf("error of a start = %v, want %v", err, errAway)
		}
	})
}

// TestRollbackOfADatabase holds that a database goes back only where its data
// need not.
func TestRollbackOfADatabase(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*catalog.Database)
		reason string
	}{
		{"the environment", func(db *catalog.Database) {
			db.Environment = []catalog.Variable{{Name: "TZ",
				Value: "UTC"}}
		}, ""},
		{"a limit", func(db *catalog.Database) { db.Limits.Memory = "512m" }, ""},
		{"nothing", func(*catalog.Database) {}, ""},
		{"the image", func(db *catalog.Database) { db.Image = "postgres:17" }, "image"},
		{"a setting", func(db *catalog.Database) { db.Settings = map[string]string{"postgres_db": "other"} },
			"postgres_db"},
		{"a limit and the configuration file", func(db *catalog.Database) {
			db.Limits.CPUs, db.Configuration = "2", "fsync = off"
		}, "postgres_conf"},
	} {
		t.Run("that differs in "+c.name, func(t *testing.T) {
			w := newWorld(t)
			server := w.server(t, 1, 25)
			id := w.create(t, &catalog.Database{Resource: catalog.Resource{ServerID: server},
				Engine: "postgresql", Image: "postgres:16"}, catalog.KindDatabase)
			old := w.ran(t, start(id), "")
			w.change(t, id, func(d catalog.Deployable) { c.change(d.(*catalog.Database)) })
			receipt, err := w.rollback(t, old)
			if c.reason == "" {
				if err != nil || receipt.Record.Operation != deployment.Start ||
					receipt.Record.ConfigurationHash != old.ConfigurationHash {
					t.Errorf("receipt = %+v, %v", receipt.Record, err)
				}
				return
			}
			if wantKind(t, err, fault.Conflict); !strings.HasSuffix(fault.Public(err), "these differ "+
				"too: "+c.reason+".") {
				t.Errorf("it says %q, want %s as the only reason", fault.Public(err), c.reason)
			}
		})
	}
}

var errAway = fault.New(fault.Unavailable, "The bucket does not answer.")

// away is an archive that does not answer.
type away struct{}

func (away) Put(context.Context, catalog.ID, snapshot.Snapshot) error { return errAway }

func (away) Get(context.Context, catalog.ID, string) (snapshot.Snapshot, error) { return nil, errAway }

func (away) Remove(context.Context, catalog.ID, string) error { return errAway }
