package recipe_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// upstream is a git repository of the team.
type upstream struct {
	t   *testing.T
	dir string
}

func newUpstream(t *testing.T) upstream {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal("git is missing")
		}
		t.Skip("no git here; install it to run this")
	}
	u := upstream{t, filepath.Join(t.TempDir(), "it's a repository")}
	u.git("init", "--quiet", "--initial-branch=main", u.dir)
	return u
}

func (u upstream) git(arguments ...string) string {
	u.t.Helper()
	cmd := exec.Command("git", arguments...)
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.org", "GIT_COMMITTER_NAME=a",
		"GIT_COMMITTER_EMAIL=a@example.org")
	if _, err := os.Stat(u.dir); err == nil {
		cmd.Dir = u.dir
	}
	said, err := cmd.CombinedOutput()
	if err != nil {
		u.t.Fatalf("git %v: %s", arguments, said)
	}
	return strings.TrimSpace(string(said))
}

// commit writes the files and returns the commit's hash.
func (u upstream) commit(message string, files map[string]string) string {
	u.t.Helper()
	for name, text := range files {
		name = filepath.Join(u.dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			u.t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			u.t.Fatal(err)
		}
	}
	u.git("add", "--all")
	u.git("commit", "--quiet", "--message", message)
	return u.git("rev-parse", "HEAD")
}

// builder deploys an application that is built from a repository, up to its build.
type builder struct {
	t    *testing.T
	app  *catalog.Application
	data string
	stub stub
}

func newBuilder(t *testing.T, app *catalog.Application) builder {
	app.Environment = nil
	return builder{t, app, t.TempDir(), newStub(t)}
}

func (b builder) folder() string { return filepath.Join(b.data, "applications", string(b.app.ID)) }

func (b builder) control() string {
	return filepath.Join(b.data, "control", "applications", string(b.app.ID))
}

// file is the path of one of the resource's files, in the folder where it belongs.
func (b builder) file(name string) string {
	if b.app.Compose != nil && (name == "source" || strings.HasPrefix(name, "source/")) {
		return filepath.Join(b.folder(), name)
	}
	return filepath.Join(b.control(), name)
}

func (b builder) run(
	operation deployment.Operation, options deployment.Options, environment ...string,
) []result {
	b.t.Helper()
	input := applicationInput("", b.app, operation, options)
	input.DataDir = b.data
	return b.perform(input, environment...)
}

func (b builder) perform(input recipe.Input, environment ...string) []result {
	b.t.Helper()
	plan, err := recipe.Build(input)
	if err != nil {
		b.t.Fatal(err)
	}
	var steps []remote.Step
	for _, step := range plan.Job.Steps {
		if step.Name == "Fetch" || step.Name == "Build" || input.Operation == deployment.Delete {
			steps = append(steps, step)
		}
	}
	plan.Job.Steps = steps
	return perform(b.t, plan, append(b.stub.environment(), environment...)...)
}

// is checks the text of one of the resource's files.
func (b builder) is(name, want string) {
	b.t.Helper()
	got, err := os.ReadFile(b.file(name))
	if err != nil || string(got) != want {
		b.t.Errorf("%s is %q (%v), want %q", name, got, err, want)
	}
}

func (b builder) gone(names ...string) {
	b.t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(b.file(name)); err == nil {
			b.t.Errorf("%s is still there", name)
		}
	}
}

func last(results []result) result { return results[len(results)-1] }

func local(u upstream) *catalog.Application {
	return dockerfileApp(func(form *catalog.Dockerfile) { form.Repository, form.Branch = u.dir, "" })
}

