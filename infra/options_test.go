package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	infra "waybill/infra"
)

func TestReadOptions(t *testing.T) {
	built := t.TempDir()
	if err := placeholders(built); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		context map[string]any
		want    infra.Options // with the defaults of Generation, Shards and Functions
	}{
		{
			name:    "a team alone",
			context: map[string]any{"team": "blue"},
			want:    infra.Options{Team: "blue", Architecture: "arm64"},
		},
		{
			name:    "all options",
			context: map[string]any{"team": "blue-2", "local": "true", "architecture": "x86_64"},
			want:    infra.Options{Team: "blue-2", Local: true, Architecture: "x86_64"},
		},
		{
			name:    "a true that is no text",
			context: map[string]any{"team": "a", "local": true},
			want:    infra.Options{Team: "a", Local: true, Architecture: "arm64"},
		},
		{
			name:    "a short lease",
			context: map[string]any{"team": "blue", "lease": "5s"},
			want:    infra.Options{Team: "blue", Architecture: "arm64", Lease: "5s"},
		},
		{
			name:    "a retention",
			context: map[string]any{"team": "blue", "retention": "failed=365"},
			want:    infra.Options{Team: "blue", Architecture: "arm64", Retention: "failed=365"},
		},
		{
			name:    "limits of requests",
			context: map[string]any{"team": "blue", "throttle": "requests=200"},
			want:    infra.Options{Team: "blue", Architecture: "arm64", Throttle: "requests=200"},
		},
		{
			name:    "an address of the API",
			context: map[string]any{"team": "blue", "api-url": "https://deploy.example.org/ways"},
			want: infra.Options{Team: "blue", Architecture: "arm64",
				URL: "https://deploy.example.org/ways"},
		},
		{
			name: "an address of the API on an emulator",
			context: map[string]any{"team": "blue", "local": "true",
				"api-url": "http://127.0.0.1:4566/_aws/execute-api/{api}/live"},
			want: infra.Options{Team: "blue", Architecture: "arm64", Local: true,
				URL: "http://127.0.0.1:4566/_aws/execute-api/{api}/live"},
		},
		{
			name:    "images and buckets",
			context: map[string]any{"team": "blue", "images": "team/,web", "buckets": "acme-in"},
			want: infra.Options{Team: "blue", Architecture: "arm64", Images: "team/,web",
				Buckets: "acme-in"},
		},
		{
			name:    "notifications to this machine",
			context: map[string]any{"team": "blue", "local": "true", "notify-loopback": true},
			want: infra.Options{Team: "blue", Architecture: "arm64", Local: true,
				NotifyLoopback: true},
		},
		{
			name: "alarms by e-mail and to a pager",
			context: map[string]any{"team": "blue", "alarm-email": "ops@example.org", "dashboard": "true",
				"alarm-topic": "arn:aws:sns:eu-central-1:123456789012:pager"},
			want: infra.Options{Team: "blue", Architecture: "arm64", AlarmEmail: "ops@example.org",
				Dashboard: true, AlarmTopic: "arn:aws:sns:eu-central-1:123456789012:pager"},
		},
		{
			name:    "a life of tokens",
			context: map[string]any{"team": "blue", "token-days": "90"},
			want:    infra.Options{Team: "blue", Architecture: "arm64", TokenDays: "90"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := optionsOf(c.context, built)
			if err != nil {
				t.Fatal(err)
			}
			c.want.Generation, c.want.Shards, c.want.Functions = 1, 1, built
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("-got +want:\n%s", diff)
			}
		})
	}
}

