package recipe_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

func TestForbidHostAccessRefusesShellApplications(t *testing.T) {
	app := shellApp(catalog.Shell{Start: "./run", Stop: "./halt"})
	t.Run("registration", func(t *testing.T) {
		err := recipe.Check(t.Context(), app, &catalog.Server{ForbidHostAccess: true})
		if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)["server_uuid"]) != 1 {
			t.Errorf("Check: %v %v, want Invalid of server_uuid", err, fault.Fields(err))
		}
	})
	for _, c := range []struct {
		operation deployment.Operation
		refused   bool
	}{
		{deployment.Start, true},
		{deployment.Restart, true},
		{deployment.Deploy, true},
		{deployment.Stop, false},
		{deployment.Delete, false},
	} {
		t.Run(string(c.operation), func(t *testing.T) {
			_, err := recipe.Build(recipe.Input{Resource: app, Operation: c.operation, ForbidHostAccess: true,
				Secrets: map[string]string{"PASSWORD": password}})
			if errors.Is(err, fault.Invalid) != c.refused {
				t.Errorf("got %v, want a refusal: %v", err, c.refused)
			}
		})
	}
}

// TestPolicyFollowsLinks has the script follow links that a repository or a container
// may have planted. The Go code cannot do that: it does not see the server.
func TestPolicyFollowsLinks(t *testing.T) {
	needCompose(t)
	here := newServer(t)
	plan := here.plan(t, "services: {web: {image: a}}\n", true)
	if err := os.MkdirAll(filepath.Join(plan.Job.Folder, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"root": "/", "inside": "data", "new": "missing", "control": plan.Job.Dir,
		"lost": "none/none", "later": "../svc000000000000000000002", "chain": "data/new",
		"data/new": "missing", "escape": "data/out", "data/out": "../../svc000000000000000000002",
		"circle": "circle"}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(plan.Job.Folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name, source string
		strict       bool // a strict server refuses this source
		lenient      bool // a server that forbids only what Waybill trusts refuses it too
	}{
		{name: "a link to /", source: "./root", strict: true},
		{name: "a path through a link, with ..", source: "./root/srv/../etc", strict: true},
		{name: "a system file through a link", source: "./root/etc/shadow", strict: true},
		{name: "an allowed folder through a link", source: "./root/srv"},
		{name: "a link to a folder next to it", source: "./inside"},
		{name: "a link to a folder that is made later", source: "./new"},
		{name: "a link out to a folder that is made later", source: "./later", strict: true},
		{name: "a chain of links to a folder that is made later", source: "./chain"},
		{name: "a chain of links out", source: "./escape", strict: true},
		{name: "links in a circle", source: "./circle", strict: true, lenient: true},
		{name: "a link to the control folder", source: "./control", strict: true, lenient: true},
		{name: "a link into a folder that is missing", source: "./lost", strict: true, lenient: true},
	} {
		text := "services: {web: {image: a, volumes: ['" + c.source + ":/x']}}\n"
		t.Run(c.name, func(t *testing.T) {
			eachMode(t, func(t *testing.T, forbids bool) {
				want := c.lenient
				if forbids {
					want = c.strict
				}
				if got := here.judged(t, here.plan(t, text, forbids)); want != (len(got) > 0) {
					t.Errorf("found %q, want a finding: %v", got, want)
				}
			})
		})
	}
}

// TestPolicyShowsNoLineOfAForbiddenFile checks that the log has no line of a forbidden
// file, although compose quotes lines of files that it cannot parse.
func TestPolicyShowsNoLineOfAForbiddenFile(t *testing.T) {
	needCompose(t)
	here := newServer(t)
	other := filepath.Join(here.data, "services", "svc000000000000000000002")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "file"), []byte("canary \"x\" y\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"env_file", "label_file"} {
		t.Run(key, func(t *testing.T) {
			text := "services: {web: {image: a, " + key + ": [../svc000000000000000000002/file]}}\n"
			r := perform(t, here.plan(t, text, true))[0]
			said := r.stdout + r.stderr
			if r.exit == 0 || !strings.Contains(said, "forbids access to ") {
				t.Errorf("exit %d, %q, want a finding", r.exit, said)
			}
			if strings.Contains(said, "canary") {
				t.Errorf("%q shows a line of the file", said)
			}
		})
	}
}

// TestPolicyRefusesUnknownJSONLayouts checks that JSON in another layout does not pass
// for a project without content: the script reads lines, as docker compose prints them.
func TestPolicyRefusesUnknownJSONLayouts(t *testing.T) {
	docker := t.TempDir()
	here := newServer(t, "PATH="+docker+":"+os.Getenv("PATH"))
	plan := func(t *testing.T) recipe.Plan { return here.plan(t, "services: {web: {image: a}}\n", true) }
	printed := []byte(`{
  "services": {
    "web": {
      "image": "a"
    }
  }
}
`)
	t.Run("the layout of docker compose is read", func(t *testing.T) {
		playCompose(t, docker, printed, printed)
		if r := perform(t, plan(t), here.environment...)[0]; r.exit != 0 {
			t.Errorf("exit %d, %q", r.exit, r.stderr)
		}
	})
	for _, c := range []struct {
		name     string
		resolved []byte
	}{
		{"all in one line", []byte(`{"services": {"web": {"privileged": true}}}`)},
		{"indented by tabs", bytes.ReplaceAll(printed, []byte("  "), []byte("\t"))},
		{"a brace on the line after its key", []byte(`{
  "services":
  {}
}
`)},
		{"cut off", printed[:len(printed)-3]},
		{"two documents", bytes.Repeat(printed, 2)},
		{"empty", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			playCompose(t, docker, printed, c.resolved)
			r := perform(t, plan(t), here.environment...)[0]
			if r.exit == 0 || !strings.Contains(r.stderr, "cannot read") {
				t.Errorf("exit %d, %q", r.exit, r.stderr)
			}
		})
	}
}

// TestPolicyReportsAllFindings checks that one attempt shows everything that is forbidden.
func TestPolicyReportsAllFindings(t *testing.T) {
	got := judged(t, `services:
  web:
    image: a
    privileged: true
    pid: host
    volumes: ['/:/a', '/etc:/b']
    env_file: /etc
`, true)
	if len(got) != 5 {
		t.Errorf("%d findings, want 5: %q", len(got), got)
	}
}
