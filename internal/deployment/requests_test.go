package deployment_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// TestP1 holds: an accepted request can be read at once, and a refused one stores
// nothing.
func TestP1AcceptedIsReadableRefusedLeavesNothing(t *testing.T) {
	t.Run("the record is whole and there", func(t *testing.T) {
		w := newWorld(t)
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		request := start(service)
		request.Options = deployment.Options{Force: true, PullLatestImages: true}
		receipt := w.request(t, request)
		got, err := w.History().Get(t.Context(), receipt.Record.ID)
		if err != nil {
			t.Fatal(err)
		}
		at := time.UnixMicro(got.ID.Number()).UTC()
		want := deployment.Record{
			ID: receipt.Record.ID, Status: deployment.Queued, Operation: deployment.Start,
			Options:      request.Options,
			ResourceName: "demo service", ServerID: server, ServerName: "demo server",
			Trigger:           request.Trigger,
			ConfigurationHash: w.hash(t, service), Retention: catalog.DefaultRetention(),
			CreatedAt: at, QueuedAt: at, UpdatedAt: at,
		}
		if diff := cmp.Diff(got, want); diff != "" || receipt.Position != 1 || receipt.Repeated {
			t.Errorf("position %d, repeated %v; record (-got +want):\n%s", receipt.Position, receipt.Repeated,
				diff)
		}
	})
	w := newWorld(t)
	server := w.server(t, 1, 1)
	service, other := w.service(t, server), w.service(t, server)
	unpinned := w.create(t, &catalog.Server{KeyID: w.create(t, &catalog.PrivateKey{}, catalog.KindPrivateKey),
		QueueLimit: 9}, catalog.KindServer)
	w.request(t, start(service))
	restart := start(service)
	restart.Operation = deployment.Restart
	for _, c := range []struct {
		name    string
		request deployment.Request
		kind    fault.Kind
		says    string
	}{
		{"an unknown resource", start("svc000000000000000000000"), fault.NotFound, "Service not found."},
		{"something that cannot be started", start(server), fault.NotFound, "Not found."},
		{"a server without a pinned host key", start(w.service(t, unpinned)), fault.Conflict, "/servers/" +
			string(unpinned) + "/validate"},
		{"a full queue", start(other), fault.Exhausted, "queue is full"},
		{"another operation that is queued", restart, fault.Conflict,
			"is queued, and this request does not supersede it"},
	} {
		t.Run(c.name+" is refused, again and again, and leaves nothing", func(t *testing.T) {
			before := w.count(t, c.request.Resource)
			for range 2 {
				_, err := w.requests.Request(t.Context(), c.request)
				wantKind(t, err, c.kind)
				if !strings.Contains(fault.Public(err), c.says) {
					t.Errorf("it says %q, want %q", fault.Public(err), c.says)
				}
			}
			if after := w.count(t, c.request.Resource); after != before {
				t.Errorf("the history has %d, had %d", after, before)
			}
		})
	}
	if changes := w.Changes(); len(changes) != 1 {
		t.Errorf("%d changes, want the accepted one", len(changes))
	}
}

// TestP2 holds: whatever is asked for a hundred times at once is done once.
func TestP2IdenticalRequestsAtOnceAreOneDeployment(t *testing.T) {
	for name, withID := range map[string]bool{"without an id": false, "with an id": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			service := w.service(t, w.server(t, 1, 25))
			request := start(service)
			if withID {
				request.ID = w.newID(t, service)
			}
			var receipts [100]deployment.Receipt
			var wait sync.WaitGroup
			for i := range receipts {
				wait.Go(func() {
					var err error
					if receipts[i], err = w.requests.Request(t.Context(), request); err != nil {
						t.Error(err)
					}
				})
			}
			wait.Wait()
			fresh := 0
			for _, receipt := range receipts {
				if receipt.Record.ID != receipts[0].Record.ID {
					t.Errorf("answered with %s and with %s", receipt.Record.ID, receipts[0].Record.ID)
				}
				if !receipt.Repeated {
					fresh++
				}
			}
			if fresh != 1 || w.count(t, service) != 1 {
				t.Errorf("%d were new and the history has %d, want 1", fresh, w.count(t, service))
			}
		})
	}
}

