package deploymenttest

import (
	"crypto/rand"
	"errors"
	"strings"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func enqueueCases() []testCase {
	return []testCase{
		{"TestP1: what was accepted can be read at once, whole", testAccepted},
		{"the queue keeps the order of the requests and says each one's place", testPositions},
		{"a full queue is Exhausted, and has room again after a claim", testQueueFull},
		{"a resource that has another request queued, and one that is not superseded, is a Conflict",
			testOtherQueued},
		{"a resource that runs may have one more queued", testOneMoreQueued},
		{"an unknown resource is NotFound", testUnknownResource},
		{"an unknown server is a Conflict", testUnknownServer},
		{"a request that changes the tag changes it with the record, audited", testRetag},
		{"a request that is refused or known changes no tag", testRetagNothing},
	}
}

func testAccepted(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	for _, resource := range []catalog.ID{w.service(t, server), w.application(t, server)} {
		record := w.record(t, resource, server)
		receipt, err := w.Ledger.Enqueue(t.Context(), record, key("new", time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		wantSame(t, "the receipt's record", receipt.Record, record)
		wantSame(t, "the stored record", w.get(t, record.ID), record)
		if receipt.Repeated {
			t.Error("it is said to be a repeat")
		}
		wantSame(t, "the state", w.state(t, resource),
			catalog.State{Queued: string(record.ID), Deployments: 1})
	}
}

func testPositions(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	var want []deployment.ID
	for place := 1; place <= 5; place++ {
		record := w.record(t, w.service(t, server), server)
		receipt, err := w.Ledger.Enqueue(t.Context(), record, deployment.RequestKey{})
		if err != nil || receipt.Position != place {
			t.Errorf("position = %d, %v, want %d", receipt.Position, err, place)
		}
		want = append(want, record.ID)
	}
	_, queue := w.load(t, server)
	wantSame(t, "the queue", queue, want)
}

func testQueueFull(t *testing.T, w *world) {
	server := w.server(t, 1, 2)
	w.enqueue(t, w.service(t, server), server)
	w.enqueue(t, w.service(t, server), server)
	third := w.service(t, server)
	w.refuses(t, w.record(t, third, server), fault.Exhausted)
	w.claim(t, server)
	w.enqueue(t, third, server)
}

func testOtherQueued(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	service := w.service(t, server)
	w.enqueue(t, service, server)
	restart := w.record(t, service, server)
	restart.Operation = deployment.Restart
	w.refuses(t, restart, fault.Conflict)
}

func testOneMoreQueued(t *testing.T, w *world) {
	server := w.server(t, 2, 25)
	service := w.service(t, server)
	running := w.running(t, service, server)
	next := w.enqueue(t, service, server)
	wantSame(t, "the state", w.state(t, service),
		catalog.State{Queued: string(next.ID), Running: string(running.ID), Deployments: 2})
}

func testUnknownResource(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	w.turnsAway(t, w.record(t, newID(t, catalog.KindService), server), fault.NotFound)
	deleted := w.service(t, server)
	if err := w.Store.Delete(t.Context(), deleted, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	w.turnsAway(t, w.record(t, deleted, server), fault.NotFound)
}

func testUnknownServer(t *testing.T, w *world) {
	service := w.service(t, w.server(t, 1, 25))
	w.refuses(t, w.record(t, service, newID(t, catalog.KindServer)), fault.Conflict)
	w.refuses(t, w.record(t, service, ""), fault.Conflict)
}

// refuses checks the refusal and that it stored nothing.
func (w *world) refuses(t *testing.T, record deployment.Record, kind fault.Kind) {
	t.Helper()
	before := w.state(t, record.ID.Resource())
	w.turnsAway(t, record, kind)
	wantSame(t, "the state of the resource", w.state(t, record.ID.Resource()), before)
}

// turnsAway checks the refusal, even if the resource is gone. The request must not be
// remembered: a repeat is refused in the same way.
func (w *world) turnsAway(t *testing.T, record deployment.Record, kind fault.Kind) {
	t.Helper()
	request := key("refused", time.Minute)
	for range 2 {
		_, err := w.Ledger.Enqueue(t.Context(), record, request)
		wantKind(t, err, kind)
	}
	_, err := w.History.Get(t.Context(), record.ID)
	wantKind(t, err, fault.NotFound)
}

// tagged adds an application that runs an image.
func (w *world) tagged(t *testing.T, server catalog.ID) *catalog.Application {
	t.Helper()
	application := &catalog.Application{Image: &catalog.Image{Name: "team/web", Tag: "v1"},
		Resource: catalog.Resource{Meta: w.meta(t, catalog.KindApplication), ServerID: server}}
	w.create(t, application)
	return application
}

// retag is a request for the tag v2, and the change that it makes.
func (w *world) retag(t *testing.T, application *catalog.Application) (deployment.Record, deployment.Retag) {
	t.Helper()
	record := w.record(t, application.ID, application.ServerID)
	record.Operation, record.Options.DockerTag = deployment.Deploy, "v2"
	record.Options.ImageDigest = "sha256:" + strings.Repeat("0a", 32)
	record.Trigger = deployment.Trigger{Kind: deployment.TriggerImage, Name: "team/web:v2", Chain: 2,
		CausedBy: record.ID}
	entry, err := audit.New(audit.Entry{At: w.now, Action: audit.Update, Target: application.Target(),
		Actor: audit.Actor{Name: "image team/web:v2"}, Fields: []string{"docker_registry_image_tag"}},
		time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return record, deployment.Retag{Tag: "v2", Was: application.UpdatedAt, Entry: entry}
}

// wantTag checks the tag of the application, and whether its last change is the entry.
func (w *world) wantTag(t *testing.T, application *catalog.Application, tag string, entry audit.Entry,
	entered bool) {
	t.Helper()
	stored, err := catalog.Find[*catalog.Application](t.Context(), w.Store, application.ID)
	if err != nil {
		t.Fatal(err)
	}
	if stored.Image.Tag != tag || stored.Image.Name != application.Image.Name {
		t.Errorf("the image is %s:%s, want the tag %s", stored.Image.Name, stored.Image.Tag, tag)
	}
	page, err := audit.List(t.Context(), w.Audit, audit.Query{Since: w.now.Add(-time.Hour),
		Until: w.now.Add(time.Hour), Target: string(application.ID), Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if found := len(page.Entries) == 1 && page.Entries[0].ID == entry.ID; found != entered {
		t.Errorf("the entries are %+v, want the one of the change: %t", page.Entries, entered)
	}
}

func testRetag(t *testing.T, w *world) {
	server := w.server(t, 1, 25)
	for _, supersedes := range []bool{false, true} {
		application := w.tagged(t, server)
		if supersedes {
			w.enqueue(t, application.ID, server)
		}
		record, retag := w.retag(t, application)
		receipt, err := w.Ledger.EnqueueRetagged(t.Context(), record, retag)
		if err != nil || receipt.Repeated || (receipt.Superseded != "") != supersedes {
			t.Fatalf("EnqueueRetagged: %+v, %v", receipt, err)
		}
		got := w.get(t, record.ID)
		got.GivenTo = nil
		wantSame(t, "the stored record", got, record)
		w.wantTag(t, application, "v2", retag.Entry, true)
		again, err := w.Ledger.EnqueueRetagged(t.Context(), record, retag)
		if err != nil || !again.Repeated {
			t.Errorf("the same again: %+v, %v; want a repeat", again, err)
		}
	}
}

func testRetagNothing(t *testing.T, w *world) {
	server := w.server(t, 1, 1)
	t.Run("of an application that has changed", func(t *testing.T) {
		application := w.tagged(t, server)
		record, retag := w.retag(t, application)
		retag.Was = retag.Was.Add(time.Microsecond)
		_, err := w.Ledger.EnqueueRetagged(t.Context(), record, retag)
		if !errors.Is(err, catalog.ErrStale) || !errors.Is(err, fault.Conflict) {
			t.Errorf("error %v, want %v", err, catalog.ErrStale)
		}
		_, err = w.History.Get(t.Context(), record.ID)
		wantKind(t, err, fault.NotFound)
		w.wantTag(t, application, "v1", retag.Entry, false)
	})
	t.Run("for the same that is queued", func(t *testing.T) {
		application := w.tagged(t, server)
		queued, retag := w.retag(t, application)
		if _, err := w.Ledger.Enqueue(t.Context(), queued, deployment.RequestKey{}); err != nil {
			t.Fatal(err)
		}
		record, _ := w.retag(t, application)
		receipt, err := w.Ledger.EnqueueRetagged(t.Context(), record, retag)
		if err != nil || !receipt.Repeated || receipt.Record.ID != queued.ID {
			t.Errorf("EnqueueRetagged: %+v, %v; want a repeat of %s", receipt, err, queued.ID)
		}
		w.wantTag(t, application, "v1", retag.Entry, false)
	})
	t.Run("in a full queue", func(t *testing.T) {
		application := w.tagged(t, server)
		record, retag := w.retag(t, application)
		_, err := w.Ledger.EnqueueRetagged(t.Context(), record, retag)
		wantKind(t, err, fault.Exhausted)
		w.wantTag(t, application, "v1", retag.Entry, false)
	})
}
