package recipe_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
)

// corpus has the compose files that both the Go code and the script judge. Both must
// find the same: the content of the golden file next to each. The suffix of a file's
// name says how the file differs:
//
//	-allowed      has nothing that is forbidden
//	-new          has keys that the docker compose of this machine may not know
//	-resolved     depends on the paths that docker compose makes absolute
//	-unprintable  cannot be written as JSON by docker compose
const corpus = "testdata/policy"

// corpusData is the data directory of the server in the corpus.
const corpusData = "/data/waybill"

func corpusValues() map[string]string {
	return map[string]string{"FOLDER": "/etc", "YES": "true", "NO": "false", "SPELLED": "yes", "HOST": "host",
		"UP": "..", "CAPABILITY": "SYS_BOOT", "OPTION": "seccomp=unconfined", "DEVICE": "/dev/null",
		"FILESYSTEM": "sysfs"}
}

func corpusService(text string) *catalog.Service {
	service := composeService(text)
	service.Environment = nil
	for name, value := range corpusValues() {
		service.Environment = append(service.Environment, catalog.Variable{Name: name, Value: value})
	}
	return service
}

// eachMode calls test for the two policies of a server. forbids is its forbid_host_access.
func eachMode(t *testing.T, test func(t *testing.T, forbids bool)) {
	t.Helper()
	t.Run("host access forbidden", func(t *testing.T) { test(t, true) })
	t.Run("host access allowed", func(t *testing.T) { test(t, false) })
}

// isTrusted reports whether every server refuses the file, whatever its policy is: it
// reaches into what Waybill trusts.
func isTrusted(name string) bool { return strings.HasPrefix(name, "trusted") }

// corpusFiles calls test for each compose file in a folder.
func corpusFiles(t *testing.T, folder string, test func(t *testing.T, name, text string)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.yml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no compose files in %s: %v", folder, err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yml")
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) { test(t, name, string(text)) })
	}
}

// judged are the findings of the Go code, with line numbers.
func judged(t *testing.T, text string, forbids bool) []string {
	t.Helper()
	server := &catalog.Server{DataDir: corpusData, ForbidHostAccess: forbids}
	err := recipe.Check(t.Context(), corpusService(text), server)
	found := fault.Fields(err)["docker_compose"]
	if err != nil && (!errors.Is(err, fault.Invalid) || len(found) == 0) {
		t.Fatal(err)
	}
	for _, finding := range found {
		if !strings.Contains(finding, ": this server forbids ") {
			t.Fatalf("not a finding: %s", finding)
		}
	}
	return found
}

var lineNumber = regexp.MustCompile(`^line \d+: `)

// withoutLines are the sorted findings without line numbers, which the script does not
// have.
func withoutLines(findings []string) []string {
	bare := []string{}
	for _, finding := range findings {
		bare = append(bare, lineNumber.ReplaceAllString(finding, ""))
	}
	slices.Sort(bare)
	return bare
}

func TestPolicyFindsWhatTheCorpusSays(t *testing.T) {
	corpusFiles(t, corpus, func(t *testing.T, name, text string) {
		found := judged(t, text, true)
		golden(t, "policy/"+name, lines(found))
		if allowed := strings.HasSuffix(name, "-allowed"); allowed != (len(found) == 0) {
			t.Errorf("%d findings", len(found))
		}
	})
}

