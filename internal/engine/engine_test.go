package engine_test

import (
	"os"
	"os/exec"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/engine"
)

func TestAllReturnsTheNineEngines(t *testing.T) {
	var names []string
	for _, e := range engine.All() {
		names = append(names, e.Name)
		if found, ok := engine.Find(e.Name); !ok || found.Title != e.Title {
			t.Errorf("Find of %s: %v %v", e.Name, found.Title, ok)
		}
	}
	slices.Sort(names)
	want := []string{
		"clickhouse", "dragonfly", "keydb", "mariadb", "mongodb", "mysql", "postgresql", "redis", "valkey",
	}
	if diff := cmp.Diff(names, want); diff != "" {
		t.Error(diff)
	}
	if _, ok := engine.Find("oracle"); ok {
		t.Error("Find knows oracle")
	}
}

var hole = regexp.MustCompile(`%\{([^}:]*)(:[^}]*)?\}`)

// texts are all places of an entry that may have holes. Open ones are read by
// everybody who may look at the container or at the server's processes.
func texts(e engine.Engine) (open, closed []string) {
	open = append(open, e.Command...)
	open = append(open, e.ConfigurationFile.Command...)
	open = append(open, e.TLS.Command...)
	for _, words := range e.TLS.ModeCommand {
		open = append(open, words...)
	}
	for _, variable := range e.Environment {
		open = append(open, variable.Value)
	}
	open = append(open, e.Health)
	closed = append(closed, e.ConfigurationFile.Before, e.ConfigurationFile.After, e.TLS.Configuration)
	for _, file := range e.Files {
		closed = append(closed, file.Text)
	}
	closed = append(closed, e.Form.User, e.Form.Password, e.Form.Path)
	return open, closed
}

// An entry is data that nobody compiles: this is what keeps it from mistakes.
func TestEntriesAreConsistent(t *testing.T) {
	for _, e := range engine.All() {
		t.Run(e.Name, func(t *testing.T) {
			secret := map[string]bool{}
			for _, setting := range e.Settings {
				secret[setting.Field] = setting.Secret
				if setting.Secret && setting.Default != "" {
					t.Errorf("the secret %s has a default", setting.Field)
				}
				if why := e.CheckSetting(setting.Field, setting.Default); setting.Default != "" && why != "" {
					t.Errorf("the default of %s %s", setting.Field, why)
				}
			}
			open, closed := texts(e)
			used := map[string]bool{}
			for _, text := range slices.Concat(open, closed) {
				for _, match := range hole.FindAllStringSubmatch(text, -1) {
					if _, known := secret[match[1]]; !known {
						t.Errorf("%q has a hole that no setting fills", text)
					}
					used[match[1]] = true
				}
				if strings.Contains(engine.Fill(text, nil), "%{") {
					t.Errorf("%q has a hole of no known form", text)
				}
			}
			for _, text := range open {
				for _, match := range hole.FindAllStringSubmatch(text, -1) {
					if secret[match[1]] {
						t.Errorf("%q shows %s to everybody", text, match[1])
					}
				}
			}
			for field := range secret {
				if !used[field] {
					t.Errorf("%s is set and used nowhere", field)
				}
			}
			checkPlaces(t, e)
			checkTLS(t, e)
		})
	}
}

func checkPlaces(t *testing.T, e engine.Engine) {
	t.Helper()
	if !strings.Contains(path.Base(e.Image), ":") || strings.HasSuffix(e.Image, ":latest") {
		t.Errorf("the image %s is not of one version", e.Image)
	}
	seen := map[string]bool{
		engine.HealthFile: true, engine.CertificateFile: true, engine.KeyFile: true, "": true,
	}
	for _, file := range append(e.Files, engine.File{Path: e.ConfigurationFile.Path}) {
		if file.Path != "" && (seen[file.Path] || !path.IsAbs(file.Path)) {
			t.Errorf("the file %s is there twice, or relative", file.Path)
		}
		seen[file.Path] = true
	}
	volumes := e.VolumesFor(e.ChooseDataFolder(e.Image))
	if len(volumes) == 0 || slices.ContainsFunc(volumes, func(v engine.Volume) bool { return v.Path == "" }) {
		t.Error("it keeps its data nowhere")
	}
	if (e.Configuration != "") && e.ConfigurationFile.Path == "" {
		t.Error("its configuration goes nowhere")
	}
}

