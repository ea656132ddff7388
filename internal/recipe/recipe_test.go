package recipe_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	deploymentID = "svc00000000000000000000001a2b3c4d5e6f7g8"
	password     = "it's $ecret \"42\"\\"
)

func shellApp(shell catalog.Shell) *catalog.Application {
	return &catalog.Application{Shell: &shell, Resource: resource("app000000000000000000001")}
}

func composeService(text string) *catalog.Service {
	return &catalog.Service{Compose: text, Resource: resource("svc000000000000000000001")}
}

func resource(id catalog.ID) catalog.Resource {
	return catalog.Resource{
		Meta:          catalog.Meta{ID: id, Name: "demo"},
		HealthTimeout: 90 * time.Second,
		Environment: []catalog.Variable{
			{Name: "GREETING", Value: "hello world"},
			{Name: "PASSWORD", Secret: true},
		},
	}
}

const redis = `services:
  redis:
    image: redis:7
    environment:
      REDIS_PASSWORD: ${PASSWORD}
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
`

// networked uses two external networks, one with a hostile name, and declares a third
// that it does not use.
const networked = `services:
  web:
    image: nginx
    networks: [default, shared, evil]
networks:
  shared: {external: true}
  evil: {external: true, name: "-x'; touch /tmp/evil; '$(id)"}
  unused: {external: true}
`

const built = `services:
  web:
    build: https://git.example/web.git#main
    healthcheck: {test: [CMD, "true"]}
`

// profiled is a service with a container that only a profile enables. That container
// has no health check, and a network of its own.
func profiled(profiles string) *catalog.Service {
	service := composeService(redis + `  job:
    image: job
    profiles: [jobs, all]
    networks: [jobs]
networks:
  jobs: {external: true}
`)
	service.Environment = append(service.Environment,
		catalog.Variable{Name: "COMPOSE_PROFILES", Value: profiles})
	return service
}

// wholeShell has a command of every kind.
var wholeShell = catalog.Shell{Start: "./run\n", Stop: "./halt", Health: "curl -fs localhost:8080\n"}

func TestBuild(t *testing.T) {
	for _, c := range buildCases {
		t.Run(c.name, func(t *testing.T) {
			plan, err := recipe.Build(recipe.Input{Resource: c.resource, DataDir: "/data/waybill",
				Deployment: deploymentID, Operation: c.operation, Options: c.options,
				Secrets: map[string]string{"PASSWORD": password}})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, c.name, describe(plan))
			for _, step := range plan.Job.Steps {
				if strings.Contains(step.Script, password) {
					t.Errorf("step %s holds a secret: %s", step.Name, step.Script)
				}
			}
		})
	}
}

// buildCases are the cases of TestBuild.
var buildCases = []struct {
	name      string
	resource  catalog.Deployable
	operation deployment.Operation
	options   deployment.Options
}{
	{
		name:      "shell-start",
		resource:  shellApp(wholeShell),
		operation: deployment.Start,
	},
	{
		name:      "shell-start-stop-before",
		resource:  shellApp(wholeShell),
		operation: deployment.Start,
		options:   deployment.Options{StopBeforeStart: true},
	},
	{
		name:      "shell-start-without-health",
		resource:  shellApp(catalog.Shell{Start: "./run"}),
		operation: deployment.Start,
	},
	{
		name:      "shell-stop",
		resource:  shellApp(wholeShell),
		operation: deployment.Stop,
	},
	{
		name:      "shell-stop-without-command",
		resource:  shellApp(catalog.Shell{Start: "./run"}),
		operation: deployment.Stop,
	},
	{
		name:      "shell-restart",
		resource:  shellApp(wholeShell),
		operation: deployment.Restart,
	},
	{
		name:      "shell-deploy",
		resource:  shellApp(wholeShell),
		operation: deployment.Deploy,
	},
	{
		name:      "service-start",
		resource:  composeService(redis),
		operation: deployment.Start,
	},
	{
		name:      "service-start-pull",
		resource:  composeService(redis),
		operation: deployment.Start,
		options:   deployment.Options{PullLatestImages: true},
	},
	{
		name:      "service-start-stop-before",
		resource:  composeService(redis),
		operation: deployment.Start,
		options:   deployment.Options{PullLatestImages: true, StopBeforeStart: true},
	},
	{
		name:      "service-start-force",
		resource:  composeService(redis),
		operation: deployment.Start,
		options:   deployment.Options{Force: true},
	},
	{
		name:      "service-stop",
		resource:  composeService(redis),
		operation: deployment.Stop,
	},
	{
		name:      "service-restart",
		resource:  composeService(redis),
		operation: deployment.Restart,
	},
	{
		name:      "service-deploy",
		resource:  composeService(redis),
		operation: deployment.Deploy,
	},
	{
		name:      "service-delete",
		resource:  composeService(redis),
		operation: deployment.Delete,
	},
	{
		name:      "service-delete-volumes",
		resource:  composeService(redis),
		operation: deployment.Delete,
		options:   deployment.Options{DeleteVolumes: true},
	},
	{
		name:      "service-networks",
		resource:  composeService(networked),
		operation: deployment.Start,
	},
	{
		name:      "service-profiles",
		resource:  profiled("jobs"),
		operation: deployment.Start,
	},
	{
		name:      "service-no-profiles",
		resource:  profiled(""),
		operation: deployment.Start,
	},
	{
		name:      "service-build",
		resource:  composeService(built),
		operation: deployment.Start,
	},
	{
		name:      "service-build-force-pull",
		resource:  composeService(built),
		operation: deployment.Restart,
		options:   deployment.Options{Force: true, PullLatestImages: true},
	},
	{
		name:      "service-without-health",
		resource:  composeService("services: {web: {image: nginx}}\n"),
		operation: deployment.Start,
	},
}

