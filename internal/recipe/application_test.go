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

func inlineApp(change func(*catalog.InlineDockerfile)) *catalog.Application {
	form := &catalog.InlineDockerfile{Text: "ARG TAG=1\nFROM nginx:${TAG}\nRUN echo \"it's $HOME\"\n"}
	if change != nil {
		change(form)
	}
	return &catalog.Application{Resource: resource("app000000000000000000001"), Inline: form}
}

func plainInlineApp() *catalog.Application     { return inlineApp(nil) }
func plainImageApp() *catalog.Application      { return imageApp(catalog.Container{}) }
func plainDockerfileApp() *catalog.Application { return dockerfileApp(nil) }
func plainComposeApp() *catalog.Application    { return composeApp(nil) }

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
	{
		name:      "image-start",
		resource:  plainImageApp,
		operation: deployment.Start,
	},
	{
		name:      "image-whole",
		resource:  func() *catalog.Application { return imageApp(whole()) },
		operation: deployment.Start,
	},
	{
		name: "image-http",
		resource: func() *catalog.Application {
			return imageApp(catalog.Container{Health: catalog.HealthCheck{Port: 8080, Path: "/it's up?x=$y"}})
		},
		operation: deployment.Start,
	},
	{
		name: "image-no-check",
		resource: func() *catalog.Application {
			return imageApp(catalog.Container{Health: catalog.HealthCheck{Disabled: true, Port: 80}})
		},
		operation: deployment.Start,
	},
	{
		name: "image-no-variables",
		resource: func() *catalog.Application {
			app := imageApp(catalog.Container{})
			app.Environment = nil
			return app
		},
		operation: deployment.Start,
	},
	{
		name:      "image-deploy-tag",
		resource:  plainImageApp,
		operation: deployment.Deploy,
		options:   deployment.Options{DockerTag: "2.0", Force: true},
	},
	{
		name: "image-digest",
		resource: func() *catalog.Application {
			app := imageApp(catalog.Container{})
			app.Image.Tag = "sha256:" + strings.Repeat("0a", 32)
			return app
		},
		operation: deployment.Start,
		options:   deployment.Options{PullLatestImages: true},
	},
	{
		name:      "image-restart",
		resource:  plainImageApp,
		operation: deployment.Restart,
	},
	{
		name:      "image-stop",
		resource:  plainImageApp,
		operation: deployment.Stop,
	},
	{
		name:      "image-delete",
		resource:  plainImageApp,
		operation: deployment.Delete,
	},
	{
		name:      "image-delete-volumes",
		resource:  plainImageApp,
		operation: deployment.Delete,
		options:   deployment.Options{DeleteVolumes: true},
	},

	{
		name:      "dockerfile-deploy",
		resource:  plainDockerfileApp,
		operation: deployment.Deploy,
	},
	{
		name: "dockerfile-whole",
		resource: func() *catalog.Application {
			return dockerfileApp(func(form *catalog.Dockerfile) {
				form.Container, form.Path, form.Directory = whole(), "docker/Dockerfile.prod", "/backend"
			})
		},
		operation: deployment.Start,
	},
	{
		name: "dockerfile-hostile",
		resource: func() *catalog.Application {
			return dockerfileApp(
				func(form *catalog.Dockerfile) { hostile(&form.Source); form.Path = "it's $HOME" })
		},
		operation: deployment.Start,
	},
	{
		name:      "dockerfile-force-pull",
		resource:  plainDockerfileApp,
		operation: deployment.Deploy,
		options:   deployment.Options{Force: true, PullLatestImages: true},
	},
	{
		name: "dockerfile-commit",
		resource: func() *catalog.Application {
			return dockerfileApp(func(form *catalog.Dockerfile) { form.Commit = "fedcba9" })
		},
		operation: deployment.Deploy,
	},
	{
		name: "dockerfile-other-commit",
		resource: func() *catalog.Application {
			return dockerfileApp(func(form *catalog.Dockerfile) { form.Commit = "fedcba9" })
		},
		operation: deployment.Deploy,
		options:   deployment.Options{Commit: commit},
	},
	{
		name: "dockerfile-password",
		resource: func() *catalog.Application {
			return dockerfileApp(func(form *catalog.Dockerfile) { form.UserName = "it's me" })
		},
		operation: deployment.Start,
	},
	{
		name:      "dockerfile-restart",
		resource:  plainDockerfileApp,
		operation: deployment.Restart,
	},
	{
		name:      "dockerfile-stop",
		resource:  plainDockerfileApp,
		operation: deployment.Stop,
	},
	{
		name:      "dockerfile-delete",
		resource:  plainDockerfileApp,
		operation: deployment.Delete,
	},

	{
		name:      "inline-deploy",
		resource:  plainInlineApp,
		operation: deployment.Deploy,
	},
	{
		name: "inline-whole",
		resource: func() *catalog.Application {
			return inlineApp(func(form *catalog.InlineDockerfile) { form.Container = whole() })
		},
		operation: deployment.Start,
		options:   deployment.Options{Force: true, PullLatestImages: true},
	},
	{
		name:      "inline-restart",
		resource:  plainInlineApp,
		operation: deployment.Restart,
	},
	{
		name:      "inline-stop",
		resource:  plainInlineApp,
		operation: deployment.Stop,
	},
	{
		name:      "inline-delete",
		resource:  plainInlineApp,
		operation: deployment.Delete,
	},

	{
		name:      "compose-deploy",
		resource:  plainComposeApp,
		operation: deployment.Deploy,
	},
	{
		name: "compose-hostile",
		resource: func() *catalog.Application {
			return composeApp(
				func(form *catalog.ComposeSource) { hostile(&form.Source); form.Path = "it's/$compose.yml" })
		},
		operation: deployment.Start,
	},
	{
		name:      "compose-restart",
		resource:  plainComposeApp,
		operation: deployment.Restart,
	},
	{
		name:      "compose-stop",
		resource:  plainComposeApp,
		operation: deployment.Stop,
	},
	{
		name:      "compose-delete",
		resource:  plainComposeApp,
		operation: deployment.Delete,
	},
	{
		name:      "compose-delete-volumes",
		resource:  plainComposeApp,
		operation: deployment.Delete,
		options:   deployment.Options{DeleteVolumes: true},
	},
	{
		name:      "compose-policy",
		resource:  plainComposeApp,
		operation: deployment.Deploy,
	},
	{
		name: "shell-delete",
		resource: func() *catalog.Application {
			return shellApp(catalog.Shell{Start: "./run", Stop: "./halt", Health: "true"})
		},
		operation: deployment.Delete,
	},
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
		{
			name: "a tag that is none",
			err:  build(imageApp(catalog.Container{}), deployment.Options{DockerTag: "a b"}),
			want: "no reference of an image",
		},
		{
			name: "an option for a tag",
			err:  build(imageApp(catalog.Container{}), deployment.Options{DockerTag: "-x"}),
			want: "no reference of an image",
		},
		{
			name: "a commit that is none",
			err:  build(dockerfileApp(nil), deployment.Options{Commit: "--upload-pack=x"}),
			want: "no hash of a commit",
		},
		{
			name: "a deploy key that is gone",
			err: build(dockerfileApp(func(form *catalog.Dockerfile) {
				form.KeyID = "key000000000000000000001"
			}), deployment.Options{}),
			want: "deploy key",
		},
		{
			name: "a mapping of ports that is none",
			err:  build(imageApp(catalog.Container{Mappings: []string{"a:b"}}), deployment.Options{}),
			want: "ports_mappings",
		},
		{
			name: "a size that is none",
			err: build(imageApp(catalog.Container{Limits: catalog.Limits{Memory: "much"}}),
				deployment.Options{}),
			want: "limits_memory",
		},
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
		{
			name:    "an image",
			app:     imageApp(whole()),
			forbids: true,
		},
		{
			name:    "a repository elsewhere",
			app:     from("https://git.example/etc"),
			forbids: true,
		},
		{
			name:    "a repository on the server",
			app:     from("/srv/web.git"),
			forbids: true,
		},
		{
			name:    "a repository in a system folder",
			app:     from("/home/me/web.git"),
			forbids: true,
			field:   "git_repository",
			want:    "forbids access",
		},
		{
			name:    "a repository that is another resource's",
			app:     from("file:///data/applications/x/source"),
			forbids: true,
			field:   "git_repository",
			want:    "forbids access",
		},
		{
			name: "a repository in a system folder where that is allowed",
			app:  from("/home/me/web.git"),
		},
		{
			name:  "a mapping that is none",
			app:   imageApp(catalog.Container{Mappings: []string{"x"}}),
			field: "ports_mappings",
			want:  "docker does not know",
		},
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
