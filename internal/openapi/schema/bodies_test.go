package schema_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
)

const (
	server  = `"name":"s","ip":"10.0.0.1","private_key_uuid":"key0"`
	service = `"name":"s","server_uuid":"srv0","docker_compose":"services: {}"`
	shell   = `"name":"s","server_uuid":"srv0","start":"true"`
)

// operationFields is the problem of an unknown field in the body of a start.
const operationFields = "is not known here; known are after, force, override_window, pull_latest_images " +
	"and stop_before_start"

func TestBodiesAccepts(t *testing.T) {
	bodies := schema.NewBodies()
	for _, c := range acceptedBodies {
		t.Run(c.name, func(t *testing.T) {
			if err := bodies.Check(c.route, []byte(c.body)); err != nil {
				t.Errorf("refused: %v %v", err, fault.Fields(err))
			}
		})
	}
}

// acceptedBodies are the cases of TestBodiesAccepts.
var acceptedBodies = []struct{ name, route, body string }{
	{
		name:  "the least of a server",
		route: "createServer",
		body:  `{` + server + `}`,
	},
	{
		name:  "all of a server",
		route: "createServer",
		body: `{` + server + `,
			"description": "d", "port": 65535, "user": "deploy", "host_key": "ssh-ed25519 AAAA",
			"data_dir": "/srv/way-bill_1.0", "concurrency": 100, "queue_limit": 1000,
			"service_domain": "apps.example.com"}`,
	},
	{
		name:  "an IPv6 address",
		route: "createServer",
		body:  strings.Replace(`{`+server+`}`, "10.0.0.1", "2001:db8::1", 1),
	},
	{
		name:  "what existing clients send to validate",
		route: "validateServer",
		body:  `{"install":false}`,
	},
	{
		name:  "a fingerprint to pin",
		route: "validateServer",
		body:  `{"pin":true,"fingerprint":"SHA256:` + strings.Repeat("a", 43) + `"}`,
	},
	{
		name:  "a key",
		route: "createKey",
		body:  `{"name":"k","private_key":"-----BEGIN…"}`,
	},
	{
		name:  "a token",
		route: "createToken",
		body:  `{"name":"ci","abilities":["read","deploy"]}`,
	},
	{
		name:  "a compose file under its own name",
		route: "createService",
		body:  `{` + service + `}`,
	},
	{
		name:  "a compose file under upstream's name",
		route: "createService",
		body:  strings.Replace(`{`+service+`}`, "docker_compose", "docker_compose_raw", 1),
	},
	{
		name:  "a compose file of 256 KiB as base64",
		route: "createService",
		body:  strings.Replace(`{`+service+`}`, "services: {}", strings.Repeat("A", (256<<10)*4/3+4), 1),
	},
	{
		name:  "an environment",
		route: "createService",
		body: `{` + service +
			`,"environment":[{"key":"A","value":""},{"key":"_b1","value":"1\n2","is_secret":true}]}`,
	},
	{
		name:  "limits of time",
		route: "createShellApplication",
		body:  `{` + shell + `,"stop":"","health":"true","timeout":86400,"health_timeout":1}`,
	},
	{
		name:  "a name of 255 characters of more than a byte",
		route: "createShellApplication",
		body:  strings.Replace(`{`+shell+`}`, `"s"`, `"`+strings.Repeat("ü", 255)+`"`, 1),
	},
	{
		name:  "no options",
		route: "startService",
		body:  ``,
	},
	{
		name:  "only white space for options",
		route: "stopService",
		body:  " \r\n",
	},
	{
		name:  "an empty object for options",
		route: "restartApplication",
		body:  `{}`,
	},
	{
		name:  "options",
		route: "startApplication",
		body:  `{"pull_latest_images":true,"stop_before_start":false,"force":true}`,
	},
	{
		name:  "a deploy by query",
		route: "deploy",
		body:  ``,
	},
	{
		name:  "a deploy",
		route: "deploy",
		body:  `{"uuid":"svc0,app1","force":true}`,
	},
	{
		name:  "white space around",
		route: "deploy",
		body:  "\n\t {\"uuid\" : \"a\"}\n",
	},
	{
		name:  "a tag and a commit",
		route: "startApplication",
		body:  `{"docker_tag":"sha256:00ff","commit":"c0ffee0"}`,
	},
	{
		name:  "a change of nothing",
		route: "updateService",
		body:  `{}`,
	},
	{
		name:  "a change to defaults",
		route: "updateApplication",
		body:  `{"timeout":null,"environment":null,"git_branch":null,"ports_mappings":null}`,
	},
	{
		name:  "a change of a variable that keeps its value",
		route: "updateService",
		body:  `{"environment":[{"key":"A","is_secret":true},{"key":"B","value":null,"is_secret":true}]}`,
	},
	{
		name:  "a database with settings of its engine",
		route: "createDatabase",
		body:  `{"name":"d","server_uuid":"srv0","mysql_root_password":"any","redis_conf":"any text"}`,
	},
	{
		name:  "a change of an engine's setting",
		route: "updateDatabase",
		body:  `{"mysql_root_password":null,"redis_conf":"any"}`,
	},
}

