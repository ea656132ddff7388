package rest_test

import (
	"context"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

// headStore has no bodies.
type headStore struct{ catalog.Store }

func (s headStore) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	if id.Kind().Deployable() {
		return nil, fault.New(fault.Internal, "the body of %s was read", id)
	}
	return s.Store.Get(ctx, id)
}

// TestListAndShowReadNoBodies makes every request of the functions list and show.
func TestListAndShowReadNoBodies(t *testing.T) {
	s := resttest.NewScene(t)
	all := s.Successes(t)
	store, opts := headStore{s.Memory.Catalog()}, rest.Options{}
	for function, build := range map[string]func() error{
		"list": func() (err error) {
			s.Handlers["list"], err = listapi.New(listapi.Ports{Tokens: s.Memory.Tokens(), Store: store,
				History: s.Memory.History(), Storage: s.Memory.Storage(), Feed: s.Memory.Feed(),
				Statistics: s.Memory.Statistics(), Triggers: s.Memory.Triggers()}, opts)
			return err
		},
		"show": func() (err error) {
			s.Handlers["show"], err = showapi.New(showapi.Ports{Tokens: s.Memory.Tokens(), Store: store,
				History: s.Memory.History(), Archive: s.Memory.Archive(),
				Index: s.Memory.Index(), Links: s.Memory.Links(), Snapshots: s.Memory.Snapshots()}, opts)
			return err
		},
	} {
		if err := build(); err != nil {
			t.Fatalf("%s: %v", function, err)
		}
	}
	for id, good := range all {
		if function := s.Route(t, id).Function; function != "list" && function != "show" {
			continue
		}
		good.Operation = id
		if answer := s.Ask(t, good.Request); answer.Status != good.Status {
			t.Errorf("%s answers %d %s, want %d", id, answer.Status, answer.Body, good.Status)
		}
	}
}