func checkTLS(t *testing.T, e engine.Engine) {
	t.Helper()
	if len(e.TLSModes) == 0 {
		return
	}
	if e.TLSPort == 0 || len(e.TLS.Command)+len(e.TLS.Configuration) == 0 {
		t.Error("it has modes of TLS, and no way to use it")
	}
	for mode := range e.TLS.Query {
		if !slices.Contains(e.TLSModes, mode) {
			t.Errorf("%s is in the URL and no mode", mode)
		}
	}
	for mode := range e.TLS.ModeCommand {
		if !slices.Contains(e.TLSModes, mode) {
			t.Errorf("%s is in the command and no mode", mode)
		}
	}
}

func TestHealthScriptsAreShell(t *testing.T) {
	for _, e := range engine.All() {
		cmd := exec.Command("sh", "-n")
		cmd.Stdin = strings.NewReader(e.Health)
		if said, err := cmd.CombinedOutput(); err != nil || e.Health == "" {
			t.Errorf("%s: %v: %s", e.Name, err, said)
		}
	}
}

func TestVolumesFollowTheVersion(t *testing.T) {
	e, _ := engine.Find("postgresql")
	for image, want := range map[string]string{
		"postgres:16-alpine":            "/var/lib/postgresql/data",
		"postgres:9.6":                  "/var/lib/postgresql/data",
		"postgres:17.2-bookworm":        "/var/lib/postgresql/data",
		"pgvector/pgvector:pg17":        "/var/lib/postgresql/data",
		"timescaledb:latest-pg16":       "/var/lib/postgresql/data",
		"localhost:5000/postgres:15":    "/var/lib/postgresql/data",
		"postgres:16@sha256:18ab":       "/var/lib/postgresql/data",
		"postgres:18":                   "/var/lib/postgresql",
		"postgres:18.1-alpine3.22":      "/var/lib/postgresql",
		"postgis/postgis:18-3.6":        "/var/lib/postgresql",
		"pgvector/pgvector:0.8.1-pg18":  "/var/lib/postgresql",
		"timescaledb:2.23.0-pg18":       "/var/lib/postgresql",
		"pgvector/pgvector:0.8.1-pg17":  "/var/lib/postgresql/data",
		"supabase/postgres:17.4.1.048":  "/var/lib/postgresql/data",
		"postgres:latest":               "/var/lib/postgresql/data",
		"postgres:stable":               "/var/lib/postgresql/data",
		"postgres:prod":                 "/var/lib/postgresql/data",
		"postgis/postgis:latest":        "/var/lib/postgresql/data",
		"registry:5000/orders:18":       "/var/lib/postgresql/data",
		"registry:5000/postgres:v2-18":  "/var/lib/postgresql/data",
		"team/postgres:2026-01-15":      "/var/lib/postgresql/data",
		"team/postgres:20260115":        "/var/lib/postgresql/data",
		"timescale/timescaledb:2.23.0":  "/var/lib/postgresql/data",
		"postgres:alpine3.20":           "/var/lib/postgresql/data",
		"postgres":                      "/var/lib/postgresql/data",
		"registry:5000/postgres":        "/var/lib/postgresql/data",
		"postgres@sha256:18ab":          "/var/lib/postgresql/data",
		"postgres:99999999999999999999": "/var/lib/postgresql/data",
	} {
		folder := e.ChooseDataFolder(image)
		volumes := e.VolumesFor(folder)
		if len(volumes) != 1 || volumes[0].Path != want || volumes[0].Name != "postgres-data" {
			t.Errorf("%s has its data in %v, want %s", image, volumes, want)
		}
		// Told the folder, no version keeps its data outside the volume.
		told := slices.ContainsFunc(e.EnvironmentFor(folder), func(v engine.Variable) bool {
			return v.Name == "PGDATA" && v.Value == folder &&
				(folder == want || strings.HasPrefix(folder, want+"/"))
		})
		if !told {
			t.Errorf("%s is not told to keep its data in %s: %v", image, folder, e.EnvironmentFor(folder))
		}
	}
}

