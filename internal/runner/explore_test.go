package runner_test

import (
	"context"
	"fmt"
	"hash/maphash"
	"strings"
	"testing"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
)

const serverID catalog.ID = "srv000000000000000000001"

// explorer tries everything that can happen from a shape's start on, each
// state once.
type explorer struct {
	seed maphash.Seed
	seen map[uint64]struct{}
	// live are states from which a continuation is known to end all.
	live  [3]map[uint64]struct{}
	steps int
	path  []action
}

// start is the state in which nothing was asked for.
func start(ctx context.Context, s *shape) (*model, error) {
	s.press = &press{cut: map[string]cut{}, lines: map[string][]string{}}
	m := &model{
		Memory: memory.New(memory.Options{}),
		shape:  s,
		now:    noon,
		jobs:   map[deployment.ID]job{},
		left:   s.left,
	}
	entities := []catalog.Entity{
		&catalog.PrivateKey{Meta: catalog.Meta{ID: "key000000000000000000001"}},
		&catalog.Server{
			Meta:        catalog.Meta{ID: serverID},
			KeyID:       "key000000000000000000001",
			Concurrency: s.limit,
			QueueLimit:  25,
		},
	}
	known := map[catalog.ID]bool{}
	for _, id := range s.requests {
		if !known[id.Resource()] {
			known[id.Resource()] = true
			entities = append(entities, &catalog.Application{
				Shell: &catalog.Shell{}, Resource: catalog.Resource{
					Meta: catalog.Meta{ID: id.Resource()}, ServerID: serverID}})
		}
	}
	for _, entity := range entities {
		if err := m.Catalog().Create(ctx, entity, audit.Entry{}); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// explore visits the state and all that can follow it.
func (x *explorer) explore(ctx context.Context, m *model, is scene) error {
	hash := maphash.Bytes(x.seed, m.key(is, true))
	if _, known := x.seen[hash]; known {
		return nil
	}
	x.seen[hash] = struct{}{}
	for i := range continuations {
		if err := x.ends(ctx, i, m, is); err != nil {
			return err
		}
	}
	for _, a := range m.enabled() {
		x.path = append(x.path, a)
		next, then, err := x.take(ctx, m, is, a)
		if err == nil {
			err = x.explore(ctx, next, then)
		}
		if err != nil {
			return err
		}
		x.path = x.path[:len(x.path)-1]
	}
	return nil
}

// take does the action on a copy and holds the promises against it.
func (x *explorer) take(ctx context.Context, m *model, was scene, a action) (*model, scene, error) {
	x.steps++
	next := m.copy()
	if err := next.do(ctx, a); err != nil {
		return nil, scene{}, fmt.Errorf("%v: %w", a, err)
	}
	changes := next.Changes()
	next.pending = append(next.pending, changes...)
	is, err := next.scene(ctx)
	if err != nil {
		return nil, scene{}, err
	}
	return next, is, next.check(m, was, is, changes)
}

// maxFair is more steps than any fair end takes.
const maxFair = 300

// ends follows a continuation until all has ended, or until it comes to where
// another has been.
func (x *explorer) ends(ctx context.Context, which int, m *model, was scene) error {
	how := continuations[which]
	m = m.copy()
	m.left = budget{}
	how.prepare(m)
	var fresh []uint64
	var err error
	for range maxFair {
		hash := maphash.Bytes(x.seed, m.key(was, false))
		if _, known := x.live[which][hash]; known || m.over(was) {
			for _, h := range append(fresh, hash) {
				x.live[which][h] = struct{}{}
			}
			return nil
		}
		fresh = append(fresh, hash)
		a, can := how.next(m)
		if !can && which == len(continuations)-1 {
			m.sleep()
			a = action{"sweep", 0}
		}
		if m, was, err = x.take(ctx, m, was, a); err != nil {
			return fmt.Errorf("then, %s: %w", how.name, err)
		}
	}
	return fmt.Errorf("P6: %s, and not everything ends", how.name)
}

const (
	appA  = deployment.ID("app00000000000000000000a0000000000000001")
	appA2 = deployment.ID("app00000000000000000000a0000000000000002")
	appB  = deployment.ID("app00000000000000000000b0000000000000003")
	appC  = deployment.ID("app00000000000000000000c0000000000000004")
)

// TestP2P4P6EveryInterleaving tries every order in which requests, the stream,
// the sweep, two runners, their deaths and pauses, and a cancel can follow each
// other, as far as each shape's budget goes, over the real ledger, archive,
// dispatcher and recorder.
func TestP2P4P6EveryInterleaving(t *testing.T) {
	for _, s := range []*shape{
		{name: "one deployment, runners die", limit: 1, requests: []deployment.ID{appA},
			left: budget{deaths: 2, pauses: 2}},
		{name: "one deployment, runners sleep", limit: 1, requests: []deployment.ID{appA},
			left: budget{pauses: 2, handOvers: 1}},
		{name: "one deployment is cancelled", limit: 1, requests: []deployment.ID{appA},
			left: budget{pauses: 1, cancels: 1, sweeps: 1}},
		{name: "one deployment, the server is not reached", limit: 1, requests: []deployment.ID{appA},
			left: budget{deaths: 1, pauses: 1, outages: 1}},
		{name: "one deployment is parked, runners die", limit: 1, requests: []deployment.ID{appA},
			left: budget{parks: 2, deaths: 2, pauses: 1}},
		{name: "one deployment is parked, runners sleep", limit: 1, requests: []deployment.ID{appA},
			left: budget{parks: 2, pauses: 2, sweeps: 1}},
		{name: "one deployment is parked and cancelled", limit: 1, requests: []deployment.ID{appA},
			left: budget{parks: 1, cancels: 1, deaths: 1, pauses: 1}},
		{name: "one deployment is parked and followed", limit: 1, requests: []deployment.ID{appA},
			left: budget{parks: 2, follows: 1, cancels: 1, sweeps: 1}},
		{name: "two resources, one slot, dispatch dies", limit: 1, requests: []deployment.ID{appA, appB},
			left: budget{failures: 1}},
		{name: "two of one resource, two slots", limit: 2, requests: []deployment.ID{appA, appA2, appB},
			left: budget{}},
		{name: "one waits for another, which may fail or be cancelled", limit: 1,
			requests: []deployment.ID{appA, appB}, after: map[deployment.ID][]deployment.ID{appB: {appA}},
			left: budget{cancels: 1, outages: 1, sweeps: 1}},
		{name: "one waits for another, dispatch dies", limit: 2, requests: []deployment.ID{appA, appB},
			after: map[deployment.ID][]deployment.ID{appB: {appA}}, left: budget{failures: 1, outages: 1}},
		{name: "one waits for another, and a third is queued", limit: 1,
			requests: []deployment.ID{appA, appB, appC},
			after:    map[deployment.ID][]deployment.ID{appB: {appA}}},
		{name: "one waits for two", limit: 2, requests: []deployment.ID{appA, appB, appC},
			after: map[deployment.ID][]deployment.ID{appC: {appA, appB}}},
		{name: "a chain of three", limit: 1, requests: []deployment.ID{appA, appB, appC},
			after: map[deployment.ID][]deployment.ID{appB: {appA}, appC: {appB}}, left: budget{cancels: 1}},
		{name: "a late runner meets the next deployment", limit: 2, requests: []deployment.ID{appA, appA2},
			left: budget{pauses: 1}},
	} {
		t.Run(s.name, func(t *testing.T) {
			x := &explorer{seed: maphash.MakeSeed(), seen: map[uint64]struct{}{}}
			for i := range x.live {
				x.live[i] = map[uint64]struct{}{}
			}
			m, err := start(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			is, err := m.scene(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := x.explore(t.Context(), m, is); err != nil {
				t.Fatalf("%v\nafter %s", err, trace(x.path))
			}
			t.Logf("%d states, %d steps", len(x.seen), x.steps)
		})
	}
}

func trace(path []action) string {
	var b strings.Builder
	for _, a := range path {
		fmt.Fprintf(&b, "%s %d, ", a.name, a.arg)
	}
	return strings.TrimSuffix(b.String(), ", ")
}
