package rest_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
)

// shownToken is a token as answers show it.
type shownToken struct {
	ID         int64
	Name       string
	Abilities  []string
	ExpiresAt  *time.Time `json:"expires_at"`
	Expired    bool
	LastUsedAt *time.Time `json:"last_used_at"`
	Token      string
}

func createToken(t *testing.T, w *resttest.World, body resttest.Object) shownToken {
	t.Helper()
	for name, value := range map[string]any{"name": "ci", "abilities": []string{"deploy"}} {
		if body[name] == nil {
			body[name] = value
		}
	}
	return resttest.Want[shownToken](t, w, http.StatusCreated,
		resttest.Request{Operation: "createToken", Body: body})
}

func TestAnExpiredToken(t *testing.T) {
	w := resttest.New(t)
	soon := time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond)
	made := createToken(t, w, resttest.Object{"expires_at": soon.Format(time.RFC3339Nano)})
	if made.ExpiresAt == nil || !made.ExpiresAt.Equal(soon) || made.Expired {
		t.Fatalf("token = %+v, want one that expires at %s", made, soon)
	}
	list := func(now time.Time) map[int64]bool {
		handler, err := catalogapi.New(w.CatalogPorts(), rest.Options{Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		w.Handlers["catalog"] = handler
		expired := map[int64]bool{}
		for _, one := range resttest.Want[[]shownToken](t, w, http.StatusOK,
			resttest.Request{Operation: "listTokens"}) {
			expired[one.ID] = one.Expired
		}
		return expired
	}
	request := resttest.Request{Operation: "getToken", Token: made.Token}
	if all := list(soon.Add(-time.Microsecond)); all[made.ID] || len(all) != 2 {
		t.Errorf("before its expiry: %v", all)
	}
	resttest.Want[shownToken](t, w, http.StatusOK, request)
	if all := list(soon); !all[made.ID] || len(all) != 2 {
		t.Errorf("after its expiry: %v, want it in the list as expired", all)
	}
	unknown := request
	unknown.Token = "123|" + strings.Repeat("0", 48)
	if got, want := w.Ask(t, request), w.Ask(t, unknown); got.Status != http.StatusUnauthorized ||
		got.Problem(t).Message != want.Problem(t).Message {
		t.Errorf("an expired token gets %d %s, want %s as an unknown one", got.Status, got.Body, want.Body)
	}
}

func TestTheExpiryOfANewToken(t *testing.T) {
	w := resttest.New(t)
	handler, err := catalogapi.New(w.CatalogPorts(), rest.Options{TokenLifetime: 90 * day})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["catalog"] = handler
	made := createToken(t, w, resttest.Object{})
	if made.ExpiresAt == nil || time.Until(*made.ExpiresAt).Round(time.Hour) != 90*day {
		t.Errorf("expires_at = %v, want the stack's 90 days", made.ExpiresAt)
	}
	forever := resttest.Want[shownToken](t, w, http.StatusCreated, resttest.Request{
		Operation: "createToken", Body: `{"name":"ci","abilities":["read"],"expires_at":null}`,
	})
	if forever.ExpiresAt != nil {
		t.Errorf("expires_at = %v, want never", forever.ExpiresAt)
	}
	for _, text := range []string{
		"2020-01-01T00:00:00Z", "tomorrow", "2999-01-01", "2999-13-01T00:00:00Z", "2999-01-01T00:00:00",
	} {
		answer := w.Ask(t, resttest.Request{Operation: "createToken", Body: resttest.Object{
			"name": "ci", "abilities": []string{"read"}, "expires_at": text}})
		if answer.Status != http.StatusUnprocessableEntity || answer.Problem(t).Errors["expires_at"] == nil {
			t.Errorf("expires_at %s: %d %s", text, answer.Status, answer.Body)
		}
	}
}

// countedUses counts the notes of uses, and can fail them.
type countedUses struct {
	access.Tokens
	notes *atomic.Int32
	fails bool
}

func (c countedUses) NoteUse(ctx context.Context, id string, at time.Time) error {
	c.notes.Add(1)
	if c.fails {
		return errors.New("the table does not answer")
	}
	return c.Tokens.NoteUse(ctx, id, at)
}

// newCountedWorld has functions whose tokens count their notes, and a clock.
func newCountedWorld(t *testing.T, fails bool) (w *resttest.World, notes *atomic.Int32, now *time.Time) {
	t.Helper()
	notes, now = &atomic.Int32{}, new(time.Time)
	*now = time.Now()
	w = resttest.New(t)
	ports := w.CatalogPorts()
	ports.Tokens = countedUses{ports.Tokens, notes, fails}
	handler, err := catalogapi.New(ports, rest.Options{Now: func() time.Time { return *now }})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["catalog"] = handler
	return w, notes, now
}

func TestTheLastUseOfAToken(t *testing.T) {
	w, notes, now := newCountedWorld(t, false)
	made := createToken(t, w, resttest.Object{}) // the first use of root
	if made.LastUsedAt != nil {
		t.Errorf("a new token was used at %v", made.LastUsedAt)
	}
	ask := resttest.Request{Operation: "getToken", Token: made.Token}
	resttest.Want[shownToken](t, w, http.StatusOK, ask)
	first := *now
	*now = now.Add(access.UseEvery - 1)
	for range 3 {
		resttest.Want[shownToken](t, w, http.StatusOK, ask)
	}
	if got := notes.Load(); got != 2 {
		t.Errorf("%d notes in the first minute, want one of each of the two tokens", got)
	}
	shown := resttest.Want[shownToken](t, w, http.StatusOK, ask)
	if shown.LastUsedAt == nil || !shown.LastUsedAt.Equal(first.Truncate(time.Microsecond)) {
		t.Errorf("last_used_at = %v, want %s", shown.LastUsedAt, first)
	}
	*now = now.Add(1)
	resttest.Want[shownToken](t, w, http.StatusOK, ask)
	if got := notes.Load(); got != 3 {
		t.Errorf("%d notes after a minute, want one more", got)
	}
	refused := ask
	refused.Token = made.Token + "x"
	w.Ask(t, refused)
	if got := notes.Load(); got != 3 {
		t.Errorf("%d notes, want none of a refused secret", got)
	}
}

func TestANoteThatFailsFailsNoRequest(t *testing.T) {
	w, notes, _ := newCountedWorld(t, true)
	resttest.Want[shownToken](t, w, http.StatusOK, resttest.Request{Operation: "getToken"})
	if notes.Load() != 1 {
		t.Error("no note was tried")
	}
}

// TestEveryTokenDescribesItself asks with each ability alone, and with a scope.
func TestEveryTokenDescribesItself(t *testing.T) {
	w := resttest.New(t)
	for _, ability := range access.Abilities() {
		got := resttest.Want[shownToken](t, w, http.StatusOK,
			resttest.Request{Operation: "getToken", Token: w.Mint(t, ability)})
		if len(got.Abilities) != 1 || got.Abilities[0] != string(ability) || got.Token != "" {
			t.Errorf("with %s: %+v", ability, got)
		}
	}
}

// TestP9ThrottledRequestsGet429 has limits of two, in a function that answers no others.
func TestP9ThrottledRequestsGet429(t *testing.T) {
	w := resttest.New(t)
	handler, err := catalogapi.New(w.CatalogPorts(),
		rest.Options{Limits: access.Limits{Requests: 2, Failures: 2}})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["catalog"] = handler
	id, _, _ := strings.Cut(w.Mint(t, access.Read), "|")
	for name, c := range map[string]struct {
		token, wait string
		before      int
	}{
		"requests with a token": {w.Root, "30", http.StatusOK},
		"failed sign-ins":       {id + "|wrong", "30", http.StatusUnauthorized},
	} {
		r := resttest.Request{Operation: "getToken", Token: c.token}
		for range 2 {
			if got := w.Ask(t, r); got.Status != c.before {
				t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, c.before)
			}
		}
		got := w.Ask(t, r)
		if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") != c.wait {
			t.Errorf("%s: %d, Retry-After %s, want 429 and %s", name, got.Status,
				got.Header.Get("Retry-After"), c.wait)
		}
	}
}
