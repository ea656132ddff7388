package engine_test

import (
	"strings"
	"testing"

	"waybill/internal/engine"
)

func TestCheckSetting(t *testing.T) {
	printable := ""
	for r := ' '; r <= '~'; r++ {
		printable += string(r)
	}
	for _, c := range []struct{ engine, field, value, want string }{
		{"redis", "redis_password", printable + " é 漢字 ", ""},
		{"redis", "redis_password", "four", ""},
		{"redis", "redis_password", "ééé", "at least 4 characters"},
		{"redis", "redis_password", "", "at least 4 characters"},
		{"redis", "redis_password", strings.Repeat("x", 200), ""},
		{"redis", "redis_password", strings.Repeat("x", 201), "at most 200 bytes"},
		{"redis", "redis_password", "line\nline", "cannot hold line breaks"},
		{"redis", "redis_password", "line\r", "one line"},
		{"redis", "redis_password", "a\tbcd", "one line"},
		{"redis", "redis_password", "abcd\x00", "one line"},
		{"redis", "redis_password", "abc\xff", "one line"},
		{"redis", "redis_user", "x", "is no setting of Redis, which has redis_password, redis_conf"},
		{"postgresql", "postgres_user", "app_1.x-y", ""},
		{"postgresql", "postgres_user", "", "must be letters"},
		{"postgresql", "postgres_user", "it's", "must be letters"},
		{"postgresql", "postgres_user", `a"b`, "must be letters"},
		{"postgresql", "postgres_user", "a\nb", "must be letters"},
		{"postgresql", "postgres_user", "a\n", "must be letters"},
		{"postgresql", "postgres_user", "-rf", "must be letters"},
		{"postgresql", "postgres_user", "$HOME", "must be letters"},
		{"postgresql", "postgres_user", "a b", "must be letters"},
		{"postgresql", "postgres_user", "1a", "must be letters"},
		{"postgresql", "postgres_user", strings.Repeat("x", 63), ""},
		{"postgresql", "postgres_user", strings.Repeat("x", 64), "at most 63"},
		{"postgresql", "postgres_db", "template0", "must not be template0"},
		{"postgresql", "postgres_initdb_args", "", ""},
		{"postgresql", "postgres_initdb_args", "--data-checksums --locale='C'", ""},
		{"postgresql", "postgres_initdb_args", "a\nb", "one line"},
		{"mysql", "mysql_user", strings.Repeat("x", 33), "at most 32"},
		{"mysql", "mysql_user", "root", "must not be root"},
		{"mariadb", "mariadb_database", "sys", "must not be sys"},
		{"clickhouse", "clickhouse_db", "system", "must not be system"},
	} {
		e, _ := engine.Find(c.engine)
		got := e.CheckSetting(c.field, c.value)
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %q: %q, want %q", c.field, c.value, got, c.want)
		}
	}
}

func TestSetBy(t *testing.T) {
	for _, c := range []struct{ engine, variable, want string }{
		{"postgresql", "POSTGRES_PASSWORD", "postgres_password"},
		{"postgresql", "POSTGRES_PASSWORD_FILE", "postgres_password"},
		{"postgresql", "POSTGRES_USER", "postgres_user"},
		{"postgresql", "PGUSER", "postgresql"},
		{"clickhouse", "CLICKHOUSE_SKIP_USER_SETUP", "clickhouse"},
		{"postgresql", "TZ", ""},
		{"redis", "POSTGRES_PASSWORD", ""},
	} {
		e, _ := engine.Find(c.engine)
		if got := e.SetBy(c.variable); got != c.want {
			t.Errorf("%s of %s is set by %q, want %q", c.variable, c.engine, got, c.want)
		}
	}
}