func TestBodiesRefuses(t *testing.T) {
	bodies := schema.NewBodies()
	for _, c := range refusedBodies {
		t.Run(c.name, func(t *testing.T) {
			err := bodies.Check(c.route, []byte(c.body))
			if !errors.Is(err, fault.Invalid) || fault.Public(err) != "Validation failed." {
				t.Errorf("error = %v, want Invalid", err)
			}
			if diff := cmp.Diff(fault.Fields(err), c.want); diff != "" {
				t.Errorf("fields (-got +want):\n%s", diff)
			}
		})
	}
}

// refusedBodies are the cases of TestBodiesRefuses.
var refusedBodies = []struct {
	name, route, body string
	want              map[string][]string
}{
	{
		name:  "nothing",
		route: "createKey",
		want:  says("body", "is empty; it must be a JSON object with private_key"),
	},
	{
		name:  "white space",
		route: "createToken",
		body:  "\n ",
		want:  says("body", "is empty; it must be a JSON object with name and abilities"),
	},
	{
		name:  "a list",
		route: "createService",
		body:  `[]`,
		want:  says("body", "must be a JSON object, not a list"),
	},
	{
		name:  "null",
		route: "deploy",
		body:  `null`,
		want:  says("body", "must be a JSON object, not null"),
	},
	{
		name:  "a text",
		route: "deploy",
		body:  `"uuid"`,
		want:  says("body", "must be a JSON object, not text"),
	},
	{
		name:  "a number",
		route: "deploy",
		body:  `7`,
		want:  says("body", "must be a JSON object, not a number"),
	},
	{
		name:  "JSON that ends early",
		route: "deploy",
		body:  `{"uuid": `,
		want:  says("body", "is not valid JSON: line 1, column 10 (byte 9): it ends too early"),
	},
	{
		name:  "JSON with a character too many",
		route: "deploy",
		body:  "{\n  \"uuid\": \"ä\",\n}",
		want: says("body",
			"is not valid JSON: line 3, column 1 (byte 18): this character does not belong here"),
	},
	{
		name:  "JSON whose column is counted in characters",
		route: "deploy",
		body:  `{"uuid": "ää" x}`,
		want: says("body",
			"is not valid JSON: line 1, column 15 (byte 16): this character does not belong here"),
	},
	{
		name:  "JSON whose last character does not belong",
		route: "deploy",
		body:  `{"uuid": x`,
		want: says("body",
			"is not valid JSON: line 1, column 10 (byte 9): this character does not belong here"),
	},
	{
		name:  "two values",
		route: "deploy",
		body:  `{} {}`,
		want: says("body",
			"is not valid JSON: line 1, column 4 (byte 3): this character does not belong here"),
	},
	{
		name:  "bytes that are no text",
		route: "deploy",
		body:  "{\"uuid\":\"\xff\"}",
		want:  says("body", "must be UTF-8"),
	},
	{
		name:  "a field given twice",
		route: "deploy",
		body:  `{"uuid":"a","uuid":"b"}`,
		want:  says("uuid", "is given twice; give it once"),
	},
	{
		name:  "a field given twice inside of another",
		route: "createService",
		body:  `{` + service + `,"environment":[{"key":"A","value":"1","value":"2"}]}`,
		want:  says("environment.0.value", "is given twice; give it once"),
	},

	{
		name:  "a missing field",
		route: "createShellApplication",
		body:  `{"name":"a","server_uuid":"srv0"}`,
		want:  says("start", "is required; it must be a sh script of at most 64 KiB, without NUL characters"),
	},
	{
		name:  "an unknown field",
		route: "startService",
		body:  `{"forse":true}`,
		want:  says("forse", operationFields),
	},
	{
		name:  "a field in another case",
		route: "startService",
		body:  `{"Force":true}`,
		want:  says("Force", operationFields),
	},
	{
		name:  "an unknown field with control characters and without end",
		route: "startService",
		body:  `{"\u001b` + strings.Repeat("x", 100) + `":1}`,
		want:  says(`\x1b`+strings.Repeat("x", 63)+"…", operationFields),
	},
	{
		name:  "a number for a text",
		route: "createShellApplication",
		body:  strings.Replace(`{`+shell+`}`, `"s"`, `7`, 1),
		want:  says("name", "must be text, not a number"),
	},
	{
		name:  "a text for a truth",
		route: "startService",
		body:  `{"force":"true"}`,
		want:  says("force", "must be true or false, not text"),
	},
	{
		name:  "null for a text",
		route: "createShellApplication",
		body:  `{"name":"s","server_uuid":"srv0","start":null}`,
		want:  says("start", "must be text, not null"),
	},
	{
		name:  "an object for a list",
		route: "createService",
		body:  `{` + service + `,"environment":{"A":"1"}}`,
		want:  says("environment", "must be a list, not an object"),
	},
	{
		name:  "a text for a number",
		route: "createServer",
		body:  `{` + server + `,"port":"22"}`,
		want:  says("port", "must be a whole number, not text"),
	},
	{
		name:  "a fraction",
		route: "createServer",
		body:  `{` + server + `,"port":22.5}`,
		want:  says("port", "must be a whole number, not a number with a fraction or an exponent"),
	},
	{
		name:  "a whole number that is written with an exponent",
		route: "createServer",
		body:  `{` + server + `,"port":2e1}`,
		want:  says("port", "must be a whole number, not a number with a fraction or an exponent"),
	},
	{
		name:  "a port out of range",
		route: "createServer",
		body:  `{` + server + `,"port":70000}`,
		want:  says("port", "must be a whole number from 1 to 65535"),
	},
	{
		name:  "a number beyond every range",
		route: "createServer",
		body:  `{` + server + `,"port":99999999999999999999999}`,
		want:  says("port", "must be a whole number from 1 to 65535"),
	},
	{
		name:  "an address with a scheme",
		route: "createServer",
		body:  strings.Replace(`{`+server+`}`, "10.0.0.1", "ssh://a", 1),
		want:  says("ip", "must be a host name or an IP address, without a scheme, port or brackets"),
	},
	{
		name:  "an empty name",
		route: "createToken",
		body:  `{"name":"","abilities":["read"]}`,
		want: says("name", "must be text of 1 to 255 characters, none of them a control character or a "+
			"change of direction"),
	},
	{
		name:  "a name that is too long",
		route: "createShellApplication",
		body:  strings.Replace(`{`+shell+`}`, `"s"`, `"`+strings.Repeat("ü", 256)+`"`, 1),
		want: says("name",
			"must be text of 1 to 255 characters, none of them a control character or a change of "+
				"direction; this has 256 characters"),
	},
	{
		name:  "a compose file of 2 MB",
		route: "createService",
		body:  strings.Replace(`{`+service+`}`, "services: {}", strings.Repeat("x", 2<<20), 1),
		want: says("docker_compose",
			"must be a docker compose file, plain or as base64, of at most 256 KiB after decoding; "+
				"this has 2097152 bytes"),
	},
	{
		name:  "no compose file",
		route: "createService",
		body:  `{"name":"s","server_uuid":"srv0"}`,
		want: says("docker_compose",
			"is required; give docker_compose or docker_compose_raw, which must be a docker "+
				"compose file, plain or as base64, of at most 256 KiB after decoding. To use a one-click "+
				"service, send the compose file of its template, such as "+
				"https://raw.githubusercontent.com/coollabsio/coolify/main/templates/compose/NAME.yaml, "+
				"with its name as NAME; Waybill has no templates of its own"),
	},
	{
		name:  "two compose files",
		route: "createService",
		body:  `{` + service + `,"docker_compose_raw":"a"}`,
		want: says("docker_compose",
			"is given in two ways; give either docker_compose or docker_compose_raw"),
	},
	{
		name:  "a bad name of a variable",
		route: "createService",
		body:  `{` + service + `,"environment":[{"key":"A","value":"1"},{"key":"1A","value":"1"}]}`,
		want: says("environment.1.key",
			"must be a name of letters, digits and underscores that does not begin with a digit"),
	},
	{
		name:  "201 variables",
		route: "createService",
		body: `{` + service + `,"environment":[` +
			strings.Repeat(`{"key":"A","value":""},`, 200) + `{"key":"A","value":""}]}`,
		want: says("environment", "must be a list of at most 200 entries; this has 201"),
	},
	{
		name:  "an unknown ability",
		route: "createToken",
		body:  `{"name":"ci","abilities":["read","all"]}`,
		want:  says("abilities.1", "must be root, read, read:sensitive, write or deploy"),
	},
	{
		name:  "an ability twice",
		route: "createToken",
		body:  `{"name":"ci","abilities":["read","deploy","read"]}`,
		want:  says("abilities", "must not repeat anything; numbers 1 and 3 are the same"),
	},
	{
		name:  "no abilities",
		route: "createToken",
		body:  `{"name":"ci","abilities":[]}`,
		want:  says("abilities", "must be a list of at least 1 entries"),
	},
	{
		name:  "a fingerprint of another kind",
		route: "validateServer",
		body:  `{"fingerprint":"MD5:aa"}`,
		want: says("fingerprint",
			"must be a fingerprint as ssh-keygen -l prints it: SHA256: and 43 characters"),
	},
	{
		name:  "a change of a required field to null",
		route: "updateService",
		body:  `{"name":null}`,
		want:  says("name", "must be text, not null"),
	},
	{
		name:  "a change to a wrong type",
		route: "updateService",
		body:  `{"timeout":"1"}`,
		want:  says("timeout", "must be a whole number, not text"),
	},
	{
		name:  "a change to a bad value",
		route: "updateService",
		body:  `{"timeout":0}`,
		want:  says("timeout", "must be a whole number from 1 to 86400"),
	},
	{
		name:  "a change to something too long",
		route: "updateApplication",
		body:  `{"stop":"` + strings.Repeat("x", 65537) + `"}`,
		want: says("stop",
			"must be a sh script of at most 64 KiB, without NUL characters, or empty for none; "+
				"this has 65537 bytes"),
	},
	{
		name:  "a change of an unknown field",
		route: "updateService",
		body:  `{"status":"running"}`,
		want: says("status",
			"is not known here; known are debounce, description, docker_compose, docker_compose_raw, "+
				"environment, environment_name, environment_uuid, health_timeout, name, "+
				"project_uuid, retention, server_uuid, tags, timeout, triggers and windows"),
	},
	{
		name:  "an unknown field beside fields that many bodies have",
		route: "createShellApplication",
		body:  `{"server_uuid":"srv","start":"true","git_branch":"main"}`,
		want: says("git_branch",
			"is not known here; known are debounce, description, environment, environment_name, "+
				"environment_uuid, health, health_timeout, instant_deploy, name, project_uuid, retention, "+
				"server_uuid, start, stop, tags, timeout, triggers and windows"),
	},
	{
		name:  "neither a Dockerfile nor a repository",
		route: "createDockerfileApplication",
		body:  `{"server_uuid":"srv"}`,
		want: says("git_repository",
			"is required; give git_repository or dockerfile, which must be the text of a Dockerfile of "+
				"at most 64 KiB, without NUL characters, plain or in base64"),
	},
	{
		name:  "a change to a bad list",
		route: "updateService",
		body:  `{"environment":[{"is_secret":true}]}`,
		want: says("environment.0.key",
			"is required; it must be a name of letters, digits and underscores that does not begin "+
				"with a digit"),
	},
	{
		name:  "a tag that is none",
		route: "startApplication",
		body:  `{"docker_tag":"a b"}`,
		want: says("docker_tag",
			"must be a tag of letters, digits, dots, dashes and underscores, or a digest"),
	},
	{
		name:  "several things at once",
		route: "createKey",
		body:  `{"private_key":7,"x":1}`,
		want: map[string][]string{
			"private_key": {"must be text, not a number"},
			"x":           {"is not known here; known are description, name and private_key"},
		},
	},
}

