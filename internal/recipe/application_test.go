package recipe_test

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

const (
	deployKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a key at all\n-----END OPENSSH PRIVATE KEY-----"
	commit    = "0123456789abcdef0123456789abcdef01234567"
)

// whole is a container with every setting that an application may have.
func whole() catalog.Container {
	return catalog.Container{
		Exposes:  []int{8080, 9090},
		Mappings: []string{"127.0.0.1:8080:80", "53:53/udp", "3000-3001:4000-4001"},
		Limits: catalog.Limits{Memory: "512m", MemorySwap: "1g", MemoryReservation: "256m", CPUs: "1.5",
			CPUSet: "0-1", CPUShares: 512},
		Health: catalog.HealthCheck{Command: "curl -fs 'http://localhost/$HOME'", IntervalSeconds: 7,
			TimeoutSeconds: 3, Retries: 4, StartPeriodSeconds: 20},
	}
}

func imageApp(container catalog.Container) *catalog.Application {
	return &catalog.Application{Resource: resource("app000000000000000000001"),
		Image: &catalog.Image{Name: "registry.example:5000/acme/web", Tag: "1.4", Container: container}}
}

func dockerfileApp(change func(*catalog.Dockerfile)) *catalog.Application {
	form := &catalog.Dockerfile{Path: "Dockerfile",
		Source: catalog.Source{Repository: "https://git.example/acme/web.git", Branch: "main",
			Directory: "/"}}
	if change != nil {
		change(form)
	}
	return &catalog.Application{Resource: resource("app000000000000000000001"), Dockerfile: form}
}

func composeApp(change func(*catalog.ComposeSource)) *catalog.Application {
	form := &catalog.ComposeSource{Path: "docker-compose.yaml",
		Source: catalog.Source{Repository: "git@git.example:acme/web.git", Directory: "/"}}
	if change != nil {
		change(form)
	}
	return &catalog.Application{Resource: resource("app000000000000000000001"), Compose: form}
}

// hostile sets a source with shell syntax in every field.
func hostile(source *catalog.Source) {
	*source = catalog.Source{Repository: "ssh://git@git.example/it's$(id)`id`.git", Branch: "a'b$c",
		Directory: "/it's a $HOME", KeyID: "key000000000000000000001",
		HostKeys: "git.example ssh-ed25519 AAAA"}
}

