package recipe_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
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

func TestBuild(t *testing.T) {
	whole := catalog.Shell{Start: "./run\n", Stop: "./halt", Health: "curl -fs localhost:8080\n"}
	for _, c := range []struct {
		name      string
		resource  catalog.Deployable
		operation deployment.Operation
		options   deployment.Options
	}{
		{"shell-start", shellApp(whole), deployment.Start, deployment.Options{}},
		{"shell-start-stop-before", shellApp(whole), deployment.Start,
			deployment.Options{StopBeforeStart: true}},
		{"shell-start-without-health", shellApp(catalog.Shell{Start: "./run"}), deployment.Start,
			deployment.Options{}},
		{"shell-stop", shellApp(whole), deployment.Stop, deployment.Options{}},
		{"shell-stop-without-command", shellApp(catalog.Shell{Start: "./run"}), deployment.Stop,
			deployment.Options{}},
		{"shell-restart", shellApp(whole), deployment.Restart, deployment.Options{}},
		{"shell-deploy", shellApp(whole), deployment.Deploy, deployment.Options{}},
		{"service-start", composeService(redis), deployment.Start, deployment.Options{}},
		{"service-start-pull", composeService(redis), deployment.Start,
			deployment.Options{PullLatestImages: true}},
		{"service-start-stop-before", composeService(redis), deployment.Start,
			deployment.Options{PullLatestImages: true, StopBeforeStart: true}},
		{"service-start-force", composeService(redis), deployment.Start, deployment.Options{Force: true}},
		{"service-stop", composeService(redis), deployment.Stop, deployment.Options{}},
		{"service-restart", composeService(redis), deployment.Restart, deployment.Options{}},
		{"service-deploy", composeService(redis), deployment.Deploy, deployment.Options{}},
		{"service-delete", composeService(redis), deployment.Delete, deployment.Options{}},
		{"service-delete-volumes", composeService(redis), deployment.Delete,
			deployment.Options{DeleteVolumes: true}},
		{"service-networks", composeService(networked), deployment.Start, deployment.Options{}},
		{"service-profiles", profiled("jobs"), deployment.Start, deployment.Options{}},
		{"service-no-profiles", profiled(""), deployment.Start, deployment.Options{}},
		{"service-build", composeService(built), deployment.Start, deployment.Options{}},
		{"service-build-force-pull", composeService(built), deployment.Restart,
			deployment.Options{Force: true, PullLatestImages: true}},
		{"service-without-health", composeService("services: {web: {image: nginx}}\n"), deployment.Start,
			deployment.Options{}},
	} {
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

func TestCheck(t *testing.T) {
	for _, c := range []struct{ name, compose, want string }{
		{"a syntax error", "services:\n  web: [\n", "line 3"},
		{"a tab for indentation", "services:\n\tweb: {}\n", "line 2"},
		{"no document", "", "must be a mapping"},
		{"a list", "- a\n", "line 1: must be a mapping"},
		{"no services", "volumes: {data: {}}\n", "no services"},
		{"a service without an image", "services:\n  db: {image: redis}\n  web: {}\n",
			`line 3: service "web" has neither an image nor a build context`},
		{"an unknown key of a service", "services:\n  web:\n    image: a\n    imge: b\n",
			"line 4: services.web.imge is not a key"},
		{"a wrong type", "services:\n  web:\n    image: a\n    ports: 80\n", "line 4: services.web.ports"},
		{"an undefined volume", "services:\n  web:\n    image: a\n    volumes: ['data:/x']\n",
			`line 4: service "web" refers to undefined volume data`},
		{"an undefined dependency", "services:\n  web:\n    image: a\n    depends_on: [db]\n",
			`line 2: service "web" depends on undefined service`},
		{"an include", "include: [other.yml]\nservices: {web: {image: a}}\n",
			"line 1: include: is not supported"},
		{"extends of another file",
			"services:\n  web:\n    extends:\n      file: /etc/passwd\n      service: x\n",
			"line 4: extends: of another file"},
		{"a required variable that is not set", "services:\n  web:\n    image: a:${TAG:?give a tag}\n",
			"give a tag"},
		{"a file of 300 KB", "services: {web: {image: a}}\n#" + strings.Repeat("x", 300<<10),
			"at most 262144"},
	} {
		t.Run(c.name+" is refused with its line", func(t *testing.T) {
			err := recipe.Check(t.Context(), composeService(c.compose), &catalog.Server{})
			got := strings.Join(fault.Fields(err)["docker_compose"], " ")
			if !errors.Is(err, fault.Invalid) || !strings.Contains(got, c.want) {
				t.Errorf("docker_compose: %q (%v), want %q", got, err, c.want)
			}
			if strings.Contains(got, "waybill-service") {
				t.Errorf("%q names a folder of ours", got)
			}
		})
	}
	for _, c := range []struct{ name, compose string }{
		{"variables, secret ones too",
			"services:\n  web:\n    image: a:${PASSWORD:?needed}\n    ports: ['${PASSWORD}:80']\n"},
		{"anchors, extension fields and an old version key",
			"version: '3'\nx-a: &a {restart: always}\nservices:\n  web:\n    <<: *a\n    image: a\n"},
		{"an env_file that only the server has", "services:\n  web:\n    image: a\n    env_file: .env\n"},
		{"extends within the file", "services:\n  base: {image: a}\n  web: {extends: {service: base}}\n"},
		{"profiles, secrets and volumes",
			"services:\n  web:\n    image: a\n    profiles: [x]\n    volumes: ['data:/x']\n  b: " +
				"{image: b}\nvolumes: {data: {}}\n"},
	} {
		t.Run(c.name+" are accepted", func(t *testing.T) {
			if err := recipe.Check(t.Context(), composeService(c.compose), &catalog.Server{}); err != nil {
				t.Errorf("%v %v", err, fault.Fields(err))
			}
		})
	}
	t.Run("a shell application is accepted", func(t *testing.T) {
		if err := recipe.Check(t.Context(), shellApp(catalog.Shell{Start: "true"}),
			&catalog.Server{}); err != nil {
			t.Error(err)
		}
	})
}