// TestP2 holds: a client that lost the answer and asks again starts nothing
// twice, however far the first has come.
func TestP2RepeatedRequests(t *testing.T) {
	newOne := func(t *testing.T, withID bool) (*world, deployment.Request, deployment.ID) {
		w := newWorld(t)
		server := w.server(t, 1, 25)
		request := start(w.service(t, server))
		if withID {
			request.ID = w.newID(t, request.Resource)
		}
		w.request(t, request)
		return w, request, w.run(t, server)
	}
	t.Run("within ten seconds an identical request is the same until it ends, later it is new",
		func(t *testing.T) {
			w := newWorld(t)
			server := w.server(t, 1, 25)
			request := start(w.service(t, server))
			first := w.request(t, request).Record.ID
			w.claim(t, server)
			w.wait(deployment.RepeatWindow - time.Second)
			if receipt := w.request(t, request); !receipt.Repeated || receipt.Record.ID != first ||
				receipt.Position != 0 {
				t.Errorf("receipt = %+v, want %s again", receipt, first)
			}
			w.wait(time.Second)
			if receipt := w.request(t, request); receipt.Repeated || receipt.Record.ID == first {
				t.Errorf("receipt = %+v, want a new one", receipt)
			}
		})
	t.Run("without an id, an ended deployment answers nothing", func(t *testing.T) {
		w, request, first := newOne(t, false)
		if receipt := w.request(t, request); receipt.Repeated || receipt.Record.ID == first {
			t.Errorf("receipt = %+v, want a new one", receipt)
		}
	})
	t.Run("after a change of the configuration, a repeat without an id is a new request", func(t *testing.T) {
		w := newWorld(t)
		server := w.server(t, 1, 25)
		service := w.service(t, server)
		first := w.request(t, start(service)).Record
		w.reconfigure(t, service)
		receipt := w.request(t, start(service))
		if receipt.Repeated || receipt.Superseded != first.ID ||
			receipt.Record.ConfigurationHash == first.ConfigurationHash {
			t.Errorf("receipt = %+v, want a new one in place of %s", receipt, first.ID)
		}
	})
	t.Run("with an id it is the same, whenever it comes", func(t *testing.T) {
		w, request, first := newOne(t, true)
		if first != request.ID {
			t.Errorf("the deployment is %s, want %s", first, request.ID)
		}
		w.wait(24 * time.Hour)
		if receipt := w.request(t, request); !receipt.Repeated || receipt.Record.ID != first {
			t.Errorf("receipt = %+v, want %s again", receipt, first)
		}
	})
	t.Run("another id, another caller, other options and no caller are new requests", func(t *testing.T) {
		for name, change := range map[string]func(*world, *deployment.Request){
			"id":        func(w *world, r *deployment.Request) { r.ID = w.newID(t, r.Resource) },
			"no id":     func(_ *world, r *deployment.Request) { r.ID = "" },
			"caller":    func(_ *world, r *deployment.Request) { r.ID, r.Caller = "", "tok2" },
			"no caller": func(_ *world, r *deployment.Request) { r.ID, r.Caller = "", "" },
			"options":   func(_ *world, r *deployment.Request) { r.ID, r.Options.StopBeforeStart = "", true },
		} {
			w, request, first := newOne(t, true)
			change(w, &request)
			if receipt := w.request(t, request); receipt.Repeated || receipt.Record.ID == first {
				t.Errorf("%s: receipt = %+v, want a new one", name, receipt)
			}
		}
	})
	t.Run("a second caller of a queued request gets it", func(t *testing.T) {
		w := newWorld(t)
		server := w.server(t, 1, 25)
		request := start(w.service(t, server))
		first := w.request(t, request).Record.ID
		request.Caller, request.ID = "tok2", w.newID(t, request.Resource)
		if receipt := w.request(t, request); !receipt.Repeated || receipt.Record.ID != first {
			t.Errorf("receipt = %+v, want %s", receipt, first)
		}
	})
}

func TestRequestReportsItsSources(t *testing.T) {
	w := newWorld(t)
	service := w.service(t, w.server(t, 1, 25))
	short := deployment.NewRequests(w.Catalog(), w.Ledger(),
		deployment.RequestsOptions{Random: bytes.NewReader(nil)})
	if _, err := short.Request(t.Context(), start(service)); fault.KindOf(err) != fault.Internal ||
		err == nil {
		t.Errorf("without random bytes: %v, want Internal", err)
	}
	plain := deployment.NewRequests(w.Catalog(), w.Ledger(), deployment.RequestsOptions{})
	before := time.Now().Add(-time.Second)
	receipt, err := plain.Request(t.Context(), start(service))
	if err != nil || receipt.Record.CreatedAt.Before(before) || receipt.Record.ConfigurationHash != "" {
		t.Errorf("with the defaults: %+v, %v", receipt.Record, err)
	}
}