// applications are the cases of the golden files.
var applications = []struct {
	name      string
	resource  func() *catalog.Application
	operation deployment.Operation
	options   deployment.Options
}{
	{"image-start", func() *catalog.Application { return imageApp(catalog.Container{}) }, deployment.Start,
		deployment.Options{}},
	{"image-whole", func() *catalog.Application { return imageApp(whole()) }, deployment.Start,
		deployment.Options{}},
	{"image-http", func() *catalog.Application {
		return imageApp(catalog.Container{Health: catalog.HealthCheck{Port: 8080, Path: "/it's up?x=$y"}})
	}, deployment.Start, deployment.Options{}},
	{"image-no-check", func() *catalog.Application {
		return imageApp(catalog.Container{Health: catalog.HealthCheck{Disabled: true, Port: 80}})
	}, deployment.Start, deployment.Options{}},
	{"image-no-variables", func() *catalog.Application {
		app := imageApp(catalog.Container{})
		app.Environment = nil
		return app
	}, deployment.Start, deployment.Options{}},
	{"image-deploy-tag", func() *catalog.Application { return imageApp(catalog.Container{}) },
		deployment.Deploy, deployment.Options{DockerTag: "2.0", Force: true}},
	{"image-digest", func() *catalog.Application {
		app := imageApp(catalog.Container{})
		app.Image.Tag = "sha256:" + strings.Repeat("0a", 32)
		return app
	}, deployment.Start, deployment.Options{PullLatestImages: true}},
	{"image-restart", func() *catalog.Application { return imageApp(catalog.Container{}) },
		deployment.Restart, deployment.Options{}},
	{"image-stop", func() *catalog.Application { return imageApp(catalog.Container{}) }, deployment.Stop,
		deployment.Options{}},
	{"image-delete", func() *catalog.Application { return imageApp(catalog.Container{}) }, deployment.Delete,
		deployment.Options{}},
	{"image-delete-volumes", func() *catalog.Application { return imageApp(catalog.Container{}) },
		deployment.Delete, deployment.Options{DeleteVolumes: true}},

	{"dockerfile-deploy", func() *catalog.Application { return dockerfileApp(nil) }, deployment.Deploy,
		deployment.Options{}},
	{"dockerfile-whole", func() *catalog.Application {
		return dockerfileApp(func(form *catalog.Dockerfile) {
			form.Container, form.Path, form.Directory = whole(), "docker/Dockerfile.prod", "/backend"
		})
	}, deployment.Start, deployment.Options{}},
	{"dockerfile-hostile", func() *catalog.Application {
		return dockerfileApp(
			func(form *catalog.Dockerfile) { hostile(&form.Source); form.Path = "it's $HOME" })
	}, deployment.Start, deployment.Options{}},
	{"dockerfile-force-pull", func() *catalog.Application { return dockerfileApp(nil) }, deployment.Deploy,
		deployment.Options{Force: true, PullLatestImages: true}},
	{"dockerfile-commit", func() *catalog.Application {
		return dockerfileApp(func(form *catalog.Dockerfile) { form.Commit = "fedcba9" })
	}, deployment.Deploy, deployment.Options{}},
	{"dockerfile-other-commit", func() *catalog.Application {
		return dockerfileApp(func(form *catalog.Dockerfile) { form.Commit = "fedcba9" })
	}, deployment.Deploy, deployment.Options{Commit: commit}},
	{"dockerfile-password", func() *catalog.Application {
		return dockerfileApp(func(form *catalog.Dockerfile) { form.UserName = "it's me" })
	}, deployment.Start, deployment.Options{}},
	{"dockerfile-restart", func() *catalog.Application { return dockerfileApp(nil) }, deployment.Restart,
		deployment.Options{}},
	{"dockerfile-stop", func() *catalog.Application { return dockerfileApp(nil) }, deployment.Stop,
		deployment.Options{}},
	{"dockerfile-delete", func() *catalog.Application { return dockerfileApp(nil) }, deployment.Delete,
		deployment.Options{}},

	{"compose-deploy", func() *catalog.Application { return composeApp(nil) }, deployment.Deploy,
		deployment.Options{}},
	{"compose-hostile", func() *catalog.Application {
		return composeApp(
			func(form *catalog.ComposeSource) { hostile(&form.Source); form.Path = "it's/$compose.yml" })
	}, deployment.Start, deployment.Options{}},
	{"compose-restart", func() *catalog.Application { return composeApp(nil) }, deployment.Restart,
		deployment.Options{}},
	{"compose-stop", func() *catalog.Application { return composeApp(nil) }, deployment.Stop,
		deployment.Options{}},
	{"compose-delete", func() *catalog.Application { return composeApp(nil) }, deployment.Delete,
		deployment.Options{}},
	{"compose-delete-volumes", func() *catalog.Application { return composeApp(nil) }, deployment.Delete,
		deployment.Options{DeleteVolumes: true}},
	{"compose-policy", func() *catalog.Application { return composeApp(nil) }, deployment.Deploy,
		deployment.Options{}},
	{"shell-delete", func() *catalog.Application {
		return shellApp(catalog.Shell{Start: "./run", Stop: "./halt", Health: "true"})
	}, deployment.Delete, deployment.Options{}},
}

func applicationInput(
	name string, app *catalog.Application, operation deployment.Operation, options deployment.Options,
) recipe.Input {
	input := recipe.Input{Resource: app, DataDir: "/data/waybill",
		Deployment: "app0000000000000000000011a2b3c4d5e6f7g8", Operation: operation, Options: options,
		Secrets: map[string]string{"PASSWORD": password}, DeployKey: deployKey,
		ForbidHostAccess: strings.HasSuffix(name, "-policy")}
	if strings.HasSuffix(name, "-password") {
		input.Secrets[catalog.GitPasswordSecret] = "git's $ecret"
	}
	return input
}

