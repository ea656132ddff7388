package webhook_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/webhook"
)

// object is a part of a delivery. A test changes one member of an event that is otherwise as
// the forge sends it.
type object = map[string]any

func gitHubPush() object {
	head := object{"id": second, "tree_id": first, "distinct": true,
		"message": "Fix the basket\n\nIt was empty.", "timestamp": "2026-03-02T10:11:12+01:00",
		"url":       "https://github.com/acme/shop/commit/" + second,
		"author":    object{"name": "Ada L.", "email": "ada@example.com", "username": "ada"},
		"committer": object{"name": "GitHub", "email": "noreply@github.com", "username": "web-flow"},
		"added":     []string{"src/basket.go"}, "removed": []string{"src/bag.go"},
		"modified": []string{"README.md", "src/basket.go"}}
	return object{"ref": "refs/heads/main", "before": first, "after": second, "created": false,
		"deleted": false, "forced": false, "base_ref": nil,
		"compare": "https://github.com/acme/shop/compare/1...2",
		"repository": object{"id": 1296269, "name": "shop", "full_name": "acme/shop", "private": true,
			"default_branch": "main", "created_at": 1_690_000_000, "pushed_at": 1_772_442_672,
			"owner": object{"name": "acme", "login": "acme", "id": 1}},
		"pusher": object{"name": "ada", "email": "ada@example.com"},
		"sender": object{"login": "ada", "id": 1, "type": "User"}, "commits": []object{head},
		"head_commit": head}
}

func gitLabPush() object {
	return object{"object_kind": "push", "event_name": "push", "before": first, "after": second,
		"ref": "refs/heads/main", "ref_protected": true, "checkout_sha": second, "message": nil,
		"user_id": 4, "user_name": "Ada L.", "user_username": "ada", "user_email": "", "project_id": 15,
		"project": object{"id": 15, "name": "shop", "path_with_namespace": "acme/shop",
			"default_branch": "main",
			"git_http_url":   "https://gitlab.example.com/acme/shop.git"},
		"commits": []object{
			{"id": first, "message": "Before", "title": "Before", "timestamp": "2026-03-02T10:00:00+01:00",
				"author": object{"name": "Bob", "email": "[REDACTED]"}, "added": []string{"src/bag.go"},
				"modified": []string{}, "removed": []string{}},
			{"id": second, "message": "Fix the basket\n\nIt was empty.\n", "title": "Fix the basket",
				"timestamp": "2026-03-02T10:11:12+01:00", "author": object{"name": "Ada L.",
					"email": "[REDACTED]"},
				"added": []string{"src/basket.go"}, "modified": []string{"README.md"},
				"removed": []string{}}},
		"total_commits_count": 2, "push_options": object{}}
}

func giteaPush() object {
	head := object{"id": second, "message": "Fix the basket\n\nIt was empty.\n",
		"url": "https://git.example.com/acme/shop/commit/" + second, "verification": nil,
		"author":    object{"name": "Ada L.", "email": "ada@example.com", "username": "ada"},
		"timestamp": "2026-03-02T10:11:12+01:00", "added": []string{"src/basket.go"}, "removed": []string{},
		"modified": []string{"README.md"}}
	return object{"ref": "refs/heads/main", "before": first, "after": second,
		"compare_url": "https://git.example.com/acme/shop/compare/1...2", "commits": []object{head},
		"total_commits": 1, "head_commit": head,
		"repository": object{"id": 7, "name": "shop", "default_branch": "main",
			"updated_at": "2026-03-02T09:00:00Z"},
		"pusher": object{"id": 1, "login": "ada"}, "sender": object{"id": 1, "login": "ada"}}
}