// describe writes a plan as text that a person can read.
func describe(plan recipe.Plan) string {
	var out strings.Builder
	fmt.Fprintf(&out, "status: %s\nforeign: %v\nspool: %s\ndir: %s\nfolder: %s\nenvironment file: %s\n",
		plan.Status, plan.Foreign, plan.Job.Spool, plan.Job.Dir, plan.Job.Folder, plan.Job.EnvironmentFile)
	for _, file := range plan.Job.Files {
		if path.Ext(file.Path) == ".sh" && strings.HasPrefix(file.Path, plan.Job.Spool+"/") {
			fmt.Fprintf(&out, "\n=== script %s\n", file.Path)
			continue
		}
		fmt.Fprintf(&out, "\n=== file %s mode %o\n%s", file.Path, file.Mode, file.Content)
	}
	for _, step := range plan.Job.Steps {
		fmt.Fprintf(&out, "\n=== step %s, on failure only: %v\n", step.Name, step.OnFailure)
		if step.Command != "" {
			fmt.Fprintf(&out, "$ %s\n", step.Command)
		}
		fmt.Fprintln(&out, step.Script)
	}
	return out.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; `make golden` writes it", err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("%s differs (-got +want):\n%s", path, diff)
	}
}

func TestBuildRefuses(t *testing.T) {
	t.Run("a secret variable that has no value", func(t *testing.T) {
		_, err := recipe.Build(recipe.Input{Resource: shellApp(catalog.Shell{Start: "true"}),
			Operation: deployment.Start})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(fault.Public(err), "PASSWORD") {
			t.Errorf("error = %v, want Invalid that names PASSWORD", err)
		}
	})
	t.Run("an application of no form", func(t *testing.T) {
		_, err := recipe.Build(recipe.Input{Resource: &catalog.Application{}, Operation: deployment.Start})
		if fault.KindOf(err) != fault.Internal || err == nil {
			t.Errorf("error = %v, want Internal", err)
		}
	})
}

// TestCheck compares the problems of each compose file in testdata/check with its golden
// file. The name of a file without problems ends in -allowed.
func TestCheck(t *testing.T) {
	corpusFiles(t, "testdata/check", func(t *testing.T, name, text string) {
		service := composeService(text)
		for range 3 { // the order must not depend on the order of a map
			found := problems(t, service)
			golden(t, "check/"+name, lines(found))
			if allowed := strings.HasSuffix(name, "-allowed"); allowed != (len(found) == 0) {
				t.Errorf("%d problems", len(found))
			}
			if strings.Contains(lines(found), "waybill-service") {
				t.Errorf("%q names a folder of Waybill", found)
			}
		}
	})
	t.Run("a file of 300 KB is refused", func(t *testing.T) {
		service := composeService("services: {web: {image: a}}\n#" + strings.Repeat("x", 300<<10))
		if got := lines(problems(t, service)); !strings.Contains(got, "at most 262144") {
			t.Errorf("problems %q, want the limit of 262144", got)
		}
	})
	t.Run("a shell application is accepted", func(t *testing.T) {
		app := shellApp(catalog.Shell{Start: "true"})
		if err := recipe.Check(t.Context(), app, &catalog.Server{}); err != nil {
			t.Error(err)
		}
	})
}

// problems are the problems that Check has with a service's compose file.
func problems(t *testing.T, service *catalog.Service) []string {
	t.Helper()
	err := recipe.Check(t.Context(), service, &catalog.Server{DataDir: "/data"})
	found := fault.Fields(err)["docker_compose"]
	if err != nil && (!errors.Is(err, fault.Invalid) || len(found) == 0) {
		t.Fatal(err)
	}
	return found
}

// lines is a text with one line for each of these.
func lines(texts []string) string { return strings.Join(append(slices.Clone(texts), ""), "\n") }