func TestBuildApplications(t *testing.T) {
	for _, c := range applications {
		t.Run(c.name, func(t *testing.T) {
			app := c.resource()
			plan, err := recipe.Build(applicationInput(c.name, app, c.operation, c.options))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "application-"+c.name, describe(plan))
			for _, step := range plan.Job.Steps {
				for _, secret := range []string{password, "git's", "OPENSSH"} {
					if strings.Contains(step.Script, secret) {
						t.Errorf("step %s holds a secret: %s", step.Name, step.Script)
					}
				}
				if said, err := exec.Command("sh", "-n", "-c", step.Script).CombinedOutput(); err != nil {
					t.Errorf("sh does not read step %s: %s", step.Name, said)
				}
			}
			for _, file := range plan.Job.Files {
				if file.Path == "docker-compose.yml" && strings.Contains(string(file.Content), "ecret") {
					t.Errorf("the compose file holds a secret: %s", file.Content)
				}
			}
		})
	}
}

// TestComposeReadsWhatIsGenerated has docker compose read every document that is
// written for an application, together with its files.
func TestComposeReadsWhatIsGenerated(t *testing.T) {
	needCompose(t)
	for _, c := range applications {
		input := applicationInput(c.name, c.resource(), c.operation, c.options)
		input.DataDir = t.TempDir()
		plan, err := recipe.Build(input)
		if err != nil {
			t.Fatal(err)
		}
		place(t, plan.Job)
		document := filepath.Join(plan.Job.Dir, "docker-compose.yml")
		if c.operation == deployment.Delete || strings.HasPrefix(c.name, "compose-") {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			said, err := exec.Command("docker", "compose", "--file", document, "config").CombinedOutput()
			if err != nil {
				t.Fatalf("compose refuses: %s", said)
			}
			if strings.Contains(c.name, "whole") &&
				!strings.Contains(string(said), "PASSWORD: it's $$ecret") {
				t.Errorf("compose does not read the password:\n%s", said)
			}
		})
	}
}

func TestBuildRefusesApplications(t *testing.T) {
	build := func(app *catalog.Application, options deployment.Options) error {
		_, err := recipe.Build(recipe.Input{Resource: app, DataDir: "/data", Operation: deployment.Start,
			Options: options, Secrets: map[string]string{"PASSWORD": "x"}})
		return err
	}
	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"a tag that is none", build(imageApp(catalog.Container{}), deployment.Options{DockerTag: "a b"}),
			"no reference of an image"},
		{"an option for a tag", build(imageApp(catalog.Container{}), deployment.Options{DockerTag: "-x"}),
			"no reference of an image"},
		{"a commit that is none", build(dockerfileApp(nil), deployment.Options{Commit: "--upload-pack=x"}),
			"no hash of a commit"},
		{"a deploy key that is gone",
			build(dockerfileApp(func(form *catalog.Dockerfile) { form.KeyID = "key000000000000000000001" }),
				deployment.Options{}), "deploy key"},
		{"a mapping of ports that is none",
			build(imageApp(catalog.Container{Mappings: []string{"a:b"}}), deployment.Options{}),
			"ports_mappings"},
		{"a size that is none",
			build(imageApp(catalog.Container{Limits: catalog.Limits{Memory: "much"}}), deployment.Options{}),
			"limits_memory"},
	} {
		if !errors.Is(c.err, fault.Invalid) || !strings.Contains(fault.Public(c.err), c.want) {
			t.Errorf("%s: %v, want Invalid with %q", c.name, c.err, c.want)
		}
	}
}

