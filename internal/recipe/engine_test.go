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
	for name, c := range map[string]struct {
		said, advice string
		code         int
	}{
		"away, 20.10 to 27": {"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is " +
			"the docker daemon running?", down, 71},
		"away, 28 and newer": {"failed to connect to the docker API at unix:///var/run/docker.sock; " +
			"check if the path is correct and if the daemon is running: dial unix " +
			"/var/run/docker.sock: connect: no such file or directory", down, 71},
		"away, compose": {
			`error during connect: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.47/containers/json": EOF`,
			down, 71},
		"away, refused": {`Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.41/info": dial unix /var/run/docker.sock: connect: connection refused`, down, 71},
		"denied, 20.10": {`Got permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied`, denied, 71},
		"denied, 28 and newer": {
			"permission denied while trying to connect to the docker API at unix:///var/run/docker.sock",
			denied, 71},
		"unauthorized": {`Error response from daemon: Head "https://registry.example/v2/app/manifests/1": unauthorized: authentication required`, login, 1},
		"unauthorized, capital": {
			`Error response from daemon: Get "https://registry.example/v2/": unauthorized: Unauthorized`,
			login, 1},
		"401": {"failed to authorize: failed to fetch oauth token: unexpected status from GET request " +
			"to https://auth.example/token: 401 Unauthorized", login, 1},
		"401 by number": {`Error response from daemon: unexpected status code [manifests 1]: 401`,
			login, 1},
		"no credentials": {`Error response from daemon: Get "https://registry.example/v2/app/manifests/1": no basic auth credentials`, login, 1},
		"denied by ghcr": {
			`Error response from daemon: Head "https://ghcr.io/v2/o/app/manifests/1": denied`, login, 1},
		"denied by ECR": {`Error response from daemon: Head "https://1.dkr.ecr.eu-west-1.amazonaws.com/v2/app/manifests/1": denied: Your authorization token has expired. Reauthenticate and try again.`, login, 1},
		"403":           {`Error response from daemon: Head "https://registry.example/v2/app/manifests/1": received unexpected HTTP status: 403 Forbidden`, login, 1},
		"denied by Docker Hub": {"Error response from daemon: pull access denied for waybill/none, " +
			"repository does not exist or may require 'docker login': denied: requested access to the " +
			"resource is denied", image, 1},
		"manifest unknown": {"Error response from daemon: manifest for nginx:nope not found: " +
			"manifest unknown: manifest unknown", image, 1},
		"not found, containerd": {"Error response from daemon: failed to resolve reference " +
			"\"docker.io/library/nginx:nope\": docker.io/library/nginx:nope: not found", image, 1},
		"not found, buildkit": {"ERROR: failed to solve: nginx:nope: failed to resolve source " +
			"metadata for docker.io/library/nginx:nope: docker.io/library/nginx:nope: not found", image, 1},
		"rate limit": {"Error response from daemon: toomanyrequests: You have reached your " +
			"unauthenticated pull rate limit. https://www.docker.com/increase-rate-limit", limit, 1},
		"rate limit by status": {
			`Error response from daemon: received unexpected HTTP status: 429 Too Many Requests`, limit, 1},
		"no such host":        {`Error response from daemon: Get "https://registry.example/v2/": dial tcp: lookup registry.example on 127.0.0.53:53: no such host`, dns, 1},
		"no DNS":              {`Error response from daemon: Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: Temporary failure in name resolution`, dns, 1},
		"unknown authority":   {`Error response from daemon: Get "https://registry.example/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority`, trust, 1},
		"expired certificate": {`Error response from daemon: Get "https://registry.example/v2/": x509: certificate has expired or is not yet valid: current time 2026-01-01T00:00:00Z is after 2025-01-01T00:00:00Z`, trust, 1},
		"plain HTTP":          {`Error response from daemon: Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client`, trust, 1},
		"refused":             {`Error response from daemon: Get "https://registry.example/v2/": dial tcp 192.0.2.1:443: connect: connection refused`, reach, 1},
		"slow TLS":            {`Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: TLS handshake timeout`, reach, 1},
		"no answer":           {`Error response from daemon: Get "https://registry-1.docker.io/v2/": net/http: request canceled while waiting for connection (Client.Timeout exceeded while awaiting headers)`, reach, 1},
		"port": {"Error response from daemon: driver failed programming external " +
			"connectivity on endpoint web: Bind for 0.0.0.0:80 failed: port is already allocated", port, 1},
		"address": {"Error response from daemon: failed to set up container networking: " +
			"failed to bind host port for 0.0.0.0:80: listen tcp4 0.0.0.0:80: bind: address already in " +
			"use", port, 1},
		"disk full": {"failed to register layer: Error processing tar file(exit status 1): " +
			"write /usr/lib/x: no space left on device", full, 1},
		"quota":          {"failed to register layer: write /usr/lib/x: disk quota exceeded", full, 1},
		"something else": {"Error response from daemon: conflict", "", 1},
		"a digest with 401": {
			"Error response from daemon: conflict: unable to delete 7a40121e 401 (cannot be forced)", "", 1},
		"a container's own 401": {"#9 [2/2] RUN npm ci\n------\n > [2/2] RUN npm ci:\n0.512 npm error " +
			"code E401 Unauthorized\n12.03 lookup host: no such host\n------\nERROR: failed to solve: " +
			"process \"/bin/sh -c npm ci\" did not complete successfully: exit code: 1", "", 1},
	} {
		for shell, sh := range shells(t) {
			t.Run(name+", "+shell, func(t *testing.T) {
				t.Parallel()
				_, stderr, code := engineStep(t, sh, c.said+"\n", "", "tell docker pull\n")
				lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
				last := lines[len(lines)-1]
				if c.advice == "" && !strings.HasSuffix(c.said, last) {
					t.Errorf("it is explained: %q", last)
				}
				if !strings.Contains(last, c.advice) || code != c.code {
					t.Errorf("exit %d after %q, want %d after %q", code, last, c.code, c.advice)
				}
				if c.advice != "" && !strings.HasPrefix(stderr, c.said+"\n") {
					t.Errorf("docker's own text is not shown:\n%s", stderr)
				}
			})
		}
	}
}

