package catalogtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/window"
)

// testTeam changes the settings. The store may have some of an earlier run.
func testTeam(t *testing.T, store catalog.Store) {
	server := create(t, store, newServer(t, create(t, store, newKey(t)).ID))
	was := team(t, store)
	var want catalog.Team
	Fill(t, &want)
	want.UpdatedAt = was.UpdatedAt.Add(time.Hour)
	given := catalog.Team{Windows: want.Windows.Clone(), UpdatedAt: want.UpdatedAt}
	if err := store.UpdateTeam(t.Context(), given, was.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	given.Windows.Allow[0], given.Windows.Freeze[0].Reason = "changed", "changed"
	wantTeam := func(got catalog.Team) {
		t.Helper()
		if diff := cmp.Diff(got, want, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		got.Windows.Allow[0], got.Windows.Freeze[0].Reason = "changed", "changed"
	}
	wantTeam(team(t, store))
	wantTeam(team(t, store))
	for range 2 {
		gotServer, gotTeam, err := store.ServerAndTeam(t.Context(), server.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(gotServer, server, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
		wantTeam(gotTeam)
	}
	for _, id := range []catalog.ID{newServer(t, server.KeyID).ID, server.KeyID,
		create(t, store, newService(t, server.ID)).ID, "nonsense", ""} {
		_, _, err := store.ServerAndTeam(t.Context(), id)
		wantKind(t, fmt.Sprintf("ServerAndTeam of %q", id), err, fault.NotFound)
	}
	wantKind(t, "UpdateTeam of what was changed since",
		store.UpdateTeam(t.Context(), catalog.Team{UpdatedAt: want.UpdatedAt.Add(time.Hour)}, was.UpdatedAt,
			audit.Entry{}), fault.Conflict)
	wantTeam(team(t, store))
	now := want.UpdatedAt
	want = catalog.Team{UpdatedAt: now.Add(time.Hour)}
	if err := store.UpdateTeam(t.Context(), want, now, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	if got := team(t, store); !got.Windows.IsZero() || !got.UpdatedAt.Equal(want.UpdatedAt) {
		t.Errorf("the settings are %+v, want none", got)
	}
}

func testTeamRace(t *testing.T, store catalog.Store) {
	was := team(t, store)
	var calls []func() error
	for i := range 8 {
		calls = append(calls, func() error {
			return store.UpdateTeam(t.Context(), catalog.Team{
				Windows:   window.Set{Allow: []string{fmt.Sprint(i)}},
				UpdatedAt: was.UpdatedAt.Add(time.Duration(i+1) * time.Second)}, was.UpdatedAt, audit.Entry{})
		})
	}
	if n := together(t, calls, fault.Conflict); n != 1 {
		t.Errorf("%d changes were made, want one", n)
	}
	got := team(t, store)
	if want := was.UpdatedAt.Add(time.Second); got.Windows.Allow[0] != "0" && got.UpdatedAt.Equal(want) {
		t.Errorf("the settings are of two changes: %+v", got)
	}
	if err := store.UpdateTeam(t.Context(), catalog.Team{UpdatedAt: got.UpdatedAt.Add(time.Minute)},
		got.UpdatedAt, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
}

func team(t *testing.T, store catalog.Store) catalog.Team {
	t.Helper()
	got, err := store.Team(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return got
}
