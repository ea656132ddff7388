package recipe_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/recipe"
)

// saying is a docker that prints the file NAME.said to stderr and exits with the code
// in NAME.code, where NAME is its first argument. Without NAME.said it succeeds and
// prints nothing.
const saying = `#!/bin/sh
cd "$WAYBILL_STUB" || exit
file=$1
[ -e "$file.said" ] || exit 0
cat "$file.said" >&2
exit "$(cat "$file.code")"
`

// engineStep runs lines of sh after engine.sh, as a step does, with one of the shells
// that servers have.
func engineStep(t *testing.T, sh []string, said, version, lines string) (stdout, stderr string, code int) {
	t.Helper()
	plan := step(t, recipe.StartStep)
	place(t, plan.Job)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"docker": saying, "pull.said": said, "pull.code": "1\n", "version.said": version,
		"version.code": "1\n",
	} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	head, _, _ := strings.Cut(plan.Job.Steps[0].Script, "compose() {")
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte(head+lines), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(sh[0], append(sh[1:], "-e", script)...)
	cmd.Env = append(os.Environ(), "WAYBILL_STUB="+dir, "PATH="+dir+":"+os.Getenv("PATH"))
	var out, complaints strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &complaints
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); ok {
		code = ended.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	return out.String(), complaints.String(), code
}

// shells are the shells that servers have.
func shells(t *testing.T) map[string][]string {
	t.Helper()
	found := map[string][]string{"sh": {"sh"}}
	if busybox, err := exec.LookPath("busybox"); err == nil {
		found["busybox"] = []string{busybox, "sh"}
	} else if os.Getenv("WAYBILL_CI") != "" {
		t.Fatal(err)
	}
	return found
}

// dockerErrors are the messages of docker in testdata/docker-errors.txt, by the names in
// their headings.
func dockerErrors(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/docker-errors.txt")
	if err != nil {
		t.Fatal(err)
	}
	messages := map[string]string{}
	for part := range strings.SplitSeq(strings.TrimPrefix(string(text), "== "), "\n== ") {
		name, message, _ := strings.Cut(part, "\n")
		messages[name] = strings.TrimSuffix(message, "\n")
	}
	return messages
}

// TestEngineExplains has messages of several versions of docker. Each message is shown
// unchanged, followed by one sentence that says what to do.
func TestEngineExplains(t *testing.T) {
	const (
		denied = "may not use Docker"
		down   = "Docker daemon does not answer"
		login  = "wants a login"
		image  = "has no such image"
		limit  = "too many requests"
		dns    = "find the address of the registry"
		trust  = "certificate"
		reach  = "cannot reach the registry"
		port   = "Another program or container uses a port"
		full   = "disk is full"
	)
	messages := dockerErrors(t)
	for _, c := range []struct {
		name   string // a heading in testdata/docker-errors.txt
		advice string // part of the sentence, or empty where there is none
		code   int
	}{
		{"away, 20.10 to 27", down, 71},
		{"away, 28 and newer", down, 71},
		{"away, compose", down, 71},
		{"away, refused", down, 71},
		{"denied, 20.10", denied, 71},
		{"denied, 28 and newer", denied, 71},
		{"unauthorized", login, 1},
		{"unauthorized, capital", login, 1},
		{"401", login, 1},
		{"401 by number", login, 1},
		{"no credentials", login, 1},
		{"denied by ghcr", login, 1},
		{"denied by ECR", login, 1},
		{"403", login, 1},
		{"denied by Docker Hub", image, 1},
		{"manifest unknown", image, 1},
		{"not found, containerd", image, 1},
		{"not found, buildkit", image, 1},
		{"rate limit", limit, 1},
		{"rate limit by status", limit, 1},
		{"no such host", dns, 1},
		{"no DNS", dns, 1},
		{"unknown authority", trust, 1},
		{"expired certificate", trust, 1},
		{"plain HTTP", trust, 1},
		{"refused", reach, 1},
		{"slow TLS", reach, 1},
		{"no answer", reach, 1},
		{"port", port, 1},
		{"address", port, 1},
		{"disk full", full, 1},
		{"quota", full, 1},
		{"something else", "", 1},
		{"a digest with 401", "", 1},
		{"a container's own 401", "", 1},
	} {
		message := messages[c.name]
		delete(messages, c.name)
		if message == "" {
			t.Fatalf("testdata/docker-errors.txt has no message %q", c.name)
		}
		for shell, sh := range shells(t) {
			t.Run(c.name+", "+shell, func(t *testing.T) {
				t.Parallel()
				_, stderr, code := engineStep(t, sh, message+"\n", "", "tell docker pull\n")
				checkAdvice(t, stderr, message, c.advice)
				if code != c.code {
					t.Errorf("exit %d, want %d", code, c.code)
				}
			})
		}
	}
	if len(messages) > 0 {
		t.Errorf("messages of testdata/docker-errors.txt without a case: %q", messages)
	}
}

