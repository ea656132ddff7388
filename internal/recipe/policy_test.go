package recipe_test

import (
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
	err := recipe.Check(t.Context(), app, &catalog.Server{ForbidHostAccess: true})
	if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)["server_uuid"]) != 1 {
		t.Errorf("Check: %v %v, want Invalid of server_uuid", err, fault.Fields(err))
	}
	input := recipe.Input{Resource: app, ForbidHostAccess: true,
		Secrets: map[string]string{"PASSWORD": password}}
	for operation, refused := range map[deployment.Operation]bool{
		deployment.Start: true, deployment.Restart: true, deployment.Deploy: true,
		deployment.Stop: false, deployment.Delete: false} {
		input.Operation = operation
		if _, err := recipe.Build(input); errors.Is(err, fault.Invalid) != refused {
			t.Errorf("%s: %v, refused should be %v", operation, err, refused)
		}
	}
}

// TestPolicyFollowsLinks has the script follow links that a repository or a container
// may have planted. The Go code cannot do that: it does not see the server.
func TestPolicyFollowsLinks(t *testing.T) {
	needCompose(t)
	here := newServer(t)
	plan := here.plan(t, "services: {web: {image: a}}\n", true)
	if err := os.MkdirAll(plan.Job.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"root": "/", "inside": "data", "control": plan.Job.Dir, "lost": "none/none"}
	for name, target := range links {
		if err := os.Symlink(target, filepath.Join(plan.Job.Folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		place             string
		forbidden, always bool
	}{
		{"./root", true, false},
		{"./root/srv/../etc", true, false},
		{"./root/etc/shadow", true, false},
		{"./root/srv", false, false},
		{"./inside", false, false},
		{"./control", true, true},
		{"./lost", true, true},
	} {
		for mode, forbids := range modes {
			text := "services: {web: {image: a, volumes: ['" + c.place + ":/x']}}\n"
			found := here.judged(t, here.plan(t, text, forbids))
			if want := c.always || c.forbidden && forbids; want != (len(found) > 0) {
				t.Errorf("%s where %s is forbidden: %q, want a finding: %v", c.place, mode, found, want)
			}
		}
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
		plan := here.plan(t, "services: {web: {image: a, "+key+": [../svc000000000000000000002/file]}}\n",
			true)
		r := perform(t, plan)[0]
		said := r.stdout + r.stderr
		if r.exit == 0 || !strings.Contains(said, "forbids access to ") || strings.Contains(said, "canary") {
			t.Errorf("%s: exit %d, %q", key, r.exit, said)
		}
	}
}

// TestPolicyRefusesFormsThatItCannotRead checks that another form of JSON does not pass
// for a project without content.
func TestPolicyRefusesFormsThatItCannotRead(t *testing.T) {
	docker := t.TempDir()
	here := newServer(t, "PATH="+docker+":"+os.Getenv("PATH"))
	const small = "services: {web: {image: a}}\n"
	good := "{\n  \"services\": {\n    \"web\": {\n      \"image\": \"a\"\n    }\n  }\n}\n"
	for name, text := range map[string]string{
		"in one line":          `{"services": {"web": {"privileged": true}}}`,
		"with other blanks":    strings.ReplaceAll(good, "  ", "\t"),
		"with a key on a line": "{\n  \"services\":\n  {}\n}\n",
		"cut off":              good[:len(good)-3],
		"followed by another":  good + good,
		"nothing":              "",
	} {
		playCompose(t, docker, []byte(good), []byte(text))
		r := perform(t, here.plan(t, small, true), here.environment...)[0]
		if r.exit == 0 || !strings.Contains(r.stderr, "cannot read") {
			t.Errorf("%s: exit %d, %q", name, r.exit, r.stderr)
		}
	}
	playCompose(t, docker, []byte(good), []byte(good))
	if r := perform(t, here.plan(t, small, true), here.environment...)[0]; r.exit != 0 {
		t.Errorf("a form that it knows: exit %d, %q", r.exit, r.stderr)
	}
}

// TestPolicyNamesEverything checks that one attempt shows everything that is forbidden.
func TestPolicyNamesEverything(t *testing.T) {
	text := "services:\n  web: {image: a, privileged: true, pid: host, volumes: ['/:/a', '/etc:/b'], " +
		"env_file: /etc}\n"
	if got := judged(t, text, true); len(got) != 5 {
		t.Errorf("%d reasons, want 5: %q", len(got), got)
	}
}