func says(field, text string) map[string][]string { return map[string][]string{field: {text}} }

func TestCheckWithoutASchemaIsInternal(t *testing.T) {
	for _, operation := range []string{"nothing", "getServer"} {
		if err := schema.NewBodies().Check(operation, nil); !errors.Is(err, fault.Internal) {
			t.Errorf("%s: error = %v, want Internal", operation, err)
		}
	}
}

func TestBodiesFromSeveralGoroutines(t *testing.T) {
	bodies := schema.NewBodies()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for _, route := range []string{"createService", "createServer", "deploy"} {
				if err := bodies.Check(route, []byte(`{"nonsense":1}`)); !errors.Is(err, fault.Invalid) {
					t.Errorf("%s: error = %v, want Invalid", route, err)
				}
			}
		})
	}
	wait.Wait()
}

// secret is in no sentence of ours.
const secret = "zQ7x-Ppa55"

func TestNoRefusalQuotesAValue(t *testing.T) {
	bodies := schema.NewBodies()
	for _, body := range []string{
		`{"name":"k","private_key":["` + secret + `"]}`,
		`{"name":["` + secret + `"],"private_key":{"` + `a":"` + secret + `"}}`,
		`{"name":"k","private_key":"` + secret + `",}`,
		`{"name":"k","private_key":"` + secret,
		`{"name":"` + strings.Repeat(secret, 100) + `","private_key":"` + strings.Repeat(secret, 1000) + `"}`,
		`{"name":"\n` + secret + `","private_key":"","description":7,"more":"` + secret + `"}`,
		secret,
		`"` + secret + `"`,
	} {
		refusesWithoutQuoting(t, bodies.Check("createKey", []byte(body)), body)
	}
	for _, body := range []string{
		`{"name":["` + secret + `"],"server_uuid":"s","postgres_password":["` + secret + `"]}`,
		`{"postgres_password":"` + secret + `"}`,
	} {
		refusesWithoutQuoting(t, bodies.Check("createDatabase", []byte(body)), body)
	}
	refusesWithoutQuoting(t, bodies.Check("updateDatabase", []byte(`{"name":{"a":"`+secret+`"}}`)), "")
	body := `{` + service + `,"environment":[{"key":"` + secret + `","value":"` + secret +
		`\u0000","is_secret":"` + secret + `"}]}`
	refusesWithoutQuoting(t, bodies.Check("createService", []byte(body)), body)
}

