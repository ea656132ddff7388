package recipe_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// result is the result of one step of a job.
type result struct {
	name           string
	exit           int
	stdout, stderr string
}

// perform runs a plan on this machine, as a job does on a server: first the files, then
// the steps. The steps on failure run only after a failure.
func perform(t *testing.T, plan recipe.Plan, environment ...string) []result {
	t.Helper()
	place(t, plan.Job)
	var results []result
	failed := false
	for _, step := range plan.Job.Steps {
		if step.OnFailure != failed {
			continue
		}
		r := runStep(t, plan.Job, step, environment)
		failed = failed || r.exit != 0
		results = append(results, r)
	}
	return results
}

func place(t *testing.T, job remote.Job) {
	t.Helper()
	// Each job has its own spool.
	if err := os.RemoveAll(job.Spool); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(job.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(job.Folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, file := range job.Files {
		name := file.Path
		if !filepath.IsAbs(name) {
			name = filepath.Join(job.Dir, name)
		}
		mode := os.FileMode(file.Mode)
		if mode == 0 {
			mode = 0o600
		}
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		_ = os.Remove(name)
		if err := os.WriteFile(name, file.Content, mode); err != nil {
			t.Fatal(err)
		}
	}
}

func runStep(t *testing.T, job remote.Job, step remote.Step, environment []string) result {
	t.Helper()
	script := filepath.Join(t.TempDir(), "step")
	text := step.Script
	if job.EnvironmentFile != "" {
		text = "set -a\n. ./" + job.EnvironmentFile + "\nset +a\n" + text
	}
	if err := os.WriteFile(script, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-e", script)
	cmd.Dir, cmd.Env = job.Dir, append(os.Environ(), environment...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	} else if ok {
		return result{step.Name, ended.ExitCode(), stdout.String(), stderr.String()}
	}
	return result{step.Name, 0, stdout.String(), stderr.String()}
}

// stub is a folder on the PATH with a docker, a sleep and a date that answer from the
// files in it.
type stub struct{ dir string }

// stubDocker is the docker of a stub. `ps` and `inspect` print the states that the test
// has written, one after the other. Other commands exit with the code that the test has
// set for them.
const stubDocker = `#!/bin/sh
cd "${0%/*}" || exit
echo "$*" >>calls
case "$*" in
'version '* | *' version' | *' version '*) exit 0 ;;
*' ps '*)
	[ ! -s states.0 ] || echo ids
	;;
*'container inspect '*'range .Log'*) echo 'exit code 1: no answer' ;;
*' config --format json' | *' config --no-interpolate --format json') cat config.json ;;
'network inspect '*) grep -qxF -e "$4" networks ;;
'network create '*)
	printf '%s\n' "$5" >>networks
	echo 0123456789
	;;
*'container inspect '*State.Error*) echo "Docker says: $(cat error 2>/dev/null)" ;;
*'container inspect '*)
	n=$(cat turn)
	[ -e "states.$n" ] || n=$((n - 1))
	echo $((n + 1)) >turn
	[ -s "states.$n" ] || { rm -f states.0; echo 'Error: No such container' >&2; exit 1; }
	cat "states.$n"
	;;
'logs '*) echo "log of $4" ;;
'events '*'container=loop '*) printf 'loop 1\nloop 7\nloop-2 3\n' ;;
*' up --no-start'*) exit "$(cat create 2>/dev/null || echo 0)" ;;
*' up --detach'*) exit "$(cat up 2>/dev/null || echo 0)" ;;
*) exit "$(cat other 2>/dev/null || echo 0)" ;;
esac
`

// stubSleep is a sleep that only moves the stub's clock on.
const stubSleep = `#!/bin/sh
cd "${0%/*}"
echo $(($(cat clock) + $1)) >clock.new
mv clock.new clock
`

// newStub is a stub with these states, one list of lines for each look.
func newStub(t *testing.T, states ...string) stub {
	t.Helper()
	s := stub{t.TempDir()}
	for name, text := range map[string]string{
		"docker": stubDocker,
		"sleep":  stubSleep,
		"date":   "#!/bin/sh\ncat \"${0%/*}/clock\"\n",
		"clock":  "1000\n", "turn": "0\n", "calls": "", "networks": "bridge\n", "config.json": "{}\n",
	} {
		s.write(t, name, text)
	}
	if len(states) == 0 {
		s.write(t, "states.0", "")
	}
	for i, text := range states {
		s.write(t, "states."+string(rune('0'+i)), text)
	}
	return s
}

func (s stub) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
}

func (s stub) read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func (s stub) environment() []string {
	return []string{"WAYBILL_STUB=" + s.dir, "PATH=" + s.dir + ":" + os.Getenv("PATH")}
}

// needCompose skips a test if docker compose is missing. Under WAYBILL_CI the test
// fails instead.
func needCompose(t *testing.T) {
	t.Helper()
	if err := exec.Command("docker", "compose", "version").Run(); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("docker compose is missing: %v", err)
		}
		t.Skip("no docker compose here; install docker and its compose plug-in to run this")
	}
}
