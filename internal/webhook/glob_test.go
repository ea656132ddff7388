package webhook_test

import (
	"path"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/webhook"
)

func TestGlobs(t *testing.T) {
	for glob, texts := range map[string]struct{ match, differ string }{
		"main":         {"main", "mai mainly domain /main"},
		"release/*":    {"release/1 release/", "release release/1/2 prerelease/1"},
		"*":            {"main v1", "release/1"},
		"**":           {"main release/1 a/b/c", ""},
		"release/**":   {"release/1 release/1/2", "release prerelease/1"},
		"**/api":       {"api a/api a/b/api", "xapi a/xapi api/x"},
		"src/**/*.go":  {"src/a.go src/b/a.go src/b/c/a.go", "a.go src/a.gox xsrc/a.go src/a/"},
		"**/docs/**":   {"docs/a a/docs/b/c", "docs adocs/b"},
		"**.js":        {"a.js a/b.js", "a.jsx"},
		"a**b":         {"ab axb a/b a/x/b", "xab abx"},
		"v?.?":         {"v1.2", "v1.23 v1/2 v1."},
		"v[0-9]":       {"v0 v9", "va v10 v"},
		"v[^0-9a]":     {"vb v-", "v0 va v/"},
		`v[\]\-a]`:     {"v] v- va", `v\ vb`},
		`\*`:           {"*", "x **"},
		"ünï?":         {"ünïx ünïé", "ünï unix"},
		"docs/*.md":    {"docs/a.md", "docs/a/b.md a.md"},
		"a/**/**/b":    {"a/b a/x/b a/x/y/z/b", "a/xb ab"},
		"**/*.[ch]":    {"a.c b/a.h", "a.cc a.o"},
		"feature/*-up": {"feature/x-up feature/-up", "feature/x/y-up feature/x-ups"},
	} {
		for _, text := range strings.Fields(texts.match) {
			if !webhook.MatchGlob(glob, text) {
				t.Errorf("%q does not match %q", glob, text)
			}
		}
		for _, text := range strings.Fields(texts.differ) {
			if webhook.MatchGlob(glob, text) {
				t.Errorf("%q matches %q", glob, text)
			}
		}
	}
	if !webhook.MatchGlob("", "") || webhook.MatchGlob("", "a") || webhook.MatchGlob("a", "") {
		t.Error("an empty glob is the empty text and nothing else")
	}
}

func TestAMalformedGlobMatchesNothing(t *testing.T) {
	for _, glob := range []string{"[", "[a", "[]", "[]a]", "[^]", "[a-]", "[-a]", `\`, `a\`, `[\`} {
		if _, err := path.Match(glob, "a"); err == nil {
			t.Errorf("%q is well-formed for package path", glob)
		}
		for _, text := range []string{"", "a", glob, "-", "]"} {
			if webhook.MatchGlob(glob, text) {
				t.Errorf("%q matches %q", glob, text)
			}
		}
	}
}

// TestAHostileGlobIsFast has a glob for which a matcher that goes back takes years.
func TestAHostileGlobIsFast(t *testing.T) {
	if webhook.MatchGlob(strings.Repeat("**a", 80)+"b", strings.Repeat("a", 4000)) {
		t.Error("it matches")
	}
}

// FuzzGlob compares globs without ** with package path, which knows only those.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"a*b?[c-e]", "aXXbYd"}, {`\**`, "*x"}, {"[^a]", "b"}, {"*/*", "a/b"},
		{"**/a", "b/a"}, {"[\xff]", "\xff"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, glob, text string) {
		if len(glob) > 300 || len(text) > 1000 {
			return
		}
		got := webhook.MatchGlob(glob, text)
		if strings.Contains(glob, "**") || !utf8.ValidString(glob) || !utf8.ValidString(text) {
			return
		}
		want, err := path.Match(glob, text)
		// In package path, a class may have a slash.
		if err == nil && got != want && !(strings.Contains(glob, "[") && strings.Contains(text, "/")) {
			t.Errorf("MatchGlob(%q, %q) = %v, path.Match says %v", glob, text, got, want)
		}
	})
}