func TestReadOptionsRefuses(t *testing.T) {
	built, empty := t.TempDir(), t.TempDir()
	if err := placeholders(built); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("a", infra.MaxTeamLength+1)
	for _, c := range []struct {
		name    string
		context map[string]any
		want    string // a part of the error
	}{
		{"a retention of nothing", map[string]any{"team": "blue", "retention": "failed=0"},
			"retention=failed=0: days by outcome"},
		{"a life of no days", map[string]any{"team": "blue", "token-days": "0"}, "token-days=0: a number"},
		{"a limit of nothing known", map[string]any{"team": "blue", "throttle": "all=1"},
			"throttle=all=1: requests a minute"},
		{"an unknown lease", map[string]any{"team": "blue", "lease": "soon"}, "lease=soon: whole seconds"},
		{"notifications to this machine on AWS",
			map[string]any{"team": "blue", "notify-loopback": "true"},
			"notify-loopback=true: true only with local=true"},
		{"plain HTTP", map[string]any{"team": "blue", "api-url": "http://deploy.example.org"},
			"api-url=http://deploy.example.org: the address of the API"},
		{"an address with a slash at its end", map[string]any{"team": "blue", "api-url": "https://a.test/"},
			"api-url=https://a.test/: the address of the API"},
		{"an image with a star", map[string]any{"team": "blue", "images": "team/*"},
			"images=team/*: beginnings of repositories"},
		{"the stack's own bucket", map[string]any{"team": "blue",
			"buckets": "waybill-blue-123456789012-eu-central-1"}, "is the bucket of the stack itself"},
		{"no name of a bucket", map[string]any{"team": "blue", "buckets": "A_b"}, "buckets=A_b: names of"},
		{"too many buckets", map[string]any{"team": "blue", "buckets": strings.Repeat("acme,", 21)},
			"at most 20 each"},
		{"a topic without an account", map[string]any{"team": "blue", "alarm-topic": "pager"},
			"alarm-topic=pager: the ARN of a topic"},
		{"two addresses", map[string]any{"team": "blue", "alarm-email": "a@b.test,c@d.test"},
			"alarm-email=a@b.test,c@d.test: one address"},
		{"a dashboard of nothing known", map[string]any{"team": "blue", "dashboard": "yes"},
			"dashboard=yes: true or false"},
		{"no shards", map[string]any{"team": "blue", "shards": "0"}, "shards=0: a number from 1 to 10"},
		{"no team", nil, "-c team=NAME"},
		{"an empty team", map[string]any{"team": ""}, "-c team=NAME"},
		{"a team with capitals", map[string]any{"team": "Blue"}, `team "Blue"`},
		{"a team with a slash", map[string]any{"team": "a/b"}, "lower-case letters and digits"},
		{"a team that begins with a digit", map[string]any{"team": "7up"}, "a letter first"},
		{"a team that ends in a hyphen", map[string]any{"team": "blue-"}, "single hyphens between"},
		{"a team with a line break", map[string]any{"team": "blue\n"}, `team "blue\n"`},
		{"a long team", map[string]any{"team": long}, "at most 26"},
		{"a team that is a number", map[string]any{"team": 7}, `team "7"`},
		{"a wrong local", map[string]any{"team": "blue", "local": "yes"}, "local=yes: true or false"},
		{"another architecture", map[string]any{"team": "blue", "architecture": "amd64"}, "arm64 or x86_64"},
		{"functions that are not built", map[string]any{"team": "blue", "functions": empty},
			"no NAME/bootstrap of catalog, deploy, inspect, list, show, dispatch, runner, trigger, " +
				"notify there"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := optionsOf(c.context, built)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got error %v, want one with %q", err, c.want)
			}
		})
	}
}

// optionsOf reads the options from a context, whose functions are built by default.
func optionsOf(context map[string]any, built string) (infra.Options, error) {
	return infra.ReadOptions(func(name string) any {
		if value, given := context[name]; given || name != "functions" {
			return value
		}
		return built
	})
}

func TestReadOptionsNamesTheFunctionThatIsNotBuilt(t *testing.T) {
	folder := t.TempDir()
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(folder, "list", "bootstrap")); err != nil {
		t.Fatal(err)
	}
	_, err := infra.ReadOptions(func(name string) any {
		return map[string]any{"team": "blue", "functions": folder}[name]
	})
	if err == nil || !strings.Contains(err.Error(), "no NAME/bootstrap of list there") {
		t.Errorf("got error %v, want one that names list alone", err)
	}
}

// TestEveryOptionIsDocumented: the table has each option that is read, and no other one.
func TestEveryOptionIsDocumented(t *testing.T) {
	read := map[string]bool{}
	_, _ = infra.ReadOptions(func(name string) any {
		read[name] = true
		return map[string]any{"team": "blue"}[name]
	})
	page, err := os.ReadFile(filepath.Join("..", "docs", "options.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]bool{}
	rows := regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\| [^|]+ \\| [^|]+ \\|$")
	for _, row := range rows.FindAllStringSubmatch(string(page), -1) {
		documented[row[1]] = true
	}
	if diff := cmp.Diff(documented, read); diff != "" {
		t.Errorf("options, -documented +read:\n%s", diff)
	}
}
