package recipe_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// forge is a git host. It serves the repositories in its folder over HTTP, with git's
// own http-backend, and the objects of Git LFS over the batch API.
type forge struct {
	*httptest.Server
	t    *testing.T
	root string

	mu      sync.Mutex
	objects map[string]string
	// password is the password that every request must have, or "". asked has the
	// passwords of all requests.
	password string
	asked    []string
}

func newForge(t *testing.T) *forge {
	t.Helper()
	f := &forge{t: t, root: t.TempDir(), objects: map[string]string{}}
	f.Server = httptest.NewServer(http.HandlerFunc(f.serve))
	t.Cleanup(f.Close)
	return f
}

func (f *forge) serve(w http.ResponseWriter, r *http.Request) {
	_, password, _ := r.BasicAuth()
	f.mu.Lock()
	f.asked = append(f.asked, password)
	refused := f.password != "" && password != f.password
	f.mu.Unlock()
	repository, object, _ := strings.Cut(r.URL.Path, "/info/lfs/objects/")
	switch {
	case refused && (object == "" || object == "batch"):
		w.Header().Set("WWW-Authenticate", `Basic realm="forge"`)
		w.WriteHeader(http.StatusUnauthorized)
	case object == "batch":
		f.batch(w, r, repository)
	case object != "":
		_, _ = w.Write([]byte(f.object(object)))
	default:
		(&cgi.Handler{Path: "/usr/bin/git", Args: []string{"http-backend"}, Logger: nil,
			Env: []string{"GIT_PROJECT_ROOT=" + f.root, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_COUNT=2",
				"GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0=*",
				"GIT_CONFIG_KEY_1=uploadpack.allowAnySHA1InWant", "GIT_CONFIG_VALUE_1=true"},
		}).ServeHTTP(w, r)
	}
}

func (f *forge) object(oid string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.objects[oid]
}

