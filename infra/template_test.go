package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/jsii-runtime-go"

	infra "waybill/infra"
	"waybill/internal/openapi"
)

// functionNames are the functions that the stack is expected to have.
var functionNames = []string{"catalog", "deploy", "dispatch", "inspect", "list", "notify", "runner",
	"show", "trigger"}

// template is a synthesized stack, as CloudFormation gets it.
type template struct {
	Resources map[string]resource
	Outputs   map[string]any
}

type resource struct {
	Type           string
	Properties     map[string]any
	DeletionPolicy string
}

func TestMain(m *testing.M) {
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// The forms of the stack, each synthesized once: it takes seconds. full has every option.
var (
	onAWS = sync.OnceValues(func() ([]byte, error) { return synthesize(golden) })
	full  = sync.OnceValues(func() ([]byte, error) { return synthesize(everyOption) })
	local = sync.OnceValues(func() ([]byte, error) {
		return synthesize(func() infra.Options {
			opts := golden()
			opts.Local = true
			return opts
		})
	})
)

// golden has the options of the golden template: those of a team that sets few.
func golden() infra.Options {
	return infra.Options{
		Team:         "golden",
		Shards:       1,
		Architecture: infra.DefaultArchitecture,
		Images:       "team/,shared/web",
		Buckets:      "acme-deliveries",
	}
}

// everyOption has all options that can be combined.
func everyOption() infra.Options {
	opts := golden()
	opts.AlarmEmail, opts.Dashboard = "ops@example.org", true
	opts.Traces = "https://otlp.example.org/v1/traces"
	opts.Limits = infra.Limits{LogDays: 90, RunnerMemory: 512, RunnerTimeout: 10 * time.Minute,
		RunnerConcurrency: 40, APIConcurrency: 20}
	opts.Network = infra.Network{
		VPC: "vpc-0a1b2c3d4e5f67890", Subnets: "subnet-0a1b2c3d4e5f67890,subnet-1a1b2c3d4e5f67890",
		Allow:  "203.0.113.0/24,2001:db8::/32",
		WAF:    "arn:aws:wafv2:eu-central-1:123456789012:regional/webacl/teams/0a1b2c3d",
		Domain: "deploy.example.org", BasePath: "ways",
		Certificate: "arn:aws:acm:eu-central-1:123456789012:certificate/0a1b2c3d",
	}
	opts.Account = infra.Account{Boundary: "arn:aws:iam::123456789012:policy/boundary", Bus: "shared",
		Key: "create", Tags: "cost-center=42,owner=web", Removal: "destroy", Tracing: true,
		ForeignGatewayRole: true}
	return opts
}

// existing uses what the account has already, instead of parts of its own.
var existing = sync.OnceValues(func() ([]byte, error) {
	return synthesize(func() infra.Options {
		opts := golden()
		opts.AlarmTopic, opts.NoMetrics = "arn:aws:sns:eu-central-1:123456789012:pager", true
		opts.VPC, opts.Subnets = "vpc-0a1b2c3d4e5f67890", "subnet-0a1b2c3d4e5f67890"
		opts.SecurityGroups = "sg-0a1b2c3d4e5f67890,sg-1a1b2c3d4e5f67890"
		opts.Domain = "deploy.example.org"
		opts.Key = teamKey
		return opts
	})
})

// teamKey is a key that the account has already.
const teamKey = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0a1b-2c3d-4e5f-0a1b2c3d4e5f"

// private is reached through a VPC endpoint alone.
var private = sync.OnceValues(func() ([]byte, error) {
	return synthesize(func() infra.Options {
		opts := golden()
		opts.PrivateEndpoint, opts.Allow = "vpce-0a1b2c3d4e5f67890", "10.0.0.0/8"
		return opts
	})
})

func synthesize(options func() infra.Options) ([]byte, error) {
	return synthesizeWith(options(), openapi.Routes())
}

// synthesizeWith synthesizes the stack with these routes.
func synthesizeWith(opts infra.Options, routes []openapi.Route) ([]byte, error) {
	folder, err := os.MkdirTemp("", "infra")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	opts.Functions = filepath.Join(folder, "functions")
	if err := placeholders(opts.Functions); err != nil {
		return nil, err
	}
	app := infra.NewApp(filepath.Join(folder, "cdk.out"))
	if _, err := infra.New(app, opts, routes); err != nil {
		return nil, err
	}
	app.Synth(nil)
	return os.ReadFile(filepath.Join(folder, "cdk.out", "waybill-"+opts.Team+".template.json"))
}

// placeholders makes a folder as the built functions would lie in it.
func placeholders(folder string) error {
	for _, name := range functionNames {
		if err := os.MkdirAll(filepath.Join(folder, name), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(folder, name, "bootstrap"), []byte(name), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// text returns a form of the stack as JSON, or skips if there is no Node.
func text(t *testing.T, form func() ([]byte, error)) []byte {
	t.Helper()
	if _, err := exec.LookPath("node"); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal("the CDK needs node, which is not installed")
		}
		t.Skip("the CDK needs node: install Node.js 20 or newer")
	}
	made, err := form()
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func parse(t *testing.T, form func() ([]byte, error)) template {
	t.Helper()
	var parsed template
	if err := json.Unmarshal(text(t, form), &parsed); err != nil {
		t.Fatal(err)
	}
	return parsed
}

// all returns the resources of a type by their logical ids. None is a failure:
// what holds for none proves nothing.
func (m template) all(t *testing.T, kind string) map[string]resource {
	t.Helper()
	found := map[string]resource{}
	for id, r := range m.Resources {
		if r.Type == kind {
			found[id] = r
		}
	}
	if len(found) == 0 {
		t.Fatalf("the stack has no %s", kind)
	}
	return found
}

// function returns the function of the name, and its logical id.
func (m template) function(t *testing.T, name string) (string, resource) {
	t.Helper()
	for id, r := range m.all(t, "AWS::Lambda::Function") {
		if strings.HasPrefix(id, "Functions"+strings.ToUpper(name[:1])+name[1:]) {
			return id, r
		}
	}
	t.Fatalf("the stack has no function %s", name)
	return "", resource{}
}

// at returns what lies at the path in a tree of JSON, or nil. Numbers in the
// path are places in lists.
func at(tree any, path ...any) any {
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := tree.(map[string]any)
			tree = object[step]
		case int:
			list, _ := tree.([]any)
			if step >= len(list) {
				return nil
			}
			tree = list[step]
		}
	}
	return tree
}

// get is at within the resource's properties.
func (r resource) get(path ...any) any { return at(r.Properties, path...) }

// target is the logical id that a Ref or a Fn::GetAtt refers to.
func target(reference any) string {
	if id, ok := at(reference, "Ref").(string); ok {
		return id
	}
	id, _ := at(reference, "Fn::GetAtt", 0).(string)
	return id
}

// list makes a list of a value that CloudFormation lets stand for one.
func list(value any) []any {
	if many, ok := value.([]any); ok {
		return many
	}
	return []any{value}
}
