package access_test

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"waybill/internal/access"
	"waybill/internal/fault"
)

func TestMint(t *testing.T) {
	now := time.Date(2026, 1, 2, 4, 4, 5, 6789, time.FixedZone("CET", 3600))
	token, bearer, err := access.Mint(access.Terms{
		Name: " ci ", Abilities: []access.Ability{access.Deploy, access.Read, access.Deploy},
	}, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id, secret, _ := strings.Cut(bearer, "|")

	t.Run("the bearer form is a number and 48 random characters", func(t *testing.T) {
		if !regexp.MustCompile(`^[1-9][0-9]{0,15}\|[0-9a-z]{48}$`).MatchString(bearer) {
			t.Errorf("bearer has the wrong form (%d characters)", len(bearer))
		}
		if token.ID != id {
			t.Errorf("ID = %q, want %q", token.ID, id)
		}
	})
	t.Run("only the digest of the secret is kept", func(t *testing.T) {
		if token.Digest != sha256.Sum256([]byte(secret)) {
			t.Error("the digest is not the secret's SHA-256")
		}
		if strings.Contains(fmt.Sprintf("%+v", token), secret) {
			t.Error("the token has the secret")
		}
	})
	t.Run("abilities have no repeats, the name is trimmed, the time is in UTC", func(t *testing.T) {
		want := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
		if !slices.Equal(token.Abilities, []access.Ability{access.Read, access.Deploy}) ||
			token.Name != "ci" || token.CreatedAt != want {
			t.Errorf("token = %+v", token)
		}
	})
	t.Run("no two are alike", func(t *testing.T) {
		seen := map[string]bool{}
		for range 100 {
			terms := access.Terms{Name: "ci", Abilities: []access.Ability{access.Read}}
			token, bearer, err := access.Mint(terms, now, rand.Reader)
			if err != nil || seen[token.ID] || seen[bearer] {
				t.Fatalf("minted twice, or %v", err)
			}
			seen[token.ID], seen[bearer] = true, true
		}
	})
}

func TestMintRefuses(t *testing.T) {
	read := []access.Ability{access.Read}
	for _, c := range []struct {
		name      string
		token     string
		abilities []access.Ability
		random    io.Reader
		kind      fault.Kind
		field     string
	}{
		{"no name", "", read, rand.Reader, fault.Invalid, "name"},
		{"a name of spaces", "  ", read, rand.Reader, fault.Invalid, "name"},
		{"a name of 256 characters", strings.Repeat("ä", 256), read, rand.Reader, fault.Invalid, "name"},
		{"a name of two lines", "a\nb", read, rand.Reader, fault.Invalid, "name"},
		{"a name that is not UTF-8", "a\xff", read, rand.Reader, fault.Invalid, "name"},
		{"no abilities", "ci", nil, rand.Reader, fault.Invalid, "abilities"},
		{"an unknown ability", "ci", []access.Ability{"reed"}, rand.Reader, fault.Invalid, "abilities"},
		{
			"to go on without randomness", "ci", read, iotest.ErrReader(io.ErrUnexpectedEOF), fault.Internal,
			"",
		},
		{
			"to go on with too little of it", "ci", read, strings.NewReader(strings.Repeat("a", 30)),
			fault.Internal, "",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			terms := access.Terms{Name: c.token, Abilities: c.abilities}
			token, bearer, err := access.Mint(terms, time.Time{}, c.random)
			if !errors.Is(err, c.kind) || token.ID != "" || bearer != "" {
				t.Errorf("Mint = %q, %v; want nothing and %v", token.ID, err, c.kind)
			}
			if c.field != "" && len(fault.Fields(err)[c.field]) != 1 {
				t.Errorf("fields = %v, want one problem with %s", fault.Fields(err), c.field)
			}
		})
	}
	t.Run("a name of 255 characters is taken", func(t *testing.T) {
		terms := access.Terms{Name: strings.Repeat("ä", 255), Abilities: read}
		if _, _, err := access.Mint(terms, time.Time{}, rand.Reader); err != nil {
			t.Error(err)
		}
	})
}

func TestParseAbilities(t *testing.T) {
	t.Run("a good list comes out in order and without repeats", func(t *testing.T) {
		got, err := access.ParseAbilities([]string{"deploy", "read", "deploy", "read:sensitive"})
		if want := []access.Ability{access.Read, access.ReadSensitive, access.Deploy}; err != nil ||
			!slices.Equal(got, want) {
			t.Errorf("ParseAbilities = %v, %v; want %v", got, err, want)
		}
	})
	for _, c := range []struct {
		names []string
		says  []string
	}{
		{nil, []string{"one or more of root, read, read:sensitive, write, deploy"}},
		{
			[]string{"read", "Deploy", ""},
			[]string{`"Deploy", ""`, "the abilities are root, read, read:sensitive, write, deploy"},
		},
		{[]string{"re\nad" + strings.Repeat("x", 1000)}, []string{`re\nad`, "x…"}},
	} {
		t.Run(fmt.Sprintf("%.20q is refused in words", c.names), func(t *testing.T) {
			_, err := access.ParseAbilities(c.names)
			said := strings.Join(fault.Fields(err)["abilities"], "\n")
			for _, want := range c.says {
				if !errors.Is(err, fault.Invalid) || !strings.Contains(said, want) || len(said) > 200 {
					t.Errorf("error = %v %q, want Invalid with %q", err, said, want)
				}
			}
		})
	}
}

func TestAbilities(t *testing.T) {
	for _, has := range access.Abilities() {
		for _, needs := range access.Abilities() {
			t.Run(fmt.Sprintf("%s for %s", has, needs), func(t *testing.T) {
				token := access.Token{Abilities: []access.Ability{has}}
				want := has == needs || has == access.Root
				err := token.Require(needs)
				if token.Can(needs) != want || (err == nil) != want {
					t.Errorf("Can = %v, Require = %v; want %v", token.Can(needs), err, want)
				}
				text := "Missing required permissions: " + string(needs)
				if err != nil && (!errors.Is(err, fault.Denied) || fault.Public(err) != text) {
					t.Errorf("Require = %v", err)
				}
			})
		}
	}
	t.Run("a token without abilities may do nothing", func(t *testing.T) {
		if (access.Token{}).Can(access.Read) {
			t.Error("it can read")
		}
	})
}
