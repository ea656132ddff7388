package recipe_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/template/templatetest"
)

// expand applies the dialect of templates to a service, as a registration does.
func expand(t *testing.T, service *catalog.Service) (*catalog.TemplateUse, error) {
	t.Helper()
	return recipe.Expand(catalog.TemplateInput{
		Service: service, Server: &catalog.Server{Address: "203.0.113.7"},
		Now: time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC), Random: rand.NewChaCha8([32]byte{1}),
	})
}

// expanded is a service that is made from a template, and its secrets.
func expanded(t *testing.T, service *catalog.Service) map[string]string {
	t.Helper()
	if use, err := expand(t, service); err != nil || use == nil || !service.Template {
		t.Fatalf("%+v is no template: %v", use, err)
	}
	return catalog.TakeSecrets(service)
}

// wiki uses every part of the dialect that has an effect on the steps.
const wiki = `services:
  wiki:
    image: wiki:2
    environment:
      - SERVICE_URL_WIKI_3000
      - DB=postgres://${SERVICE_USER_DB}:${SERVICE_PASSWORD_DB}@db/wiki
      - ZONE=${TZ:-UTC}
    healthcheck: {test: [CMD, "true"]}
    volumes:
      - data:/data
      - {type: bind, source: ./wiki.db, target: /wiki.db, content: ""}
      - {type: bind, source: ./wiki.conf, target: /etc/wiki.conf, content: "cost 5 $"}
  worker:
    image: wiki:2
    exclude_from_hc: true
`

func TestBuildOfATemplate(t *testing.T) {
	for _, operation := range []deployment.Operation{deployment.Start, deployment.Stop} {
		t.Run(string(operation), func(t *testing.T) {
			service := composeService(wiki)
			service.Environment = nil
			secrets := expanded(t, service)
			plan, err := recipe.Build(recipe.Input{Resource: service, DataDir: "/data/waybill",
				Deployment: deploymentID, Operation: operation, Secrets: secrets})
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "service-template-"+string(operation), describe(plan))
			for _, step := range plan.Job.Steps {
				if strings.Contains(step.Script+step.Command, secrets["SERVICE_PASSWORD_DB"]) {
					t.Errorf("step %s has a secret", step.Name)
				}
			}
		})
	}
}

// TestP13ATemplateStartsAlike builds the same start twice, from the definition and the
// secrets alone.
func TestP13ATemplateStartsAlike(t *testing.T) {
	service := composeService(wiki)
	secrets := expanded(t, service)
	input := recipe.Input{Resource: service, DataDir: "/data", Deployment: deploymentID,
		Operation: deployment.Start, Secrets: secrets}
	secrets["PASSWORD"] = password
	first, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	second, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(describe(first), describe(second)); diff != "" {
		t.Errorf("two starts differ:\n%s", diff)
	}
}

func TestPlainComposeStaysAsItIs(t *testing.T) {
	for _, text := range []string{
		redis, networked, built, profiled("jobs").Compose, "# nothing\n", "services: [", "[]",
		"services: {web: {image: web, environment: [\"A=${A:?give it}\", \"B=${B:-b}\"]}}",
		"services: {web: {image: web, environment: {SERVICE_PASSWORD_DB: own, SERVICE_X_Y: $SERVICE_X_Y}}}",
	} {
		service := composeService(text)
		before := service.Environment
		use, err := expand(t, service)
		if use != nil || err != nil || service.Template || service.Compose != text {
			t.Errorf("%q is a template: %+v, %v", text, use, err)
		}
		if diff := cmp.Diff(service.Environment, before); diff != "" {
			t.Errorf("%q has other variables:\n%s", text, diff)
		}
	}
	for _, c := range templatetest.Corpus(t) {
		if c.Name != "plain" {
			continue
		}
		service := composeService(c.Text)
		service.Environment = nil
		plan, err := recipe.Build(recipe.Input{Resource: service, DataDir: "/data",
			Deployment: deploymentID, Operation: deployment.Start})
		if err != nil {
			t.Fatal(err)
		}
		if got := string(plan.Job.Files[0].Content); got != c.Text {
			t.Errorf("the file is %s", got)
		}
	}
}