func cloudPush() object {
	ref := func(kind, name, hash, message string) object {
		return object{"type": kind, "name": name, "target": object{"type": "commit", "hash": hash,
			"date": "2026-03-02T09:11:12+00:00", "message": message,
			"author": object{"type": "author", "raw": "Ada L. <ada@example.com>",
				"user": object{"type": "user", "display_name": "Ada L.", "nickname": "ada"}}}}
	}
	return object{"actor": object{"type": "user", "display_name": "Ada L."},
		"repository": object{"type": "repository", "full_name": "acme/shop", "name": "shop", "uuid": "{7}"},
		"push": object{"changes": []object{
			{"new": ref("branch", "main", second, "Fix the basket\n\nIt was empty.\n"),
				"old": ref("branch", "main", first, "Before"), "created": false, "closed": false,
				"forced": false, "truncated": false,
				"commits": []object{{"hash": second, "type": "commit", "message": "Fix the basket\n"}}}}}}
}

func dataCenterPush() object {
	return object{"eventKey": "repo:refs_changed", "date": "2026-03-02T10:11:13+0100",
		"actor": object{"name": "ada", "emailAddress": "ada@example.com", "displayName": "Ada L.",
			"slug": "ada"},
		"repository": object{"slug": "shop", "id": 84, "name": "shop", "project": object{"key": "ACME"}},
		"changes": []object{{"ref": object{"id": "refs/heads/main", "displayId": "main", "type": "BRANCH"},
			"refId": "refs/heads/main", "fromHash": first, "toHash": second, "type": "UPDATE"}},
		"commits": []object{},
		"toCommit": object{"id": second, "displayId": second[:11],
			"message": "Fix the basket\n\nIt was empty.",
			"author":  object{"name": "Ada L.", "emailAddress": "ada@example.com"}}}
}

// forges has a push of each forge with its header and its paths.
var forges = []struct {
	name     string
	provider webhook.Provider
	header   http.Header
	event    func() object
	paths    []string
	at       time.Time
	known    bool // the forge says which branch is the default
}{
	{"GitHub", webhook.GitHub, headers("X-GitHub-Event", "push"), gitHubPush,
		[]string{"src/basket.go", "src/bag.go", "README.md"}, time.Date(2026, 3, 2, 9, 11, 12, 0, time.UTC),
		true},
	{"GitLab", webhook.GitLab, headers("X-Gitlab-Event", "Push Hook"), gitLabPush,
		[]string{"src/bag.go", "src/basket.go", "README.md"}, time.Time{}, true},
	{"Gitea", webhook.Gitea, headers("X-Gitea-Event", "push", "X-GitHub-Event", "push"), giteaPush,
		[]string{"src/basket.go", "README.md"}, time.Time{}, true},
	{"Forgejo", webhook.Gitea, headers("X-Forgejo-Event", "push", "X-Gitea-Event", "push"), giteaPush,
		[]string{"src/basket.go", "README.md"}, time.Time{}, true},
	{"Bitbucket Cloud", webhook.Bitbucket, headers("X-Event-Key", "repo:push"), cloudPush, nil, time.Time{},
		false},
	{"Bitbucket Data Center", webhook.Bitbucket, headers("X-Event-Key", "repo:refs_changed"), dataCenterPush,
		nil, time.Date(2026, 3, 2, 9, 11, 13, 0, time.UTC), false},
}

func parse(t *testing.T, p webhook.Provider, header http.Header, event any) (webhook.Notice, error) {
	t.Helper()
	body, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return webhook.Parse(p, header, body)
}

func TestAPushOfEachForge(t *testing.T) {
	for _, forge := range forges {
		t.Run(forge.name, func(t *testing.T) {
			got, err := parse(t, forge.provider, forge.header, forge.event())
			want := webhook.Notice{Pushes: []webhook.Push{{Branch: "main", Commit: second,
				Message: "Fix the basket", Author: "Ada L.", Paths: forge.paths, AllPaths: forge.paths != nil,
				At: forge.at}}}
			if forge.known {
				want.DefaultBranch = "main"
			}
			if diff := cmp.Diff(got, want); diff != "" || err != nil {
				t.Errorf("%v, (-got +want):\n%s", err, diff)
			}
		})
	}
}