// TestPolicyOfALenientServer checks a server that forbids only access to what Waybill
// trusts.
func TestPolicyOfALenientServer(t *testing.T) {
	corpusFiles(t, corpus, func(t *testing.T, name, text string) {
		want := []string(nil)
		if isTrusted(name) {
			want = judged(t, text, true)
		}
		if diff := cmp.Diff(judged(t, text, false), want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
}

// TestPolicyAtBuild checks that a start is refused where registration is, and that a
// stop never is.
func TestPolicyAtBuild(t *testing.T) {
	corpusFiles(t, corpus, func(t *testing.T, _, text string) {
		input := recipe.Input{Resource: corpusService(text), DataDir: corpusData, Operation: deployment.Start,
			ForbidHostAccess: true}
		found := judged(t, text, true)
		if _, err := recipe.Build(input); errors.Is(err, fault.Invalid) != (len(found) > 0) {
			t.Errorf("a start has %v, and registration %d findings", err, len(found))
		}
		input.Operation = deployment.Stop
		if _, err := recipe.Build(input); err != nil {
			t.Errorf("a stop has %v", err)
		}
	})
}

// TestEachRuleHasACase checks that the corpus is complete.
func TestEachRuleHasACase(t *testing.T) {
	services := regexp.MustCompile(`^(services\.[^.]+\.pre_start|jobs|services)\.[^.]+\.`)
	same := func(where string) string { return services.ReplaceAllString(where, "services.x.") }
	var found []string
	corpusFiles(t, corpus, func(t *testing.T, _, text string) {
		for _, finding := range withoutLines(judged(t, text, true)) {
			where, _, _ := strings.Cut(finding, ": this server")
			found = append(found, same(where))
		}
	})
	for _, path := range recipe.PolicyPaths() {
		pattern := strings.ReplaceAll(regexp.QuoteMeta(same(path)), `\*`, `[^.]+`)
		if !slices.ContainsFunc(found, regexp.MustCompile("^"+pattern+"$").MatchString) {
			t.Errorf("no file in %s violates the rule for %s", corpus, path)
		}
	}
}

// server is a place where the script can run.
type server struct {
	root, data  string
	environment []string
}

func newServer(t *testing.T, environment ...string) server {
	t.Helper()
	root := t.TempDir()
	return server{root, filepath.Join(root, corpusData), environment}
}

// plan is a plan with only the step that checks the policy.
func (s server) plan(t *testing.T, text string, forbids bool) recipe.Plan {
	t.Helper()
	input := recipe.Input{Resource: corpusService("services: {web: {image: a}}\n"), DataDir: s.data,
		Deployment: deploymentID, Operation: deployment.Start, ForbidHostAccess: true}
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	plan.Job.Steps = slices.DeleteFunc(plan.Job.Steps, func(step remote.Step) bool {
		return step.Name != "Check policy"
	})
	if !forbids {
		script := plan.Job.Steps[0].Script
		plan.Job.Steps[0].Script = strings.Replace(script, "forbids='yes'", "forbids=''", 1)
		if plan.Job.Steps[0].Script == script {
			t.Fatal("the step does not say what is forbidden")
		}
	}
	if err := os.RemoveAll(plan.Job.Spool); err != nil { // each plan is another job
		t.Fatal(err)
	}
	text = strings.ReplaceAll(text, "/data", s.root+"/data")
	plan.Job.Files[0].Content = []byte(recipe.WithEnvironment(text, filepath.Join(plan.Job.Dir, ".env")))
	return plan
}

// judged are the findings of the script, in the form of the Go code's findings.
func (s server) judged(t *testing.T, plan recipe.Plan) []string {
	t.Helper()
	r := perform(t, plan, s.environment...)[0]
	said := strings.ReplaceAll(r.stderr, s.root, "")
	if home := os.Getenv("HOME"); home != "" {
		said = strings.ReplaceAll(said, "access to "+home+"/", "access to ~/")
	}
	found := []string{}
	for line := range strings.Lines(said) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "Warning: ") {
			continue
		}
		finding, is := strings.CutSuffix(line, ".")
		if !is || !strings.Contains(line, ": this server forbids ") {
			t.Fatalf("exit %d, not a finding: %s", r.exit, said)
		}
		found = append(found, finding)
	}
	if (r.exit != 0) != (len(found) > 0) {
		t.Errorf("exit %d with the findings %q", r.exit, found)
	}
	slices.Sort(found)
	return found
}

// agree checks that the script finds in sent, a compose file on the server, the same as
// the Go code in text.
func agree(t *testing.T, here server, name, sent, text string) {
	t.Helper()
	check := func(t *testing.T, forbids bool) {
		got := here.judged(t, here.plan(t, sent, forbids))
		if diff := cmp.Diff(got, withoutLines(judged(t, text, forbids))); diff != "" {
			t.Errorf("(-script +Go)\n%s", diff)
		}
	}
	if isTrusted(name) {
		eachMode(t, check)
	} else {
		check(t, true)
	}
}

// TestPolicyFindsTheSameOnTheServer has the real docker compose read the files.
func TestPolicyFindsTheSameOnTheServer(t *testing.T) {
	needCompose(t)
	here := newServer(t)
	corpusFiles(t, corpus, func(t *testing.T, name, text string) {
		// Docker compose 2.40 refuses these files or fails on them.
		if strings.HasSuffix(name, "-new") || strings.HasSuffix(name, "-unprintable") {
			return
		}
		agree(t, here, name, text, text)
	})
}

// TestPolicyScriptAgreesWithBusybox gives the script the models that the Go code makes
// of the files, and the tools of busybox.
func TestPolicyScriptAgreesWithBusybox(t *testing.T) {
	docker := t.TempDir()
	here := newServer(t, "PATH="+docker+":"+remotetest.Busybox(t))
	corpusFiles(t, corpus, func(t *testing.T, name, original string) {
		// Without a docker compose, nothing makes the paths of these files absolute.
		if strings.Contains(name, "-resolved") {
			return
		}
		text := strings.NewReplacer("/data", here.root+"/data", "~/", os.Getenv("HOME")+"/").Replace(original)
		written, resolved, err := recipe.Models(t.Context(), text, corpusValues())
		if err != nil {
			t.Fatal(err)
		}
		playCompose(t, docker, written, resolved)
		agree(t, here, name, "services: {web: {image: a}}\n", original)
	})
}

// playCompose puts into a folder a docker that prints these models.
func playCompose(t *testing.T, folder string, written, resolved []byte) {
	t.Helper()
	script := `#!/bin/sh
cd "${0%/*}"
case "$*" in
*--no-interpolate*) cat written ;;
*' config '*) cat resolved ;;
esac
`
	files := map[string][]byte{"docker": []byte(script), "written": written, "resolved": resolved}
	for file, content := range files {
		if err := os.WriteFile(filepath.Join(folder, file), content, 0o700); err != nil {
			t.Fatal(err)
		}
	}
}