func TestFetch(t *testing.T) {
	u := newUpstream(t)
	first := u.commit("first\n\nwith more",
		map[string]string{"Dockerfile": "one", "sub/Dockerfile": "sub", "old": "x"})
	u.git("tag", "v1")
	u.git("rm", "--quiet", "old")
	second := u.commit("second: it's $HOME", map[string]string{"Dockerfile": "two"})
	u.git("checkout", "--quiet", "-b", "side")
	side := u.commit("side", map[string]string{"Dockerfile": "side"})
	u.git("checkout", "--quiet", "main")

	for _, c := range []struct {
		name          string
		branch        string
		commit, other string
		hash, text    string
	}{
		{
			name: "the repository's own branch",
			hash: second + "\nsecond: it's $HOME\n",
			text: "two",
		},
		{
			name:   "a branch",
			branch: "side",
			hash:   side + "\nside\n",
			text:   "side",
		},
		{
			name:   "a tag",
			branch: "v1",
			hash:   first + "\nfirst\n",
			text:   "one",
		},
		{
			name:   "a commit",
			branch: "main",
			commit: first,
			hash:   first + "\nfirst\n",
			text:   "one",
		},
		{
			name:   "the beginning of a commit",
			branch: "main",
			commit: first[:8],
			hash:   first + "\nfirst\n",
			text:   "one",
		},
		{
			name:   "a commit for this time",
			branch: "main",
			commit: second,
			other:  first,
			hash:   first + "\nfirst\n",
			text:   "one",
		},
	} {
		t.Run(c.name+" is fetched and built", func(t *testing.T) {
			app := local(u)
			app.Dockerfile.Branch, app.Dockerfile.Commit = c.branch, c.commit
			b := newBuilder(t, app)
			results := b.run(deployment.Deploy, deployment.Options{Commit: c.other})
			if r := last(results); r.exit != 0 || len(results) != 2 {
				t.Fatalf("%+v", results)
			}
			b.is("source/Dockerfile", c.text)
			b.is("commit", c.hash)
			b.is("built", c.hash)
			b.gone("fetched", "source/.git", "commit.waybill-new")
			hash, message, _ := strings.Cut(strings.TrimSpace(c.hash), "\n")
			if want := "At commit " + hash + ": " + message + "\n"; results[0].stdout != want {
				t.Errorf("said %q, want %q", results[0].stdout, want)
			}
		})
	}
}

func TestFetchAgain(t *testing.T) {
	u := newUpstream(t)
	first := u.commit("first", map[string]string{"Dockerfile": "one", "old": "x"})
	u.git("rm", "--quiet", "old")
	second := u.commit("second", map[string]string{"Dockerfile": "two"})
	t.Run("files of a build and files that git dropped are removed", func(t *testing.T) {
		app := local(u)
		app.Dockerfile.Commit = first
		b := newBuilder(t, app)
		b.run(deployment.Deploy, deployment.Options{})
		b.is("source/old", "x")
		if err := os.WriteFile(b.file("source/left"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if r := last(b.run(deployment.Deploy, deployment.Options{Commit: second})); r.exit != 0 {
			t.Fatal(r)
		}
		b.gone("source/old", "source/left")
		b.is("source/Dockerfile", "two")
	})
	t.Run("a commit that was fetched before needs no repository", func(t *testing.T) {
		b := newBuilder(t, local(u))
		b.run(deployment.Deploy, deployment.Options{Commit: first})
		b.run(deployment.Deploy, deployment.Options{Commit: second})
		b.app.Dockerfile.Repository = "/nowhere"
		if r := last(b.run(deployment.Deploy, deployment.Options{Commit: first})); r.exit != 0 {
			t.Fatal(r)
		}
		b.is("source/Dockerfile", "one")
	})
	t.Run("a lock that a killed git left is no obstacle", func(t *testing.T) {
		b := newBuilder(t, local(u))
		b.run(deployment.Deploy, deployment.Options{})
		if err := os.WriteFile(filepath.Join(b.control(), "repository", "index.lock"), nil,
			0o600); err != nil {
			t.Fatal(err)
		}
		if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
			t.Fatal(r)
		}
	})
}

func TestFetchFromAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a repository away")
	}
	u := newUpstream(t)
	first := u.commit("first", map[string]string{"Dockerfile": "one"})
	err := filepath.WalkDir(u.dir, func(name string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Lchown(name, 12345, 12345))
	})
	if err != nil {
		t.Fatal(err)
	}
	b := newBuilder(t, local(u))
	if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
		t.Fatalf("%+v", r)
	}
	b.is("built", first+"\nfirst\n")
}

