package recipe_test

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

const registryPassword = `pa"ss}w{ord`

// registryLogins are logins of two registries.
func registryLogins() []catalog.RegistryLogin {
	return []catalog.RegistryLogin{
		{Host: "registry.example:5000", User: "bot", Password: registryPassword},
		{Host: catalog.DockerHub, User: "acme", Password: registryPassword},
	}
}

// loginPlan is the plan of an operation with logins of registries.
func loginPlan(t *testing.T, resource catalog.Deployable, operation deployment.Operation) recipe.Plan {
	t.Helper()
	plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: "/data/waybill",
		Deployment: deploymentID, Operation: operation, Registries: registryLogins(),
		Secrets: map[string]string{"PASSWORD": password}})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestLoginsOfRegistries: the steps that pull use the logins, and the last of them removes
// them. No step has the password.
func TestLoginsOfRegistries(t *testing.T) {
	golden(t, "service-registries", describe(loginPlan(t, composeService(built), deployment.Deploy)))
	for _, c := range []struct {
		name      string
		resource  catalog.Deployable
		operation deployment.Operation
		want      []string
	}{
		{"a service", composeService(built), deployment.Deploy,
			[]string{"Pull images", "Build", "Start last"}},
		{"an image", imageApp(catalog.Container{}), deployment.Start, []string{"Pull images", "Start last"}},
		{"a Dockerfile", dockerfileApp(nil), deployment.Deploy, []string{"Build", "Start last"}},
		{"a compose file of a repository", composeApp(nil), deployment.Deploy,
			[]string{"Pull images", "Build", "Start last"}},
		{"a stop", composeService(built), deployment.Stop, nil},
		{"a deletion", composeService(built), deployment.Delete, nil},
		{"a shell application", shellApp(wholeShell), deployment.Start, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			plan := loginPlan(t, c.resource, c.operation)
			var got []string
			for _, step := range plan.Job.Steps {
				if strings.Contains(step.Script, "registries.sh") {
					name := step.Name
					if strings.Contains(step.Script, "last=yes") {
						name += " last"
					}
					got = append(got, name)
				}
				if strings.Contains(step.Script+step.Command, registryPassword) ||
					strings.Contains(step.Script+step.Command, registryLogins()[0].Token()) {
					t.Errorf("step %s has the password: %s", step.Name, step.Script)
				}
			}
			if diff := cmp.Diff(got, c.want); diff != "" {
				t.Errorf("steps with logins (-got +want)\n%s", diff)
			}
			if _, there := spoolFile(plan, "registries"); there != (c.want != nil) {
				t.Errorf("the file is there: %v", there)
			}
		})
	}
}

// spoolFile returns a file of the spool, and whether it is there.
func spoolFile(plan recipe.Plan, name string) (string, bool) {
	return fileOf(plan, filepath.Join(plan.Job.Spool, name))
}

// dockerSettings is what docker reads of its settings. It reads a second member of a name
// into the same map, as encoding/json does.
type dockerSettings struct {
	Auths       map[string]struct{ Auth string }
	CredHelpers map[string]string
	CredsStore  string
	Proxies     map[string]any
}

// loginRun runs lines of sh beside registries.sh. settings is the config.json of the user.
// It returns the output, the exit code and the spool.
func loginRun(t *testing.T, sh []string, settings, last, lines string) (said string, code int, spool string) {
	t.Helper()
	home, spool := t.TempDir(), t.TempDir()
	plan := loginPlan(t, composeService(redis), deployment.Start)
	logins, _ := spoolFile(plan, "registries")
	script, _ := spoolFile(plan, "registries.sh")
	for path, text := range map[string]string{
		filepath.Join(home, ".docker", "config.json"):           settings,
		filepath.Join(home, ".docker", "cli-plugins", "a-tool"): "tool",
		filepath.Join(spool, "registries"):                      logins,
		filepath.Join(spool, "registries.sh"):                   script,
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if text == "" {
			continue
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), sh[0], append(sh[1:], "-e")...)
	cmd.Stdin = strings.NewReader("spool=" + spool + " last=" + last + "\n" + lines)
	cmd.Env = append(os.Environ(), "HOME="+home, "DOCKER_CONFIG=")
	out, err := cmd.Output()
	if ended, is := errors.AsType[*exec.ExitError](err); is {
		code = ended.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return string(out), code, spool
}

func TestSettingsOfDockersClient(t *testing.T) {
	other := `"auths": {"other.example": {"auth": "b3RoZXI6cHc="}}`
	for name, settings := range map[string]string{
		"none": "", "empty": "{}\n", "blank": " {\n}\n\n", "one login": "{" + other + "}",
		"a store":        "{\n\t" + other + ",\n\t\"credsStore\": \"pass\"\n}\n",
		"the same login": `{"auths": {"registry.example:5000": {"auth": "b2xk"}, "other.example": {}}}`,
		"proxies":        `{"proxies": {"default": {"httpProxy": "http://proxy:3128"}}} `,
	} {
		for shell, sh := range shells(t) {
			t.Run(name+", "+shell, func(t *testing.T) {
				said, code, _ := loginRun(t, sh, settings, "", `. "$spool/registries.sh"
[ "$(cat "$DOCKER_CONFIG/cli-plugins/a-tool")" = tool ]
cat "$DOCKER_CONFIG/config.json"
`)
				var got, was dockerSettings
				if err := json.Unmarshal([]byte(said), &got); err != nil || code != 0 {
					t.Fatalf("exit %d, %v:\n%s", code, err, said)
				}
				if settings != "" {
					if err := json.Unmarshal([]byte(settings), &was); err != nil {
						t.Fatal(err)
					}
				}
				want := was
				want.Auths = map[string]struct{ Auth string }{
					"registry.example:5000":       {registryLogins()[0].Token()},
					"https://index.docker.io/v1/": {registryLogins()[1].Token()},
				}
				if login, there := was.Auths["other.example"]; there {
					want.Auths["other.example"] = login
				}
				want.CredHelpers = map[string]string{
					"registry.example:5000": "", "https://index.docker.io/v1/": "",
				}
				if diff := cmp.Diff(got, want); diff != "" {
					t.Errorf("(-got +want)\n%s", diff)
				}
			})
		}
	}
}

// TestLoginsDoNotStay looks for them after the step, however it ends.
func TestLoginsDoNotStay(t *testing.T) {
	for _, c := range []struct {
		name, last, lines string
		code              int
		file              bool // whether the file for the later steps is there
	}{
		{"a step before others", "", "true\n", 0, true},
		{"the last step", "yes", "true\n", 0, false},
		{"a step that fails", "", "false\n", 1, false},
		{"a step that is ended", "", "kill -TERM $$; sleep 5\n", 143, false},
	} {
		for shell, sh := range shells(t) {
			t.Run(c.name+", "+shell, func(t *testing.T) {
				_, code, spool := loginRun(t, sh, "{}", c.last, `. "$spool/registries.sh"
[ "$(stat -c %a "$DOCKER_CONFIG")$(stat -c %a "$DOCKER_CONFIG/config.json")" = 700600 ]
`+c.lines)
				if code != c.code {
					t.Errorf("exit %d, want %d", code, c.code)
				}
				if _, err := os.Stat(filepath.Join(spool, "docker")); err == nil {
					t.Error("the folder of settings is there")
				}
				if _, err := os.Stat(filepath.Join(spool, "registries")); (err == nil) != c.file {
					t.Errorf("the file is there: %v, want %v", err == nil, c.file)
				}
			})
		}
	}
}
