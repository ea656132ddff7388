package openapi_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
)

const (
	server  = `"name":"s","ip":"10.0.0.1","private_key_uuid":"key0"`
	service = `"name":"s","server_uuid":"srv0","docker_compose":"services: {}"`
	shell   = `"name":"s","server_uuid":"srv0","start":"true"`
)

func TestCheckBodyTakes(t *testing.T) {
	api := load(t)
	for _, c := range []struct{ name, route, body string }{
		{"the least of a server", "createServer", `{` + server + `}`},
		{
			"all of a server", "createServer",
			`{` + server +
				`,"description":"d","port":65535,"user":"deploy","host_key":"ssh-ed25519 AAAA","data_dir":"/srv/way-bill_1.0","concurrency":100,"queue_limit":1000}`,
		},
		{"an IPv6 address", "createServer", strings.Replace(`{`+server+`}`, "10.0.0.1", "2001:db8::1", 1)},
		{"what existing clients send to validate", "validateServer", `{"install":false}`},
		{
			"a fingerprint to pin", "validateServer",
			`{"pin":true,"fingerprint":"SHA256:` + strings.Repeat("a", 43) + `"}`,
		},
		{"a key", "createKey", `{"name":"k","private_key":"-----BEGIN…"}`},
		{"a token", "createToken", `{"name":"ci","abilities":["read","deploy"]}`},
		{"a compose file under its own name", "createService", `{` + service + `}`},
		{
			"a compose file under upstream's name", "createService",
			strings.Replace(`{`+service+`}`, "docker_compose", "docker_compose_raw", 1),
		},
		{
			"a compose file of 256 KiB as base64", "createService",
			strings.Replace(`{`+service+`}`, "services: {}", strings.Repeat("A", (256<<10)*4/3+4), 1),
		},
		{
			"an environment", "createService",
			`{` + service +
				`,"environment":[{"key":"A","value":""},{"key":"_b1","value":"1\n2","is_secret":true}]}`,
		},
		{
			"limits of time", "createShellApplication",
			`{` + shell + `,"stop":"","health":"true","timeout":86400,"health_timeout":1}`,
		},
		{
			"a name of 255 characters of more than a byte", "createShellApplication",
			strings.Replace(`{`+shell+`}`, `"s"`, `"`+strings.Repeat("ü", 255)+`"`, 1),
		},
		{"no options", "startService", ``},
		{"only white space for options", "stopService", " \r\n"},
		{"an empty object for options", "restartApplication", `{}`},
		{"options", "startApplication", `{"pull_latest_images":true,"stop_before_start":false,"force":true}`},
		{"a deploy by query", "deploy", ``},
		{"a deploy", "deploy", `{"uuid":"svc0,app1","force":true}`},
		{"white space around", "deploy", "\n\t {\"uuid\" : \"a\"}\n"},
		{"a tag and a commit", "startApplication", `{"docker_tag":"sha256:00ff","commit":"c0ffee0"}`},
		{"a change of nothing", "updateService", `{}`},
		{
			"a change to defaults", "updateApplication",
			`{"timeout":null,"environment":null,"git_branch":null,"ports_mappings":null}`,
		},
		{
			"a change of a variable that keeps its value", "updateService",
			`{"environment":[{"key":"A","is_secret":true},{"key":"B","value":null,"is_secret":true}]}`,
		},
		{
			"a database with settings of its engine", "createDatabase",
			`{"name":"d","server_uuid":"srv0","mysql_root_password":"any","redis_conf":"any text"}`,
		},
		{
			"a change of an engine's setting", "updateDatabase",
			`{"mysql_root_password":null,"redis_conf":"any"}`,
		},
		{"anything where no body belongs", "getServer", `nonsense`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := api.CheckBody(c.route, []byte(c.body)); err != nil {
				t.Errorf("refused: %v %v", err, fault.Fields(err))
			}
		})
	}
}