func TestFetchFails(t *testing.T) {
	u := newUpstream(t)
	if err := os.Symlink("/", filepath.Join(u.dir, "root")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/passwd", filepath.Join(u.dir, "users")); err != nil {
		t.Fatal(err)
	}
	u.commit("first", map[string]string{"Dockerfile": "one", "sub/x": "x"})
	for _, c := range []struct {
		name   string
		change func(*catalog.Dockerfile)
		want   string
	}{
		{
			name:   "a branch that is not there",
			change: func(form *catalog.Dockerfile) { form.Branch = "it's" },
			want:   "no branch or tag it's.",
		},
		{
			name:   "a commit that is not there",
			change: func(form *catalog.Dockerfile) { form.Commit = commit },
			want:   "no commit " + commit,
		},
		{
			name:   "a folder that is not there",
			change: func(form *catalog.Dockerfile) { form.Directory = "/none" },
			want:   "no file none/Dockerfile",
		},
		{
			name:   "a file that is not there",
			change: func(form *catalog.Dockerfile) { form.Directory = "/sub" },
			want:   "no file sub/Dockerfile",
		},
		{
			name:   "a folder that leads out",
			change: func(form *catalog.Dockerfile) { form.Directory, form.Path = "/root/etc", "passwd" },
			want:   "folder root/etc leads out of the repository",
		},
		{
			name:   "a file that leads out",
			change: func(form *catalog.Dockerfile) { form.Path = "users" },
			want:   "leads out of the repository",
		},
		{
			name:   "a repository that is not there",
			change: func(form *catalog.Dockerfile) { form.Repository = "/nowhere" },
			want:   "could not be fetched",
		},
	} {
		t.Run(c.name+" is said", func(t *testing.T) {
			app := local(u)
			c.change(app.Dockerfile)
			b := newBuilder(t, app)
			results := b.run(deployment.Deploy, deployment.Options{})
			if r := results[0]; len(results) != 1 || r.exit == 0 || !strings.Contains(r.stderr, c.want) {
				t.Errorf("%+v, want %q", results, c.want)
			}
			b.gone("fetched", "built")
		})
	}
	t.Run("git's own message is shown", func(t *testing.T) {
		b := newBuilder(t, dockerfileApp(func(form *catalog.Dockerfile) { form.Repository = "/nowhere" }))
		if r := b.run(deployment.Deploy, deployment.Options{})[0]; !strings.Contains(r.stderr, "fatal: ") {
			t.Errorf("stderr %q", r.stderr)
		}
	})
}