// TestATemplateIsCheckedAsPlainCompose gives templates to servers that forbid parts of
// them.
func TestATemplateIsCheckedAsPlainCompose(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{
			name: "a privileged container",
			text: "services:\n  web:\n    image: web\n    volumes: [data:/data]\n    privileged: true\n",
			want: "line 5: services.web.privileged: this server forbids privileged containers",
		},
		{
			name: "a folder of the server behind a variable",
			text: "services:\n  web:\n    image: web\n    volumes:\n      - type: bind\n" +
				"        source: ${PLACE:-/etc}\n        target: /srv\n        is_directory: true\n",
			want: "line 6: services.web.volumes.0.source: this server forbids access to /etc",
		},
		{
			name: "the folder of control files",
			text: "services:\n  web:\n    image: web\n    volumes: [data:/data, /data/control:/c]\n",
			want: "line 4: services.web.volumes.1.source: this server forbids access to /data/control",
		},
		{
			name: "content that is no text",
			text: "services:\n  web:\n    image: web\n    volumes:\n      - {type: bind, source: ./a, " +
				"target: /a, content: [x]}\n",
			want: "line 5: services.web.volumes: content: must be text",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			service := composeService(c.text)
			service.Environment = nil
			_, err := expand(t, service)
			if err == nil {
				err = recipe.Check(t.Context(), service,
					&catalog.Server{ForbidHostAccess: true, DataDir: "/data"})
			}
			said := strings.Join(fault.Fields(err)["docker_compose"], "\n")
			if !errors.Is(err, fault.Invalid) || !strings.Contains(said, c.want) {
				t.Errorf("%v %q, want %q", err, said, c.want)
			}
		})
	}
}

// TestATemplateDemandsItsVariablesAtTheStart registers a template before a variable that
// it demands has a value.
func TestATemplateDemandsItsVariablesAtTheStart(t *testing.T) {
	service := composeService("services:\n  web:\n    image: web\n    volumes: [data:/data]\n" +
		"    environment: [\"KEY=${API_KEY:?}\"]\n")
	service.Environment = nil
	expanded(t, service)
	if err := recipe.Check(t.Context(), service, &catalog.Server{DataDir: "/data"}); err != nil {
		t.Fatal(err, fault.Fields(err))
	}
	want := []string{"docker_compose: line 5: services.web.environment.0: the variable API_KEY must have a " +
		"value: a start fails without one. Give it one in environment of the service."}
	if diff := cmp.Diff(recipe.Warnings(t.Context(), service), want); diff != "" {
		t.Errorf("warnings (-got +want):\n%s", diff)
	}
	input := recipe.Input{Resource: service, DataDir: "/data", Operation: deployment.Start}
	if _, err := recipe.Build(input); !errors.Is(err, fault.Invalid) ||
		!strings.Contains(fault.Public(err), "the variable API_KEY must have a value") {
		t.Errorf("a start without it has %v", err)
	}
	service.Environment = []catalog.Variable{{Name: "API_KEY", Value: "given"}}
	if _, err := recipe.Build(input); err != nil {
		t.Errorf("a start with it has %v", err)
	}
}

// TestP12EmptyFilesAreMadeThroughNoLink makes the files that begin empty while a container
// has put links in their places.
func TestP12EmptyFilesAreMadeThroughNoLink(t *testing.T) {
	const text = `services:
  web:
    image: web
    volumes:
      - {type: bind, source: ./a, target: /a, content: ""}
      - {type: bind, source: ./deep/er/b, target: /b, content: ""}
`
	// make runs the step alone.
	make := func(t *testing.T, data string, service *catalog.Service) result {
		plan, err := recipe.Build(recipe.Input{Resource: service, DataDir: data, Deployment: deploymentID,
			Operation: deployment.Start})
		if err != nil {
			t.Fatal(err)
		}
		place(t, plan.Job)
		for _, step := range plan.Job.Steps {
			if step.Name == "Make files" {
				return runStep(t, plan.Job, step, nil)
			}
		}
		t.Fatal("no step makes files")
		return result{}
	}
	setUp := func(t *testing.T) (*catalog.Service, string, string) {
		service, data := composeService(text), t.TempDir()
		service.Environment = nil
		expanded(t, service)
		return service, data, filepath.Join(data, "services", string(service.ID))
	}
	t.Run("they are made once, and keep their content", func(t *testing.T) {
		service, data, folder := setUp(t)
		if r := make(t, data, service); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		for _, name := range []string{"a", "deep/er/b"} {
			if got, err := os.ReadFile(filepath.Join(folder, name)); err != nil || len(got) != 0 {
				t.Errorf("%s has %q (%v)", name, got, err)
			}
		}
		if err := os.WriteFile(filepath.Join(folder, "a"), []byte("rows"), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := make(t, data, service); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		if got, err := os.ReadFile(filepath.Join(folder, "a")); err != nil || string(got) != "rows" {
			t.Errorf("a has %q (%v), want rows", got, err)
		}
	})
	for at, exit := range map[string]int{"a": 0, "deep/er/b": 0, "deep": 1, "deep/er": 1, ".": 1} {
		t.Run("a link at "+at, func(t *testing.T) {
			service, data, folder := setUp(t)
			dir, unchanged := outside(t)
			plant(t, filepath.Join(folder, at), filepath.Join(dir, "new"))
			if at != "a" && at != "deep/er/b" {
				plant(t, filepath.Join(folder, at), dir)
			}
			if r := make(t, data, service); r.exit != exit {
				t.Errorf("%+v, want exit code %d", r, exit)
			}
			unchanged()
		})
	}
}