// place finds the object at the path in an event.
func place(event object, path ...string) object {
	for _, name := range path {
		if list, is := event[name].([]object); is {
			event = list[0]
		} else {
			event = event[name].(object)
		}
	}
	return event
}

func TestOtherPushes(t *testing.T) {
	const tagObject = "3333333333333333333333333333333333333333"
	deleteTag := func(e object) {
		e["ref"], e["before"], e["after"], e["commits"] = "refs/tags/v1", first, zeros, []object{}
		e["head_commit"], e["checkout_sha"] = nil, nil
	}
	for _, c := range []struct {
		name   string
		forges string
		change func(object)
		want   func(*webhook.Push)
	}{
		{"an annotated tag", "GitHub Gitea", func(e object) {
			e["ref"], e["before"], e["after"], e["commits"] = "refs/tags/v1", zeros, tagObject, []object{}
		}, func(p *webhook.Push) { p.Branch, p.Tag, p.Paths, p.AllPaths = "", "v1", nil, false }},
		{"an annotated tag", "GitLab", func(e object) {
			e["object_kind"], e["ref"], e["before"], e["after"] = "tag_push", "refs/tags/v1", zeros, tagObject
		}, func(p *webhook.Push) { p.Branch, p.Tag, p.AllPaths = "", "v1", false }},
		{"a deleted tag", "GitHub Gitea", deleteTag, func(p *webhook.Push) {
			*p = webhook.Push{Tag: "v1", At: p.At}
		}},
		{"a deleted tag", "GitLab", deleteTag, func(p *webhook.Push) {
			*p = webhook.Push{Tag: "v1", Author: "Ada L."}
		}},
		{"a deleted branch", "Bitbucket Cloud", func(e object) { place(e, "push", "changes")["new"] = nil },
			func(p *webhook.Push) { *p = webhook.Push{Branch: "main"} }},
		{"a deleted branch", "Bitbucket Data Center", func(e object) {
			place(e,
				"changes")["toHash"] = zeros
		},
			func(p *webhook.Push) { *p = webhook.Push{Branch: "main", At: p.At, Author: "Ada L."} }},
		{"a tag", "Bitbucket Cloud", func(e object) {
			place(e, "push", "changes")["old"] = nil
			place(e, "push", "changes", "new")["type"] = "tag"
		}, func(p *webhook.Push) { p.Branch, p.Tag = "", "main" }},
		{"a new branch", "GitHub GitLab Gitea", func(e object) { e["before"] = zeros },
			func(p *webhook.Push) { p.AllPaths = false }},
		{"no commits", "GitHub Gitea", func(e object) { e["commits"] = nil },
			func(p *webhook.Push) { p.Paths, p.AllPaths = nil, false }},
		{"a rewritten history", "GitHub", func(e object) { e["forced"] = true },
			func(p *webhook.Push) { p.AllPaths = false }},
		{"commits that are left out", "GitLab", func(e object) { e["total_commits_count"] = 21 },
			func(p *webhook.Push) { p.AllPaths = false }},
		{"commits that are left out", "Gitea", func(e object) { e["total_commits"] = 31 },
			func(p *webhook.Push) { p.AllPaths = false }},
		{"a test", "GitHub GitLab Gitea", func(e object) { e["before"] = second },
			func(p *webhook.Push) { p.Unchanged = true }},
		{"a mark in the text", "GitHub Gitea", func(e object) {
			place(e, "head_commit")["message"] = "Fix\n\nnot yet [Skip CI]"
		}, func(p *webhook.Push) { p.Message, p.Skip = "Fix", "[skip ci]" }},
		{"a mark", "Bitbucket Cloud", func(e object) {
			place(e, "push", "changes", "new", "target")["message"] = "[skip cd] Fix"
		}, func(p *webhook.Push) { p.Message, p.Skip = "[skip cd] Fix", "[skip cd]" }},
		{"another ref", "GitHub GitLab Gitea", func(e object) { e["ref"] = "refs/notes/commits" },
			func(p *webhook.Push) { p.Branch, p.Other = "", "refs/notes/commits" }},
		{"a hash of SHA-256", "GitHub Gitea", func(e object) {
			place(e, "head_commit")["id"] = strings.Repeat("ab", 32)
		}, func(p *webhook.Push) { p.Commit = strings.Repeat("ab", 32) }},
		{"no head", "GitHub", func(e object) { e["head_commit"] = nil },
			func(p *webhook.Push) { p.Message, p.Author = "", "" }},
		{"no head", "Gitea", func(e object) { delete(e, "head_commit") }, func(*webhook.Push) {}},
		{"a time without a form", "GitHub", func(e object) { place(e, "repository")["pushed_at"] = "soon" },
			func(p *webhook.Push) { p.At = time.Time{} }},
		{"a time as text", "GitHub", func(e object) {
			place(e,
				"repository")["pushed_at"] = "2026-03-02T09:11:12Z"
		},
			func(*webhook.Push) {}},
		{"an author without a user", "Bitbucket Cloud", func(e object) {
			delete(place(e, "push", "changes", "new", "target", "author"), "user")
		}, func(*webhook.Push) {}},
		{"an old version", "Bitbucket Data Center", func(e object) { delete(e, "toCommit") },
			func(p *webhook.Push) { p.Message = "" }},
	} {
		for _, forge := range forges {
			if !strings.Contains(c.forges, forge.name) {
				continue
			}
			before, err := parse(t, forge.provider, forge.header, forge.event())
			if err != nil {
				t.Fatal(err)
			}
			want := before.Pushes[0]
			c.want(&want)
			event := forge.event()
			c.change(event)
			got, err := parse(t, forge.provider, forge.header, event)
			if diff := cmp.Diff(got.Pushes, []webhook.Push{want}); diff != "" || err != nil {
				t.Errorf("%s, %s: %v, (-got +want):\n%s", forge.name, c.name, err, diff)
			}
		}
	}
}

