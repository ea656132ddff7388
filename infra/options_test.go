package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

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
		want    infra.Options // with the defaults of Shards and Functions
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
			name:    "a collector of traces",
			context: with("otlp-endpoint", "https://otlp.example.org/v1/traces"),
			want: infra.Options{Team: "blue", Architecture: "arm64",
				Traces: "https://otlp.example.org/v1/traces"},
		},
		{
			name:    "no metrics",
			context: with("metrics", "false"),
			want:    infra.Options{Team: "blue", Architecture: "arm64", NoMetrics: true},
		},
		{
			name: "limits",
			context: with("operator-log-days", "90", "runner-memory", "512", "runner-timeout", "10m",
				"max-runners", "40", "runner-concurrency", "40", "api-concurrency", "20"),
			want: infra.Options{Team: "blue", Architecture: "arm64", Limits: infra.Limits{LogDays: 90,
				RunnerMemory: 512, RunnerTimeout: 10 * time.Minute, MaxRunners: 40, RunnerConcurrency: 40,
				APIConcurrency: 20}},
		},
		{
			name: "a network",
			context: with("vpc", "vpc-0a1b2c3d", "subnets", "subnet-0a1b2c3d", "security-groups",
				"sg-0a1b2c3d", "allow-cidrs", "203.0.113.0/24,::/0", "private-endpoint", "vpce-0a1b2c3d",
				"waf", "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/teams/0a1b"),
			want: infra.Options{Team: "blue", Architecture: "arm64", Network: infra.Network{
				VPC: "vpc-0a1b2c3d", Subnets: "subnet-0a1b2c3d", SecurityGroups: "sg-0a1b2c3d",
				Allow: "203.0.113.0/24,::/0", PrivateEndpoint: "vpce-0a1b2c3d",
				WAF: "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/teams/0a1b"}},
		},
		{
			name: "a domain",
			context: with("domain", "deploy.example.org", "base-path", "a/b",
				"certificate", "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"),
			want: infra.Options{Team: "blue", Architecture: "arm64", Network: infra.Network{
				Domain: "deploy.example.org", BasePath: "a/b",
				Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b"}},
		},
		{
			name: "an account",
			context: with("permissions-boundary", "arn:aws:iam::123456789012:policy/b", "bus", "shared",
				"key", "create", "region", "us-gov-west-1",
				"tags", "owner=web", "removal", "destroy", "tracing", "true", "gateway-role", "false"),
			want: infra.Options{Team: "blue", Architecture: "arm64", Account: infra.Account{
				Boundary: "arn:aws:iam::123456789012:policy/b", Bus: "shared", Tags: "owner=web",
				Key: "create", Region: "us-gov-west-1",
				Removal: "destroy", Tracing: true, ForeignGatewayRole: true}},
		},
		{
			name: "data to adopt",
			context: with("adopt", "true", "account", "123456789012", "region", "eu-central-1",
				"generation", "catalog=2"),
			want: infra.Options{Team: "blue", Architecture: "arm64",
				Generations: infra.Generations{"catalog": 2},
				Account:     infra.Account{Adopt: true, ID: "123456789012", Region: "eu-central-1"}},
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
			c.want.Shards, c.want.Functions = 1, built
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
		{"a collector without https", with("otlp-endpoint", "http://otlp.example.org/v1/traces"),
			"otlp-endpoint=http://otlp.example.org/v1/traces: the whole https URL of a collector"},
		{"a collector with a password", with("otlp-endpoint", "https://a:b@otlp.example.org/v1/traces"),
			"the whole https URL of a collector"},
		{"a dashboard of nothing known", map[string]any{"team": "blue", "dashboard": "yes"},
			"dashboard=yes: true or false"},
		{"days that CloudWatch does not know", with("operator-log-days", "31"), "=31: CloudWatch knows"},
		{"little memory", with("runner-memory", "64"), "runner-memory=64: a number from 128 to 10240"},
		{"a runner for an hour", with("runner-timeout", "1h"), "runner-timeout=1h: whole seconds, from 3m"},
		{"one runner", with("max-runners", "1"), "max-runners=1: a number from 2 to 1000"},
		{"more runners than are reserved", with("max-runners", "50", "runner-concurrency", "20"),
			"max-runners=50: at most runner-concurrency=20"},
		{"a reservation of nothing", with("api-concurrency", "0"), "api-concurrency=0: a number from 1"},
		{"a VPC by name", with("vpc", "main", "subnets", "subnet-0a1b2c3d"), "vpc=main: the id of a VPC"},
		{"a VPC without subnets", with("vpc", "vpc-0a1b2c3d"), "vpc=vpc-0a1b2c3d: it needs 1 to 16 subnets"},
		{"subnets without a VPC", with("subnets", "subnet-0a1b2c3d"), "they need vpc=vpc-…"},
		{"a subnet by name", with("vpc", "vpc-0a1b2c3d", "subnets", "a"), "subnets=a: ids of subnets"},
		{"a group by name", with("vpc", "vpc-0a1b2c3d", "subnets", "subnet-0a1b2c3d", "security-groups", "g"),
			"security-groups=g: ids of security groups"},
		{"no length", with("allow-cidrs", "203.0.113.7"), `"203.0.113.7" is no block`},
		{"a block of an address", with("allow-cidrs", "203.0.113.7/24"), `203.0.113.7/24" is no`},
		{"a VPC as endpoint", with("private-endpoint", "vpc-0a1b2c3d"), "the id of a VPC endpoint"},
		{"a global firewall", with("waf", "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"),
			"the ARN of a regional web ACL"},
		{"a certificate without a domain", with("certificate", "arn:x"), "they need domain=NAME"},
		{"a domain with a scheme", with("domain", "https://a.test"), "domain=https://a.test: a domain name"},
		{"no certificate", with("domain", "a.test", "certificate", "a.test"), "=a.test: the ARN of a cert"},
		{"a slash first", with("domain", "a.test", "base-path", "/blue"), "base-path=/blue: a path without"},
		{"a private API at a domain", with("domain", "a.test", "private-endpoint", "vpce-0a1b2c3d"),
			"domain=a.test: not with private-endpoint"},
		{"a boundary", with("permissions-boundary", "b"), "permissions-boundary=b: the ARN of a policy"},
		{"the default bus", with("bus", "default"), "bus=default: the name of an existing bus"},
		{"a tag without a value", with("tags", "owner"), "tags=owner: keys and values"},
		{"a tag of AWS", with("tags", "aws:owner=web"), "no key begins with aws:"},
		{"the stack's tag", with("tags", "waybill-team=red"), "waybill-team is the stack's"},
		{"an alias", with("key", "alias/blue"), "key=alias/blue: create, or the ARN of a key"},
		{"a zone as a region", with("region", "eu-central-1a"), "region=eu-central-1a: the name of a region"},
		{"a short account", with("account", "1234"), "account=1234: the 12 digits"},
		{"an adoption anywhere", with("adopt", "true"), "adopt=true: it needs account and region"},
		{"an adoption of what goes", with("adopt", "true", "account", "123456789012", "region",
			"eu-central-1", "removal", "destroy"), "adopt=true: not with removal=destroy"},
		{"another removal", with("removal", "delete"), "removal=delete: retain or destroy"},
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

// with is the context of a team with further options: names and values in turn.
func with(options ...string) map[string]any {
	context := map[string]any{"team": "blue"}
	for i := 0; i < len(options); i += 2 {
		context[options[i]] = options[i+1]
	}
	return context
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
