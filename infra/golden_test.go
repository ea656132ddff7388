package main_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

// built is what the name of a built function is made of in a template.
var built = regexp.MustCompile(`[0-9a-f]{64}\.zip`)

// TestGoldenTemplate compares the template of a team that sets few options, and the one of a team
// that sets all.
func TestGoldenTemplate(t *testing.T) {
	for file, form := range map[string]func() ([]byte, error){"template.json": onAWS, "full.json": full} {
		var got bytes.Buffer
		made := bytes.TrimSpace(built.ReplaceAll(text(t, form), []byte("BUILT.zip")))
		if err := json.Indent(&got, made, "", " "); err != nil {
			t.Fatal(err)
		}
		got.WriteByte('\n')
		path := filepath.Join("testdata", file)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; make golden writes it", err)
		}
		diff := cmp.Diff(strings.Split(got.String(), "\n"), strings.Split(string(want), "\n"))
		if diff != "" {
			t.Errorf("%s changed (-now +golden); if that is meant, make golden and read the diff:\n%s",
				file, diff)
		}
	}
}

func TestTemplateKnowsNoMachine(t *testing.T) {
	for name, form := range map[string]func() ([]byte, error){"on AWS": onAWS, "local": local, "full": full} {
		for _, trace := range []string{os.TempDir() + "/", "localhost", "127.0.0.1", "000000000000"} {
			if bytes.Contains(text(t, form), []byte(trace)) {
				t.Errorf("the template %s has %q in it", name, trace)
			}
		}
	}
}

func TestLocalTemplateDiffersOnlyWhereAllowed(t *testing.T) {
	allowed := regexp.MustCompile(strings.Join([]string{
		// Data of an emulator goes with it.
		`^Tables\w+\.(DeletionPolicy|UpdateReplacePolicy)$`,
		`^Tables\w+\.Properties\.Replicas\.0\.DeletionProtectionEnabled$`,
		`^Logs[0-9A-F]{8}\.(DeletionPolicy|UpdateReplacePolicy)$`,
		`^ApiGateway(Role|Account)\w+\.(DeletionPolicy|UpdateReplacePolicy)$`,
		// Plain HTTP on loopback, and a condition key that emulators do not know.
		`^LogsPolicy\w+\.`,
		`^Queues\w+Policy\w+\.`,
		`^AlarmsTopicPolicy\w+\.`,
		// MiniStack knows no alarm on a formula.
		`^Alarms((Functions|Tables)Throttled|DeploymentsFail)\w+\.`,
		// MiniStack does not know the group of a schedule when it checks rights.
		`^Functions(Catalog|Dispatch)Role\w+\.Properties\.Policies\.0\.PolicyDocument\.Statement\.0\.` +
			`Resource\.Fn::Join\.1\.6$`,
	}, "|"))
	there, here := leaves(t, onAWS), leaves(t, local)
	for path, value := range there {
		if here[path] != value && !allowed.MatchString(path) {
			t.Errorf("%s is %s on AWS and %q locally", path, value, here[path])
		}
	}
	for path, value := range here {
		if _, both := there[path]; !both && !allowed.MatchString(path) {
			t.Errorf("%s is %s locally and nothing on AWS", path, value)
		}
	}
}

// leaves returns every value of the resources by its path.
func leaves(t *testing.T, form func() ([]byte, error)) map[string]string {
	t.Helper()
	var whole struct{ Resources map[string]any }
	if err := json.Unmarshal(text(t, form), &whole); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for id, tree := range whole.Resources {
		collect(found, id, tree)
	}
	return found
}

func collect(found map[string]string, path string, tree any) {
	switch tree := tree.(type) {
	case map[string]any:
		for name, value := range tree {
			collect(found, path+"."+name, value)
		}
	case []any:
		for i, value := range tree {
			collect(found, fmt.Sprintf("%s.%d", path, i), value)
		}
	default:
		found[path] = fmt.Sprintf("%v", tree)
	}
}