func refusesWithoutQuoting(t *testing.T, err error, body string) {
	t.Helper()
	if !errors.Is(err, fault.Invalid) {
		t.Errorf("%.80q: error = %v, want Invalid", body, err)
		return
	}
	if said := err.Error() + fmt.Sprint(fault.Fields(err)); strings.Contains(said, secret) {
		t.Errorf("the refusal of %.80q quotes the value: %s", body, said)
	}
}

func FuzzBodies(f *testing.F) {
	bodies := schema.NewBodies()
	for _, seed := range []string{
		`{"name":"` + secret + `"}`, `{"a":[1,{"b":null}],"a":2e9}`, `{` + service + `}`,
		"{\"\\ud800\":\"\xff", `[[[[`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, route := range openapi.Routes() {
			if !route.TakesBody {
				continue
			}
			if err := bodies.Check(route.ID, body); err != nil && !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", route.ID, err)
			}
		}
	})
}

// What a function pays for its first request with a body.
func BenchmarkFirstBody(b *testing.B) {
	for b.Loop() {
		if err := schema.NewBodies().Check("startService", []byte(`{"force":true}`)); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNextBody(b *testing.B) {
	bodies := schema.NewBodies()
	for b.Loop() {
		if err := bodies.Check("startService", []byte(`{"force":true}`)); err != nil {
			b.Fatal(err)
		}
	}
}
