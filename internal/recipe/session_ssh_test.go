package recipe_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// collector keeps the output of a job and counts its steps.
type collector struct {
	text  strings.Builder
	steps int
}

func (*collector) Attached(string, bool, time.Time) error { return nil }
func (*collector) StepStarted(remote.StepEvent) error     { return nil }
func (*collector) Idle() error                            { return nil }
func (*collector) Tick() error                            { return nil }

func (c *collector) StepEnded(remote.StepEvent) error {
	c.steps++
	return nil
}

func (c *collector) Data(_ remote.Stream, _ int64, p []byte, _ time.Time) error {
	_, err := c.text.Write(p)
	return err
}

// profiledShell is a shell on a server whose login profile exports variables.
func profiledShell(t *testing.T, exports []string) remote.Shell {
	t.Helper()
	var profile strings.Builder
	for _, export := range exports {
		name, value, _ := strings.Cut(export, "=")
		profile.WriteString("export " + name + "='" + value + "'\n")
	}
	place := filepath.Join(t.TempDir(), "profile")
	if err := os.WriteFile(place, []byte(profile.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	server := remotetest.OpenSSH(t, remotetest.Setup{Lines: []string{
		"ForceCommand . " + place + `; exec sh -c "$SSH_ORIGINAL_COMMAND"`}})
	shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), server.Target())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shell.Close() })
	return shell
}

// follow runs a plan's job to its end and returns its output.
func follow(t *testing.T, shell remote.Shell, plan recipe.Plan) string {
	t.Helper()
	var out collector
	end, err := remote.Follow(t.Context(), shell, plan.Job, remote.Offsets{}, &out)
	if err != nil || end.ExitCode != 0 || end.Lost {
		t.Errorf("the job ended with %+v (%v): %s", end, err, out.text.String())
	}
	want := 0
	for _, step := range plan.Job.Steps {
		if !step.OnFailure {
			want++
		}
	}
	if out.steps != want {
		t.Errorf("%d steps were noted, want %d", out.steps, want)
	}
	return out.text.String()
}

// internals are names of variables in Waybill's own scripts and in the programs that
// they run.
var internals = []string{
	"torn", "tampered", "max_exits", "state", "ids", "lines", "conditions", "outage", "format",
	"away", "trouble", "made", "variables", "below", "docker_settings", "docker", "gap", "cut",
	"hole", "IFS", "GREP_OPTIONS", "AWKPATH",
}

func TestP13AProfileReachesNothingOverSSH(t *testing.T) {
	needEngine(t)
	exports := slices.Clone(loginSession)
	for _, name := range internals {
		exports = append(exports, name+"=login")
	}
	shell := profiledShell(t, exports)
	service, data := realService(t, seen, 20*time.Second)
	service.Environment = []catalog.Variable{{Name: "USER", Value: "appuser"}, {Name: "EDGE", Value: "team"},
		{Name: "GIVEN", Value: "given"}}
	input := recipe.Input{Resource: service, DataDir: data, Deployment: deploymentID,
		Operation: deployment.Restart}
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	log := follow(t, shell, plan)
	for _, part := range []string{"\nUSER=appuser\n", "\nedge=team text=${HOME} appuser\n"} {
		if !strings.Contains(log, part) || strings.Contains(log, "login") {
			t.Errorf("the log has no %q, or the session's values: %s", part, log)
		}
	}
	inspect := []string{"container", "inspect", "--format", `{{join .Config.Env "\n"}}`,
		string(service.ID) + "-web-1"}
	said, err := exec.Command("docker", inspect...).Output()
	if err != nil {
		t.Fatal(err)
	}
	r := ran{environment: strings.Fields(string(said))}
	r.wantEnvironment(t, append(imagePath(t), "USER=appuser", "EDGE=team", "GIVEN=given",
		"COMPOSE_PROJECT_NAME="+string(service.ID))...)

	app := shellApp(catalog.Shell{Start: "env"})
	app.Environment = []catalog.Variable{{Name: "SESSION", Value: "team"}}
	input = recipe.Input{Resource: app, DataDir: data, Deployment: deploymentID + "a",
		Operation: deployment.Start}
	if plan, err = recipe.Build(input); err != nil {
		t.Fatal(err)
	}
	kept := []string{"HOME", "PATH", "SHELL", "USER", "LOGNAME", "HTTPS_PROXY", "NO_PROXY", "PWD", "OLDPWD",
		"SHLVL",
		"_", "SESSION", "WAYBILL_JOB"}
	for line := range strings.Lines(follow(t, shell, plan)) {
		if name, _, _ := strings.Cut(line, "="); !slices.Contains(kept, name) {
			t.Errorf("the command sees %s", line)
		}
	}
}
