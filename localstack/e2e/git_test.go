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

// repository is a git repository behind an SSH server of its own, and a work
// tree from which it is pushed to.
type repository struct {
	url, tree string
	// mark is in what its builds print, so that no other has made a layer of
	// theirs before.
	mark string
	// opens is the private key that opens it, and hostKeys a line of
	// known_hosts for its server.
	opens, hostKeys string
}

// newRepository makes one with a branch main, which is its own, that is empty.
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

// git runs git in the work tree, with nobody's settings.
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

// key registers a private key, which the spy looks for from then on.
func (s *stage) key(t *testing.T, private string) string {
	t.Helper()
	// A line of PEM: breaks of lines are written in several ways. The first three
	// have what is not secret, much of it the same in every key.
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

// page are the files of a page that is built, and beside it one that is another
// each time that it is.
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
