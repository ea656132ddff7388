package recipe_test

import (
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
	kinds := map[string]catalog.Deployable{
		"image":    imageApp(catalog.Container{}),
		"compose":  composeApp(nil),
		"service":  composeService(redis),
		"database": databaseOf(t, "redis", nil),
	}
	options := map[string]deployment.Options{
		"plain": {}, "latest": {PullLatestImages: true},
		"force": {Force: true}, "stop first": {StopBeforeStart: true},
		"force and latest": {Force: true, PullLatestImages: true},
	}
	for kind, resource := range kinds {
		for _, operation := range []deployment.Operation{
			deployment.Start, deployment.Restart, deployment.Deploy, deployment.Stop, deployment.Delete,
		} {
			for name, option := range options {
				want := "missing"
				switch {
				case operation == deployment.Stop || operation == deployment.Delete:
					want = "nothing"
				case option.PullLatestImages, operation == deployment.Deploy && kind != "database":
					want = "newer"
				}
				plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: "/data", Deployment: "d",
					Operation: operation, Options: option,
					Secrets: inputOf(t, databaseOf(t, "redis", nil), "pw").Secrets})
				if err != nil {
					t.Fatal(kind, operation, name, err)
				}
				if got := pullOf(plan); got != want {
					t.Errorf("%s of %s, %s: asks the registry for %s, want %s", operation, kind, name, got,
						want)
				}
				pull := slices.IndexFunc(plan.Job.Steps,
					func(step remote.Step) bool { return step.Name == "Pull images" })
				stop := slices.IndexFunc(plan.Job.Steps,
					func(step remote.Step) bool { return step.Name == "Stop" })
				if pull >= 0 && stop >= 0 && stop < pull {
					t.Errorf("%s of %s, %s: it stops before it pulls", operation, kind, name)
				}
			}
		}
	}
}

// TestPullAsksForNoNewerDigest checks that an image with a digest is pulled only if it
// is missing, whatever the form of the file.
func TestPullAsksForNoNewerDigest(t *testing.T) {
	needCompose(t)
	const digest = "@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	for _, c := range []struct{ name, compose, want string }{
		{"both kinds",
			"services:\n  web: {image: web:1}\n  'db.1': {image: db" + digest +
				"}\n  job:\n    build: https://git.example/a.git\n    image: job:1\n",
			"pull --quiet --ignore-buildable job web\npull --quiet --ignore-buildable --policy missing\n"},
		{"digests only", "services: {db: {image: 'db" + digest + "'}}\n",
			"pull --quiet --ignore-buildable --policy missing\n"},
		{"texts that look like images",
			"services:\n  web:\n    image: web:1\n    command: |\n      services:\n      image: x\n    " +
				"labels: {image: y}\n",
			"pull --quiet --ignore-buildable web\npull --quiet --ignore-buildable --policy missing\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := t.TempDir()
			if err := os.WriteFile(filepath.Join(folder, "docker-compose.yml"), []byte(c.compose),
				0o600); err != nil {
				t.Fatal(err)
			}
			script, err := os.ReadFile("sh/pull.sh")
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), "sh", "-e")
			command.Dir = folder
			command.Stdin = strings.NewReader(
				"ask() { \"$@\"; }\ntell() { \"$@\"; }\ncompose() { if [ \"$1\" = config ]; then " +
					"docker compose config; else echo \"$*\"; fi; }\n" +
					string(script))
			got, err := command.Output()
			if err != nil || string(got) != c.want {
				t.Errorf("%q, %v, want %q", got, err, c.want)
			}
		})
	}
}
