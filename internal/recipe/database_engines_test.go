package recipe_test

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/certificate"
	"waybill/internal/deployment"
	"waybill/internal/engine"
	"waybill/internal/recipe"
)

// started is a database that runs in this machine's Docker engine.
type started struct {
	input recipe.Input
	db    *catalog.Database
	url   string
}

// liveCase is an engine that the tests run for real. client names an sh script in
// testdata/clients that runs in another container. It reads the URL and, from the next
// line, the password, and prints "answered" if the database has answered.
type liveCase struct {
	name, engine, image, tls, secret, client string
}

// ferretDB is an image of a database that speaks MongoDB's protocol. The image also has
// MongoDB's own shell.
const ferretDB = "waybill-test/ferretdb:1.24"

func liveCases() []liveCase {
	const (
		images    = "waybill-test/"
		redisLike = images + "redislike:1"
	)
	return []liveCase{
		{"PostgreSQL 17 with TLS", "postgresql", images + "postgres:17", "require", awkward, "postgresql.sh"},
		{"PostgreSQL 18", "postgresql", images + "postgres:18", "", awkward, "postgresql.sh"},
		{"Redis 7", "redis", images + "redis:7.0", "", awkward, "redis.sh"},
		{"Redis 8 with TLS", "redis", images + "redis:8.0", "require", awkward, "redis.sh"},
		{"Valkey 8 with TLS", "valkey", images + "valkey:8.1", "require", awkward, "redis.sh"},
		{"MariaDB with TLS", "mariadb", images + "mariadb:11.8", "require", awkward, "mysql.sh"},
		{"MySQL with TLS", "mysql", images + "mysql:9.7", "REQUIRED", awkward, "mysql.sh"},
		// ClickHouse's client expands ${} in a password that is given as an option, so
		// no client asks it. The health check has already shown that the password is
		// right.
		{"ClickHouse", "clickhouse", images + "clickhouse:18.16", "", awkward, ""},
		{"KeyDB, a stand-in", "keydb", redisLike, "", awkward, "redis.sh"},
		{"Dragonfly with TLS, a stand-in", "dragonfly", redisLike, "require", awkward, "redis.sh"},
		{"MongoDB, FerretDB stands in", "mongodb", ferretDB, "", awkward, "mongodb.sh"},
		{"MongoDB with TLS, FerretDB stands in", "mongodb", ferretDB, "require", awkward, "mongodb.sh"},
	}
}

// needImage skips a test if the image is missing. Under WAYBILL_CI the test fails
// instead.
func needImage(t *testing.T, image string) {
	t.Helper()
	if err := exec.Command("docker", "image", "inspect", image).Run(); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("the image %s is missing: %v", image, err)
		}
		t.Skipf("no image %s here; localstack/docker/images makes it where there is a Docker engine", image)
	}
}

// input is the start of a new database, which is removed at the end of the test.
func (c liveCase) input(t *testing.T, change func(*catalog.Database)) recipe.Input {
	t.Helper()
	id, err := catalog.NewID(catalog.KindDatabase, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	db := databaseOf(t, c.engine, func(db *catalog.Database) {
		db.ID, db.Image, db.TLS = id, c.image, c.tls
		// A loaded machine may need long to start a client.
		db.Health.IntervalSeconds, db.Health.TimeoutSeconds, db.HealthTimeout = 1, 60, 3*time.Minute
		if change != nil {
			change(db)
		}
	})
	input := inputOf(t, db, c.secret)
	input.DataDir = t.TempDir()
	if c.tls != "" {
		db.Certificate, input.Secrets[catalog.TLSKeySecret], err = certificate.New(rand.Reader,
			time.Now(), string(id), "127.0.0.1")
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		input.Operation, input.Options.DeleteVolumes = deployment.Delete, true
		runPlan(t, input)
		if left, _ := exec.Command("docker", "volume", "ls", "--quiet", "--filter", "name="+string(id)).
			Output(); len(left) > 0 {
			t.Errorf("the volumes are still there: %s", left)
		}
		if left, _ := filepath.Glob(filepath.Join(input.DataDir, "databases", "*", "*")); len(left) > 0 {
			t.Errorf("files are still there: %v", left)
		}
	})
	return input
}

// start runs the plan of a start, and removes everything at the end of the test.
func (c liveCase) start(t *testing.T) started {
	t.Helper()
	input := c.input(t, nil)
	db := input.Resource.(*catalog.Database)
	runPlan(t, input)
	known, _ := engine.Find(c.engine)
	values := catalog.AllSettings(db, input.Secrets)
	return started{input, db,
		known.URL(engine.Address{Host: string(db.ID), Values: values, TLS: c.tls, Image: c.image})}
}

// runPlan runs every step and fails the test if one of them fails.
func runPlan(t *testing.T, input recipe.Input) {
	t.Helper()
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range perform(t, plan) {
		if step.exit != 0 {
			t.Fatalf("%s exits with %d: %s%s", step.name, step.exit, step.stdout, step.stderr)
		}
	}
}

func TestEnginesRunAndAnswer(t *testing.T) {
	for _, c := range liveCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			needImage(t, c.image)
			s := c.start(t)
			s.checkOpenPlaces(t, c.secret)
			if c.client != "" {
				s.ask(t, c)
			}
			s.checkHealthFails(t)
		})
	}
}

// checkOpenPlaces looks for the password in places that every user of the server can
// read.
func (s started) checkOpenPlaces(t *testing.T, secret string) {
	t.Helper()
	for _, look := range [][]string{
		{"ps", "axwwo", "args"}, {"docker", "inspect", string(s.db.ID)}, {"docker", "logs", string(s.db.ID)},
	} {
		said, err := exec.Command(look[0], look[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v: %s", look, err, said)
		}
		// In JSON, part of the password is escaped, but not its middle.
		if strings.Contains(string(said), secret) ||
			strings.Contains(string(said), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
			t.Errorf("%v shows the password", look)
		}
	}
}

// ask sends a request from another container, with only the URL and the password.
func (s started) ask(t *testing.T, c liveCase) {
	t.Helper()
	client, err := os.ReadFile(filepath.Join("testdata/clients", c.client))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("docker", "run", "--rm", "--interactive", "--network", "waybill", "--env",
		"TLS="+c.tls, "--entrypoint", "sh", c.image, "-c", string(client))
	cmd.Stdin = strings.NewReader(s.url + "\n" + c.secret + "\n")
	said, err := cmd.CombinedOutput()
	if err != nil || strings.TrimSpace(string(said)) != "answered" {
		t.Errorf("a client with the URL gets %v: %s", err, said)
	}
}

// checkHealthFails suspends the server's process, which leaves its port open, and
// checks that the health script then fails.
func (s started) checkHealthFails(t *testing.T) {
	t.Helper()
	id := string(s.db.ID)
	health := func(within string) error {
		return exec.Command("docker", "exec", id, "timeout", within, "sh", engine.HealthFile).Run()
	}
	// A loaded machine may need long to start a client.
	if err := health("60"); err != nil {
		t.Errorf("the health script fails while all is well: %v", err)
	}
	for _, signal := range []string{"STOP", "CONT"} {
		if said, err := exec.Command("docker", "kill", "--signal", signal, id).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		if signal == "STOP" && health("6") == nil {
			t.Error("the health script succeeds though the server answers nobody")
		}
	}
}
