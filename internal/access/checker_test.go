package access_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/fault"
)

// address is where requests come from.
const address = "192.0.2.7"

// desk is a checker with a clock that the test sets and one token.
type desk struct {
	kept    *kept
	checker *access.Checker
	now     time.Time
	token   access.Token
	bearer  string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	d := &desk{kept: newKept(), now: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	d.checker = access.New(d.kept, access.Options{Now: func() time.Time { return d.now }})
	d.token, d.bearer = d.mint(t)
	return d
}

func (d *desk) mint(t *testing.T) (access.Token, string) {
	t.Helper()
	terms := access.Terms{Name: "ci", Abilities: []access.Ability{access.Deploy}}
	token, bearer, err := access.Mint(terms, d.now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.kept.Create(t.Context(), token, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	return token, bearer
}

func (d *desk) wants(t *testing.T, header string) {
	t.Helper()
	d.wantsFrom(t, header, address)
}

func (d *desk) wantsFrom(t *testing.T, header, from string) {
	t.Helper()
	got, err := d.checker.Authenticate(t.Context(), header, from)
	if err != nil || got.ID != d.token.ID {
		t.Errorf("Authenticate = %q, %v; want the token", got.ID, err)
	}
}

func (d *desk) refuses(t *testing.T, header string) {
	t.Helper()
	got, err := d.checker.Authenticate(t.Context(), header, address)
	if !errors.Is(err, fault.Unauthenticated) || err.Error() != "Unauthenticated." || got.ID != "" {
		t.Errorf("Authenticate = %q, %v; want Unauthenticated", got.ID, err)
	}
}

func TestAuthenticateReadsTheHeader(t *testing.T) {
	d := newDesk(t)
	for _, header := range []string{
		"Bearer " + d.bearer, "bearer " + d.bearer, "BEARER  " + d.bearer, " Bearer " + d.bearer + " ",
	} {
		t.Run("it takes "+strings.ReplaceAll(header, d.bearer, "TOKEN"),
			func(t *testing.T) { d.wants(t, header) })
	}
	id, secret, _ := strings.Cut(d.bearer, "|")
	for name, header := range map[string]string{
		"nothing":                      "",
		"the scheme alone":             "Bearer",
		"another scheme":               "Basic " + d.bearer,
		"no scheme":                    d.bearer,
		"no space":                     "Bearer" + d.bearer,
		"no bar":                       "Bearer " + id + secret,
		"an id without a secret":       "Bearer " + id + "|",
		"a secret without an id":       "Bearer |" + secret,
		"the secret alone":             "Bearer " + secret,
		"a wrong last character":       "Bearer " + d.bearer[:len(d.bearer)-1] + "!",
		"a secret that is cut":         "Bearer " + d.bearer[:len(d.bearer)-1],
		"a secret that is too long":    "Bearer " + d.bearer + "0",
		"an id of another length":      "Bearer " + id[1:] + "|" + secret,
		"an id with a leading zero":    "Bearer 0" + id + "|" + secret,
		"an id with a sign":            "Bearer +" + id + "|" + secret,
		"an unknown id":                "Bearer 123|" + secret,
		"an id of something else":      "Bearer srv" + id + "|" + secret,
		"two tokens":                   "Bearer " + d.bearer + " " + d.bearer,
		"a header of a megabyte":       "Bearer " + d.bearer + strings.Repeat(" ", 1<<20),
		"the digest instead of secret": fmt.Sprintf("Bearer %s|%x", id, d.token.Digest),
	} {
		t.Run("it refuses "+name, func(t *testing.T) { d.refuses(t, header) })
	}
}

func TestAuthenticateRemembers(t *testing.T) {
	t.Run("a token is read once in 30 seconds", func(t *testing.T) {
		d := newDesk(t)
		for range 5 {
			d.wants(t, "Bearer "+d.bearer)
			d.now = d.now.Add(5 * time.Second)
		}
		if d.kept.reads != 1 {
			t.Errorf("%d reads in 25 seconds, want 1", d.kept.reads)
		}
	})
	t.Run("a revoked token stops after 30 seconds at the latest", func(t *testing.T) {
		d := newDesk(t)
		d.wants(t, "Bearer "+d.bearer)
		if err := d.kept.Delete(t.Context(), d.token.ID, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		d.now = d.now.Add(access.CacheTime - 1)
		d.wants(t, "Bearer "+d.bearer)
		d.now = d.now.Add(1)
		d.refuses(t, "Bearer "+d.bearer)
	})
	t.Run("use does not make a revoked token live longer", func(t *testing.T) {
		d := newDesk(t)
		d.wants(t, "Bearer "+d.bearer)
		_ = d.kept.Delete(t.Context(), d.token.ID, audit.Entry{})
		for range 3 {
			d.now = d.now.Add(9 * time.Second)
			d.wants(t, "Bearer "+d.bearer)
		}
		d.now = d.now.Add(3 * time.Second)
		d.refuses(t, "Bearer "+d.bearer)
	})
	t.Run("a slow read does not make a token live longer", func(t *testing.T) {
		d := newDesk(t)
		d.kept.slow = func() { d.now = d.now.Add(20 * time.Second) }
		d.wants(t, "Bearer "+d.bearer)
		_ = d.kept.Delete(t.Context(), d.token.ID, audit.Entry{})
		d.now = d.now.Add(10 * time.Second)
		d.refuses(t, "Bearer "+d.bearer)
	})
}

func TestAuthenticateCacheEdgeCases(t *testing.T) {
	t.Run("what cannot be an id is not looked up", func(t *testing.T) {
		d := newDesk(t)
		for _, id := range []string{
			"0", "tok", "1.5", "-1", "9007199254740992", "0" + d.token.ID, d.token.ID + "x",
		} {
			d.refuses(t, "Bearer "+id+"|secret")
		}
		if d.kept.reads != 0 {
			t.Errorf("%d reads, want none", d.kept.reads)
		}
	})
	t.Run("a token that was not there works as soon as it is", func(t *testing.T) {
		d := newDesk(t)
		_ = d.kept.Delete(t.Context(), d.token.ID, audit.Entry{})
		d.refuses(t, "Bearer "+d.bearer)
		if err := d.kept.Create(t.Context(), d.token, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		d.wants(t, "Bearer "+d.bearer)
	})
	t.Run("a wrong secret is refused even if the token is cached, which stays cached", func(t *testing.T) {
		d := newDesk(t)
		d.wants(t, "Bearer "+d.bearer)
		d.refuses(t, "Bearer "+d.token.ID+"|wrong")
		d.wants(t, "Bearer "+d.bearer)
	})
	t.Run("a clock that was set back is not trusted", func(t *testing.T) {
		d := newDesk(t)
		d.wants(t, "Bearer "+d.bearer)
		_ = d.kept.Delete(t.Context(), d.token.ID, audit.Entry{})
		d.now = d.now.Add(-time.Hour)
		d.refuses(t, "Bearer "+d.bearer)
	})
	t.Run("what a caller does to its token does not reach the next", func(t *testing.T) {
		d := newDesk(t)
		first, err := d.checker.Authenticate(t.Context(), "Bearer "+d.bearer, address)
		if err != nil {
			t.Fatal(err)
		}
		first.Abilities[0] = access.Root
		second, _ := d.checker.Authenticate(t.Context(), "Bearer "+d.bearer, address)
		if second.Can(access.Root) {
			t.Error("the second caller has root, want deploy only")
		}
	})
}

func TestAuthenticateWhenTokensCannotBeRead(t *testing.T) {
	d := newDesk(t)
	d.kept.broken = fault.New(fault.Internal, "the table did not answer")
	_, err := d.checker.Authenticate(t.Context(), "Bearer "+d.bearer, address)
	if errors.Is(err, fault.Unauthenticated) || !errors.Is(err, fault.Internal) {
		t.Errorf("error = %v, want Internal: the caller may well be known", err)
	}
	_, secret, _ := strings.Cut(d.bearer, "|")
	if strings.Contains(err.Error(), secret) {
		t.Error("the error has the secret")
	}
}

func TestAuthenticateManyTokensAtOnce(t *testing.T) {
	d := newDesk(t)
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for range 400 { // more than the cache holds, in all
				token, bearer := d.mint(t)
				got, err := d.checker.Authenticate(t.Context(), "Bearer "+bearer, address)
				if err != nil || got.ID != token.ID {
					t.Errorf("Authenticate = %q, %v; want %q", got.ID, err, token.ID)
					return
				}
			}
		})
	}
	wait.Wait()
	if size := access.CacheSize(d.checker); size > 1000 {
		t.Errorf("the cache has %d tokens, want at most 1000", size)
	}
	d.wants(t, "Bearer "+d.bearer)
}
