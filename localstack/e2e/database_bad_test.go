package e2e_test

import (
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// TestP8ADatabaseThatIsNotWell checks that the start of a database that does not
// come up fails, and that the log ends with the reason.
func TestP8ADatabaseThatIsNotWell(t *testing.T) {
	t.Parallel()
	needDocker(t)
	w := stack(t)
	server, spy := w.server(t), watch(t)
	postgres, redis := realEngines()[0], realEngines()[1]

	t.Run("one whose configuration is wrong fails with its last lines", func(t *testing.T) {
		db := w.database(t, spy, server, redis, map[string]any{
			"redis_conf": "no-such-word yes", "health_timeout": 5,
		})
		db.wantFailure(t, "unhealthy", db.uuid+`[^\n]* code 1[^\n]*\.`, "no-such-word")
	})
	t.Run("one that runs and answers no query fails with its last lines", func(t *testing.T) {
		db := w.database(t, spy, server, postgres, map[string]any{
			"postgres_conf": "port = 6000\n", "health_timeout": 10, "health_check_start_period": 1,
			"health_check_retries": 1})
		db.wantFailure(t, "unhealthy", db.uuid+` is running[^\n]*\.`,
			"database system is ready to accept connections")
	})
	t.Run("one whose port is taken fails with docker's words, and starts when the port is free", func(
		t *testing.T,
	) {
		port := freePort(t)
		listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		db := w.database(t, spy, server, redis, map[string]any{"is_public": true, "public_port": port})
		db.wantFailure(t, "exit", "address already in use|port is already allocated")
		if running := docker(t, "ps", "--quiet", "--filter", "name="+db.uuid); running != "" {
			t.Errorf("it runs nevertheless: %s", running)
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		// The API would count a second start as a repeat of the first.
		db.operate(t, "restart", "running:healthy")
		db.wantAnswer(t, db.outside, db.question, db.answer)
		db.remove(t, true)
	})
	spy.wantNothing(t, w, "")
}

// wantFailure starts the database. The start must fail, and the end of its log
// must match all the patterns.
func (db *database) wantFailure(t *testing.T, reason string, patterns ...string) {
	t.Helper()
	record, entries := db.w.deploy(t, db.uuid)
	db.noteLog(t, record, entries)
	wantStatus(t, record, entries, "failed", reason)
	var end strings.Builder
	for _, entry := range entries[max(0, len(entries)-60):] {
		fmt.Fprintln(&end, entry.Output)
	}
	for _, pattern := range patterns {
		if !regexp.MustCompile(pattern).MatchString(end.String()) {
			t.Errorf("the log does not end with %q but with:\n%s", pattern, end.String())
		}
	}
	var now shownDatabase
	db.w.get(t, at(db.uuid), &now)
	if now.Status == "running:healthy" || strings.HasPrefix(now.Status, "starting") {
		t.Errorf("after the failure it is %s", now.Status)
	}
}

func TestDatabaseRefusals(t *testing.T) {
	t.Parallel()
	needDocker(t)
	w := stack(t)
	server := w.server(t)
	redis := realEngines()[1]

	for _, c := range []struct {
		name, path string
		given      map[string]any
		status     int
		says       []string // in the answer, names of fields included
	}{
		{"an engine that is not known", "/databases/oracle", nil, 404,
			[]string{"postgresql", "redis", "mongodb", "mysql", "mariadb", "keydb", "dragonfly",
				"clickhouse", "valkey"}},
		{"an image that is no reference", "/databases/redis", map[string]any{"image": "Redis:"}, 422,
			[]string{`"image"`}},
		{"an image with a blank", "/databases/redis", map[string]any{"image": "redis 7"}, 422,
			[]string{`"image"`}},
		{"a setting of another engine", "/databases/redis", map[string]any{"postgres_user": "a"}, 422,
			[]string{`"postgres_user"`, "redis_password"}},
		{"TLS for an engine without", "/databases/clickhouse", map[string]any{"enable_ssl": true}, 422,
			[]string{`"enable_ssl"`}},
		{"a password of two lines", "/databases/redis", map[string]any{"redis_password": "first\nsecond"},
			422, []string{`"redis_password"`}},
		{"a public database without a port", "/databases/redis", map[string]any{"is_public": true}, 422,
			[]string{`"public_port"`}},
	} {
		t.Run(c.name+" is refused in words", func(t *testing.T) {
			body := map[string]any{"name": "demo", "server_uuid": server}
			for name, value := range c.given {
				body[name] = value
			}
			answer, is := errors.AsType[*client.Error](w.api.Post(t.Context(), c.path, body, nil))
			if !is || answer.Status != c.status {
				t.Fatalf("%v, want %d", answer, c.status)
			}
			for _, word := range c.says {
				if !strings.Contains(answer.Body, word) {
					t.Errorf("%s says nothing of %s", answer.Body, word)
				}
			}
		})
	}
	t.Run("what is so already is refused", func(t *testing.T) {
		db := w.database(t, nil, server, redis, nil)
		wantAnswer(t, w.api.Post(t.Context(), at(db.uuid)+"/stop", nil, nil), 400,
			"Database is already stopped.")
		db.operate(t, "start", "running:healthy")
		db.wantNeedless(t, "start", "Database is already running.")
		db.operate(t, "stop", "exited")
		db.wantNeedless(t, "stop", "Database is already stopped.")
		db.remove(t, false)
	})
}

// wantNeedless repeats the request until the API refuses it. For ten seconds
// after the first request it counts as a repeat and gets the same answer.
func (db *database) wantNeedless(t *testing.T, operation, message string) {
	t.Helper()
	eventually(t, operation+" is taken for a repeat", func() bool {
		err := db.w.api.Post(t.Context(), at(db.uuid)+"/"+operation, nil, nil)
		if err != nil {
			wantAnswer(t, err, 400, message)
		}
		return err != nil
	})
}
