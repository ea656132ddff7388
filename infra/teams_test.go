package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	infra "waybill/infra"
	"waybill/internal/openapi"
)

// neighbour is a team of the same account whose name begins with the one of golden.
var neighbour = sync.OnceValues(func() ([]byte, error) {
	return synthesize(func() infra.Options {
		opts := golden()
		opts.Team = "golden-b"
		return opts
	})
})

// flat writes a value of a template as one text. A reference to a resource of the stack is <ID>, which no
// name has.
func flat(value any) string {
	switch value := value.(type) {
	case string:
		return value
	case map[string]any:
		if ref, is := value["Ref"].(string); is && strings.HasPrefix(ref, "AWS::") {
			return placeholder.Replace(ref)
		}
		if joined, is := value["Fn::Join"].([]any); is {
			separator, _ := joined[0].(string)
			var parts []string
			for _, part := range list(joined[1]) {
				parts = append(parts, flat(part))
			}
			return strings.Join(parts, separator)
		}
		return "<" + target(value) + ">"
	}
	return fmt.Sprint(value)
}

// namesOf returns every name that a stack gives to a part of it.
func namesOf(m template) map[string]string {
	found := map[string]string{}
	for id, r := range m.Resources {
		for property, value := range r.Properties {
			if name := flat(value); strings.HasSuffix(property, "Name") && strings.Contains(name, "golden") {
				found[r.Type+" "+name] = id
			}
		}
	}
	return found
}

// placesOf returns what the policies of a stack are about: resources, and the values of conditions.
func placesOf(t *testing.T, m template) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, s := range statements(t, m) {
		for _, place := range list(at(s.tree, "Resource")) {
			found[flat(place)] = s.in
		}
		conditions, _ := at(s.tree, "Condition").(map[string]any)
		for _, keys := range conditions {
			keys, _ := keys.(map[string]any)
			for _, values := range keys {
				for _, value := range list(values) {
					found[flat(value)] = s.in
				}
			}
		}
	}
	return found
}

// TestTwoTeamsOfAnAccountDoNotTouch: they have no name in common, and no policy of one matches what
// belongs to the other.
func TestTwoTeamsOfAnAccountDoNotTouch(t *testing.T) {
	one, other := parse(t, onAWS), parse(t, neighbour)
	names, others := namesOf(one), namesOf(other)
	if len(names) < 60 || len(names) != len(others) {
		t.Fatalf("%d names and %d", len(names), len(others))
	}
	for name, id := range names {
		if theirs, both := others[name]; both {
			t.Errorf("%s: %s of one stack and %s of the other", name, id, theirs)
		}
	}
	checkPlaces(t, placesOf(t, one), placesOf(t, other))
	checkPlaces(t, placesOf(t, other), placesOf(t, one))
}

// checkPlaces compares the places of a team with those of another one, where a "*" of the other stands for
// some name. The places that are no names of the team are AWS's own; other tests name each of them.
func checkPlaces(t *testing.T, mine, theirs map[string]string) {
	t.Helper()
	patterns := 0
	for place, in := range mine {
		if !strings.Contains(place, "golden") {
			continue
		}
		patterns++
		matches := regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(place), `\*`, ".*") + "$")
		for their := range theirs {
			some := strings.ReplaceAll(their, "*", "some")
			if strings.Contains(their, "golden") && matches.MatchString(some) {
				t.Errorf("%s is about %s, which matches %s of the other team", in, place, their)
			}
		}
	}
	if patterns < 8 {
		t.Errorf("only %d places have the name of the team", patterns)
	}
}

