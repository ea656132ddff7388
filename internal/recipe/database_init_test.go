package recipe_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/recipe"
)

// TestP8AFailedInitialisationIsNeverWell checks that a database with half of its schema
// is healthy neither at once nor at the next start, and that scripts added to complete
// data do no harm.
func TestP8AFailedInitialisationIsNeverWell(t *testing.T) {
	for _, c := range []liveCase{
		{name: "PostgreSQL", engine: "postgresql", image: "waybill-test/postgres:18"},
		{name: "MariaDB", engine: "mariadb", image: "waybill-test/mariadb:11.8"},
		{name: "MySQL", engine: "mysql", image: "waybill-test/mysql:9.7"},
		{name: "MongoDB, FerretDB stands in", engine: "mongodb", image: ferretDB},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needImage(t, c.image)
			c.secret = "plain-password"
			script := func(text string) func(*catalog.Database) {
				return func(db *catalog.Database) {
					db.InitScripts = []catalog.InitScript{{Name: "10-half.sh", Text: text}}
				}
			}
			t.Run("a script that fails", func(t *testing.T) {
				input := c.input(t, script("echo 'half of the schema'\nfalse\n"))
				out, exit := startsWith(t, input)
				if exit != recipe.UnhealthyExit || !strings.Contains(out, "half of the schema") ||
					!strings.Contains(out, "this start has failed") {
					t.Errorf("the start exits with %d: %s", exit, out)
				}
				input.Resource.Shared().HealthTimeout = 8 * time.Second
				if out, exit := startsWith(t, input); exit != recipe.UnhealthyExit ||
					!strings.Contains(out, "initialisation has not ended") {
					t.Errorf("the next start exits with %d: %s", exit, out)
				}
			})
			t.Run("a script that is added later", func(t *testing.T) {
				input := c.input(t, nil)
				for _, change := range []func(*catalog.Database){
					func(*catalog.Database) {}, script("false\n"),
				} {
					change(input.Resource.(*catalog.Database))
					if out, exit := startsWith(t, input); exit != 0 {
						t.Errorf("the start exits with %d: %s", exit, out)
					}
				}
			})
		})
	}
}

// TestP8AChangedPasswordIsNotWell checks that the health check passes only with the
// password that a client needs. An image may let connections from loopback in without
// one.
func TestP8AChangedPasswordIsNotWell(t *testing.T) {
	for _, c := range []liveCase{
		{name: "PostgreSQL", engine: "postgresql", image: "waybill-test/postgres:17"},
		{name: "MariaDB", engine: "mariadb", image: "waybill-test/mariadb:11.8"},
		{name: "MySQL", engine: "mysql", image: "waybill-test/mysql:9.7"},
		{name: "MongoDB, FerretDB stands in", engine: "mongodb", image: ferretDB},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needImage(t, c.image)
			c.secret = "plain-password"
			input := c.input(t, nil)
			if out, exit := startsWith(t, input); exit != 0 {
				t.Fatalf("the start exits with %d: %s", exit, out)
			}
			for name := range input.Secrets {
				if strings.HasSuffix(name, "_PASSWORD") {
					input.Secrets[name] = "another-password"
				}
			}
			input.Resource.Shared().HealthTimeout = 10 * time.Second
			if out, exit := startsWith(t, input); exit != recipe.UnhealthyExit {
				t.Errorf("with a password that the data does not have the start exits with %d: %s", exit, out)
			}
		})
	}
}

// TestDatabaseInARestartLoop checks that a start gives up before the
// health_timeout if the container ends three times. (For a database that was never
// healthy, one end is enough.)
func TestDatabaseInARestartLoop(t *testing.T) {
	c := liveCase{engine: "redis", image: "waybill-test/redis:8.0", secret: "plain-password"}
	needImage(t, c.image)
	input := c.input(t, nil)
	if out, exit := startsWith(t, input); exit != 0 {
		t.Fatalf("the start exits with %d: %s", exit, out)
	}
	input.Resource.(*catalog.Database).Configuration = "no-such-word yes\n"
	out, exit := startsWith(t, input)
	if exit != recipe.UnhealthyExit || !strings.Contains(out, "this start has failed") ||
		!strings.Contains(out, "no-such-word") {
		t.Errorf("the start exits with %d: %s", exit, out)
	}
	ends, _ := exec.Command("docker", "inspect", "--format", "{{.RestartCount}}",
		string(input.Resource.Common().ID)).Output()
	if strings.TrimSpace(string(ends)) < "3" {
		t.Errorf("it was given up after %s ends", ends)
	}
}