// TestEngineVerdictsAreItsOwn checks that an exit code of a command in a Dockerfile is
// not taken for a verdict of Waybill's, even if the codes are equal.
func TestEngineVerdictsAreItsOwn(t *testing.T) {
	for _, code := range []string{"69", "71"} {
		for _, word := range []string{"tell", "ask"} {
			const said = "The command '/bin/sh -c make' returned a non-zero code\n"
			_, stderr, got := engineStep(t, []string{"sh"}, said, "",
				"echo "+code+" >\"$WAYBILL_STUB/pull.code\"\n"+word+" docker pull\n")
			if got != 1 || stderr != said {
				t.Errorf("%s of a command that exits with %s exits with %d after %q, want 1", word, code, got,
					stderr)
			}
		}
	}
}

// TestEngineTells checks that progress goes to stdout and everything else to stderr,
// and that docker itself is asked about a command that fails for an unknown reason.
func TestEngineTells(t *testing.T) {
	const progress = " Container web  Creating\nContainer web Started\nNetwork waybill Created\n#5 " +
		"[1/2] FROM nginx\n web Pulling \n\nImage nginx Pulled\n"
	const warning = `time="2026-11-30T09:00:00Z" level=warning msg="The \"PASS\" variable is not set. Defaulting to a blank string."` + "\n"
	const warned = "Warning: The \"PASS\" variable is not set. Defaulting to a blank string.\n"
	for shell, sh := range shells(t) {
		t.Run(shell, func(t *testing.T) {
			for name, c := range map[string]struct {
				said, version, lines string
				stdout, stderr       string
				code                 int
			}{
				"progress is output": {progress, "", "tell docker pull || :\n", progress,
					"", 0},
				"a last line without an end": {" web Pulled", "", "tell docker pull || :\n",
					" web Pulled\n", "", 0},
				"a warning is told once": {warning + warning, "",
					"tell docker pull || :\ntell docker pull || :\nask docker pull || :\n", "", warned, 0},
				"an error is told each time": {"conflict\n", "",
					"tell docker pull || :\ntell docker pull || :\n", "", "conflict\nconflict\n", 0},
				"the exit code is the command's": {"conflict\n", "", "tell docker pull\n", "",
					"conflict\n", 1},
				"a command that succeeds": {"", "", "tell docker pull\necho well\n", "well\n",
					"", 0},
				"output of the command": {"", "", "tell echo hello\n", "hello\n", "", 0},
				"output of the question": {"", "",
					"answer=$(ask echo hello)\necho \"[$answer]\"\n", "[hello]\n", "", 0},
				"a backslash and a percent": {`C:\new %s %d` + "\n", "", "tell docker pull || :\n",
					"", `C:\new %s %d` + "\n", 0},
				"a silent failure with docker there": {"\n", "", "tell docker pull\n", "\n", "", 1},
				"a silent failure with docker away": {"\n", "Cannot connect to the Docker daemon at " +
					"unix:///var/run/docker.sock. Is the docker daemon running?\n",
					"tell docker pull\n", "\n", "The Docker daemon does not answer on the server. " +
						"Start it: systemctl enable --now docker.\n", 71},
				"a failure with a docker that is ill": {"EOF\n", "unexpected EOF\n",
					"tell docker pull\n", "", "EOF\nunexpected EOF\nThe Docker daemon does not answer " +
						"on the server. Start it: systemctl enable --now docker.\n", 71},
			} {
				t.Run(name, func(t *testing.T) {
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
