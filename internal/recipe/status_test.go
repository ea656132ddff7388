package recipe_test

import (
	"errors"
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

// found is the status script's output for these containers.
func found(containers ...container) string {
	text := "a banner\nE\n\nwaybill-status\n"
	for _, c := range containers {
		text += "C " + c.line()
	}
	return text + "E\n"
}

func TestParseStatus(t *testing.T) {
	healthy := container{name: "web", state: "running", health: "healthy"}
	plain := container{name: "web", state: "running"}
	unhealthy := container{name: "web", state: "running", health: "unhealthy"}
	starting := container{name: "web", state: "running", health: "starting"}
	restarting := container{name: "web", state: "restarting"}
	exited := container{name: "web", state: "exited"}
	failed := container{name: "db", state: "exited", code: 1, policy: "no"}
	done := container{name: "job", state: "exited", policy: "no"}
	awaited := container{name: "job", state: "exited", policy: "always"}
	waiting := container{name: "web", state: "running", health: "healthy",
		waits: "db:service_started:false,job:service_completed_successfully:false"}
	for _, c := range []struct {
		name, output, want string
	}{
		{"no container is exited", found(), "exited"},
		{"all healthy is healthy", found(healthy, healthy), "running:healthy"},
		{"one without a check is unknown", found(healthy, plain), "running:unknown"},
		{"one unhealthy is unhealthy", found(healthy, plain, unhealthy), "running:unhealthy"},
		{"one that starts is starting", found(healthy, unhealthy, starting), "starting:unhealthy"},
		{"one that restarts alone is restarting", found(restarting), "restarting:unhealthy"},
		{"one that restarts and runs just now is restarting",
			found(container{name: "web", state: "running", health: "starting", restarts: 2}),
			"restarting:unhealthy"},
		{"one that is well after a restart is healthy",
			found(container{name: "web", state: "running", health: "healthy", restarts: 2}),
			"running:healthy"},
		{"one that restarts beside others is degraded", found(restarting, healthy), "degraded:unhealthy"},
		{"one that exited beside others is degraded", found(exited, healthy), "degraded:unhealthy"},
		{"one that failed once beside others is degraded", found(failed, healthy), "degraded:unhealthy"},
		{"all exited is exited", found(exited, failed, done), "exited"},
		{"one that was never started is degraded: a stop has it to remove",
			found(container{name: "web", state: "created"}), "degraded:unhealthy"},
		{"a start by commands that did not end well is unknown", "\nwaybill-status\nS unfinished\nE\n",
			"unknown"},
		{"one that was never started beside others is degraded",
			found(healthy, container{name: "db", state: "created"}), "degraded:unhealthy"},
		{"one that has done its work does not count", found(done, healthy), "running:healthy"},
		{"one whose end others wait for does not count", found(awaited, waiting), "running:healthy"},
		{"one that would be restarted and was stopped counts", found(awaited, healthy), "degraded:unhealthy"},
		{"all paused is paused", found(container{name: "web", state: "paused"}), "paused:unknown"},
		{"one dead beside others is degraded", found(healthy, container{name: "db", state: "dead"}),
			"degraded:unhealthy"},
		{"what compose run left behind does not count",
			found(healthy, container{name: "web", state: "exited", code: 1, oneoff: true}),
			"running:healthy"},
		{"commands that ended well", "\nwaybill-status\nS healthy\nE\n", "running:healthy"},
		{"commands that did not", "\nwaybill-status\nS unhealthy\nE\n", "running:unhealthy"},
		{"commands without a check", "\nwaybill-status\nS started\nE\n", "running:unknown"},
		{"commands that stopped it", "\nwaybill-status\nS stopped\nE\n", "exited"},
		{"commands that never ran", "\nwaybill-status\nS none\nE\n", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := recipe.ParseStatus(c.output)
			if err != nil || got.Status != c.want {
				t.Errorf("%+v (%v), want %q", got, err, c.want)
			}
		})
	}
	for want, containers := range map[string][]container{
		"":                               {healthy, plain, done},
		"db exited with code 1":          {unhealthy, failed, {name: "late", state: "created"}},
		"web is unhealthy":               {unhealthy, {name: "late", state: "created"}},
		"web is not healthy yet":         {starting},
		"web exits and is started again": {{name: "web", state: "running", restarts: 2}},
		"job has not ended, and others wait for that": {{name: "job", state: "running"},
			{name: "web", state: "created", waits: "job:service_completed_successfully:false"}},
		"late was never started": {plain, {name: "late", state: "created"}},
	} {
		t.Run("at fault: "+want, func(t *testing.T) {
			if got, err := recipe.ParseStatus(found(containers...)); err != nil || got.Fault != want {
				t.Errorf("%q (%v), want %q", got.Fault, err, want)
			}
		})
	}
	t.Run("the commit and its message are told", func(t *testing.T) {
		got, err := recipe.ParseStatus("\nwaybill-status\nC " + healthy.line() + "H " + commit +
			"\nM it's  $HOME E\nE\n")
		if want := (recipe.Status{Status: "running:healthy", Commit: commit,
			Message: "it's  $HOME E"}); err != nil || got != want {
			t.Errorf("%+v (%v), want %+v", got, err, want)
		}
	})
	for name, output := range map[string]string{
		"nothing": "", "a banner": "welcome\nE\n", "no end": "\nwaybill-status\nC " + healthy.line(),
		"docker's words": "\nwaybill-status\nF permission denied while trying to connect\nE\n",
	} {
		t.Run(name+" is Unavailable", func(t *testing.T) {
			_, err := recipe.ParseStatus(output)
			if !errors.Is(err, fault.Unavailable) ||
				strings.Contains(output, "permission") &&
					!strings.Contains(fault.Public(err), "permission denied") {
				t.Errorf("error = %v", err)
			}
		})
	}
}

