package recipe_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// pullOf says for which images a plan asks a registry: "newer", "missing" or "nothing".
func pullOf(plan recipe.Plan) string {
	at := slices.IndexFunc(plan.Job.Steps, func(step remote.Step) bool { return step.Name == "Pull images" })
	switch {
	case at < 0:
		return "nothing"
	case strings.Contains(plan.Job.Steps[at].Script, "pull.sh"):
		return "newer"
	}
	return "missing"
}

// TestThePullRule checks every combination of kind, operation and option.
func TestThePullRule(t *testing.T) {
	kinds := []struct {
		name     string
		resource catalog.Deployable
	}{
		{"image", imageApp(catalog.Container{})},
		{"compose", composeApp(nil)},
		{"service", composeService(redis)},
		{"database", databaseOf(t, "redis", nil)},
	}
	options := []struct {
		name    string
		options deployment.Options
	}{
		{"no option", deployment.Options{}},
		{"latest", deployment.Options{PullLatestImages: true}},
		{"force", deployment.Options{Force: true}},
		{"stop first", deployment.Options{StopBeforeStart: true}},
		{"force and latest", deployment.Options{Force: true, PullLatestImages: true}},
	}
	for _, kind := range kinds {
		for _, operation := range []deployment.Operation{
			deployment.Start, deployment.Restart, deployment.Deploy, deployment.Stop, deployment.Delete,
		} {
			for _, option := range options {
				want := "missing"
				switch {
				case operation == deployment.Stop || operation == deployment.Delete:
					want = "nothing"
				case option.options.PullLatestImages,
					operation == deployment.Deploy && kind.name != "database":
					want = "newer"
				}
				t.Run(fmt.Sprintf("%s, %s, %s", kind.name, operation, option.name), func(t *testing.T) {
					checkPull(t, recipe.Input{Resource: kind.resource, DataDir: "/data", Deployment: "d",
						Operation: operation, Options: option.options,
						Secrets: inputOf(t, databaseOf(t, "redis", nil), "pw").Secrets}, want)
				})
			}
		}
	}
}

// checkPull checks for which images the plan asks a registry, and that it does so before
// it stops anything.
func checkPull(t *testing.T, input recipe.Input, want string) {
	t.Helper()
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	if got := pullOf(plan); got != want {
		t.Errorf("asks the registry for %s, want %s", got, want)
	}
	steps := names(plan.Job.Steps)
	pull, stop := slices.Index(steps, "Pull images"), slices.Index(steps, "Stop")
	if pull >= 0 && stop >= 0 && stop < pull {
		t.Error("it stops before it pulls")
	}
}

// pullFunctions stand in for the functions that pull.sh calls. Compose itself only prints
// its arguments, except for config.
const pullFunctions = `
ask() { "$@"; }
tell() { "$@"; }
compose() { if [ "$1" = config ]; then docker compose config; else echo "$*"; fi; }
`

// TestPullAsksForNoNewerDigest checks that an image with a digest is pulled only if it
// is missing, whatever the form of the file.
func TestPullAsksForNoNewerDigest(t *testing.T) {
	needCompose(t)
	const digest = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, c := range []struct{ name, compose, want string }{
		{
			name: "images with and without a digest",
			compose: `services:
  web: {image: web:1}
  'db.1': {image: dbDIGEST}
  job:
    build: https://git.example/a.git
    image: job:1
`,
			want: `pull --quiet --ignore-buildable job web
pull --quiet --ignore-buildable --policy missing
`,
		},
		{
			name:    "digests only",
			compose: "services: {db: {image: 'dbDIGEST'}}\n",
			want:    "pull --quiet --ignore-buildable --policy missing\n",
		},
		{
			name: "texts that look like images",
			compose: `services:
  web:
    image: web:1
    command: |
      services:
      image: x
    labels: {image: y}
`,
			want: `pull --quiet --ignore-buildable web
pull --quiet --ignore-buildable --policy missing
`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			compose := strings.ReplaceAll(c.compose, "DIGEST", digest)
			err := os.WriteFile(filepath.Join(folder, "docker-compose.yml"), []byte(compose), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			script, err := os.ReadFile("sh/pull.sh")
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), "sh", "-e")
			command.Dir = folder
			command.Stdin = strings.NewReader(pullFunctions + string(script))
			got, err := command.Output()
			if err != nil || string(got) != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}
