package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"waybill/localstack/client"
)

// pipeline is a command of the README for pipelines, as its runner starts it.
type pipeline struct {
	command []string
	// needs are the variables that the runner sets.
	needs []string
}

// pipelines reads the commands from the README.
func pipelines(t *testing.T) map[string]pipeline {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## In a pipeline\n")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := regexp.MustCompile("(?s)```(sh|yaml)\n(.*?)```").FindAllStringSubmatch(section, -1)
	if len(blocks) != 3 || blocks[0][1] != "sh" {
		t.Fatalf("the README has %d commands for pipelines, want a shell's and two in YAML", len(blocks))
	}
	var actions struct {
		Jobs map[string]struct {
			Steps []struct {
				Run string
				Env map[string]string
			}
		}
	}
	var gitlab map[string]struct{ Script []string }
	for block, into := range map[string]any{blocks[1][2]: &actions, blocks[2][2]: &gitlab} {
		if err := yaml.Unmarshal([]byte(block), into); err != nil {
			t.Fatal(err)
		}
	}
	step, script := actions.Jobs["deploy"].Steps[0], gitlab["deploy"].Script
	for _, name := range []string{"WAYBILL_URL", "WAYBILL_TOKEN", "RESOURCE"} {
		if step.Env[name] == "" {
			t.Errorf("the step does not set %s", name)
		}
	}
	return map[string]pipeline{
		"a shell": {[]string{"sh", "-c", blocks[0][2]}, nil},
		// The shells of the runners, as their documentation has them.
		"GitHub Actions": {
			[]string{"bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run},
			[]string{"GITHUB_RUN_ID=17", "GITHUB_RUN_ATTEMPT=1"},
		},
		"GitLab CI": {[]string{"sh", "-ec", strings.Join(script, "\n")}, []string{"CI_JOB_ID=42"}},
	}
}

// TestTheREADMEsCommandsForPipelines runs them as they are written, for a deployment that
// takes longer than one request waits, and for one that fails.
func TestTheREADMEsCommandsForPipelines(t *testing.T) {
	w := stack(t)
	if _, err := exec.LookPath("curl"); err != nil {
		skip(t, "needs curl")
	}
	server := w.server(t)
	for name, p := range pipelines(t) {
		for script, code := range map[string]int{
			"echo this is the output; sleep 22":   0,
			"echo this is the output >&2; exit 3": 22,
		} {
			t.Run(name+" with "+script, func(t *testing.T) {
				t.Parallel()
				command := exec.CommandContext(t.Context(), p.command[0], p.command[1:]...)
				command.Env = append(os.Environ(), append(p.needs, "WAYBILL_URL="+w.url,
					"WAYBILL_TOKEN="+w.mint(t, "ci", "deploy"), "RESOURCE="+w.shell(t, server, script))...)
				var complaint strings.Builder
				command.Stderr = &complaint
				output, _ := command.Output()
				if got := command.ProcessState.ExitCode(); got != code {
					t.Errorf("exit code %d, want %d: %s", got, code, complaint.String())
				}
				if !strings.Contains(string(output), "\nthis is the output\n") ||
					!strings.Contains(string(output), "\n[waybill] Deployment app") {
					t.Errorf("output = %s\n%s", output, complaint.String())
				}
			})
		}
	}
}

// TestTheREADMEsCommandForAWholeLog reads a log of several chunks by its links.
func TestTheREADMEsCommandForAWholeLog(t *testing.T) {
	w := stack(t)
	if _, err := exec.LookPath("curl"); err != nil {
		skip(t, "needs curl")
	}
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```sh\n(curl [^\n]*/logs/links[^\n]*)\n```").FindSubmatch(text)
	if found == nil {
		t.Fatal("the README has no command for a whole log")
	}
	record, entries := w.deploy(t, w.shell(t, w.server(t),
		`for i in 1 2 3 4; do seq -f "line $i.%g of the output of a job" 1 9000; sleep 2; done`))
	wantStatus(t, record, entries, "finished", "")
	command := exec.CommandContext(t.Context(), "sh", "-c", string(found[1])+" && gunzip -c log.jsonl.gz")
	command.Dir = t.TempDir()
	command.Env = append(os.Environ(), "WAYBILL_URL="+w.url, "WAYBILL_TOKEN="+w.mint(t, "reader", "read"),
		"DEPLOYMENT="+record.DeploymentUUID)
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(strings.TrimSuffix(string(output), "\n"), "\n")
	if len(lines) != len(entries) {
		t.Fatalf("the file has %d lines, want %d", len(lines), len(entries))
	}
	for i, line := range lines {
		var entry client.Entry
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Order != entries[i].Order ||
			entry.Output != entries[i].Output {
			t.Fatalf("line %d is %s, %v; want %+v", i+1, line, err, entries[i])
		}
	}
}