func TestCheckBodyRefusesInWords(t *testing.T) {
	api := load(t)
	for _, c := range []struct {
		name, route, body string
		want              map[string][]string
	}{
		{
			"nothing", "createKey", "",
			says("body", "is empty; it must be a JSON object with name and private_key"),
		},
		{
			"white space", "createToken", "\n ",
			says("body", "is empty; it must be a JSON object with name and abilities"),
		},
		{"a list", "createService", `[]`, says("body", "must be a JSON object, not a list")},
		{"null", "deploy", `null`, says("body", "must be a JSON object, not null")},
		{"a text", "deploy", `"uuid"`, says("body", "must be a JSON object, not text")},
		{"a number", "deploy", `7`, says("body", "must be a JSON object, not a number")},
		{
			"JSON that ends early", "deploy", `{"uuid": `,
			says("body", "is not valid JSON: line 1, column 10 (byte 9): it ends too early"),
		},
		{
			"JSON with a character too many", "deploy", "{\n  \"uuid\": \"ä\",\n}",
			says("body",
				"is not valid JSON: line 3, column 1 (byte 18): this character does not belong here"),
		},
		{
			"JSON whose column is counted in characters", "deploy", `{"uuid": "ää" x}`,
			says("body",
				"is not valid JSON: line 1, column 15 (byte 16): this character does not belong here"),
		},
		{
			"JSON whose last character does not belong", "deploy", `{"uuid": x`,
			says("body",
				"is not valid JSON: line 1, column 10 (byte 9): this character does not belong here"),
		},
		{
			"two values", "deploy", `{} {}`,
			says("body", "is not valid JSON: line 1, column 4 (byte 3): this character does not belong here"),
		},
		{"bytes that are no text", "deploy", "{\"uuid\":\"\xff\"}", says("body", "must be UTF-8")},
		{
			"a field given twice", "deploy", `{"uuid":"a","uuid":"b"}`,
			says("uuid", "is given twice; give it once"),
		},
		{
			"a field given twice inside of another", "createService",
			`{` + service + `,"environment":[{"key":"A","value":"1","value":"2"}]}`,
			says("environment.0.value", "is given twice; give it once"),
		},

		{
			"a missing field", "createShellApplication", `{"name":"a","server_uuid":"srv0"}`,
			says("start", "is required; it must be a sh script of at most 64 KiB, without NUL characters"),
		},
		{
			"an unknown field", "startService", `{"forse":true}`,
			says("forse", "is not known here; known are force, pull_latest_images and stop_before_start"),
		},
		{
			"a field in another case", "startService", `{"Force":true}`,
			says("Force", "is not known here; known are force, pull_latest_images and stop_before_start"),
		},
		{
			"an unknown field with control characters and without end", "startService",
			`{"\u001b` + strings.Repeat("x", 100) + `":1}`,
			says(`\x1b`+strings.Repeat("x", 63)+"…",
				"is not known here; known are force, pull_latest_images and stop_before_start"),
		},
		{
			"a number for a text", "createShellApplication", strings.Replace(`{`+shell+`}`, `"s"`, `7`, 1),
			says("name", "must be text, not a number"),
		},
		{
			"a text for a truth", "startService", `{"force":"true"}`,
			says("force", "must be true or false, not text"),
		},
		{
			"null for a text", "createShellApplication", `{` + shell + `,"description":null}`,
			says("description", "must be text, not null"),
		},
		{
			"an object for a list", "createService", `{` + service + `,"environment":{"A":"1"}}`,
			says("environment", "must be a list, not an object"),
		},
		{
			"a text for a number", "createServer", `{` + server + `,"port":"22"}`,
			says("port", "must be a whole number, not text"),
		},
		{
			"a fraction", "createServer", `{` + server + `,"port":22.5}`,
			says("port", "must be a whole number, not a number with a fraction or an exponent"),
		},
		{
			"a whole number that is written with an exponent", "createServer", `{` + server + `,"port":2e1}`,
			says("port", "must be a whole number, not a number with a fraction or an exponent"),
		},
		{
			"a port out of range", "createServer", `{` + server + `,"port":70000}`,
			says("port", "must be a whole number from 1 to 65535"),
		},
		{
			"a number beyond every range", "createServer", `{` + server + `,"port":99999999999999999999999}`,
			says("port", "must be a whole number from 1 to 65535"),
		},
		{
			"an address with a scheme", "createServer",
			strings.Replace(`{`+server+`}`, "10.0.0.1", "ssh://a", 1),
			says("ip", "must be a host name or an IP address, without a scheme, port or brackets"),
		},
		{
			"an empty name", "createShellApplication", strings.Replace(`{`+shell+`}`, `"s"`, `""`, 1),
			says("name", "must be text of 1 to 255 characters, none of them a control character"),
		},
		{
			"a name that is too long", "createShellApplication",
			strings.Replace(`{`+shell+`}`, `"s"`, `"`+strings.Repeat("ü", 256)+`"`, 1),
			says("name",
				"must be text of 1 to 255 characters, none of them a control character; this has 256 "+
					"characters"),
		},
		{
			"a compose file of 2 MB", "createService",
			strings.Replace(`{`+service+`}`, "services: {}", strings.Repeat("x", 2<<20), 1),
			says("docker_compose",
				"must be a docker compose file, plain or as base64, of at most 256 KiB after decoding; "+
					"this has 2097152 bytes"),
		},
		{
			"no compose file", "createService", `{"name":"s","server_uuid":"srv0"}`,
			says("docker_compose",
				"is required; give docker_compose or docker_compose_raw, which must be a docker "+
					"compose file, plain or as base64, of at most 256 KiB after decoding"),
		},
		{
			"two compose files", "createService", `{` + service + `,"docker_compose_raw":"a"}`,
			says("docker_compose", "is given in two ways; give either docker_compose or docker_compose_raw"),
		},
		{
			"a bad name of a variable", "createService",
			`{` + service + `,"environment":[{"key":"A","value":"1"},{"key":"1A","value":"1"}]}`,
			says("environment.1.key",
				"must be a name of letters, digits and underscores that does not begin with a digit"),
		},
		{
			"201 variables", "createService",
			`{` + service + `,"environment":[` + strings.TrimSuffix(strings.Repeat(`{"key":"A","value":""},`,
				201), ",") + `]}`,
			says("environment", "must be a list of at most 200 entries; this has 201"),
		},
		{
			"an unknown ability", "createToken", `{"name":"ci","abilities":["read","all"]}`,
			says("abilities.1", "must be root, read, read:sensitive, write or deploy"),
		},
		{
			"an ability twice", "createToken", `{"name":"ci","abilities":["read","deploy","read"]}`,
			says("abilities", "must not repeat anything; numbers 1 and 3 are the same"),
		},
		{
			"no abilities", "createToken", `{"name":"ci","abilities":[]}`,
			says("abilities", "must be a list of at least 1 entries"),
		},
		{
			"a fingerprint of another kind", "validateServer", `{"fingerprint":"MD5:aa"}`,
			says("fingerprint",
				"must be a fingerprint as ssh-keygen -l prints it: SHA256: and 43 characters"),
		},
		{
			"a change of a required field to null", "updateService", `{"name":null}`,
			says("name", "must be text, not null"),
		},
		{
			"a change to a wrong type", "updateService", `{"timeout":"1"}`,
			says("timeout", "must be a whole number, not text"),
		},
		{
			"a change to a bad value", "updateService", `{"timeout":0}`,
			says("timeout", "must be a whole number from 1 to 86400"),
		},
		{
			"a change to something too long", "updateApplication",
			`{"stop":"` + strings.Repeat("x", 65537) + `"}`,
			says("stop",
				"must be a sh script of at most 64 KiB, without NUL characters, or empty for none; "+
					"this has 65537 bytes"),
		},
		{
			"a change of an unknown field", "updateService", `{"status":"running"}`,
			says("status",
				"is not known here; known are description, docker_compose, docker_compose_raw, "+
					"environment, health_timeout, name, server_uuid and timeout"),
		},
		{
			"a change to a bad list", "updateService", `{"environment":[{"is_secret":true}]}`,
			says("environment.0.key",
				"is required; it must be a name of letters, digits and underscores that does not begin "+
					"with a digit"),
		},
		{
			"a tag that is none", "startApplication", `{"docker_tag":"a b"}`,
			says("docker_tag", "must be a tag of letters, digits, dots, dashes and underscores, or a digest"),
		},
		{"several things at once", "createKey", `{"private_key":7,"x":1}`, map[string][]string{
			"name": {
				"is required; it must be text of 1 to 255 characters, none of them a control character",
			},
			"private_key": {"must be text, not a number"},
			"x":           {"is not known here; known are description, name and private_key"},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := api.CheckBody(c.route, []byte(c.body))
			if !errors.Is(err, fault.Invalid) || fault.Public(err) != "Validation failed." {
				t.Errorf("error = %v, want Invalid", err)
			}
			if diff := cmp.Diff(c.want, fault.Fields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func says(field, text string) map[string][]string { return map[string][]string{field: {text}} }

func TestCheckBodyOfAnUnknownRouteIsOurOwnFailure(t *testing.T) {
	if err := load(t).CheckBody("nothing", nil); !errors.Is(err, fault.Internal) {
		t.Errorf("error = %v, want Internal", err)
	}
}

func TestCheckBodyFromSeveralGoroutines(t *testing.T) {
	api := load(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for _, route := range []string{"createService", "createServer", "deploy"} {
				if err := api.CheckBody(route, []byte(`{"nonsense":1}`)); !errors.Is(err, fault.Invalid) {
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
	api := load(t)
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
		refusesWithoutQuoting(t, api.CheckBody("createKey", []byte(body)), body)
	}
	for _, body := range []string{
		`{"name":["` + secret + `"],"server_uuid":"s","postgres_password":["` + secret + `"]}`,
		`{"postgres_password":"` + secret + `"}`,
	} {
		refusesWithoutQuoting(t, api.CheckBody("createDatabase", []byte(body)), body)
	}
	refusesWithoutQuoting(t, api.CheckBody("updateDatabase", []byte(`{"name":{"a":"`+secret+`"}}`)), "")
	body := `{` + service + `,"environment":[{"key":"` + secret + `","value":"` + secret +
		`\u0000","is_secret":"` + secret + `"}]}`
	refusesWithoutQuoting(t, api.CheckBody("createService", []byte(body)), body)
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

func FuzzCheckBody(f *testing.F) {
	api := load(f)
	for _, seed := range []string{
		`{"name":"` + secret + `"}`, `{"a":[1,{"b":null}],"a":2e9}`, `{` + service + `}`,
		"{\"\\ud800\":\"\xff", `[[[[`, ``,
	} {
		f.Add([]byte(seed))
	}
	routes := api.Routes()
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, route := range routes {
			if err := api.CheckBody(route.ID, body); err != nil && !errors.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", route.ID, err)
			}
		}
	})
}
