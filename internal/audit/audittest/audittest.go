// Package audittest is the contract of audit.Log, and of the writes that leave entries in it,
// as tests: every implementation runs it.
package audittest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Ports are a log and the stores that write to it.
type Ports struct {
	Store  catalog.Store
	Tokens access.Tokens
	Log    audit.Log
}

// TestLog checks what every [audit.Log] promises. open returns empty ports.
func TestLog(t *testing.T, open func(t *testing.T) Ports) {
	t.Helper()
	for _, c := range []struct {
		name string
		test func(t *testing.T, p Ports)
	}{
		{"every change leaves its entry, as it was given", leavesEntries},
		{"a change that is refused leaves none", refusedLeavesNone},
		{"a change whose entry exists is refused and not made", takenIsRefused},
		{"the zero entry is none", zeroIsNone},
		{"Read has the newest entries of its span", readsSpans},
		{"List goes through the months by its cursor", listsMonths},
		{"List has only what the query wants", listsWanted},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, open(t)) })
	}
}

// start is the time of the first entry of each test, near the end of a month.
func start() time.Time { return time.Date(2026, 8, 31, 23, 0, 0, 123456000, time.UTC) }

// entry returns an entry whose every field is set.
func entry(t *testing.T, at time.Time, action audit.Action, target audit.Target) audit.Entry {
	t.Helper()
	made, err := audit.New(audit.Entry{At: at, Actor: audit.Actor{TokenID: "4711", Name: "ci: äöü"},
		Action: action, Target: target}.WithFields([]string{"tags", "environment.PORT"}),
		180*24*time.Hour, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	made.ExpiresAt = made.ExpiresAt.Truncate(time.Second)
	made.Omitted = 3
	return made
}

func newKey(t *testing.T) *catalog.PrivateKey {
	t.Helper()
	id, err := catalog.NewID(catalog.KindPrivateKey, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	meta := catalog.Meta{ID: id, Name: "key", CreatedAt: start(), UpdatedAt: start()}
	return &catalog.PrivateKey{Meta: meta}
}

func newToken(t *testing.T) access.Token {
	t.Helper()
	token, _, err := access.Mint(access.Terms{Name: "new", Abilities: []access.Ability{access.Read}}, start(),
		rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// newTeam returns the time of the present settings of the team, and later settings.
func newTeam(t *testing.T, p Ports) (was time.Time, later catalog.Team) {
	t.Helper()
	team, err := p.Store.Team(t.Context())
	do(t, "Team", err)
	return team.UpdatedAt, catalog.Team{UpdatedAt: team.UpdatedAt.Add(time.Hour)}
}

func do(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func wantKind(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("%s = %v, want %v", what, err, kind)
	}
}

// query is for all entries of the tests.
func query() audit.Query {
	return audit.Query{Since: start(), Until: start().AddDate(0, 6, 0), Limit: 100}
}

// wantEntries compares what the log has, newest first.
func wantEntries(t *testing.T, log audit.Log, query audit.Query, want ...audit.Entry) {
	t.Helper()
	page, err := audit.List(t.Context(), log, query)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(page.Entries, want); diff != "" {
		t.Errorf("the log has (-got +want):\n%s", diff)
	}
}

func leavesEntries(t *testing.T, p Ports) {
	key, token := newKey(t), newToken(t)
	changed := *key
	changed.Name, changed.UpdatedAt = "renamed", start().Add(time.Second)
	var all []audit.Entry
	next := func(action audit.Action, target audit.Target) audit.Entry {
		made := entry(t, start().Add(time.Duration(len(all))*time.Microsecond), action, target)
		all = append([]audit.Entry{made}, all...)
		return made
	}
	do(t, "Create", p.Store.Create(t.Context(), key, next(audit.Create, key.Target())))
	do(t, "Update", p.Store.Update(t.Context(), &changed, start(), next(audit.Update, changed.Target())))
	do(t, "Delete", p.Store.Delete(t.Context(), key.ID, next(audit.Delete, changed.Target())))
	do(t, "Create", p.Tokens.Create(t.Context(), token, next(audit.Create, token.Target())))
	do(t, "Delete", p.Tokens.Delete(t.Context(), token.ID, next(audit.Delete, token.Target())))
	was, later := newTeam(t, p)
	do(t, "UpdateTeam", p.Store.UpdateTeam(t.Context(), later, was,
		next(audit.Update, audit.Target{Kind: audit.KindTeam, ID: "1", Name: "blue"})))
	wantEntries(t, p.Log, query(), all...)
}

func refusedLeavesNone(t *testing.T, p Ports) {
	key, token := newKey(t), newToken(t)
	do(t, "Create", p.Store.Create(t.Context(), key, audit.Entry{}))
	do(t, "Create", p.Tokens.Create(t.Context(), token, audit.Entry{}))
	new := func() audit.Entry { return entry(t, start(), audit.Update, key.Target()) }
	wantKind(t, "Create of a taken id", p.Store.Create(t.Context(), key, new()), fault.Conflict)
	wantKind(t, "Update of another version",
		p.Store.Update(t.Context(), key, start().Add(time.Hour), new()), fault.Conflict)
	wantKind(t, "Update of nothing", p.Store.Update(t.Context(), newKey(t), start(), new()), fault.NotFound)
	was, later := newTeam(t, p)
	wantKind(t, "UpdateTeam of another version",
		p.Store.UpdateTeam(t.Context(), later, was.Add(time.Hour), new()), fault.Conflict)
	wantKind(t, "Delete of nothing", p.Store.Delete(t.Context(), newKey(t).ID, new()), fault.NotFound)
	wantKind(t, "Create of a taken token", p.Tokens.Create(t.Context(), token, new()), fault.Conflict)
	wantKind(t, "Delete of no token", p.Tokens.Delete(t.Context(), newToken(t).ID, new()), fault.NotFound)
	wantEntries(t, p.Log, query())
}

func takenIsRefused(t *testing.T, p Ports) {
	key, token := newKey(t), newToken(t)
	taken := entry(t, start(), audit.Create, key.Target())
	do(t, "Create", p.Store.Create(t.Context(), key, taken))
	do(t, "Create", p.Tokens.Create(t.Context(), token, audit.Entry{}))
	again := taken
	again.Action = audit.Delete
	changed := *key
	changed.Name, changed.UpdatedAt = "renamed", start().Add(time.Second)
	other, otherToken := newKey(t), newToken(t)
	wantKind(t, "Create", p.Store.Create(t.Context(), other, again), fault.Conflict)
	wantKind(t, "Update", p.Store.Update(t.Context(), &changed, start(), again), fault.Conflict)
	wantKind(t, "Delete", p.Store.Delete(t.Context(), key.ID, again), fault.Conflict)
	wantKind(t, "Create of a token", p.Tokens.Create(t.Context(), otherToken, again), fault.Conflict)
	wantKind(t, "Delete of a token", p.Tokens.Delete(t.Context(), token.ID, again), fault.Conflict)
	was, later := newTeam(t, p)
	wantKind(t, "UpdateTeam", p.Store.UpdateTeam(t.Context(), later, was, again), fault.Conflict)
	if team, err := p.Store.Team(t.Context()); err != nil || !team.UpdatedAt.Equal(was) {
		t.Errorf("the settings of the team are %+v, %v; want them unchanged", team, err)
	}
	_, err := p.Store.Get(t.Context(), other.ID)
	wantKind(t, "Get of the other key", err, fault.NotFound)
	stored, err := catalog.Find[*catalog.PrivateKey](t.Context(), p.Store, key.ID)
	if err != nil || stored.Name != key.Name {
		t.Errorf("the key is %+v, %v; want it unchanged", stored, err)
	}
	_, err = p.Tokens.Get(t.Context(), otherToken.ID)
	wantKind(t, "Get of the other token", err, fault.NotFound)
	if _, err := p.Tokens.Get(t.Context(), token.ID); err != nil {
		t.Errorf("Get of the token: %v", err)
	}
	wantEntries(t, p.Log, query(), taken)
}

func zeroIsNone(t *testing.T, p Ports) {
	key := newKey(t)
	do(t, "Create", p.Store.Create(t.Context(), key, audit.Entry{}))
	do(t, "Update", p.Store.Update(t.Context(), key, start(), audit.Entry{}))
	do(t, "Delete", p.Store.Delete(t.Context(), key.ID, audit.Entry{}))
	wantEntries(t, p.Log, query())
}

// fill adds n entries, each later by the step, and returns them, newest first.
func fill(t *testing.T, p Ports, n int, step time.Duration) []audit.Entry {
	t.Helper()
	all := make([]audit.Entry, n)
	for i := range n {
		key := newKey(t)
		made := entry(t, start().Add(time.Duration(i)*step), audit.Create, key.Target())
		do(t, "Create", p.Store.Create(t.Context(), key, made))
		all[n-1-i] = made
	}
	return all
}

func readsSpans(t *testing.T, p Ports) {
	all := fill(t, p, 6, 20*time.Minute) // three in August, three in September
	for _, c := range []struct {
		name  string
		span  audit.Span
		limit int
		want  []audit.Entry
	}{
		{"a month", audit.Span{Month: "2026-08", From: "2026-08", Before: "2026-09"}, 10, all[3:]},
		{"the next month", audit.Span{Month: "2026-09", From: "2026-08", Before: "2026-10"}, 10, all[:3]},
		{"the newest ones", audit.Span{Month: "2026-09", From: "2026-08", Before: "2026-10"}, 2, all[:2]},
		{"from an id on", audit.Span{Month: "2026-08", From: all[4].ID, Before: "2026-09"}, 10, all[3:5]},
		{"without the end", audit.Span{Month: "2026-08", From: "2026-08", Before: all[3].ID}, 10, all[4:]},
		{"both", audit.Span{Month: "2026-08", From: "2026-08", Before: all[3].ID}, 2, all[4:]},
		{"an empty month", audit.Span{Month: "2026-10", From: "2026-08", Before: "2026-11"}, 10, nil},
	} {
		got, err := p.Log.Read(t.Context(), c.span, c.limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(got, c.want); diff != "" {
			t.Errorf("%s (-got +want):\n%s", c.name, diff)
		}
	}
}

func listsMonths(t *testing.T, p Ports) {
	all := fill(t, p, 7, 20*24*time.Hour)
	for _, limit := range []int{1, 2, 3, 7, 100} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			asked := query()
			asked.Limit = limit
			var got []audit.Entry
			for pages := 0; ; pages++ {
				page, err := audit.List(t.Context(), p.Log, asked)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page.Entries...)
				if page.Next == "" {
					break
				}
				if len(page.Entries) != limit || pages > len(all) {
					t.Fatalf("a page of %d with a next, want %d", len(page.Entries), limit)
				}
				asked.After = page.Next
			}
			if diff := cmp.Diff(got, all); diff != "" {
				t.Errorf("List (-got +want):\n%s", diff)
			}
		})
	}
}

func listsWanted(t *testing.T, p Ports) {
	all := fill(t, p, 4, time.Hour)
	other := newToken(t)
	made := entry(t, start().Add(90*time.Minute), audit.Create, other.Target())
	made.Actor.TokenID = "42"
	do(t, "Create", p.Tokens.Create(t.Context(), other, made))
	asked := query()
	asked.Token = "42"
	wantEntries(t, p.Log, asked, made)
	asked.Token, asked.Target = "", all[1].Target.ID
	wantEntries(t, p.Log, asked, all[1])
	asked.Token = "42"
	wantEntries(t, p.Log, asked)
	asked = query()
	asked.Since, asked.Until = all[2].At, all[0].At
	wantEntries(t, p.Log, asked, all[1], made, all[2])
}
