package e2e_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"
)

// TestDatabases takes databases through their lives, several at a time. During
// and after that it looks for their secrets in all places where none may be. On
// LocalStack, which runs one deployment after the other, it tests one database.
func TestDatabases(t *testing.T) {
	t.Parallel()
	needDocker(t)
	w := stack(t)
	server, spy := w.server(t), watch(t)

	// The group ends after all its parallel tests.
	t.Run("lives", func(t *testing.T) {
		if emulated() != "ministack" {
			w.live(t, spy, server, realEngines()[1], nil, true)
			return
		}
		for i, speaks := range realEngines() {
			t.Run(speaks.engine+" is started, restarted, stopped, started and deleted", func(t *testing.T) {
				t.Parallel()
				w.live(t, spy, server, speaks, nil, i%2 == 0)
			})
		}
		for i, speaks := range standIns() {
			t.Run("a stand-in for "+speaks.engine+" is started, restarted, stopped, started and deleted",
				func(t *testing.T) {
					t.Parallel()
					w.live(t, spy, server, speaks, speaks.awkward(), i%2 == 0)
				})
		}
		w.liveAsGiven(t, spy, server)
	})
	t.Run("no secret of theirs was or is anywhere", func(t *testing.T) {
		var on struct {
			Folder string `json:"data_dir"`
		}
		w.get(t, "/servers/"+server, &on)
		spy.wantNothing(t, w, on.Folder)
	})
}

// live takes a database through its life. A password that is not given is
// generated.
func (w *world) live(
	t *testing.T, spy *spy, server string, speaks dialect, given map[string]any, deleteVolumes bool,
) {
	t.Helper()
	db := w.database(t, spy, server, speaks, given)
	db.operate(t, "start", "running:healthy")
	db.wantAnswer(t, db.inside, db.question, db.answer)
	db.wantRefused(t, db.inside)
	db.wantSecretive(t)
	db.keepWord(t)

	db.operate(t, "restart", "running:healthy")
	db.wantWord(t)

	kept := db.volumes(t)
	db.operate(t, "stop", "exited")
	if left := docker(t, "ps", "--quiet", "--filter", "name="+db.uuid); left != "" {
		t.Errorf("after the stop it runs: %s", left)
	}
	if now := db.volumes(t); len(kept) == 0 || fmt.Sprint(now) != fmt.Sprint(kept) {
		t.Errorf("after the stop its volumes are %v, want %v", now, kept)
	}

	db.operate(t, "start", "running:healthy")
	db.wantWord(t)
	db.remove(t, deleteVolumes)
}

// awkward has every printable ASCII character, in an order that is special to
// shells, docker compose, SQL, XML and others, and some characters outside ASCII.
const (
	awkward = ` "'$$${HOME}$(id)` + "`id`" + `%{postgres_user}%s\n\\#;&&|<a>]]>!@:/?*~^=+-_,. ` + letters +
		`[({})] ünï¢ødé 密码 🗝`
	// letters is the part of awkward that no quoting changes.
	letters = "CkAvprUG0JOB8TzsLeMmIVShlxgcH1dXwoE7aniZjFtQR52DWubN6Yq43fP9yK"
)

// TestTheAwkwardPasswordHasEveryCharacter checks that a change of the constant
// drops no character.
func TestTheAwkwardPasswordHasEveryCharacter(t *testing.T) {
	for c := rune(' '); c <= '~'; c++ {
		if !strings.ContainsRune(awkward, c) {
			t.Errorf("it has no %q", c)
		}
	}
}

// awkward returns the setting with the awkward password for the stand-in's user.
func (d dialect) awkward() map[string]any {
	if d.engine == "mongodb" {
		// SCRAM-SHA-256 takes no character newer than Unicode 3.2 (RFC 4013).
		return map[string]any{"mongo_initdb_root_password": strings.TrimSuffix(awkward, "🗝")}
	}
	return map[string]any{d.engine + "_password": awkward}
}