// look runs the status script as a server would, with the script on stdin.
func look(
	t *testing.T, resource catalog.Deployable, data string, environment ...string,
) (recipe.Status, error) {
	t.Helper()
	cmd := exec.Command("sh", "-s")
	cmd.Env = append(os.Environ(), environment...)
	cmd.Stdin = strings.NewReader(recipe.StatusScript(resource, data))
	said, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return recipe.ParseStatus(string(said))
}

func TestStatusOfContainers(t *testing.T) {
	healthy := container{name: "web", state: "running", health: "healthy"}
	for _, resource := range []catalog.Deployable{
		composeService("services: {}"), composeApp(nil), dockerfileApp(nil),
	} {
		data := t.TempDir()
		s := newStub(t, at(healthy, container{name: "db", state: "running", health: "starting"}))
		got, err := look(t, resource, data, s.environment()...)
		if err != nil || got.Status != "starting:unhealthy" {
			t.Errorf("%s: %+v (%v)", resource.Common().ID, got, err)
		}
		_, control, _ := recipe.Places(data, resource.Common().ID, "")
		if err := os.MkdirAll(control, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(control, "commit"), []byte(commit+"\nit's first\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		s = newStub(t)
		got, err = look(t, resource, data, s.environment()...)
		if want := (recipe.Status{Status: "exited", Commit: commit, Message: "it's first"}); err != nil ||
			got != want {
			t.Errorf("%s: %+v (%v), want %+v", resource.Common().ID, got, err, want)
		}
	}
	t.Run("a docker that does not answer is Unavailable, with what to do", func(t *testing.T) {
		s := newStub(t)
		s.write(t, "docker",
			"#!/bin/sh\necho 'Got permission denied while trying to connect to the Docker daemon "+
				"socket' >&2\nexit 1\n")
		_, err := look(t, composeService(""), t.TempDir(), s.environment()...)
		if !errors.Is(err, fault.Unavailable) ||
			!strings.Contains(fault.Public(err), "Add it to the group docker") {
			t.Errorf("error = %v", err)
		}
	})
	t.Run("no docker is Unavailable", func(t *testing.T) {
		_, err := look(t, composeService(""), t.TempDir(), "PATH="+t.TempDir())
		if !errors.Is(err, fault.Unavailable) ||
			!strings.Contains(fault.Public(err), "Docker is not installed") {
			t.Errorf("error = %v", err)
		}
	})
}

func TestStatusOfCommands(t *testing.T) {
	data := t.TempDir()
	run := func(shell catalog.Shell, operation deployment.Operation, step string) {
		t.Helper()
		plan, err := recipe.Build(recipe.Input{Resource: shellApp(shell), DataDir: data, Operation: operation,
			Secrets: map[string]string{"PASSWORD": password}})
		if err != nil {
			t.Fatal(err)
		}
		if r := last(perform(t, plan)); r.name != step {
			t.Fatalf("%+v, want the step %s last", r, step)
		}
	}
	wants := func(shell catalog.Shell, want string) {
		t.Helper()
		got, err := look(t, shellApp(shell), data)
		if err != nil || got.Status != want {
			t.Errorf("%+v (%v), want %q", got, err, want)
		}
	}
	// The health command sees the environment, and cannot read the rest of the script
	// from stdin.
	checked := catalog.Shell{Start: "touch well", Stop: "rm well",
		Health: `cat; echo noise; test -e well && test "$GREETING" = 'hello world'`}
	wants(checked, "exited")
	run(checked, deployment.Start, "Health")
	wants(checked, "running:healthy")
	wants(catalog.Shell{Start: "true"}, "running:unknown")
	if err := os.Remove(filepath.Join(data, "applications", "app000000000000000000001", "well")); err != nil {
		t.Fatal(err)
	}
	wants(checked, "running:unhealthy")
	run(checked, deployment.Stop, "Report") // rm fails
	wants(checked, "running:unhealthy")
	run(checked, deployment.Start, "Health")
	run(checked, deployment.Stop, "Stop")
	wants(checked, "exited")
	run(checked, deployment.Restart, "Stop") // and rm fails again
	failing := catalog.Shell{Start: "exit 3"}
	run(failing, deployment.Start, "Start")
	wants(failing, "unknown")
	run(catalog.Shell{Start: "exit 0"}, deployment.Start, "Start")
	wants(failing, "running:unknown")
}