func TestBitbucketSendsSeveralRefsAtOnce(t *testing.T) {
	event := cloudPush()
	changes := event["push"].(object)["changes"].([]object)
	second := place(cloudPush(), "push", "changes")
	second["new"].(object)["name"] = "next"
	event["push"].(object)["changes"] = append(changes, second)
	got, err := parse(t, webhook.Bitbucket, headers("X-Event-Key", "repo:push"), event)
	if err != nil || len(got.Pushes) != 2 || got.Pushes[1].Branch != "next" {
		t.Errorf("%+v, %v, want main and next", got, err)
	}
}

func TestPingsAndOtherEvents(t *testing.T) {
	for _, c := range []struct {
		provider webhook.Provider
		header   http.Header
		body     object
		ping     bool
		other    string
	}{
		{webhook.GitHub, headers("X-GitHub-Event", "ping"), object{"zen": "Design for failure.",
			"hook_id": 1},
			true, ""},
		{webhook.GitHub, headers("X-GitHub-Event", "issues"), object{"action": "opened"}, false, "issues"},
		{webhook.GitHub, headers(), gitHubPush(), false, "without a name"},
		{webhook.GitHub, headers("X-GitHub-Event", "is\nsues"), object{}, false, "is sues"},
		{webhook.GitLab, headers(), object{"object_kind": "merge_request"}, false, "merge_request"},
		{webhook.Gitea, headers("X-Gitea-Event", "create"), object{"ref": "v1"}, false, "create"},
		{webhook.Bitbucket, headers("X-Event-Key", "diagnostics:ping"), object{"test": true}, true, ""},
		{webhook.Bitbucket, headers("X-Event-Key", "repo:fork"), object{}, false, "repo:fork"},
	} {
		got, err := parse(t, c.provider, c.header, c.body)
		if err != nil || got.Ping != c.ping || got.Other != c.other || got.Pushes != nil {
			t.Errorf("%s %v: %+v, %v", c.provider, c.header, got, err)
		}
	}
}

