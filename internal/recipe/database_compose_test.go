package recipe_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/recipe"
)

// onDisk writes the files of a plan into a folder of the test.
func onDisk(t *testing.T, plan recipe.Plan) string {
	t.Helper()
	old, _, _ := strings.Cut(plan.Job.Dir, "/control/")
	data := t.TempDir()
	plan.Job.Dir = strings.Replace(plan.Job.Dir, old, data, 1)
	plan.Job.Folder = strings.Replace(plan.Job.Folder, old, data, 1)
	for i := range plan.Job.Files {
		file := &plan.Job.Files[i]
		file.Path = strings.Replace(file.Path, old, data, 1)
		if file.Path == "docker-compose.yml" {
			file.Content = bytes.ReplaceAll(file.Content, []byte(old+"/control/"), []byte(data+"/control/"))
		}
	}
	place(t, plan.Job)
	return plan.Job.Dir
}

func TestComposeReadsDatabaseFiles(t *testing.T) {
	needCompose(t)
	seen := map[string]bool{}
	for _, c := range databaseCases() {
		c.secret = awkward
		input, plan := c.build(t)
		document, found := fileOf(plan, "docker-compose.yml")
		if !found || seen[document] {
			continue
		}
		seen[document] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			said := composeSays(t, plan, "--no-env-resolution")
			for name, secret := range input.Secrets {
				if encoded, _ := json.Marshal(secret); strings.Contains(said, secret) ||
					strings.Contains(said, string(encoded)) {
					t.Errorf("compose shows %s", name)
				}
			}
		})
	}
	if len(seen) < len(engine.All()) {
		t.Errorf("only %d documents were shown to compose", len(seen))
	}
}

// composeSays returns, in JSON, the plan's compose file after compose has read it.
func composeSays(t *testing.T, plan recipe.Plan, arguments ...string) string {
	t.Helper()
	cmd := exec.Command("docker",
		append([]string{"compose", "--file", "docker-compose.yml", "config", "--format", "json"},
			arguments...)...)
	cmd.Dir = onDisk(t, plan)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil || stderr.Len() > 0 {
		t.Fatalf("compose says %v: %s", err, stderr.String())
	}
	return stdout.String()
}

// environmentOf returns the environment of the only container, as compose reads it.
func environmentOf(t *testing.T, plan recipe.Plan) map[string]string {
	t.Helper()
	var document struct {
		Services map[string]struct{ Environment map[string]string }
	}
	if err := json.Unmarshal([]byte(composeSays(t, plan)), &document); err != nil {
		t.Fatal(err)
	}
	environment := document.Services[databaseID].Environment
	for name, value := range environment {
		// Compose's output is a valid compose file, so it has dollar signs doubled.
		environment[name] = strings.ReplaceAll(value, "$$", "$")
	}
	return environment
}

func TestComposeChangesNoText(t *testing.T) {
	needCompose(t)
	initdb := `--auth-host="$x" ${HOME} 'a' # b`
	db := databaseOf(t, "postgresql", func(db *catalog.Database) {
		db.Settings["postgres_initdb_args"] = initdb
		db.Environment = []catalog.Variable{{Name: "COMPOSE_FILE", Value: "nowhere.yml"}}
		for i, value := range hard {
			db.Environment = append(db.Environment,
				catalog.Variable{Name: fmt.Sprintf("VALUE_%d", i), Value: value})
		}
	})
	plan, err := recipe.Build(inputOf(t, db, awkward))
	if err != nil {
		t.Fatal(err)
	}
	got := environmentOf(t, plan)
	for i, value := range hard {
		if read := got[fmt.Sprintf("VALUE_%d", i)]; read != value {
			t.Errorf("compose reads the variable %q as %q", value, read)
		}
	}
	if got["POSTGRES_INITDB_ARGS"] != initdb {
		t.Errorf("compose reads the setting %q as %q", initdb, got["POSTGRES_INITDB_ARGS"])
	}
}