// liveAsGiven starts databases with all the settings that a user may give.
func (w *world) liveAsGiven(t *testing.T, spy *spy, server string) {
	engines := realEngines()
	postgres, redis, mariadb, clickhouse := engines[0], engines[1], engines[2], engines[3]

	start := func(t *testing.T, speaks dialect, given map[string]any) *database {
		t.Parallel()
		db := w.database(t, spy, server, speaks, given)
		db.operate(t, "start", "running:healthy")
		db.wantSecretive(t)
		return db
	}
	t.Run("a PostgreSQL with TLS, a public port, a configuration, scripts and an awkward password", func(
		t *testing.T,
	) {
		db := start(t, postgres, map[string]any{
			"enable_ssl": true, "ssl_mode": "verify-full", "is_public": true, "public_port": freePort(t),
			"postgres_user": "shop", "postgres_db": "orders", "postgres_password": awkward,
			"postgres_conf": "max_connections = 37\n",
			"init_scripts": []map[string]any{
				{"name": "20-fill.sql", "content": "INSERT INTO made VALUES ('by a script');\n"},
				{"name": "10-make.sql", "content": "CREATE TABLE made (word text);\n"},
			},
		})
		db.wantAnswer(t, db.inside, "SELECT word FROM made", "by a script")
		db.wantAnswer(t, db.inside, "SHOW max_connections", "37")
		db.wantAnswer(t, db.inside, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", "t")
		// The certificate is valid for the inner name and for the outer address.
		db.wantAnswer(t, db.outside, db.question, db.answer)
		db.wantRefused(t, db.outside)
		stranger := db.inside
		stranger.certificate = w.database(t, spy, server, postgres,
			map[string]any{"enable_ssl": true}).inside.certificate
		if said, err := db.ask(t, stranger, db.question); err == nil ||
			!strings.Contains(said, "certificate verify failed") {
			t.Errorf("who trusts another certificate is told %q (%v)", said, err)
		}
		db.remove(t, true)
	})
	t.Run("a Redis with TLS, a configuration, a public port, limits and an awkward password", func(
		t *testing.T,
	) {
		db := start(t, redis, map[string]any{
			"enable_ssl": true, "is_public": true, "public_port": freePort(t), "redis_password": awkward,
			"redis_conf":    "maxmemory 20mb\nmaxmemory-policy allkeys-lru",
			"limits_memory": "64m", "limits_cpus": "0.5",
		})
		db.wantAnswer(t, db.inside, db.question, db.answer)
		db.wantAnswer(t, db.outside, db.question, db.answer)
		db.wantAnswer(t, db.outside, "CONFIG GET maxmemory-policy", "maxmemory-policy\nallkeys-lru")
		db.wantRefused(t, db.outside)
		if got := docker(t, "inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}",
			db.uuid); got != "67108864 500000000" {
			t.Errorf("its limits are %s bytes and billionths of a CPU", got)
		}
		db.remove(t, true)
	})
	t.Run("a MariaDB with TLS, a configuration, a script and an awkward password", func(t *testing.T) {
		db := start(t, mariadb, map[string]any{
			"enable_ssl": true, "mariadb_password": awkward,
			"mariadb_root_password": "r" + awkward, "mariadb_user": "shop",
			"mariadb_conf": "[mariadb]\nmax_connections = 37\n",
			"init_scripts": []map[string]any{{"filename": "make.sql",
				"content": "CREATE TABLE made AS SELECT 'by a script' AS word;\n"}},
		})
		db.wantAnswer(t, db.inside, "SELECT word FROM made", "by a script")
		db.wantAnswer(t, db.inside, "SELECT @@max_connections", "37")
		db.wantRefused(t, db.inside)
		plain := db.inside
		plain.certificate = ""
		if said, err := db.ask(t, plain, db.question); err == nil ||
			!strings.Contains(said, "insecure transport") {
			t.Errorf("who does not use TLS is told %q (%v)", said, err)
		}
		db.remove(t, true)
	})
	t.Run("a ClickHouse with an awkward password", func(t *testing.T) {
		db := start(t, clickhouse, map[string]any{
			"clickhouse_admin_user": "shop", "clickhouse_db": "orders", "clickhouse_admin_password": awkward})
		db.wantAnswer(t, db.inside, "SELECT currentDatabase()", "orders")
		db.wantRefused(t, db.inside)
		db.remove(t, true)
	})
}

// freePort returns a port on which no process listens. It is below 32768: from
// there on Linux chooses the ports for connections and for listeners on port 0.
func freePort(t *testing.T) int {
	t.Helper()
	for range 100 {
		port := 20000 + rand.IntN(12000)
		if listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port)); err == nil {
			_ = listener.Close()
			return port
		}
	}
	t.Fatal("there is no free port")
	return 0
}

// emulated is the name of the emulator that the stack runs on.
func emulated() string { return os.Getenv("EMULATOR") }

// atOnce lets the test run at the same time as others, except on LocalStack, which runs one
// deployment after the other.
func atOnce(t *testing.T) {
	if emulated() == "ministack" {
		t.Parallel()
	}
}
