package catalog_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

func goodServer() *catalog.Server {
	return &catalog.Server{
		Meta:    catalog.Meta{Name: "web 1"},
		Address: "203.0.113.7",
		KeyID:   catalog.ID("key" + strings.Repeat("0", 21)),
	}
}

func goodResource() catalog.Resource {
	return catalog.Resource{
		Meta:     catalog.Meta{Name: "shop"},
		ServerID: catalog.ID("srv" + strings.Repeat("0", 21)),
	}
}

func goodApplication() *catalog.Application {
	return &catalog.Application{Resource: goodResource(), Shell: &catalog.Shell{Start: "true"}}
}

func TestCheckFillsInDefaults(t *testing.T) {
	t.Run("of a server", func(t *testing.T) {
		got := goodServer()
		if err := catalog.Check(got); err != nil {
			t.Fatal(err)
		}
		want := goodServer()
		want.Port, want.User, want.DataDir = 22, "root", "/data/waybill"
		want.Concurrency, want.QueueLimit = 2, 25
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("of a resource", func(t *testing.T) {
		got := goodApplication()
		got.Name = "  shop \n"
		if err := catalog.Check(got); err != nil {
			t.Fatal(err)
		}
		want := goodApplication()
		want.Timeout, want.HealthTimeout = time.Hour, 2*time.Minute
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
}

func TestCheckNamesEveryWrongFieldAtOnce(t *testing.T) {
	server := &catalog.Server{
		Address: "http://web", Port: 70000, User: "root; reboot", DataDir: "/data/../etc", KeyID: "srv1",
		Concurrency: 101, QueueLimit: -1,
	}
	err := catalog.Check(server)
	if !errors.Is(err, fault.Invalid) {
		t.Fatalf("err = %v, want Invalid", err)
	}
	for _, field := range []string{"name", "ip", "port", "user", "data_dir", "private_key_uuid",
		"concurrency", "queue_limit"} {
		if got := fault.Fields(err)[field]; len(got) != 1 {
			t.Errorf("problems of %s = %q, want one", field, got)
		}
	}
	if got := len(fault.Fields(err)); got != 8 {
		t.Errorf("%d fields are wrong, want 8: %v", got, fault.Fields(err))
	}
}

func TestCheckServer(t *testing.T) {
	for _, c := range []struct {
		field string
		good  []string
		bad   []string
		set   func(*catalog.Server, string)
	}{
		{"ip", []string{"10.0.0.1", "2001:db8::1", "localhost", "web-1.example.org", "web.example.org.",
			"my_host"},
			[]string{"", " ", "10.0.0.256", "10.0.0", "fe80::1%eth0", "a..b", "-web", "web:22", "[::1]",
				"web\n", "user@web", strings.Repeat("a.", 130) + "a"},
			func(s *catalog.Server, v string) { s.Address = v }},
		{"user", []string{"root", "deploy-1", "web.team", "_svc", "host$"},
			[]string{"-oProxyCommand=x", "a b", "a\n", "a;b", "$x", strings.Repeat("a", 65)},
			func(s *catalog.Server, v string) { s.User = v }},
		{"data_dir", []string{"/data/waybill", "/srv/way_bill-1.2", "/tmp/TestX123/001"},
			[]string{"data", "/", "/data/", "//data", "/data/../etc", "/data/.", "/da ta", "/data\n",
				"/data:ro", "/data$HOME", "/data'", "/dätä", "/" + strings.Repeat("a", 1024)},
			func(s *catalog.Server, v string) { s.DataDir = v }},
		{"service_domain", []string{"", "apps.example.com", "Apps.Example.COM", "xn--caf-dma.example"},
			[]string{"example", "https://example.com", "example.com:80", "*.example.com", "example.com.",
				"10.0.0.1", "2001:db8::1", "my_host.example.com", "a..b", "exam ple.com", "example.com\n",
				strings.Repeat("a.", 95) + "a"},
			func(s *catalog.Server, v string) { s.ServiceDomain = v }},
		{"name", []string{"web", "Café 1", strings.Repeat("é", 255)},
			[]string{"", " \t", "a\nb", "a\x00b", "a\xffb", strings.Repeat("é", 256)},
			func(s *catalog.Server, v string) { s.Name = v }},
		{"description", []string{"", "two\nlines", strings.Repeat("é", 1000)},
			[]string{"\x00", "\xff", strings.Repeat("é", 1001)},
			func(s *catalog.Server, v string) { s.Description = v }},
	} {
		for _, value := range c.good {
			server := goodServer()
			c.set(server, value)
			if err := catalog.Check(server); err != nil {
				t.Errorf("%s %q: %v, want nil", c.field, value, fault.Fields(err))
			}
		}
		for _, value := range c.bad {
			server := goodServer()
			c.set(server, value)
			wantProblem(t, c.field, value, catalog.Check(server))
		}
	}
}

func TestCheckEnvironment(t *testing.T) {
	good := goodApplication()
	good.Environment = []catalog.Variable{
		{Name: "A", Value: ""}, {Name: "_b1", Value: "two\nlines é $X 'q'"},
		{Name: "SECRET", Value: "hunter22", Secret: true},
	}
	if err := catalog.Check(good); err != nil {
		t.Errorf("err = %v, want nil", fault.Fields(err))
	}
	variable := func(name, value string) catalog.Variable {
		return catalog.Variable{Name: name,
			Value: value}
	}
	many := make([]catalog.Variable, 201)
	for i := range many {
		many[i] = variable(fmt.Sprintf("V%d", i), "")
	}
	for _, c := range []struct {
		name      string
		field     string
		variables []catalog.Variable
	}{
		{"a name with a hyphen", "environment.0", []catalog.Variable{variable("A-B", "")}},
		{"a name that is a number", "environment.1",
			[]catalog.Variable{variable("A", ""), variable("1A", "")}},
		{"a name with a line end", "environment.0", []catalog.Variable{variable("A\n", "")}},
		{"no name", "environment.0", []catalog.Variable{variable("", "")}},
		{"a name that is there twice", "environment.A",
			[]catalog.Variable{variable("A", "1"), variable("A", "2")}},
		{"a long comment", "environment.A", []catalog.Variable{{Name: "A",
			Notes: catalog.VariableNotes{Comment: strings.Repeat("x", catalog.MaxCommentLength+1)}}}},
		{"a value with NUL", "environment.A", []catalog.Variable{variable("A", "a\x00b")}},
		{"a value that is not UTF-8", "environment.A", []catalog.Variable{variable("A", "\xff")}},
		{"too many", "environment", many},
		{"too many bytes", "environment",
			[]catalog.Variable{variable("A", strings.Repeat("x", 64<<10))}},
		{"too many bytes of secrets", "environment",
			[]catalog.Variable{{Name: "A", Value: strings.Repeat("x", 64<<10), Secret: true}}},
		{"secrets that grow as JSON", "environment",
			[]catalog.Variable{{Name: "A", Value: strings.Repeat("\x01", 12<<10), Secret: true}}},
		{"secrets that are many small", "environment",
			[]catalog.Variable{{Name: "A", Value: strings.Repeat("x", 32<<10), Secret: true},
				{Name: "B", Value: strings.Repeat("x", 32<<10), Secret: true}}},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			application := goodApplication()
			application.Environment = c.variables
			wantProblem(t, c.field, c.name, catalog.Check(application))
		})
	}
	t.Run("a refusal never quotes a value", func(t *testing.T) {
		application := goodApplication()
		application.Environment = []catalog.Variable{{Name: "A", Value: "hunter22\x00", Secret: true},
			{Name: "A", Value: "hunter22"}}
		err := catalog.Check(application)
		if strings.Contains(fmt.Sprint(err, fault.Fields(err)), "hunter22") {
			t.Errorf("the refusal has the value: %v", fault.Fields(err))
		}
	})
}

func TestCheckResources(t *testing.T) {
	service := func(compose string) *catalog.Service {
		return &catalog.Service{Resource: goodResource(), Compose: compose}
	}
	if err := catalog.Check(service("services: {}")); err != nil {
		t.Errorf("a service: %v, want nil", err)
	}
	with := func(change func(*catalog.Application)) *catalog.Application {
		application := goodApplication()
		change(application)
		return application
	}
	for _, c := range []struct {
		name, field string
		draft       catalog.Entity
	}{
		{"no compose file", "docker_compose", service(" \n")},
		{"a long compose file", "docker_compose", service(strings.Repeat("#", catalog.MaxComposeBytes+1))},
		{"a compose file with NUL", "docker_compose", service("services: \x00")},
		{"an id of another kind as server", "server_uuid", with(func(a *catalog.Application) {
			a.ServerID = "app" + catalog.ID(strings.Repeat("0", 21))
		})},
		{"no server", "server_uuid", with(func(a *catalog.Application) { a.ServerID = "" })},
		{"no form", "build_pack", with(func(a *catalog.Application) { a.Shell = nil })},
		{"an empty start", "start", with(func(a *catalog.Application) { a.Shell.Start = "\n" })},
		{"a stop with NUL", "stop", with(func(a *catalog.Application) { a.Shell.Stop = "\x00" })},
		{"a long health", "health", with(func(a *catalog.Application) {
			a.Shell.Health = strings.Repeat(":", catalog.MaxScriptBytes+1)
		})},
		{"half a second", "timeout", with(func(a *catalog.Application) {
			a.Timeout = 1500 * time.Millisecond
		})},
		{"a negative timeout", "timeout", with(func(a *catalog.Application) { a.Timeout = -time.Second })},
		{"two days of health", "health_timeout", with(func(a *catalog.Application) {
			a.HealthTimeout = 48 * time.Hour
		})},
		{"a key without a name", "name", &catalog.PrivateKey{}},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			wantProblem(t, c.field, c.name,
				catalog.Check(c.draft))
		})
	}
}

func wantProblem(t *testing.T, field, value string, err error) {
	t.Helper()
	if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)) != 1 || len(fault.Fields(err)[field]) != 1 {
		t.Errorf("%s %.40q: %v %v, want one problem of %s", field, value, err, fault.Fields(err), field)
	}
}
