package e2e_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"waybill/internal/template/templatetest"
)

// serviceDomain is the domain of the server on which templates run.
const serviceDomain = "apps.example.com"

// TestTemplates starts a service from each file of the corpus and runs the checks of the
// file in its containers. After that it looks for the generated secrets in all places
// where none may be.
func TestTemplates(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	w := stack(t)
	s := w.newStage(t, watch(t), words{"service_domain": serviceDomain, "concurrency": 6})
	t.Run("files", func(t *testing.T) {
		for _, c := range templatetest.Corpus(t) {
			// LocalStack runs one deployment after the other.
			if os.Getenv("EMULATOR") != "ministack" && c.Name != "passwords" && c.Name != "files" {
				continue
			}
			t.Run(c.Name, func(t *testing.T) {
				t.Parallel()
				runTemplate(t, s, c)
			})
		}
	})
	t.Run("no generated secret was or is anywhere", func(t *testing.T) {
		s.spy.wantNothing(t, w, s.folder)
	})
}

// runTemplate takes a service through its life. Its generated values must stay the same
// through restarts and changes.
func runTemplate(t *testing.T, s *stage, c templatetest.Case) {
	t.Helper()
	r := s.serve(t, c.Text, nil)
	r.hideGenerated(t)
	if slices.ContainsFunc(c.Checks, func(check templatetest.Check) bool {
		return strings.Contains(check.Command, "$REQUIRED")
	}) {
		r.fail(t, "start", nil, "configuration", "the variable TO_BE_GIVEN must have a value")
		if err := s.w.api.Do(t.Context(), "PATCH", at(r.uuid)+"/envs", words{
			"key": "TO_BE_GIVEN", "value": templatetest.Required, "is_secret": false,
		}, nil); err != nil {
			t.Fatal(err)
		}
	}
	r.succeed(t, "start", nil, "running:healthy")
	r.wantChecks(t, c)
	r.wantLook(t, "running:healthy")
	before := r.environments(t)

	r.change(t, words{"environment": []words{plainly("TO_BE_GIVEN", templatetest.Required)},
		"docker_compose": c.Text + "\nx-changed: true\n"})
	r.succeed(t, "restart", nil, "running:healthy")
	r.wantChecks(t, c)
	if c.Name == "files" { // each round of checks has added a line to the file that began empty
		got := docker(t, "exec", r.containersOf(t, "web")[0], "grep", "-c", "more", "/state.db")
		if got != "2" {
			t.Errorf("the file that began empty has %s lines, want 2", got)
		}
	}
	if after := r.environments(t); after != before {
		t.Error("the containers have other variables after a change and a restart")
	}
	r.remove(t, true)
}

// hideGenerated gives the spy the secrets that were generated for the service. They must be
// in no answer but the one for a token with read:sensitive.
func (r *resource) hideGenerated(t *testing.T) {
	t.Helper()
	var variables []struct {
		Key      string
		Value    *string
		IsSecret bool `json:"is_secret"`
	}
	r.w.get(t, at(r.uuid)+"/envs", &variables)
	for _, v := range variables {
		if v.IsSecret && v.Value != nil {
			r.spy.hide(v.Key+" of "+r.uuid, *v.Value)
		}
	}
	var shown string
	r.w.get(t, at(r.uuid), &shown)
	r.spy.note("the service "+r.uuid, shown)
}

// wantChecks runs the checks of the file in the containers.
func (r *resource) wantChecks(t *testing.T, c templatetest.Case) {
	t.Helper()
	for _, check := range c.Checks {
		said, err := exec.Command("docker", "exec", r.containersOf(t, check.Service)[0], "sh", "-c",
			check.Command).CombinedOutput()
		if err != nil || !check.Matches(t, string(said), r.uuid, "https", serviceDomain) {
			t.Errorf("%s: %q (%v)", check, said, err)
		}
	}
}

// containersOf are the ids of the containers of a compose service.
func (r *resource) containersOf(t *testing.T, service string) []string {
	t.Helper()
	ids := strings.Fields(docker(t, "ps", "--quiet", "--filter", "label=com.docker.compose.project="+r.uuid,
		"--filter", "label=com.docker.compose.service="+service))
	if len(ids) == 0 {
		t.Fatalf("%s has no container", service)
	}
	return ids
}

// environments are the variables of the containers that the file gives them, sorted.
func (r *resource) environments(t *testing.T) string {
	t.Helper()
	var all []string
	for _, name := range r.containers(t) {
		for line := range strings.Lines(docker(t, "container", "inspect", "--format",
			"{{range .Config.Env}}{{println .}}{{end}}", name)) {
			all = append(all, name+" "+strings.TrimSpace(line))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}