func TestAMalformedPushNamesItsField(t *testing.T) {
	refs := []string{"", "refs/heads/", "refs/heads/-x", "refs/heads/a..b", "refs/heads/a b",
		"refs/heads/a\nb",
		"refs/tags/x.lock", "refs/heads/" + strings.Repeat("x", 300), "refs/heads/$(id)*", "HEAD"}
	hashes := []string{"", "main", first[1:], first + "0", strings.ToUpper("a" + first[1:]), "-" + first[1:],
		"$(" + first[2:], strings.Repeat("0", 41)}
	for _, c := range []struct {
		forges, field string
		values        []string
		set           func(event object, value string)
	}{
		{"GitHub GitLab Gitea", "ref", refs, func(e object, v string) { e["ref"] = v }},
		{"GitHub GitLab Gitea", "after", hashes, func(e object, v string) { e["after"] = v }},
		{"GitHub Gitea", "head_commit.id", hashes, func(e object, v string) {
			place(e,
				"head_commit")["id"] = v
		}},
		{"GitLab", "checkout_sha", hashes, func(e object, v string) { e["checkout_sha"] = v }},
		{"Bitbucket Cloud", "push.changes.0.new.name", []string{"", "-x", "a..b", "a\x00b"},
			func(e object, v string) { place(e, "push", "changes", "new")["name"] = v }},
		{"Bitbucket Cloud", "push.changes.0.new.type", []string{"", "bookmark"},
			func(e object, v string) { place(e, "push", "changes", "new")["type"] = v }},
		{"Bitbucket Cloud", "push.changes.0.new.target.hash", hashes,
			func(e object, v string) { place(e, "push", "changes", "new", "target")["hash"] = v }},
		{"Bitbucket Cloud", "push.changes.0.new", []string{""}, func(e object, _ string) {
			place(e, "push", "changes")["new"], place(e, "push", "changes")["old"] = nil, nil
		}},
		{"Bitbucket Cloud", "push.changes", []string{""}, func(e object, _ string) {
			place(e, "push")["changes"] = []object{}
		}},
		{"Bitbucket Cloud", "push", []string{""}, func(e object, _ string) { delete(e, "push") }},
		{"Bitbucket Data Center", "changes.0.ref.id", refs,
			func(e object, v string) { place(e, "changes", "ref")["id"] = v }},
		{"Bitbucket Data Center", "changes.0.toHash", hashes,
			func(e object, v string) { place(e, "changes")["toHash"] = v }},
		{"Bitbucket Data Center", "changes", []string{""}, func(e object, _ string) { delete(e, "changes") }},
	} {
		for _, forge := range forges {
			for _, value := range c.values {
				if !slices.Contains(strings.Split(c.forges, " "), forge.name) && c.forges != forge.name {
					continue
				}
				event := forge.event()
				c.set(event, value)
				_, err := parse(t, forge.provider, forge.header, event)
				if fields := fault.Fields(err); !errors.Is(err, fault.Invalid) || fields[c.field] == nil {
					t.Errorf("%s, %s is %q: %v, fields %v", forge.name, c.field, value, err, fields)
				}
			}
		}
	}
	for _, forge := range forges {
		for _, body := range []string{"", "{", "[]", `"x"`, "null x",
			`{"ref":"refs/heads/m` + "\xff" + `"}`} {
			if _, err := webhook.Parse(forge.provider, forge.header, []byte(body)); !errors.Is(err,
				fault.Invalid) {
				t.Errorf("%s: the body %q gives %v, want Invalid", forge.name, body, err)
			}
		}
	}
	if _, err := webhook.Parse(webhook.Generic, nil, nil); !errors.Is(err, fault.Internal) {
		t.Errorf("a push of a generic sender: %v, want Internal", err)
	}
}