// startsWith runs the steps of a start. exit is the code of the first step that fails.
func startsWith(t *testing.T, input recipe.Input) (out string, exit int) {
	t.Helper()
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range perform(t, plan) {
		out += step.stdout + step.stderr
		if exit == 0 {
			exit = step.exit
		}
	}
	return out, exit
}

// TestMarkerScriptsSurroundAllOthers checks that the marker scripts come first and last
// in any locale, even among scripts that are in the image.
func TestMarkerScriptsSurroundAllOthers(t *testing.T) {
	known, _ := engine.Find("mysql")
	scripts := known.MarkerScripts("")
	others := `001-10-half.sh
000_install_timescaledb.sh
10_postgis.sh
migrate.sh
Z.sql
zz.sql
`
	for _, locale := range []string{"C", "C.UTF-8", "en_US.UTF-8"} {
		sort := exec.Command("sort")
		sort.Env = []string{"LC_ALL=" + locale, "PATH=/usr/bin:/bin"}
		sort.Stdin = strings.NewReader(others +
			strings.TrimPrefix(scripts[1].Path, engine.ScriptsFolder+"/") + "\n" +
			strings.TrimPrefix(scripts[0].Path, engine.ScriptsFolder+"/") + "\n")
		said, err := sort.Output()
		lines := strings.Fields(string(said))
		if err != nil || !strings.HasSuffix(scripts[0].Path, lines[0]) ||
			!strings.HasSuffix(scripts[1].Path, lines[len(lines)-1]) {
			t.Errorf("in the locale %s they run as %v (%v)", locale, lines, err)
		}
	}
}

// TestMongoDBRunsScriptsInOrder checks that the second script finds the data of the
// first. Both run as the first account, in the database of the settings.
func TestMongoDBRunsScriptsInOrder(t *testing.T) {
	t.Parallel()
	c := liveCase{engine: "mongodb", image: ferretDB, secret: awkward}
	needImage(t, c.image)
	input := c.input(t, func(db *catalog.Database) {
		db.InitScripts = []catalog.InitScript{
			{Name: "10-first.js", Text: "db.words.insertOne({word: 'first'});\n"},
			{Name: "20-second.js",
				Text: "db.words.updateOne({word: 'first'}, {$set: {word: 'first, second'}});\n"},
		}
	})
	if out, exit := startsWith(t, input); exit != 0 {
		t.Fatalf("the start exits with %d: %s", exit, out)
	}
	ask, err := os.ReadFile("testdata/clients/mongodb-first-word.sh")
	if err != nil {
		t.Fatal(err)
	}
	said, err := exec.Command("docker", "exec", string(input.Resource.Common().ID), "sh", "-c",
		string(ask)).CombinedOutput()
	if err != nil || strings.TrimSpace(string(said)) != "first, second" {
		t.Errorf("the database has %q (%v)", said, err)
	}
}

// TestMongoDBsHealthCheckSparesItsClient checks that the large client runs at the first
// check after a start of the server, and not at every later check.
func TestMongoDBsHealthCheckSparesItsClient(t *testing.T) {
	t.Parallel()
	c := liveCase{engine: "mongodb", image: ferretDB, secret: awkward}
	needImage(t, c.image)
	// Docker's own checks must not run between the test's checks.
	input := c.input(t, func(db *catalog.Database) { db.Health.IntervalSeconds = 3600 })
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, perform(t, untilStart(plan)), 0)
	id := string(input.Resource.Common().ID)
	inside := func(words ...string) error {
		said, err := exec.Command("docker", append([]string{"exec", id}, words...)...).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%v: %w: %s", words, err, said)
		}
		return err
	}
	healthy := func() error { return inside("sh", engine.HealthFile) }
	untilHealthy(t, healthy)
	if inside("mv", "/usr/local/bin/mongosh", "/usr/local/bin/away") != nil || healthy() != nil {
		t.Error("right after a login, a check needs the client")
	}
	if inside("touch", "-d", "2 minutes ago", "/tmp/waybill-well") != nil || healthy() == nil {
		t.Error("two minutes after a login, a check does without the client")
	}
	if inside("touch", "/tmp/waybill-well") != nil || healthy() != nil {
		t.Error("a check does not look at when the login was")
	}
	if said, err := exec.Command("docker", "restart", id).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	if healthy() == nil {
		t.Error("right after a restart, a check does without the client")
	}
	if inside("mv", "/usr/local/bin/away", "/usr/local/bin/mongosh") == nil {
		untilHealthy(t, healthy)
	}
}

// untilHealthy waits until the check succeeds.
func untilHealthy(t *testing.T, healthy func() error) {
	t.Helper()
	for end := time.Now().Add(3 * time.Minute); ; time.Sleep(200 * time.Millisecond) {
		err := healthy()
		if err == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the check never succeeds: %v", err)
		}
	}
}