func TestFetchOnAServerWithoutGit(t *testing.T) {
	b := newBuilder(t, local(newUpstream(t)))
	for _, tool := range []string{"sh", "rm", "readlink"} {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(b.stub.dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	r := b.run(deployment.Deploy, deployment.Options{}, "PATH="+b.stub.dir)[0]
	if r.exit == 0 || !strings.Contains(r.stderr, "This server has no git.") {
		t.Errorf("%+v", r)
	}
}

func TestFetchLeavesNoKeyOnAServerWithoutDocker(t *testing.T) {
	b := newBuilder(t,
		dockerfileApp(func(form *catalog.Dockerfile) { form.KeyID = "key000000000000000000001" }))
	b.stub.write(t, "docker", "#!/bin/sh\n[ \"$1\" = version ]\n")
	if r := b.run(deployment.Deploy, deployment.Options{})[0]; r.exit == 0 ||
		!strings.Contains(r.stderr, "no compose plug-in") {
		t.Errorf("%+v", r)
	}
	b.gone("deploy.key")
}

func TestRestartUsesWhatWasBuilt(t *testing.T) {
	u := newUpstream(t)
	first := u.commit("first", map[string]string{"Dockerfile": "one"})
	b := newBuilder(t, local(u))
	if r := last(b.run(deployment.Restart, deployment.Options{})); r.exit != 0 {
		t.Fatal(r)
	}
	b.is("built", first+"\nfirst\n")
	u.commit("second", map[string]string{"Dockerfile": "two"})
	t.Run("a restart neither fetches nor builds", func(t *testing.T) {
		results := b.run(deployment.Restart, deployment.Options{})
		if r := last(results); r.exit != 0 ||
			!strings.Contains(results[0].stdout, "what was built from "+first+" is used again") ||
			!strings.Contains(r.stdout, "nothing is built") {
			t.Errorf("%+v", results)
		}
		b.is("source/Dockerfile", "one")
		b.gone("deploy.key")
	})
	t.Run("it does after a failed build, whose commit it does not claim", func(t *testing.T) {
		b.stub.write(t, "other", "1")
		results := b.run(deployment.Deploy, deployment.Options{})
		if r := last(results); r.name != "Build" || r.exit != 1 {
			t.Fatalf("%+v", results)
		}
		b.is("built", first+"\nfirst\n")
		b.stub.write(t, "other", "0")
		b.run(deployment.Restart, deployment.Options{})
		b.is("commit", first+"\nfirst\n")
		b.is("built", first+"\nfirst\n")
		b.gone("fetched")
	})
	t.Run("it fetches and builds if the image is gone", func(t *testing.T) {
		b.stub.write(t, "other", "1")
		if results := b.run(deployment.Restart, deployment.Options{}); last(results).name != "Build" ||
			last(results).exit != 1 {
			t.Errorf("%+v", results)
		}
		b.is("source/Dockerfile", "two")
	})
	t.Run("a start fetches", func(t *testing.T) {
		b.stub.write(t, "other", "0")
		third := u.commit("third", map[string]string{"Dockerfile": "three"})
		b.run(deployment.Start, deployment.Options{})
		b.is("commit", third+"\nthird\n")
	})
}

// fakeSSH is an ssh that records its arguments and its key, and refuses the connection.
const fakeSSH = `#!/bin/sh
printf '%s\n' "$@" >"$WAYBILL_STUB/ssh.args"
cat deploy.key "$WAYBILL_STUB/../deploy.key" 2>/dev/null >"$WAYBILL_STUB/ssh.key"
ls -l deploy.key 2>/dev/null | cut -c1-10 >"$WAYBILL_STUB/ssh.mode"
cat "$WAYBILL_STUB/ssh.says" >&2
exit 255
`

func TestFetchOpensOverSSH(t *testing.T) {
	newUpstream(t)
	for _, c := range []struct {
		name, says string
		change     func(*catalog.Dockerfile)
		want       string
		arguments  []string
	}{
		{
			name:   "a key that may not",
			says:   "git@host: Permission denied (publickey).",
			change: func(form *catalog.Dockerfile) { form.KeyID = "key000000000000000000001" },
			want:   "needs a deploy key",
			arguments: []string{"IdentitiesOnly=yes", "StrictHostKeyChecking=accept-new", "/known_hosts.seen",
				"/deploy.key", "BatchMode=yes"},
		},
		{
			name:      "no key at all",
			says:      "git@host: Permission denied (publickey).",
			want:      "needs a deploy key",
			arguments: []string{"BatchMode=yes"},
		},
		{
			name:   "a host that is not the known one",
			says:   "Host key verification failed.",
			change: func(form *catalog.Dockerfile) { form.HostKeys = "host ssh-ed25519 AAAA" },
			want:   "did not show a key that is known",
			arguments: []string{
				"StrictHostKeyChecking=yes", "GlobalKnownHostsFile=/dev/null", "/known_hosts",
			},
		},
	} {
		t.Run(c.name+" is said", func(t *testing.T) {
			b := newBuilder(t, dockerfileApp(func(form *catalog.Dockerfile) {
				form.Repository = "git@host:acme/web.git"
				if c.change != nil {
					c.change(form)
				}
			}))
			b.stub.write(t, "ssh", strings.ReplaceAll(fakeSSH, "deploy.key", b.control()+"/deploy.key"))
			b.stub.write(t, "ssh.says", c.says+"\n")
			r := b.run(deployment.Deploy, deployment.Options{})[0]
			if r.exit == 0 || !strings.Contains(r.stderr, c.says) || !strings.Contains(r.stderr, c.want) {
				t.Errorf("%+v, want %q and %q", r, c.says, c.want)
			}
			for _, want := range c.arguments {
				if arguments := b.stub.read(t, "ssh.args"); !strings.Contains(arguments, want) {
					t.Errorf("ssh was called without %q: %s", want, arguments)
				}
			}
			if b.app.Dockerfile.KeyID != "" &&
				(!strings.Contains(b.stub.read(t, "ssh.key"), "not a key at all") ||
					b.stub.read(t, "ssh.mode") != "-rw-------\n") {
				t.Errorf("the key was %q, mode %q", b.stub.read(t, "ssh.key"), b.stub.read(t, "ssh.mode"))
			}
			b.gone("deploy.key")
		})
	}
}

func TestFetchOpensOverHTTP(t *testing.T) {
	newUpstream(t)
	const user, token = `it's "me"`, `p@ss 'word' $HOME \ é`
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, password, given := r.BasicAuth()
		asked = append(asked, name+"|"+password)
		if !given || name != user || password != token {
			w.Header().Set("WWW-Authenticate", `Basic realm="git"`)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	b := newBuilder(t, dockerfileApp(func(form *catalog.Dockerfile) {
		form.Repository, form.UserName = server.URL+"/web.git", user
	}))
	input := applicationInput("", b.app, deployment.Deploy, deployment.Options{})
	input.DataDir, input.Secrets = b.data, map[string]string{catalog.GitPasswordSecret: token}
	r := b.perform(input)[0]
	if r.exit == 0 || len(asked) < 2 || asked[len(asked)-1] != user+"|"+token {
		t.Errorf("git sent %q, %+v", asked, r)
	}
	b.gone("git-user", "git-password", "askpass.sh")

	input.Secrets = map[string]string{catalog.GitPasswordSecret: "wrong"}
	if r := b.perform(input)[0]; r.exit == 0 ||
		!strings.Contains(r.stderr, "a user name and a password, that may read it") {
		t.Errorf("%+v", r)
	}
}

func TestDeleteKeepsFilesOfContainers(t *testing.T) {
	u := newUpstream(t)
	u.commit("first", map[string]string{"docker-compose.yaml": "services: {}", "conf/a": "a"})
	for _, volumes := range []bool{false, true} {
		b := newBuilder(t, composeApp(func(form *catalog.ComposeSource) { form.Repository = u.dir }))
		if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
			t.Fatal(r)
		}
		for _, name := range []string{"source/data/rows", ".waybill-lock"} {
			name = b.file(name)
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte("data"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r := last(b.run(deployment.Delete, deployment.Options{DeleteVolumes: volumes}))
		if r.exit != 0 {
			t.Fatal(r)
		}
		b.is(".waybill-lock", "data")
		b.gone("repository", "commit", "built", "source/conf", "source/docker-compose.yaml", ".env")
		if volumes {
			b.gone("source")
			continue
		}
		b.is("source/data/rows", "data")
		if !strings.Contains(r.stdout, "Kept in "+b.folder()+":\nsource\n") {
			t.Errorf("said %q", r.stdout)
		}
	}
}
