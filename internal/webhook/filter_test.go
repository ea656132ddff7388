package webhook_test

import (
	"strings"
	"testing"

	"waybill/internal/webhook"
)

const (
	first  = "1111111111111111111111111111111111111111"
	second = "2222222222222222222222222222222222222222"
	zeros  = "0000000000000000000000000000000000000000"
)

func branch(name string, paths ...string) webhook.Push {
	return webhook.Push{Branch: name, Commit: second, Paths: paths, AllPaths: len(paths) > 0}
}

func tag(name string) webhook.Push { return webhook.Push{Tag: name, Commit: second} }

func TestAPushCountsByTheGlobsOfItsRule(t *testing.T) {
	for _, c := range []struct {
		name   string
		filter webhook.Filter
		push   webhook.Push
		// why is a part of the reason, or "" for a push that counts.
		why string
	}{
		{"the branch of the resource", webhook.Filter{Own: "live"}, branch("live"), ""},
		{"another branch", webhook.Filter{Own: "live"}, branch("main"),
			"is not the branch of the resource, live"},
		{"a tag without globs", webhook.Filter{Own: "live"}, tag("live"), "Tag live is not the branch"},
		{"the default branch", webhook.Filter{}, branch("main"), ""},
		{"not the default branch", webhook.Filter{}, branch("next"),
			"is not the branch of the resource, main"},
		{"a branch glob", webhook.Filter{Own: "live", Branches: []string{"release/*"}}, branch("release/1"),
			""},
		{"no branch glob", webhook.Filter{Own: "live", Branches: []string{"release/*"}}, branch("live"),
			"branches do not match live"},
		{"an excluded branch", webhook.Filter{Branches: []string{"*", "!wip-*"}}, branch("wip-1"),
			"branches do not match wip-1"},
		{"included again", webhook.Filter{Branches: []string{"*", "!wip-*", "wip-9"}}, branch("wip-9"), ""},
		{"only excluding", webhook.Filter{Branches: []string{"!wip-*"}}, branch("main"), ""},
		{"a tag glob", webhook.Filter{Tags: []string{"v*"}}, tag("v1.2"), ""},
		{"no tag glob", webhook.Filter{Tags: []string{"v*"}}, tag("nightly"), "tags do not match nightly"},
		{"a branch where only tags count", webhook.Filter{Tags: []string{"v*"}}, branch("v1"),
			"branches do not match v1"},
		{"a tag where only branches count", webhook.Filter{Branches: []string{"**"}}, tag("v1"),
			"tags do not match v1"},
		{"a watched file", webhook.Filter{Paths: []string{"src/**"}}, branch("main", "README", "src/a/b"),
			""},
		{"no watched file", webhook.Filter{Paths: []string{"src/**"}}, branch("main", "README", "docs/src"),
			"none of the 2 changed files"},
		{"an unwatched file", webhook.Filter{Paths: []string{"**", "!docs/**"}}, branch("main", "docs/a"),
			"none of the 1 changed"},
		{"unknown files", webhook.Filter{Paths: []string{"src/**"}}, branch("main"), ""},
		{"files of a tag", webhook.Filter{Tags: []string{"*"}, Paths: []string{"src/**"}}, tag("v1"), ""},
		{"a deletion", webhook.Filter{}, webhook.Push{Branch: "main"}, "Branch main was deleted"},
		{"a deleted tag", webhook.Filter{Tags: []string{"*"}}, webhook.Push{Tag: "v1"}, "Tag v1 was deleted"},
		{"a test", webhook.Filter{}, webhook.Push{Branch: "main", Commit: second, Unchanged: true},
			"is a test"},
		{"a mark", webhook.Filter{}, webhook.Push{Branch: "main", Commit: second, Skip: "[skip ci]"},
			"has [skip ci]"},
		{"another ref", webhook.Filter{Branches: []string{"**"}}, webhook.Push{Other: "refs/notes/x",
			Commit: second},
			"refs/notes/x is neither"},
	} {
		ok, why := c.filter.Match(c.push, "main")
		if ok != (c.why == "") || !strings.Contains(why, c.why) || ok && why != "" {
			t.Errorf("%s: counts %v, %q, want %q", c.name, ok, why, c.why)
		}
	}
	if ok, why := (webhook.Filter{}).Match(branch("main"), ""); ok || !strings.Contains(why,
		"Declare branches") {
		t.Errorf("without any known branch: counts %v, %q", ok, why)
	}
}
