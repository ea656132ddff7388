package recipe_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// outside is a folder of the server that no job may touch. Its files have the same
// names as the files in the repositories of these tests.
func outside(t *testing.T) (dir string, unchanged func()) {
	t.Helper()
	dir = t.TempDir()
	for _, name := range []string{
		"Dockerfile", "a", "docker-compose.yaml", "conf/a", "conf/old", "health.sh", "data/rows", "source/a",
	} {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("of the server"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := listing(t, dir)
	return dir, func() {
		t.Helper()
		if after := listing(t, dir); after != before {
			t.Errorf("outside has become\n%s, it was\n%s", after, before)
		}
	}
}

// listing has the name, mode and content of every file in a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	var out strings.Builder
	err := filepath.WalkDir(dir, func(name string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var text []byte
		if info.Mode().IsRegular() {
			if text, err = os.ReadFile(name); err != nil {
				return err
			}
		}
		fmt.Fprintf(&out, "%s %s %q\n", strings.TrimPrefix(name, dir), info.Mode(), text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// plant replaces a file or folder by a link.
func plant(t *testing.T, at, to string) {
	t.Helper()
	if err := os.RemoveAll(at); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}

func TestP12PlantedLinksAreNotFollowed(t *testing.T) {
	u := newUpstream(t)
	files := map[string]string{"docker-compose.yaml": "services: {}", "Dockerfile": "one", "a": "a",
		"conf/a": "a"}
	u.commit("first", map[string]string{"conf/old": "old"})
	u.commit("second", files)
	u.git("rm", "--quiet", "conf/old")
	u.commit("third", map[string]string{"a": "third", "conf/a": "third", "conf/new": "third"})
	for _, at := range []string{"source/a", "source/conf", "source/conf/new", "source"} {
		for _, operation := range []deployment.Operation{deployment.Deploy, deployment.Delete} {
			t.Run(fmt.Sprintf("a link at %s, then %s", at, operation), func(t *testing.T) {
				b := newBuilder(t, composeApp(func(form *catalog.ComposeSource) {
					form.Repository, form.Branch = u.dir, ""
				}))
				b.run(deployment.Deploy, deployment.Options{Commit: u.git("rev-parse", "HEAD~1")})
				dir, unchanged := outside(t)
				plant(t, b.file(at),
					filepath.Join(dir, strings.TrimPrefix(strings.TrimPrefix(at, "source"), "/")))
				if r := last(b.run(operation, deployment.Options{})); r.exit != 0 {
					t.Errorf("%+v", r)
				}
				unchanged()
				if operation == deployment.Deploy {
					b.is("source/conf/a", "third")
					b.is("source/a", "third")
					b.gone("source/conf/old")
				}
			})
		}
	}
}

func TestP12AFolderThatIsALinkIsNotFollowed(t *testing.T) {
	u := newUpstream(t)
	u.commit("first", map[string]string{"docker-compose.yaml": "services: {}", "a": "a", "conf/a": "a"})
	for _, options := range []deployment.Options{{}, {DeleteVolumes: true}} {
		b := newBuilder(t,
			composeApp(func(form *catalog.ComposeSource) { form.Repository, form.Branch = u.dir, "" }))
		b.run(deployment.Deploy, deployment.Options{})
		dir, unchanged := outside(t)
		plant(t, b.folder(), dir)
		if r := b.run(deployment.Deploy, deployment.Options{})[0]; r.exit == 0 ||
			!strings.Contains(r.stderr, "is a link") {
			t.Errorf("%+v", r)
		}
		unchanged()
		if r := last(b.run(deployment.Delete, options)); r.exit != 0 ||
			!strings.Contains(r.stdout, "is a link") {
			t.Errorf("%+v", r)
		}
		unchanged()
	}
	t.Run("one above it, which only the server's owner can make, is", func(t *testing.T) {
		b := newBuilder(t,
			composeApp(func(form *catalog.ComposeSource) { form.Repository, form.Branch = u.dir, "" }))
		elsewhere := t.TempDir()
		plant(t, filepath.Dir(b.folder()), elsewhere)
		if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		b.is("source/conf/a", "a")
		if r := last(b.run(deployment.Delete, deployment.Options{DeleteVolumes: true})); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		b.gone("source")
	})
}

// TestP12NothingIsSentWhereContainersWrite checks that Waybill sends no file to a place
// where containers can write, so that no link can be in its way.
func TestP12NothingIsSentWhereContainersWrite(t *testing.T) {
	health := catalog.Container{Health: catalog.HealthCheck{Command: "true"}}
	for kind, resource := range map[string]catalog.Deployable{
		"image":      imageApp(health),
		"dockerfile": dockerfileApp(func(form *catalog.Dockerfile) { form.Container = health }),
		"compose":    composeApp(nil),
		"service":    composeService(redis),
		"database":   databaseOf(t, "redis", nil),
	} {
		for _, operation := range []deployment.Operation{
			deployment.Start, deployment.Restart, deployment.Deploy, deployment.Stop, deployment.Delete,
		} {
			plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: "/data", Deployment: "d",
				Operation: operation, Secrets: inputOf(t, databaseOf(t, "redis", nil), "pw").Secrets})
			if err != nil {
				t.Fatal(kind, operation, err)
			}
			for _, file := range plan.Job.Files {
				if strings.HasPrefix(file.Path, plan.Job.Folder+"/") {
					t.Errorf("%s: a %s sends %s", kind, operation, file.Path)
				}
			}
		}
	}
}

// TestP12FilesOfARepositoryAreReadFromGit checks that Waybill reads a repository's files
// from git, because containers can write in the tree.
func TestP12FilesOfARepositoryAreReadFromGit(t *testing.T) {
	u := newUpstream(t)
	u.commit("first",
		map[string]string{"app/docker-compose.yaml": "services: {}", "app/.env": "OWN=git's\n", "app/a": "a"})
	compose := func(change func(*catalog.ComposeSource)) builder {
		return newBuilder(t, composeApp(func(form *catalog.ComposeSource) {
			form.Repository, form.Branch, form.Directory = u.dir, "", "/app"
			change(form)
		}))
	}
	t.Run("a restart puts what a container changed back", func(t *testing.T) {
		b := compose(func(*catalog.ComposeSource) {})
		b.run(deployment.Deploy, deployment.Options{})
		dir, unchanged := outside(t)
		plant(t, b.file("source/app/a"), filepath.Join(dir, "a"))
		plant(t, b.file("source/app/docker-compose.yaml"), filepath.Join(dir, "docker-compose.yaml"))
		if r := b.run(deployment.Restart, deployment.Options{})[0]; r.exit != 0 ||
			!strings.Contains(r.stdout, "is used again") {
			t.Errorf("%+v", r)
		}
		b.is("source/app/docker-compose.yaml", "services: {}")
		b.is("source/app/a", "a")
		unchanged()
	})
	t.Run("variables are read of git's file and not of the tree", func(t *testing.T) {
		b := compose(func(*catalog.ComposeSource) {})
		b.run(deployment.Deploy, deployment.Options{})
		b.is("repository.env", "OWN=git's\n")
		if calls := b.stub.read(t, "calls"); !strings.Contains(calls,
			"--env-file "+b.control()+"/repository.env") || strings.Contains(calls, "source/app/.env") {
			t.Errorf("docker was called as %s", calls)
		}
		u.git("rm", "--quiet", "app/.env")
		u.commit("without", map[string]string{"app/a": "b"})
		b.run(deployment.Deploy, deployment.Options{})
		b.gone("repository.env")
	})
	for target, want := range map[string]string{
		"/etc/passwd": "", "../../../x": "", "../shared": "OWN=shared\n",
	} {
		t.Run("variables behind a link to "+target, func(t *testing.T) {
			if err := os.MkdirAll(filepath.Join(u.dir, "app"), 0o700); err != nil {
				t.Fatal(err)
			}
			plant(t, filepath.Join(u.dir, "app/.env"), target)
			u.commit("link", map[string]string{"shared": "OWN=shared\n"})
			b := compose(func(*catalog.ComposeSource) {})
			r := b.run(deployment.Deploy, deployment.Options{})[0]
			if want != "" {
				b.is("repository.env", want)
			} else if r.exit == 0 ||
				!strings.Contains(r.stderr, "file app/.env leads out of the repository") {
				t.Errorf("%+v", r)
			}
		})
	}
}

// TestP12OnlyACheckedFileRuns writes another compose file into the tree, as containers
// may at any time. Only the copy that has passed the policy is started, looked up and
// stopped.
func TestP12OnlyACheckedFileRuns(t *testing.T) {
	needCompose(t)
	u := newUpstream(t)
	u.commit("first", map[string]string{"docker-compose.yaml": "services: {web: {image: good}}\n"})
	b := newBuilder(t,
		composeApp(func(form *catalog.ComposeSource) { form.Repository, form.Branch = u.dir, "" }))
	b.app.Environment = nil
	const file = "docker-compose.yaml"
	// run runs the named steps, with a stub docker or the real one.
	run := func(operation deployment.Operation, environment []string, names ...string) []result {
		input := applicationInput("", b.app, operation, deployment.Options{})
		input.DataDir = b.data
		plan, err := recipe.Build(input)
		if err != nil {
			t.Fatal(err)
		}
		plan.Job.Steps = slices.DeleteFunc(plan.Job.Steps,
			func(step remote.Step) bool { return !slices.Contains(names, step.Name) })
		return perform(t, plan, environment...)
	}
	resolved := func() string {
		text, err := os.ReadFile(b.file("resolved.json"))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if r := last(run(deployment.Deploy, nil, "Fetch", "Check policy")); r.exit != 0 {
		t.Fatalf("%+v", r)
	}
	if text := resolved(); !strings.Contains(text, `"good"`) {
		t.Fatalf("what runs is %s", text)
	}

	t.Run("a file that is planted after the check does not start", func(t *testing.T) {
		input := applicationInput("", b.app, deployment.Deploy, deployment.Options{})
		input.DataDir = b.data
		plan, err := recipe.Build(input)
		if err != nil {
			t.Fatal(err)
		}
		place(t, plan.Job)
		for _, step := range plan.Job.Steps {
			environment := []string(nil)
			switch step.Name {
			case "Fetch", "Check policy":
			case "Start":
				environment = b.stub.environment()
				if err := os.WriteFile(b.file("source/"+file),
					[]byte("services: {web: {image: evil, privileged: true}}\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			default:
				continue
			}
			if r := runStep(t, plan.Job, step, environment); r.exit != 0 {
				t.Fatalf("%+v", r)
			}
		}
		if calls := b.stub.read(t, "calls"); !strings.Contains(calls, "--file "+b.file("resolved.json")) ||
			strings.Contains(calls, "--file "+b.file("source")) {
			t.Errorf("docker was called as %s", calls)
		}
		if text := resolved(); strings.Contains(text, "evil") {
			t.Errorf("what runs is %s", text)
		}
	})
	t.Run("a stop does not read it", func(t *testing.T) {
		b.stub.write(t, "calls", "")
		if r := last(run(deployment.Stop, b.stub.environment(), "Stop")); r.exit != 0 {
			t.Fatalf("%+v", r)
		}
		if calls := b.stub.read(t, "calls"); !strings.Contains(calls, " down ") ||
			strings.Contains(calls, "--file "+b.file("source")) {
			t.Errorf("docker was called as %s", calls)
		}
	})
	t.Run("a look at the application does not read it", func(t *testing.T) {
		if script := recipe.StatusScript(b.app, b.data); strings.Contains(script, b.file("source/"+file)) {
			t.Errorf("the script reads the tree: %s", script)
		}
	})
	t.Run("what the policy refuses takes no place", func(t *testing.T) {
		u.commit("second",
			map[string]string{file: "services: {web: {image: evil, volumes: ['" + filepath.Dir(b.control()) +
				":/x']}}\n"})
		if r := last(run(deployment.Deploy, nil, "Fetch", "Check policy")); r.name != "Check policy" ||
			r.exit == 0 || !strings.Contains(r.stderr, "forbids access") {
			t.Errorf("%+v", r)
		}
		if text := resolved(); !strings.Contains(text, `"good"`) {
			t.Errorf("a stop would run %s", text)
		}
	})
}

// TestP12ABuildRunsNoGitOfTheTree checks that a build is told not to ask git about its
// context, where a container may have put settings for git.
func TestP12ABuildRunsNoGitOfTheTree(t *testing.T) {
	u := newUpstream(t)
	u.commit("first", map[string]string{"docker-compose.yaml": "services: {}"})
	b := newBuilder(t,
		composeApp(func(form *catalog.ComposeSource) { form.Repository, form.Branch = u.dir, "" }))
	b.stub.write(t, "docker",
		strings.Replace(stubDocker, "case",
			`case "$*" in *' build') echo "$BUILDX_GIT_INFO" >asks ;; esac`+"\ncase", 1))
	if r := last(b.run(deployment.Deploy, deployment.Options{})); r.exit != 0 {
		t.Fatalf("%+v", r)
	}
	if got := b.stub.read(t, "asks"); got != "false\n" {
		t.Errorf("BUILDX_GIT_INFO is %q", got)
	}
}