func TestURL(t *testing.T) {
	const trusted = "/etc/ssl/certs/waybill-ca.crt"
	values := map[string]string{}
	for _, e := range engine.All() {
		for _, setting := range e.Settings {
			values[setting.Field] = setting.Default
			if setting.Secret {
				values[setting.Field] = "p w"
			}
		}
	}
	for _, c := range []struct {
		engine, tls, image, want string
		port                     int
	}{
		{engine: "postgresql", want: "postgres://postgres:p%20w@db:5432/postgres"},
		{engine: "postgresql", port: 15432, want: "postgres://postgres:p%20w@db:15432/postgres"},
		{
			engine: "postgresql", tls: "require",
			want: "postgres://postgres:p%20w@db:5432/postgres?sslmode=require",
		},
		{
			engine: "postgresql", tls: "verify-full",
			want: "postgres://postgres:p%20w@db:5432/postgres?sslmode=verify-full&sslrootcert=" + trusted,
		},
		{engine: "mysql", want: "mysql://mysql:p%20w@db:3306/default"},
		{
			engine: "mysql", tls: "VERIFY_CA",
			want: "mysql://mysql:p%20w@db:3306/default?ssl-mode=VERIFY_CA&ssl-ca=" + trusted,
		},
		{engine: "mariadb", tls: "require", want: "mysql://mariadb:p%20w@db:3306/default"},
		{engine: "mongodb", want: "mongodb://root:p%20w@db:27017/?directConnection=true"},
		{
			engine: "mongodb", tls: "require",
			want: "mongodb://root:p%20w@db:27017/?directConnection=true&tls=true&tlsInsecure=true",
		},
		{
			engine: "mongodb", tls: "verify-full",
			want: "mongodb://root:p%20w@db:27017/?directConnection=true&tls=true&tlsCAFile=" + trusted,
		},
		{engine: "redis", want: "redis://default:p%20w@db:6379/0"},
		{engine: "redis", image: "redis:5.0.14", want: "redis://:p%20w@db:6379/0"},
		{engine: "redis", image: "redis:6-alpine", want: "redis://default:p%20w@db:6379/0"},
		{engine: "redis", image: "redis:latest", want: "redis://default:p%20w@db:6379/0"},
		{engine: "redis", tls: "require", want: "rediss://default:p%20w@db:6380/0"},
		{engine: "keydb", want: "redis://default:p%20w@db:6379/0"},
		{engine: "dragonfly", tls: "require", want: "rediss://default:p%20w@db:6380/0"},
		{engine: "valkey", want: "redis://default:p%20w@db:6379/0"},
		{engine: "clickhouse", want: "clickhouse://default:p%20w@db:9000/default"},
	} {
		e, _ := engine.Find(c.engine)
		if c.image == "" {
			c.image = e.Image
		}
		got := e.URL(engine.Address{Host: "db", Port: c.port, Values: values, TLS: c.tls, Image: c.image})
		if got != c.want {
			t.Errorf("%s %s: %s, want %s", c.image, c.tls, got, c.want)
		}
	}
}

func TestURLsEncodeAllThatIsSpecial(t *testing.T) {
	e, _ := engine.Find("postgresql")
	values := map[string]string{
		"postgres_user": "a/b", "postgres_password": "p:@/?#[]%&=+ é%{x}", "postgres_db": "d?b",
	}
	got := e.URL(engine.Address{Host: "2001:db8::1", Values: values, Image: e.Image})
	want := "postgres://a%2Fb:p%3A%40%2F%3F%23%5B%5D%25%26%3D%2B%20%C3%A9%25%7Bx%7D@[2001:db8::1]:5432/d%3Fb"
	if got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestTheDocumentHasEveryEngine(t *testing.T) {
	page, err := os.ReadFile("../../docs/databases.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(page)) {
		if cells, isRow := strings.CutPrefix(line, "| `"); isRow {
			if name, _, found := strings.Cut(cells, "`"); found {
				rows[name] = line
			}
		}
	}
	for _, e := range engine.All() {
		row := rows[e.Name]
		want := []string{"`" + e.Image + "`"}
		if e.Configuration != "" {
			want = append(want, "`"+e.Configuration+"`")
		}
		for _, setting := range e.Settings {
			want = append(want, strings.TrimSpace("`"+setting.Field+"` "+setting.Default))
		}
		for _, volume := range e.VolumesFor("") {
			want = append(want, "`"+volume.Name+"`")
		}
		for _, text := range want {
			if !strings.Contains(row, text) {
				t.Errorf("docs/databases.md does not say %s of %s", text, e.Name)
			}
		}
	}
}
