package deployment_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

func TestSweep(t *testing.T) {
	w := newWorld(t)
	var want []deployment.ID
	for range 3 {
		server := w.server(t, 2, 25)
		for range 2 {
			want = append(want, w.request(t, start(w.service(t, server))).Record.ID)
		}
	}
	w.Changes() // lost
	t.Run("it finds the work of a lost change", func(t *testing.T) {
		if err := w.dispatcher.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.deliver(t)
		got := w.Sender().Sent()
		slices.Sort(got)
		slices.Sort(want)
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("sent (-got +want):\n%s", diff)
		}
	})
	t.Run("a catalog that cannot be read fails it", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := w.dispatcher.Sweep(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("error = %v, want %v", err, context.Canceled)
		}
	})
}

// troubled are ports on which everything about one server fails in one way.
type troubled struct {
	deployment.Claims
	deployment.Sender
	deployment.History
	server   catalog.ID
	trouble  string
	repaired []deployment.ID
}

var errTrouble = fault.New(fault.Unavailable, "trouble")

func (p *troubled) fails(server catalog.ID, call string) error {
	if server == p.server && call == p.trouble {
		return errTrouble
	}
	return nil
}

func (p *troubled) Load(ctx context.Context, server catalog.ID) (deployment.Load, error) {
	if err := p.fails(server, "load"); err != nil {
		return deployment.Load{}, err
	}
	load, err := p.History.Load(ctx, server)
	if p.trouble == "repair" { // each server has one orphan
		load.Orphaned = append(load.Orphaned, deployment.ID(server))
	}
	return load, err
}

func (p *troubled) Repair(_ context.Context, server catalog.ID, id deployment.ID) error {
	if err := p.fails(server, "repair"); err != nil {
		return err
	}
	p.repaired = append(p.repaired, id)
	return nil
}

func (p *troubled) Claim(ctx context.Context, server catalog.ID, now time.Time) (deployment.Record, error) {
	if err := p.fails(server, "claim"); err != nil {
		return deployment.Record{}, err
	}
	return p.Claims.Claim(ctx, server, now)
}

func (p *troubled) Send(ctx context.Context, id deployment.ID) error {
	record, err := p.History.Get(ctx, id)
	if err != nil {
		return err
	}
	if err := p.fails(record.ServerID, "send"); err != nil {
		return err
	}
	return p.Sender.Send(ctx, id)
}

// TestASweepContinuesAfterAServerThatFails has three servers, each with a deployment
// whose runner is lost, one that waits, and one orphan.
func TestASweepContinuesAfterAServerThatFails(t *testing.T) {
	for _, trouble := range []string{"load", "repair", "send", "claim"} {
		t.Run(trouble, func(t *testing.T) {
			w := newWorld(t)
			ports := &troubled{Claims: w.Ledger(), Sender: w.Sender(), History: w.History(), trouble: trouble}
			lost, waiting := map[catalog.ID]deployment.ID{}, map[catalog.ID]deployment.ID{}
			for range 3 {
				server := w.server(t, 2, 25)
				lost[server] = w.request(t, start(w.service(t, server))).Record.ID
				if _, err := w.Ledger().Claim(t.Context(), server, w.now()); err != nil {
					t.Fatal(err)
				}
				waiting[server] = w.request(t, start(w.service(t, server))).Record.ID
				ports.server = server
			}
			w.wait(time.Hour)
			troubledPorts := w.ports()
			troubledPorts.Claims, troubledPorts.Sender, troubledPorts.History = ports, ports, ports
			dispatcher := deployment.NewDispatcher(troubledPorts, deployment.DispatcherOptions{Now: w.now})
			if err := dispatcher.Sweep(t.Context()); !errors.Is(err, errTrouble) {
				t.Errorf("error = %v, want %v", err, errTrouble)
			}
			for server := range lost {
				troubled := server == ports.server
				if sent := slices.Contains(w.Sender().Sent(),
					lost[server]); sent != (!troubled || trouble == "repair" || trouble == "claim") {
					t.Errorf("trouble here %v: a runner was called: %v", troubled, sent)
				}
				record, err := w.History().Get(t.Context(), waiting[server])
				if claimed := record.Status == deployment.InProgress; err != nil ||
					claimed != (!troubled || trouble == "repair" || trouble == "send") {
					t.Errorf("trouble here %v: the waiting one is %s, %v", troubled, record.Status, err)
				}
				if trouble == "repair" && slices.Contains(ports.repaired, deployment.ID(server)) == troubled {
					t.Errorf("trouble here %v: repaired %v", troubled, ports.repaired)
				}
			}
		})
	}
}
