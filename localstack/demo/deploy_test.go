package demo_test

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
	"time"

	"waybill/localstack/client"
	"waybill/localstack/demo"
)

func TestLine(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 67e6, time.Local)
	command := "echo one\necho two\n"
	for _, c := range []struct {
		name  string
		entry client.Entry
		want  string
	}{
		{"a line of stdout", client.Entry{Output: "  hello", Type: "stdout", Timestamp: at},
			"  03:04:05.067     hello\n"},
		{"a line of stderr is marked", client.Entry{Output: "no", Type: "stderr", Timestamp: at},
			"  03:04:05.067 ! no\n"},
		{"a command of two lines", client.Entry{Command: &command, Type: "stdout", Timestamp: at},
			"  03:04:05.067   $ echo one\n                > echo two\n"},
		{"a hidden entry", client.Entry{Output: "x", Hidden: true, Timestamp: at}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := demo.Line(c.entry); got != c.want {
				t.Errorf("got\n%q, want\n%q", got, c.want)
			}
		})
	}
}

func TestEnding(t *testing.T) {
	begun := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	ended := begun.Add(2340 * time.Millisecond)
	code := 3
	for want, record := range map[string]client.Deployment{
		"The deployment is finished after 2.3 s.": {Status: "finished", StartedAt: &begun,
			FinishedAt: &ended},
		"The deployment is failed (exit), exit code 3.": {Status: "failed", Reason: "exit",
			ExitCode: &code},
		"The deployment is failed (unreachable) after 2.3 s.": {Status: "failed", Reason: "unreachable",
			StartedAt: &begun, FinishedAt: &ended},
	} {
		if got := demo.Ending(record); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestGoodbye pastes the printed commands into a shell in which curl prints its
// arguments.
func TestGoodbye(t *testing.T) {
	text := demo.Goodbye("http://127.0.0.1:1/x", "tok1|it's", "app1", "app1dep1")
	var script strings.Builder
	script.WriteString("curl() { printf '%s\\n' \"$@\"; }\n")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "curl ") {
			script.WriteString(line)
		}
	}
	said, err := exec.Command("sh", "-c", script.String()).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	for _, want := range []string{
		"Authorization: Bearer tok1|it's\n",
		"http://127.0.0.1:1/x/api/v1/deployments/applications/app1\n",
		"http://127.0.0.1:1/x/api/v1/deployments/app1dep1\n",
		"http://127.0.0.1:1/x/api/v1/deployments/app1dep1/logs?format=text\n",
	} {
		if !bytes.Contains(said, []byte(want)) {
			t.Errorf("curl did not get %q:\n%s", want, said)
		}
	}
}
