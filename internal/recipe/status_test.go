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

// statusOutput is the status script's output with these lines, after a banner.
func statusOutput(lines string) string { return "a banner\nE\n\nwaybill-status\n" + lines + "E\n" }

// found is the status script's output for these containers.
func found(containers ...container) string {
	lines := ""
	for _, c := range containers {
		lines += "C " + c.line()
	}
	return statusOutput(lines)
}

var (
	unhealthyWeb  = container{name: "web", state: "running", health: "unhealthy"}
	startingWeb   = container{name: "web", state: "running", health: "starting"}
	restartingWeb = container{name: "web", state: "restarting"}
	exitedWeb     = container{name: "web", state: "exited"}
	failedDB      = container{name: "db", state: "exited", code: 1, policy: "no"}
	doneJob       = container{name: "job", state: "exited", policy: "no"}
)

func TestParseStatusOfContainers(t *testing.T) {
	stoppedJob := container{name: "job", state: "exited", policy: "always"}
	waitingWeb := container{name: "web", state: "running", health: "healthy",
		waits: "db:service_started:false,job:service_completed_successfully:false"}
	restartedWeb := func(health string) container {
		return container{name: "web", state: "running", health: health, restarts: 2}
	}
	for _, c := range []struct {
		name       string
		containers []container
		want       string
	}{
		{"no container is exited", nil, "exited"},
		{"all healthy is healthy", []container{healthyWeb, healthyWeb}, "running:healthy"},
		{"one without a check is unknown", []container{healthyWeb, plainWeb}, "running:unknown"},
		{"one unhealthy is unhealthy", []container{healthyWeb, plainWeb, unhealthyWeb}, "running:unhealthy"},
		{"one that starts is starting", []container{healthyWeb, unhealthyWeb, startingWeb},
			"starting:unhealthy"},
		{"one that restarts alone is restarting", []container{restartingWeb}, "restarting:unhealthy"},
		{"one that runs between restarts is restarting", []container{restartedWeb("starting")},
			"restarting:unhealthy"},
		{"one that is well after a restart is healthy", []container{restartedWeb("healthy")},
			"running:healthy"},
		{"one that restarts beside others is degraded", []container{restartingWeb, healthyWeb},
			"degraded:unhealthy"},
		{"one that exited beside others is degraded", []container{exitedWeb, healthyWeb},
			"degraded:unhealthy"},
		{"one that failed once beside others is degraded", []container{failedDB, healthyWeb},
			"degraded:unhealthy"},
		{"all exited is exited", []container{exitedWeb, failedDB, doneJob}, "exited"},
		{"one that was never started is degraded: a stop has it to remove",
			[]container{{name: "web", state: "created"}}, "degraded:unhealthy"},
		{"one that was never started beside others is degraded",
			[]container{healthyWeb, {name: "db", state: "created"}}, "degraded:unhealthy"},
		{"one that has done its work does not count", []container{doneJob, healthyWeb}, "running:healthy"},
		{"one whose end others wait for does not count", []container{stoppedJob, waitingWeb},
			"running:healthy"},
		{"one that would be restarted and was stopped counts", []container{stoppedJob, healthyWeb},
			"degraded:unhealthy"},
		{"all paused is paused", []container{{name: "web", state: "paused"}}, "paused:unknown"},
		{"one dead beside others is degraded", []container{healthyWeb, {name: "db", state: "dead"}},
			"degraded:unhealthy"},
		{"a container of compose run does not count",
			[]container{healthyWeb, {name: "web", state: "exited", code: 1, oneoff: true}},
			"running:healthy"},
		{"an excluded container does not count",
			[]container{healthyWeb, {name: "job", state: "exited", code: 1, excluded: true}},
			"running:healthy"},
	} {
		t.Run(c.name, func(t *testing.T) { checkStatus(t, found(c.containers...), c.want) })
	}
}

func TestParseStatusOfCommands(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{"S healthy", "running:healthy"},
		{"S unhealthy", "running:unhealthy"},
		{"S started", "running:unknown"}, // there is no health command
		{"S unfinished", "unknown"},      // the start command failed
		{"S stopped", "exited"},
		{"S none", ""}, // no command ever ran
	} {
		t.Run(c.line, func(t *testing.T) { checkStatus(t, statusOutput(c.line+"\n"), c.want) })
	}
}

// checkStatus checks the status that is parsed from an output of the script.
func checkStatus(t *testing.T, output, want string) {
	t.Helper()
	got, err := recipe.ParseStatus(output)
	if err != nil || got.Status != want {
		t.Errorf("%+v (%v), want %q", got, err, want)
	}
}

func TestParseStatusNamesTheFault(t *testing.T) {
	neverStarted := container{name: "late", state: "created"}
	for _, c := range []struct {
		want       string
		containers []container
	}{
		{"", []container{healthyWeb, plainWeb, doneJob}},
		{"db exited with code 1", []container{unhealthyWeb, failedDB, neverStarted}},
		{"web is unhealthy", []container{unhealthyWeb, neverStarted}},
		{"web is not healthy yet", []container{startingWeb}},
		{"web exits and is started again", []container{{name: "web", state: "running", restarts: 2}}},
		{"job has not ended, and others wait for that", []container{
			{name: "job", state: "running"},
			{name: "web", state: "created", waits: "job:service_completed_successfully:false"},
		}},
		{"late was never started", []container{plainWeb, neverStarted}},
	} {
		t.Run("fault: "+c.want, func(t *testing.T) {
			got, err := recipe.ParseStatus(found(c.containers...))
			if err != nil || got.Fault != c.want {
				t.Errorf("%q (%v), want %q", got.Fault, err, c.want)
			}
		})
	}
}

func TestParseStatusReadsTheCommit(t *testing.T) {
	got, err := recipe.ParseStatus(statusOutput("C " + healthyWeb.line() + "H " + commit + "\n" +
		"M it's  $HOME E\n"))
	want := recipe.Status{Status: "running:healthy", Commit: commit, Message: "it's  $HOME E"}
	if err != nil || got != want {
		t.Errorf("%+v (%v), want %+v", got, err, want)
	}
}

func TestParseStatusOfAServerThatDoesNotAnswer(t *testing.T) {
	for _, c := range []struct{ name, output, public string }{
		{"an empty output", "", ""},
		{"only a banner", "welcome\nE\n", ""},
		{"no end", strings.TrimSuffix(found(healthyWeb), "E\n"), ""},
		{"a failure with docker's message",
			statusOutput("F permission denied while trying to connect\n"), "permission denied"},
	} {
		t.Run(c.name+" is Unavailable", func(t *testing.T) {
			_, err := recipe.ParseStatus(c.output)
			if !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), c.public) {
				t.Errorf("error = %v, want Unavailable with %q", err, c.public)
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
		s.write(t, "docker", `#!/bin/sh
echo 'Got permission denied while trying to connect to the Docker daemon socket' >&2
exit 1
`)
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