// batch answers where each object can be fetched. One repository does not have the
// objects of another.
func (f *forge) batch(w http.ResponseWriter, r *http.Request, repository string) {
	type object = map[string]any
	var request struct {
		Objects []struct {
			OID  string `json:"oid"`
			Size int    `json:"size"`
		} `json:"objects"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	objects := []object{}
	for _, wanted := range request.Objects {
		answer := object{"oid": wanted.OID, "size": wanted.Size}
		if key := strings.Trim(repository, "/") + ":" + wanted.OID; f.object(key) != "" {
			answer["actions"] = object{
				"download": object{"href": f.URL + repository + "/info/lfs/objects/" + key}}
		} else {
			answer["error"] = object{"code": 404, "message": "not here"}
		}
		objects = append(objects, answer)
	}
	w.Header().Set("Content-Type", "application/vnd.git-lfs+json")
	_ = json.NewEncoder(w).Encode(object{"transfer": "basic", "objects": objects})
}

// repository makes a repository of the host, served under its path.
func (f *forge) repository(name string) upstream {
	f.t.Helper()
	u := upstream{f.t, filepath.Join(f.root, name)}
	u.git("init", "--quiet", "--initial-branch=main", u.dir)
	return u
}

// large stores a text in the host's Git LFS for a repository, and returns the pointer
// file for it.
func (f *forge) large(repository, text string) string {
	sum := sha256.Sum256([]byte(text))
	oid := hex.EncodeToString(sum[:])
	f.mu.Lock()
	defer f.mu.Unlock()
	f.objects[repository+":"+oid] = text
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", oid, len(text))
}

// link commits a submodule: a link to a commit of another repository.
func (u upstream) link(path, url, commit string) string {
	u.t.Helper()
	u.git("config", "--file", ".gitmodules", "submodule."+path+".path", path)
	u.git("config", "--file", ".gitmodules", "submodule."+path+".url", url)
	u.git("update-index", "--add", "--cacheinfo", "160000,"+commit+","+path)
	u.git("add", ".gitmodules")
	u.git("commit", "--quiet", "--message", "link "+path)
	return u.git("rev-parse", "HEAD")
}

func needGit(t *testing.T) {
	t.Helper()
	newUpstream(t)
	if _, err := exec.LookPath("git-lfs"); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatal("git-lfs is missing")
		}
		t.Skip("no git-lfs here; install it to run this")
	}
}

// from is an application that is built from a repository of the host.
func (f *forge) from(t *testing.T, repository string) builder {
	return newBuilder(t, dockerfileApp(func(form *catalog.Dockerfile) {
		form.Repository, form.Branch = f.URL+"/"+repository, ""
	}))
}

func (b builder) deploys() []result {
	b.t.Helper()
	results := b.run(deployment.Deploy, deployment.Options{})
	if r := last(results); r.exit != 0 || r.name != "Build" {
		b.t.Fatalf("%+v", results)
	}
	b.noGitFolders()
	return results
}

// refuses deploys, and wants a failure with this sentence.
func (b builder) refuses(want string, environment ...string) {
	b.t.Helper()
	r := b.run(deployment.Deploy, deployment.Options{}, environment...)[0]
	if r.exit == 0 || !strings.Contains(r.stderr, want) {
		b.t.Errorf("%+v, want %q", r, want)
	}
	b.gone("built", "fetched")
}

// noGitFolders checks that the tree that containers may mount has none of git's own
// files.
func (b builder) noGitFolders() {
	b.t.Helper()
	_ = filepath.WalkDir(b.folder(), func(name string, _ os.DirEntry, err error) error {
		if filepath.Base(name) == ".git" || err != nil {
			b.t.Errorf("%s is in the tree (%v)", name, err)
		}
		return nil
	})
}

// withLFS is a host with the repository web.git, which has files in Git LFS. pointer is
// the pointer file of "a large logo".
func withLFS(t *testing.T) (f *forge, pointer string) {
	t.Helper()
	needGit(t)
	f = newForge(t)
	pointer = f.large("web.git", "a large logo")
	f.repository("web.git").commit("first", map[string]string{
		"Dockerfile":        "one",
		".gitattributes":    "*.bin filter=lfs diff=lfs merge=lfs -text\n",
		"assets/a logo.bin": pointer,
		"assets/b.bin":      f.large("web.git", "b\x00\n"),
		"raw.bin":           "never in LFS",
		"pointer.txt":       pointer,
	})
	return f, pointer
}

func TestFetchBringsLFS(t *testing.T) {
	f, pointer := withLFS(t)
	t.Run("the files and not their pointers are in the tree", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.deploys()
		b.is("source/assets/a logo.bin", "a large logo")
		b.is("source/assets/b.bin", "b\x00\n")
		b.is("source/raw.bin", "never in LFS")
		b.is("source/pointer.txt", pointer)
	})
	t.Run("a file that the repository excludes stays a pointer, which is said", func(t *testing.T) {
		some := f.repository("some.git")
		some.commit("first", map[string]string{"Dockerfile": "one", ".gitattributes": "*.bin filter=lfs\n",
			".lfsconfig": "[lfs]\n\tfetchexclude = big\n", "big/a.bin": pointer,
			"b.bin": f.large("some.git", "b")})
		b := f.from(t, "some.git")
		if r := b.deploys()[0]; !strings.Contains(r.stderr, "The file big/a.bin stays a pointer") {
			t.Errorf("%+v", r)
		}
		b.is("source/big/a.bin", pointer)
		b.is("source/b.bin", "b")
	})
	t.Run("objects lie where no container sees them, and old ones go", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.deploys()
		old := filepath.Join(b.control(), "repository/lfs/objects/ab/cd/abcd"+strings.Repeat("0", 60))
		if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(old, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		weeks := time.Now().Add(-20 * 24 * time.Hour)
		objects, err := filepath.Glob(filepath.Join(b.control(), "repository/lfs/objects/*/*/*"))
		for _, name := range append(objects, old) {
			err = errors.Join(err, os.Chtimes(name, weeks, weeks))
		}
		if err != nil {
			t.Fatal(err)
		}
		b.deploys()
		if left, _ := filepath.Glob(
			filepath.Join(b.control(), "repository/lfs/objects/*/*/*"),
		); len(left) != 2 || slices.Contains(left, old) {
			t.Errorf("left %q", left)
		}
	})
}

func TestFetchOnAServerWithoutGitLFS(t *testing.T) {
	f, _ := withLFS(t)
	t.Run("a server without git-lfs says so, and has no image of pointers", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.refuses(
			"assets/a logo.bin and 1 more in Git LFS, and this server has no git-lfs. Install it, for "+
				"example with: apt-get install git-lfs",
			"PATH="+b.stub.dir+":"+without(t, "git-lfs"))
	})
	t.Run("a server without git-lfs builds what needs none", func(t *testing.T) {
		plain := f.repository("plain.git")
		plain.commit("first",
			map[string]string{"Dockerfile": "one", ".gitattributes": "*.bin filter=lfs\n", "raw.bin": "raw"})
		b := f.from(t, "plain.git")
		if r := last(b.run(deployment.Deploy, deployment.Options{},
			"PATH="+b.stub.dir+":"+without(t, "git-lfs"))); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		b.is("source/raw.bin", "raw")
	})
}

func TestFetchOfLFSFails(t *testing.T) {
	f, pointer := withLFS(t)
	t.Run("an object that the host does not have is said", func(t *testing.T) {
		lost := f.repository("lost.git")
		lost.commit("first",
			map[string]string{"Dockerfile": "one", ".gitattributes": "*.bin filter=lfs\n", "a.bin": pointer})
		f.from(t, "lost.git").refuses("The repository was fetched, but not what it keeps in Git LFS.")
	})
	for _, c := range []struct{ url, want string }{
		{"file:///srv/other.git", "names file:///srv/other.git, which is not allowed"},
		{"/srv/other.git", "which is not allowed"},
	} {
		t.Run("an LFS server at "+c.url+" is refused", func(t *testing.T) {
			name := "refused" + strings.ReplaceAll(c.url, "/", "_") + ".git"
			f.repository(name).commit("first", map[string]string{
				"Dockerfile": "one", ".gitattributes": "*.bin filter=lfs\n",
				".lfsconfig": "[lfs]\n\turl = " + c.url + "\n", "a.bin": pointer})
			f.from(t, name).refuses(c.want)
		})
	}
}

// without is a PATH with links to all programs except one.
func without(t *testing.T, program string) string {
	t.Helper()
	dir := t.TempDir()
	for _, from := range []string{"/bin", "/usr/bin", "/usr/local/bin"} {
		entries, _ := os.ReadDir(from)
		for _, entry := range entries {
			if entry.Name() != program {
				_ = os.Symlink(filepath.Join(from, entry.Name()), filepath.Join(dir, entry.Name()))
			}
		}
	}
	return dir
}

func TestFetchBringsSubmodules(t *testing.T) {
	needGit(t)
	f := newForge(t)
	leaf := f.repository("deep/leaf.git")
	leafAt := leaf.commit("leaf",
		map[string]string{"leaf.txt": "leaf", ".gitattributes": "*.bin filter=lfs\n",
			"l.bin": f.large("deep/leaf.git", "leaf's")})
	lib := f.repository("deep/lib.git")
	lib.commit("lib", map[string]string{"lib.txt": "lib one"})
	libAt := lib.link("vendor/leaf", "../leaf.git", leafAt)
	u := f.repository("web.git")
	u.commit("first", map[string]string{"Dockerfile": "one"})
	u.link("libs/a lib", "../deep/lib.git", libAt)
	linked := u.link("libs/b", f.URL+"/deep/leaf.git", leafAt)

	t.Run("relative, absolute and nested ones are in the tree, without git folders", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.deploys()
		b.is("source/libs/a lib/lib.txt", "lib one")
		b.is("source/libs/a lib/vendor/leaf/leaf.txt", "leaf")
		b.is("source/libs/a lib/vendor/leaf/l.bin", "leaf's")
		b.is("source/libs/b/leaf.txt", "leaf")
		b.is("built", linked+"\nlink libs/b\n")
	})
	t.Run("they follow the repository's commit, and go with it", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.deploys()
		u.git("checkout", "--quiet", "-b", "next")
		defer u.git("checkout", "--quiet", "--force", "main")
		libNext := lib.commit("lib two", map[string]string{"lib.txt": "lib two"})
		u.link("libs/a lib", "../deep/lib.git", libNext)
		u.git("rm", "--quiet", "--cached", "libs/b")
		u.git("commit", "--quiet", "--message", "drop b")
		b.app.Dockerfile.Branch = "next"
		b.deploys()
		b.is("source/libs/a lib/lib.txt", "lib two")
		b.gone("source/libs/b/leaf.txt")
	})
	t.Run("a relative URL of a repository on the server does not lead to its disk", func(t *testing.T) {
		b := f.from(t, "web.git")
		b.deploys()
		b.app.Dockerfile.Repository = "/nowhere"
		if r := last(b.run(deployment.Deploy, deployment.Options{Commit: linked})); r.exit == 0 {
			t.Error("a relative URL led to the server's own disk")
		}
	})
	t.Run("a deletion that keeps data removes their files", func(t *testing.T) {
		compose := f.repository("compose.git")
		compose.commit("first", map[string]string{"docker-compose.yaml": "services: {}"})
		compose.link("lib", "../deep/lib.git", libAt)
		b := newBuilder(t, composeApp(func(form *catalog.ComposeSource) {
			form.Repository, form.Branch = f.URL+"/compose.git", ""
		}))
		b.deploys()
		b.is("source/lib/lib.txt", "lib one")
		if r := last(b.run(deployment.Delete, deployment.Options{})); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		b.gone("source/lib", "source")
	})
	t.Run("one that cannot be fetched fails the deployment and is named", func(t *testing.T) {
		for name, c := range map[string][3]string{
			"nowhere.git": {f.URL + "/none.git", leafAt, "The submodule vendor/x did not open"},
			"lost.git":    {"../deep/leaf.git", commit, "The submodule vendor/x has no commit " + commit},
		} {
			bad := f.repository(name)
			bad.commit("first", map[string]string{"Dockerfile": "one"})
			bad.link("vendor/x", c[0], c[1])
			f.from(t, name).refuses(c[2])
		}
	})
	t.Run("one without a URL is left out, which is said", func(t *testing.T) {
		stray := f.repository("stray.git")
		stray.commit("first", map[string]string{"Dockerfile": "one"})
		stray.git("update-index", "--add", "--cacheinfo", "160000,"+leafAt+",stray")
		stray.git("commit", "--quiet", "--message", "stray")
		if r := f.from(t, "stray.git").deploys()[0]; !strings.Contains(r.stderr,
			"The submodule stray is left out") {
			t.Errorf("%+v", r)
		}
	})
}

func TestFetchRefusesSubmodulesOfTheServer(t *testing.T) {
	needGit(t)
	f := newForge(t)
	secret := newUpstream(t)
	at := secret.commit("secret", map[string]string{"secret.txt": "of the server"})
	ran := filepath.Join(t.TempDir(), "ran")
	for i, url := range []string{
		"file://" + secret.dir, secret.dir, "./" + strings.Repeat("../", 20) + secret.dir,
		"../../../../../..//" + secret.dir,
		"ext::sh -c 'touch " + ran + "'", "-oProxyCommand=touch${IFS}" + ran,
		"ssh://-oProxyCommand=touch${IFS}" + ran + "/x", "fd::17", "~/repository",
		"transport::address", "ftp://host/x", "libs/local", ":x", "",
	} {
		t.Run(fmt.Sprintf("%q is refused", url), func(t *testing.T) {
			name := fmt.Sprintf("web%d.git", i)
			u := f.repository(name)
			u.commit("first", map[string]string{"Dockerfile": "one"})
			u.link("lib", url, at)
			b := f.from(t, name)
			r := b.run(deployment.Deploy, deployment.Options{})[0]
			if url != "" && (r.exit == 0 || !strings.Contains(r.stderr, "The submodule lib")) {
				t.Errorf("%+v", r)
			}
			b.gone("source/lib/secret.txt")
			if _, err := os.Lstat(ran); err == nil {
				t.Fatal("a command of the repository's ran")
			}
		})
	}
}

// TestFetchRunsNothingOfTheTree plants git folders where submodules were, as a
// container may. No program that they name may run at the next deployment.
func TestFetchRunsNothingOfTheTree(t *testing.T) {
	needGit(t)
	f := newForge(t)
	lib := f.repository("lib.git")
	one, two := lib.commit("one", map[string]string{"lib.txt": "one"}),
		lib.commit("two", map[string]string{"lib.txt": "two"})
	u := f.repository("web.git")
	u.commit("first", map[string]string{"Dockerfile": "one", "docker-compose.yaml": "services: {}"})
	u.link("lib", "../lib.git", one)
	for name, b := range map[string]builder{
		"dockerfile": f.from(t, "web.git"),
		"compose": newBuilder(t, composeApp(func(form *catalog.ComposeSource) {
			form.Repository, form.Branch = f.URL+"/web.git", ""
		})),
	} {
		t.Run(name, func(t *testing.T) {
			b.deploys()
			ran := filepath.Join(t.TempDir(), "ran")
			for _, dir := range []string{"source", "source/lib"} {
				plantGit(t, b.file(dir), ran)
			}
			u.git("checkout", "--quiet", "-B", "next", "main")
			u.link("lib", "../lib.git", two)
			b.app.Source().Branch = "next"
			if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
				t.Fatalf("%+v", r)
			}
			b.is("source/lib/lib.txt", "two")
			if said, err := os.ReadFile(ran); err == nil {
				t.Errorf("what was planted in the tree ran: %s", said)
			}
		})
	}
}

// plantGit makes a git folder in which every program that git can run records that it
// ran.
func plantGit(t *testing.T, dir, ran string) {
	t.Helper()
	if _, err := os.Stat(dir); err != nil {
		t.Fatal(err) // git init would make the folder
	}
	planted := upstream{t, dir}
	planted.git("init", "--quiet")
	planted.git("commit", "--quiet", "--allow-empty", "--message", "planted")
	command := "sh -c 'echo $0 >>" + ran + "; exit 1' "
	for _, key := range []string{
		"core.fsmonitor", "core.sshCommand", "core.pager", "core.editor", "credential.helper",
		"diff.external", "filter.lfs.smudge", "filter.lfs.process", "filter.x.smudge", "core.askPass",
		"gpg.program", "uploadpack.packObjectsHook",
	} {
		planted.git("config", key, command+key)
	}
	planted.git("config", "remote.origin.url", "ssh://host/x")
	planted.git("config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*")
	hooks := filepath.Join(dir, ".git", "hooks")
	if err := os.MkdirAll(hooks, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, hook := range []string{
		"post-checkout", "pre-commit", "post-merge", "reference-transaction", "post-index-change",
		"pre-auto-gc", "fsmonitor-watchman",
	} {
		if err := os.WriteFile(filepath.Join(hooks, hook), //nolint:gosec // a hook must be executable
			[]byte("#!/bin/sh\necho "+hook+" >>"+ran+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, ".gitattributes"), []byte("* filter=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
}

// overSSH is an ssh that records its arguments and its keys. It serves the repositories
// in the folder that WAYBILL_STUB's file root names, and the batch API of Git LFS at
// the URL in its file lfs.
const overSSH = `#!/bin/sh
echo "$*" >>"$WAYBILL_STUB/ssh.calls"
cat "$WAYBILL_WANTED_KEY" >>"$WAYBILL_STUB/ssh.keys"
for command; do :; done
root=$(cat "$WAYBILL_STUB/root")
case $command in
git-upload-pack*)
	cd "$root" &&
		eval "exec git -c safe.directory='*' -c uploadpack.allowAnySHA1InWant=true ${command#git-}"
	;;
git-lfs-authenticate*)
	set -- $command
	printf '{"href":"%s/%s/info/lfs"}\n' "$(cat "$WAYBILL_STUB/lfs")" "${2#/}"
	;;
