package e2e_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
)

// repository is a git repository with an SSH server of its own, and a work tree
// with which the tests push to it.
type repository struct {
	url, tree string
	// mark is in the output of the repository's builds, so that docker's cache has
	// no layer of them from other tests.
	mark string
	// opens is the private key for the repository, and hostKeys a line of
	// known_hosts for its server.
	opens, hostKeys string
}

// newRepository makes a repository whose default branch, main, has only a README.
func newRepository(t *testing.T) *repository {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		skip(t, "needs git: apt-get install git")
	}
	ssh := remotetest.Best(t)
	bare := filepath.Join(t.TempDir(), "repository.git")
	r := &repository{
		url:      fmt.Sprintf("ssh://%s@127.0.0.1:%d%s", ssh.User(), ssh.Port(), bare),
		tree:     t.TempDir(),
		mark:     rand.Text(),
		opens:    ssh.ClientKeyPEM(),
		hostKeys: fmt.Sprintf("[127.0.0.1]:%d %s", ssh.Port(), ssh.HostKey()),
	}
	r.git(t, "init", "--quiet", "--bare", "--initial-branch=main", bare)
	r.git(t, "init", "--quiet", "--initial-branch=main")
	r.git(t, "remote", "add", "origin", bare)
	r.push(t, "main", "Begin", map[string]string{"README": "empty\n"})
	return r
}

// push commits files on a branch, pushes it, and returns the commit.
func (r *repository) push(t *testing.T, branch, message string, files map[string]string) string {
	t.Helper()
	r.git(t, "checkout", "--quiet", "-B", branch)
	for name, content := range files {
		file := filepath.Join(r.tree, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	r.git(t, "add", "--all")
	r.git(t, "commit", "--quiet", "--message", message)
	r.git(t, "push", "--quiet", "origin", branch)
	return r.git(t, "rev-parse", "HEAD")
}

// git runs git in the work tree, without the settings of the user or the system.
func (r *repository) git(t *testing.T, args ...string) string {
	t.Helper()
	run := exec.CommandContext(t.Context(), "git", args...)
	run.Dir = r.tree
	run.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + r.tree, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=Waybill", "GIT_AUTHOR_EMAIL=waybill@example.com",
		"GIT_COMMITTER_NAME=Waybill", "GIT_COMMITTER_EMAIL=waybill@example.com"}
	said, err := run.CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return strings.TrimSpace(string(said))
}

// key registers a private key and gives it to the spy.
func (s *stage) key(t *testing.T, private string) string {
	t.Helper()
	// The spy gets one line of the PEM file, because programs write line breaks in
	// different ways. The lines before it have no secret: much of them is the same
	// in every key.
	s.spy.hide("a deploy key", strings.Split(private, "\n")[4])
	return s.w.create(t, "/security/keys", map[string]any{"name": "deploy", "private_key": private})
}

// build registers an application that is built from the repository.
func (s *stage) build(t *testing.T, r *repository, form string, said words) *resource {
	t.Helper()
	given := with(words{"git_repository": r.url, "private_key_uuid": s.key(t, r.opens),
		"git_host_keys": r.hostKeys}, said)
	return s.add(t, "/applications/"+form, given)
}

// page returns the files for an image with a web page. The image also has a page
// that differs after each build.
func (r *repository) page(word string) map[string]string {
	return map[string]string{
		"page/index.html": word + "\n",
		"page/Dockerfile": images.Replace(`FROM SMALL
RUN mkdir /www && cat /proc/sys/kernel/random/uuid >/www/built && echo "this is the build ` + r.mark + `"
COPY index.html /www/
ENTRYPOINT ["sh", "-c", "echo \"$GREETING\" >/www/greeting && exec httpd -f -p 80 -h /www"]
STOPSIGNAL SIGKILL
`)}
}
