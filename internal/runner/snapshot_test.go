package runner_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/runner"
	"waybill/internal/snapshot"
)

// change updates the application in the catalog.
func (w *world) change(t *testing.T, id catalog.ID, change func(*catalog.Application)) {
	t.Helper()
	app, err := catalog.Find[*catalog.Application](t.Context(), w.Catalog(), id)
	if err != nil {
		t.Fatal(err)
	}
	was := app.UpdatedAt
	change(app)
	app.UpdatedAt = was.Add(time.Second)
	if err := w.Catalog().Update(t.Context(), app, was, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

func TestADeploymentRunsItsSnapshot(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: `echo "the old one, with $TOKEN"`}, map[string]string{
		"TOKEN": "an old secret",
	})
	w.change(t, id.Resource(), func(app *catalog.Application) { app.Shell.Start = "echo the new one" })
	if err := w.SetSecrets(t.Context(), id.Resource(),
		map[string]string{"TOKEN": "a new secret"}); err != nil {
		t.Fatal(err)
	}
	record, log := w.run(t, id)
	if record.Status != deployment.Finished || !strings.Contains(log, "the old one, with <REDACTED:TOKEN>") ||
		strings.Contains(log, "the new one") {
		t.Errorf("%s, want what was asked for with the present secret:\n%s", record.Status, log)
	}
}

// headStore has no bodies of resources.
type headStore struct{ catalog.Store }

func (s headStore) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	if id.Kind().Deployable() {
		return nil, fault.New(fault.Internal, "the body of %s was read", id)
	}
	return s.Store.Get(ctx, id)
}

func TestADeploymentReadsNoBody(t *testing.T) {
	w := newWorld(t)
	id := w.claimed(t, catalog.Shell{Start: "echo ran"}, nil)
	ports := w.ports()
	ports.Store = headStore{w.Catalog()}
	if err := runner.New(ports, w.opts).Run(t.Context(), id, "runner"); err != nil {
		t.Fatal(err)
	}
	if record, log := w.record(t, id), w.log(t, id); record.Status != deployment.Finished {
		t.Errorf("%s %q:\n%s", record.Status, record.Outcome.Reason, log)
	}
}

// without is an archive that has none of the configurations, or none that
// anybody can read.
type without struct {
	snapshot.Archive
	garbage snapshot.Snapshot
}

func (w without) Get(context.Context, catalog.ID, string) (snapshot.Snapshot, error) {
	if w.garbage != nil {
		return w.garbage, nil
	}
	return nil, fault.New(fault.NotFound, "Configuration not found.")
}

func TestAConfigurationThatIsGone(t *testing.T) {
	for _, c := range []struct {
		name    string
		archive without
		says    string
	}{
		{"missing", without{}, "The configuration that this deployment was asked for is gone."},
		{"unreadable", without{garbage: snapshot.Snapshot("{")},
			"The configuration that this deployment was asked for cannot be read."},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.claimed(t, catalog.Shell{Start: "echo ran"}, nil)
			w.snapshots = c.archive
			record, log := w.run(t, id)
			if record.Outcome.Reason != deployment.ReasonConfiguration || !strings.Contains(log, c.says) ||
				strings.Contains(log, "ran\n") {
				t.Errorf("%s %q, want %q in the log:\n%s", record.Status, record.Outcome.Reason, c.says, log)
			}
			if record.Outcome.ResourceStatus != "" {
				t.Errorf("the resource is %q, of which nobody has seen anything",
					record.Outcome.ResourceStatus)
			}
			w.wantFree(t, record)
		})
		t.Run(c.name+", of what is deleted", func(t *testing.T) {
			w := newWorld(t)
			id := w.claimed(t, catalog.Shell{Start: "true"}, nil)
			w.run(t, id)
			id = w.asked(t, id.Resource(), deployment.Delete)
			w.snapshots = c.archive
			if record, log := w.run(t, id); record.Status != deployment.Finished {
				t.Errorf("%s %q:\n%s", record.Status, record.Outcome.Reason, log)
			}
		})
	}
}

// built is an application whose repository needs a key.
func (w *world) built(t *testing.T, deployKey string) catalog.ID {
	t.Helper()
	const key = catalog.ID("key00000000000000000000d")
	w.create(t, &catalog.PrivateKey{Meta: catalog.Meta{ID: key}})
	if deployKey != "" {
		if err := w.SetSecrets(t.Context(), key, map[string]string{
			catalog.PrivateKeySecret: deployKey,
		}); err != nil {
			t.Fatal(err)
		}
	}
	app := &catalog.Application{
		Resource: catalog.Resource{
			Meta: catalog.Meta{ID: "app00000000000000000000d", Name: "built"}, ServerID: w.server.ID,
		},
		Dockerfile: &catalog.Dockerfile{Path: "Dockerfile", Source: catalog.Source{
			Repository: "git@example.com:acme/web.git", Branch: "main", Directory: "/", KeyID: key}},
	}
	w.create(t, app)
	return app.ID
}

func TestADeployKeyThatIsGone(t *testing.T) {
	for operation, reason := range map[deployment.Operation]deployment.Reason{
		deployment.Start: deployment.ReasonConfiguration, deployment.Deploy: deployment.ReasonConfiguration,
		deployment.Stop: deployment.ReasonNone, deployment.Delete: deployment.ReasonNone,
	} {
		synctest.Test(t, func(t *testing.T) {
			w := stillWorld(t, &puppet{prints: "done\n"})
			record, log := w.run(t, w.asked(t, w.built(t, ""), operation))
			if record.Outcome.Reason != reason || strings.Contains(log, "deploy key") != (reason != "") {
				t.Errorf("%s: %s %q, want %q:\n%s",
					operation, record.Status, record.Outcome.Reason, reason, log)
			}
		})
	}
}