*) exit 127 ;;
esac
`

func TestFetchOpensAllWithTheSameKey(t *testing.T) {
	needGit(t)
	f := newForge(t)
	lib := f.repository("acme/lib.git")
	at := lib.commit("lib",
		map[string]string{"lib.txt": "lib", ".gitattributes": "*.bin filter=lfs\n",
			"l.bin": f.large("acme/lib.git", "large")})
	u := f.repository("acme/web.git")
	u.commit("first", map[string]string{"Dockerfile": "one"})
	u.link("lib", "../lib.git", at)
	b := newBuilder(t, dockerfileApp(func(form *catalog.Dockerfile) {
		form.Repository, form.Branch, form.KeyID, form.HostKeys =
			"git@host:acme/web.git", "", "key000000000000000000001", "host ssh-ed25519 AAAA"
	}))
	b.stub.write(t, "ssh", overSSH)
	b.stub.write(t, "root", f.root)
	b.stub.write(t, "lfs", f.URL)
	if r := last(b.run(deployment.Deploy, deployment.Options{},
		"WAYBILL_WANTED_KEY="+b.control()+"/deploy.key")); r.exit != 0 {
		t.Fatalf("%+v", r)
	}
	b.is("source/lib/l.bin", "large")
	calls := strings.Split(strings.TrimSpace(b.stub.read(t, "ssh.calls")), "\n")
	for _, call := range calls {
		for _, want := range []string{
			"StrictHostKeyChecking=yes", "UserKnownHostsFile=" + b.control() + "/known_hosts",
			"-i " + b.control() + "/deploy.key",
		} {
			if !strings.Contains(call, want) {
				t.Errorf("ssh was called without %q: %s", want, call)
			}
		}
	}
	for _, want := range []string{
		"git-upload-pack 'acme/web.git'", "git-upload-pack 'acme/lib.git'",
		"git-lfs-authenticate acme/lib.git download",
	} {
		if !strings.Contains(strings.Join(calls, "\n"), want) {
			t.Errorf("ssh was never called for %q: %q", want, calls)
		}
	}
	b.gone("deploy.key")
}

// TestFetchSendsThePasswordToItsHostOnly checks that the password of a repository opens
// everything on the same host, and that no other host ever sees it.
func TestFetchSendsThePasswordToItsHostOnly(t *testing.T) {
	needGit(t)
	const token = "it's the-token"
	f, other := newForge(t), newForge(t)
	f.password, other.password = token, token
	lib := f.repository("lib.git")
	at := lib.commit("lib",
		map[string]string{"lib.txt": "lib", ".gitattributes": "*.bin filter=lfs\n",
			"l.bin": f.large("lib.git", "large")})
	foreign := other.repository("foreign.git")
	foreignAt := foreign.commit("foreign", map[string]string{"x": "x"})
	u := f.repository("web.git")
	u.commit("first", map[string]string{"Dockerfile": "one"})
	u.link("lib", "../lib.git", at)
	leaks := f.repository("leaks.git")
	leaks.commit("first", map[string]string{"Dockerfile": "one"})
	leaks.link("foreign", other.URL+"/foreign.git", foreignAt)
	large := f.repository("large.git")
	large.commit("first",
		map[string]string{"Dockerfile": "one", ".gitattributes": "*.bin filter=lfs\n",
			"l.bin":      f.large("large.git", "large"),
			".lfsconfig": "[lfs]\n\turl = " + other.URL + "/large.git/info/lfs\n"})

	deploy := func(name string) (builder, result) {
		b := f.from(t, name)
		b.app.Dockerfile.UserName = "me@example.org"
		input := applicationInput("", b.app, deployment.Deploy, deployment.Options{})
		input.DataDir, input.Secrets = b.data, map[string]string{catalog.GitPasswordSecret: token}
		return b, last(b.perform(recipe.Input(input)))
	}
	b, r := deploy("web.git")
	if r.exit != 0 {
		t.Fatalf("%+v", r)
	}
	b.is("source/lib/l.bin", "large")
	b.gone("git-host", "git-user", "git-password", "askpass.sh")
	if _, r := deploy("leaks.git"); r.exit == 0 ||
		!strings.Contains(r.stderr, "The submodule foreign did not open") ||
		!strings.Contains(r.stderr, "no host but that of the repository") {
		t.Errorf("%+v", r)
	}
	if _, r := deploy("large.git"); r.exit == 0 ||
		!strings.Contains(r.stderr, "not what it keeps in Git LFS") {
		t.Errorf("%+v", r)
	}
	if slices.Contains(other.asked, token) {
		t.Error("another host got the password")
	}
	if len(other.asked) == 0 {
		t.Error("the other host was never asked, so this shows nothing")
	}
}