func TestTextsAreBoundedAndHaveOneLine(t *testing.T) {
	event := gitHubPush()
	place(event, "head_commit")["message"] = "\n\t" + strings.Repeat("ü", 300) + "\nmore"
	place(event, "head_commit", "author")["name"] = "A\u202eda\x1b[31m\u2028" + strings.Repeat("x", 200)
	got, err := parse(t, webhook.GitHub, headers("X-GitHub-Event", "push"), event)
	if err != nil {
		t.Fatal(err)
	}
	push := got.Pushes[0]
	if len(push.Message) > webhook.MaxMessage || !utf8.ValidString(push.Message) ||
		!strings.HasPrefix(push.Message, "üüü") || !strings.HasSuffix(push.Message, "ü…") {
		t.Errorf("message %q", push.Message)
	}
	if len(push.Author) > webhook.MaxAuthor || !strings.HasPrefix(push.Author, "A da [31m x") {
		t.Errorf("author %q", push.Author)
	}
}

func TestManyFilesAreNotAllLookedAt(t *testing.T) {
	event := gitHubPush()
	var files []string
	for i := range webhook.MaxPaths + 1 {
		files = append(files, fmt.Sprint("file", i))
	}
	place(event, "commits")["added"] = files
	got, err := parse(t, webhook.GitHub, headers("X-GitHub-Event", "push"), event)
	if err != nil || len(got.Pushes[0].Paths) != webhook.MaxPaths || got.Pushes[0].AllPaths {
		t.Errorf("%d paths, all is %v, %v", len(got.Pushes[0].Paths), got.Pushes[0].AllPaths, err)
	}
}

// fuzz feeds a parser. It must not break, and what it accepts is safe on a command line.
func fuzz(f *testing.F, name string) {
	for _, forge := range forges {
		if !strings.HasPrefix(forge.name, name) {
			continue
		}
		body, err := json.Marshal(forge.event())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(forge.header.Get("X-Event-Key"), body)
		f.Add("", []byte(strings.ReplaceAll(string(body), second, zeros)))
	}
	f.Fuzz(func(t *testing.T, event string, body []byte) {
		for _, forge := range forges {
			if !strings.HasPrefix(forge.name, name) {
				continue
			}
			header := forge.header.Clone()
			if event != "" {
				header.Set("X-Event-Key", event)
			}
			notice, err := webhook.Parse(forge.provider, header, body)
			if err != nil {
				if !errors.Is(err, fault.Invalid) {
					t.Fatalf("%v is not Invalid", err)
				}
				continue
			}
			for _, push := range notice.Pushes {
				safe(t, push)
			}
		}
	})
}

func safe(t *testing.T, push webhook.Push) {
	t.Helper()
	named := 0
	for _, name := range []string{push.Branch, push.Tag, push.Other} {
		if name != "" {
			named++
			if !catalog.IsRef(name) || strings.HasPrefix(name, "-") {
				t.Errorf("%q is no ref", name)
			}
		}
	}
	if named != 1 {
		t.Errorf("%+v names %d refs, want 1", push, named)
	}
	if push.Commit != "" && strings.Trim(push.Commit, "0123456789abcdef") != "" {
		t.Errorf("%q is no hash", push.Commit)
	}
	for _, text := range []string{push.Message, push.Author} {
		if len(text) > webhook.MaxMessage || strings.ContainsAny(text, "\n\r\x00\x1b") {
			t.Errorf("%q is not one short line", text)
		}
	}
	webhook.Filter{Branches: []string{"**"}, Paths: []string{"src/**"}}.Match(push, "main")
}

func FuzzGitHub(f *testing.F)    { fuzz(f, "GitHub") }
func FuzzGitLab(f *testing.F)    { fuzz(f, "GitLab") }
func FuzzGitea(f *testing.F)     { fuzz(f, "Gitea") }
func FuzzBitbucket(f *testing.F) { fuzz(f, "Bitbucket") }
