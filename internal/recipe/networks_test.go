package recipe_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// only is a plan with only one step of the input's plan.
func only(t *testing.T, input recipe.Input, name string) recipe.Plan {
	t.Helper()
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range plan.Job.Steps {
		if step.Name == name {
			plan.Job.Steps = []remote.Step{step}
			return plan
		}
	}
	t.Fatalf("there is no step %s", name)
	return plan
}

func TestNetworksAreMadeWhenMissing(t *testing.T) {
	const evil = `-x'; touch /tmp/evil; '$(id)`
	s := newStub(t)
	service := composeService(networked)
	service.Environment = nil
	plan := only(t, recipe.Input{Resource: service, DataDir: t.TempDir(), Operation: deployment.Start},
		"Create networks")
	if r := perform(t, plan, s.environment()...)[0]; r.exit != 0 ||
		!strings.Contains(r.stdout, "Created the network shared.\n") {
		t.Errorf("%+v", r)
	}
	if got, want := s.read(t, "networks"), "bridge\n"+evil+"\nshared\n"; got != want {
		t.Errorf("networks are %q, want %q", got, want)
	}
	if r := perform(t, plan, s.environment()...)[0]; r.exit != 0 || r.stdout != "" {
		t.Errorf("the second time: %+v", r)
	}

	t.Run("those of a file in a repository too", func(t *testing.T) {
		s := newStub(t)
		// Docker compose writes the keys in order, one a line.
		config, err := os.ReadFile("testdata/networks.json")
		if err != nil {
			t.Fatal(err)
		}
		s.write(t, "config.json", string(config))
		app := composeApp(nil)
		app.Environment = nil
		plan := only(t, recipe.Input{Resource: app, DataDir: t.TempDir(), Operation: deployment.Start},
			"Create networks")
		if r := perform(t, plan, s.environment()...)[0]; r.exit != 0 {
			t.Errorf("%+v", r)
		}
		if got, want := s.read(t, "networks"), "bridge\n"+evil+"\nshared by *\n"; got != want {
			t.Errorf("networks are %q, want %q", got, want)
		}
	})
	t.Run("a docker that does not answer is a failure", func(t *testing.T) {
		s := newStub(t)
		s.write(t, "docker", `#!/bin/sh
case $* in *version*) exit 0 ;; esac
echo 'no daemon' >&2
exit 1
`)
		if r := perform(t, plan, s.environment()...)[0]; r.exit == 0 ||
			!strings.Contains(r.stderr, "no daemon") {
			t.Errorf("%+v", r)
		}
	})
}

// TestOneNetworkOfAName starts services at the same time that want the same network.
// Each has its own data directory, as several server entries for one machine have.
// Docker itself would make a second network of that name.
func TestOneNetworkOfAName(t *testing.T) {
	needEngine(t)
	name := fmt.Sprintf("waybill-race-%d", time.Now().UnixNano())
	ids := func() []string {
		said, err := exec.Command("docker", "network", "ls", "--quiet", "--filter", "name=^"+name+"$").
			Output()
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(said))
	}
	t.Cleanup(func() { _ = exec.Command("docker", append([]string{"network", "rm"}, ids()...)...).Run() })
	text := "services: {web: {image: nginx, networks: [shared]}}\n" +
		"networks: {shared: {external: true, name: " + name + "}}\n"
	var plans []recipe.Plan
	for range 16 {
		service := composeService(text)
		service.Environment = nil
		input := recipe.Input{Resource: service, DataDir: t.TempDir(), Operation: deployment.Start}
		plans = append(plans, only(t, input, "Create networks"))
	}
	var starts sync.WaitGroup
	for _, plan := range plans {
		starts.Go(func() {
			if r := perform(t, plan)[0]; r.exit != 0 {
				t.Errorf("%+v", r)
			}
		})
	}
	starts.Wait()
	if got := ids(); len(got) != 1 {
		t.Errorf("there are %d networks %s: %q", len(got), name, got)
	}
}