// TestTheSameStackIsTheSameFiles: a second deployment changes nothing. The names of the files have the
// hashes of what they contain, so the folder of the functions does not matter.
func TestTheSameStackIsTheSameFiles(t *testing.T) {
	text(t, onAWS) // skips where there is no CDK
	made := func() map[string]string {
		folder := t.TempDir()
		opts := everyOption()
		opts.Functions = filepath.Join(folder, "functions")
		if err := placeholders(opts.Functions); err != nil {
			t.Fatal(err)
		}
		app := infra.NewApp(filepath.Join(folder, "cdk.out"))
		if _, err := infra.New(app, opts, openapi.Routes()); err != nil {
			t.Fatal(err)
		}
		app.Synth(nil)
		files := map[string]string{}
		err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			files[strings.TrimPrefix(path, folder)] = string(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return files
	}
	first, second := made(), made()
	if diff := cmp.Diff(first, second); diff != "" || len(first) < 20 {
		t.Errorf("%d files, -first +second:\n%s", len(first), diff)
	}
}

// commandLine stands for the CDK's command line, the operator and the AWS CLI: it notes its name, its
// arguments and what it has of the environment.
const commandLine = `#!/bin/sh
echo "${0##*/} $* region=${AWS_REGION-} key=${AWS_ACCESS_KEY_ID-}" >> "$HOME/calls"
case "${0##*/} $*" in
"aws configure export-credentials"*) echo "export AWS_ACCESS_KEY_ID=exported" ;;
"aws configure get region") echo eu-west-1 ;;
operator*) test "${CONFIRM-}" = "$2" ;;
esac
`

// callTeam calls infra/team in a checkout with a file of the team blue, and returns the calls that it made.
func callTeam(t *testing.T, command string, environment ...string) (calls []string, said string, err error) {
	t.Helper()
	root := t.TempDir()
	script, err := os.ReadFile("team")
	if err != nil {
		t.Fatal(err)
	}
	for path, content := range map[string]string{"infra/team": string(script),
		"localstack/node_modules/.bin/cdk": commandLine, ".local/bin/operator": commandLine,
		"bin/aws": commandLine, "teams/blue.json": "{\n\"region\" : \n \"eu-central-1\"}"} {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command(filepath.Join(root, "infra", "team"), strings.Fields(command)...)
	run.Env = append([]string{"HOME=" + root, "PATH=" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH")},
		environment...)
	output, err := run.CombinedOutput()
	noted, _ := os.ReadFile(filepath.Join(root, "calls"))
	return strings.Split(strings.TrimSpace(string(noted)), "\n"), string(output), err
}

func TestCommandsForTheStackOfATeam(t *testing.T) {
	const context = " --context team=blue --context architecture=arm64"
	for _, c := range []struct {
		command     string
		environment []string
		want        []string
	}{
		{"synth", []string{"TEAM=blue"}, []string{"cdk synth" + context + " region= key="}},
		{"diff", []string{"TEAM=blue", "CONTEXT=max-runners=40 tracing=true", "ARCHITECTURE=x86_64"},
			[]string{"cdk diff --context team=blue --context architecture=x86_64 --context max-runners=40 " +
				"--context tracing=true region= key="}},
		{"deploy", []string{"TEAM=blue"}, []string{"cdk deploy --require-approval broadening" + context +
			" region= key="}},
		{"deploy", []string{"TEAM=blue", "ADOPT=1", "APPROVAL=never"}, []string{
			"cdk deploy --require-approval never --import-existing-resources" + context +
				" --context adopt=true region= key="}},
		{"destroy", []string{"TEAM=blue", "CONFIRM=blue", "AWS_ACCESS_KEY_ID=mine"}, []string{
			"operator destroy blue region=eu-central-1 key=mine",
			"cdk destroy --force" + context + " region=eu-central-1 key=mine"}},
		{"destroy", []string{"TEAM=blue", "AWS_ACCESS_KEY_ID=mine"}, []string{
			"operator destroy blue region=eu-central-1 key=mine"}},
		{"restore", []string{"TEAM=green", "CONFIRM=green"}, []string{
			"aws configure export-credentials --format env region= key=",
			"aws configure get region region= key=exported",
			"operator restore green region=eu-west-1 key=exported"}},
	} {
		calls, said, err := callTeam(t, c.command, c.environment...)
		if diff := cmp.Diff(calls, c.want); diff != "" {
			t.Errorf("%s with %v: %v, %s\n-got +want:\n%s", c.command, c.environment, err, said, diff)
		}
	}
	for given, want := range map[string]string{"region": "eu-central-1\n", "architecture": ""} {
		if _, said, err := callTeam(t, "option "+given, "TEAM=blue"); said != want || err != nil {
			t.Errorf("option %s: %q, %v", given, said, err)
		}
	}
	if _, said, err := callTeam(t, "deploy"); err == nil || !strings.Contains(said, "make deploy TEAM=NAME") {
		t.Errorf("without a team: %v, %s", err, said)
	}
}