// checkAdvice checks that docker's message is shown and followed by the advice. Without
// advice, the last line of the message must be the last line that is shown.
func checkAdvice(t *testing.T, stderr, message, advice string) {
	t.Helper()
	shown := strings.TrimSuffix(stderr, "\n")
	last := shown[strings.LastIndex(shown, "\n")+1:]
	if advice == "" {
		if !strings.HasSuffix(message, last) {
			t.Errorf("it is explained: %q", last)
		}
		return
	}
	if !strings.HasPrefix(stderr, message+"\n") {
		t.Errorf("docker's message is not shown:\n%s", stderr)
	}
	if !strings.Contains(last, advice) {
		t.Errorf("the last line is %q, want %q", last, advice)
	}
}

// TestExitCodesOfABuildAreNotWaybills checks that an exit code of a command in a
// Dockerfile is not taken for one with which Waybill's own scripts report a problem,
// even if the codes are equal.
func TestExitCodesOfABuildAreNotWaybills(t *testing.T) {
	const said = "The command '/bin/sh -c make' returned a non-zero code\n"
	for _, code := range []string{"69", "71"} {
		for _, function := range []string{"tell", "ask"} {
			t.Run(function+" of a command that exits with "+code, func(t *testing.T) {
				_, stderr, got := engineStep(t, []string{"sh"}, said, "",
					"echo "+code+" >\"$WAYBILL_STUB/pull.code\"\n"+function+" docker pull\n")
				if got != 1 || stderr != said {
					t.Errorf("exit %d after %q, want 1 after %q", got, stderr, said)
				}
			})
		}
	}
}

// engineCase is lines of sh that call docker by the functions of engine.sh. The stub of
// docker pull prints said and exits with 1; so does docker version with version, unless
// that is empty.
type engineCase struct {
	name, said, version, lines string
	stdout, stderr             string
	code                       int
}

// TestEngineOutput checks that progress goes to stdout and everything else to stderr,
// and that docker itself is asked about a command that fails for an unknown reason.
func TestEngineOutput(t *testing.T) {
	for shell, sh := range shells(t) {
		t.Run(shell, func(t *testing.T) {
			for _, c := range engineCases {
				t.Run(c.name, func(t *testing.T) {
					stdout, stderr, code := engineStep(t, sh, c.said, c.version, c.lines)
					if stdout != c.stdout || stderr != c.stderr || code != c.code {
						t.Errorf("exit %d, %q and %q; want %d, %q and %q", code, stdout, stderr, c.code,
							c.stdout, c.stderr)
					}
				})
			}
		})
	}
}

const (
	composeProgress = ` Container web  Creating
Container web Started
Network waybill Created
#5 [1/2] FROM nginx
 web Pulling 

Image nginx Pulled
`
	logWarning = `time="2026-11-30T09:00:00Z" level=warning ` +
		`msg="The \"PASS\" variable is not set. Defaulting to a blank string."` + "\n"
	daemonAway = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. " +
		"Is the docker daemon running?\n"
	startDaemon = "The Docker daemon does not answer on the server. " +
		"Start it: systemctl enable --now docker.\n"
)

var engineCases = []engineCase{
	{
		name: "progress is output", said: composeProgress,
		lines:  "tell docker pull || :\n",
		stdout: composeProgress,
	},
	{
		name: "a last line without an end", said: " web Pulled",
		lines:  "tell docker pull || :\n",
		stdout: " web Pulled\n",
	},
	{
		name: "a warning is shown once", said: logWarning + logWarning,
		lines: `tell docker pull || :
tell docker pull || :
ask docker pull || :
`,
		stderr: "Warning: The \"PASS\" variable is not set. Defaulting to a blank string.\n",
	},
	{
		name: "an error is shown each time", said: "conflict\n",
		lines:  "tell docker pull || :\ntell docker pull || :\n",
		stderr: "conflict\nconflict\n",
	},
	{
		name: "the exit code is the command's", said: "conflict\n",
		lines:  "tell docker pull\n",
		stderr: "conflict\n", code: 1,
	},
	{
		name:   "a command that succeeds",
		lines:  "tell docker pull\necho well\n",
		stdout: "well\n",
	},
	{
		name:   "output of tell",
		lines:  "tell echo hello\n",
		stdout: "hello\n",
	},
	{
		name:   "output of ask",
		lines:  "answer=$(ask echo hello)\necho \"[$answer]\"\n",
		stdout: "[hello]\n",
	},
	{
		name: "a backslash and a percent", said: `C:\new %s %d` + "\n",
		lines:  "tell docker pull || :\n",
		stderr: `C:\new %s %d` + "\n",
	},
	{
		name: "a silent failure while the daemon answers", said: "\n",
		lines:  "tell docker pull\n",
		stdout: "\n", code: 1,
	},
	{
		name: "a silent failure while the daemon is away", said: "\n", version: daemonAway,
		lines:  "tell docker pull\n",
		stdout: "\n", stderr: startDaemon, code: 71,
	},
	{
		name: "a failure while the daemon breaks off its answers", said: "EOF\n", version: "unexpected EOF\n",
		lines:  "tell docker pull\n",
		stderr: "EOF\nunexpected EOF\n" + startDaemon, code: 71,
	},
}