func TestCheckApplications(t *testing.T) {
	from := func(repository string) *catalog.Application {
		return dockerfileApp(func(form *catalog.Dockerfile) { form.Repository = repository })
	}
	for _, c := range []struct {
		name        string
		app         *catalog.Application
		forbids     bool
		field, want string
	}{
		{"an image", imageApp(whole()), true, "", ""},
		{"a repository elsewhere", from("https://git.example/etc"), true, "", ""},
		{"a repository on the server", from("/srv/web.git"), true, "", ""},
		{"a repository in a system folder", from("/home/me/web.git"), true, "git_repository",
			"forbids access"},
		{"a repository that is another resource's", from("file:///data/applications/x/source"), true,
			"git_repository", "forbids access"},
		{"a repository in a system folder where that is allowed", from("/home/me/web.git"), false, "", ""},
		{"a mapping that is none", imageApp(catalog.Container{Mappings: []string{"x"}}), false,
			"ports_mappings", "docker does not know"},
	} {
		err := recipe.Check(t.Context(), c.app,
			&catalog.Server{DataDir: "/data", ForbidHostAccess: c.forbids})
		if got := strings.Join(fault.Fields(err)[c.field], " "); (err == nil) != (c.want == "") ||
			!strings.Contains(got, c.want) {
			t.Errorf("%s: %v, %s %q; want %q", c.name, err, c.field, got, c.want)
		}
		if c.app.Source() == nil || !c.forbids {
			continue
		}
		input := applicationInput("-policy", c.app, deployment.Start, deployment.Options{})
		input.DataDir = "/data"
		if _, err := recipe.Build(input); (err == nil) != (c.want == "") {
			t.Errorf("%s: %v when it is to run", c.name, err)
		}
	}
}

// TestHTTPCheck runs the check against a real server, with each of the HTTP clients
// that an image may have.
func TestHTTPCheck(t *testing.T) {
	const place = "/it's up/?a=b&c=$HOME"
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || r.URL.Path != "/ok" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
	}))
	defer server.Close()
	port := server.Listener.Addr().(*net.TCPAddr).Port
	for _, tools := range [][2]string{
		{"curl", "curl"}, {"wget", "wget"}, {"wget", "busybox"}, {"bash", "bash"}, {"", ""},
	} {
		path, tool := t.TempDir(), tools[0]
		if tool != "" {
			program, err := exec.LookPath(tools[1])
			if err != nil {
				t.Logf("no %s here; it is not tried", tools[1])
				continue
			}
			if err := os.Symlink(program, filepath.Join(path, tool)); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			status, port int
			path         string
			well         bool
		}{
			{200, port, "/ok", true}, {204, port, "ok", true}, {302, port, "/ok", true},
			{404, port, "/ok", false}, {500, port, "/ok", false}, {200, port, place, false},
			{200, 1, "/ok", false},
		} {
			status = c.status
			exit, said := check(t, path, catalog.HealthCheck{Port: c.port, Path: c.path, TimeoutSeconds: 2})
			if tool == "" && !strings.Contains(said, "neither curl nor wget nor bash") {
				t.Errorf("without a tool it said %q", said)
			}
			if well := exit == 0; well != (c.well && tool != "") {
				t.Errorf("%q, status %d of %s: exit %d, %q", tools, c.status, c.path, exit, said)
			}
		}
	}
}

// check runs an application's health script as docker does, with the given PATH.
func check(t *testing.T, path string, health catalog.HealthCheck) (exit int, said string) {
	t.Helper()
	plan, err := recipe.Build(applicationInput("", imageApp(catalog.Container{Health: health}),
		deployment.Start, deployment.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range plan.Job.Files {
		if filepath.Base(file.Path) != "health.sh" {
			continue
		}
		script := filepath.Join(t.TempDir(), "health.sh")
		if err := os.WriteFile(script, file.Content, 0o600); err != nil {
			t.Fatal(err)
		}
		shell, err := exec.LookPath("sh")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(shell, script)
		cmd.Env = []string{"PATH=" + path, "http_proxy=http://127.0.0.1:1", "HOME=/nowhere"}
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	t.Fatal("there is no health script")
	return 0, ""
}
