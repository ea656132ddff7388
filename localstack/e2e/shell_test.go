package e2e_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"waybill/localstack/client"
)

func TestShellApplication(t *testing.T) {
	w := stack(t)
	server := w.server(t)

	t.Run("20,000 lines on both streams are there once, in order within their stream", func(t *testing.T) {
		app := w.shell(t, server, `i=1
while [ $i -le 20000 ]; do echo "out $i"; echo "err $i" >&2; i=$((i+1)); done`)
		record, entries := w.deploy(t, app)
		wantStatus(t, record, entries, "finished", "")
		for stream, typ := range map[string]string{"out": "stdout", "err": "stderr"} {
			next := 1
			for _, entry := range entries {
				number, isLine := strings.CutPrefix(entry.Output, stream+" ")
				if !isLine || entry.Type != typ {
					continue
				}
				if number != strconv.Itoa(next) {
					t.Fatalf("%s: line %q where %d was due", typ, entry.Output, next)
				}
				next++
			}
			if next != 20001 {
				t.Errorf("%s has %d lines, want 20000", typ, next-1)
			}
		}
		for i, entry := range entries {
			if entry.Order != int64(i+1) {
				t.Fatalf("entry %d has order %d", i+1, entry.Order)
			}
		}
	})

	for _, c := range []struct {
		name, script, want string
	}{
		{"a carriage-return progress bar keeps its last state", `printf '10%%\r50%%\r100%%\n'`, "100%"},
		{"invalid UTF-8 is replaced", `printf 'a\377b\n'`, "a\uFFFDb"},
		{"a NUL byte is kept as text", `printf 'a\000b\n'`, "a\x00b"},
		{"a last line without its end is a line", `printf 'no newline'`, "no newline"},
		{"indentation is kept", `echo '   indented'`, "   indented"},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, entries := w.deploy(t, w.shell(t, server, c.script))
			wantStatus(t, record, entries, "finished", "")
			if got := outputs(entries, "Start"); len(got) != 1 || got[0] != c.want {
				t.Errorf("output = %q, want %q", got, c.want)
			}
		})
	}

	t.Run("a line of 10 MiB is whole, in pieces", func(t *testing.T) {
		record, entries := w.deploy(t, w.shell(t, server, `head -c 10485760 /dev/zero | tr '\0' x; echo`))
		wantStatus(t, record, entries, "finished", "")
		var size int
		for _, entry := range entries {
			if entry.Step == "Start" && entry.Command == nil {
				size += len(entry.Output)
			}
		}
		if size != 10<<20 {
			t.Errorf("the pieces have %d bytes, want %d", size, 10<<20)
		}
	})

	t.Run("a megabyte of random bytes ends well", func(t *testing.T) {
		record, entries := w.deploy(t, w.shell(t, server, `head -c 1048576 /dev/urandom`))
		wantStatus(t, record, entries, "finished", "")
	})

	t.Run("a script that prints nothing finishes", func(t *testing.T) {
		record, entries := w.deploy(t, w.shell(t, server, `:`))
		wantStatus(t, record, entries, "finished", "")
		if got := outputs(entries, "Start"); len(got) != 0 {
			t.Errorf("output = %q, want none", got)
		}
	})

	t.Run("a failing command ends the script, and its code is the deployment's", func(t *testing.T) {
		record, entries := w.deploy(t, w.shell(t, server, "echo before\nsh -c 'exit 3'\necho after"))
		wantStatus(t, record, entries, "failed", "exit")
		if record.ExitCode == nil || *record.ExitCode != 3 {
			t.Errorf("exit code = %v, want 3", record.ExitCode)
		}
		if got := fmt.Sprint(outputs(entries, "Start")); got != "[before]" {
			t.Errorf("output = %s, want [before]", got)
		}
	})

	t.Run("a health command that fails makes the deployment fail", func(t *testing.T) {
		app := w.create(t, "/applications/shell", map[string]any{
			"name": "sick", "server_uuid": server, "start": "echo up",
			"health": "echo not yet; exit 1", "health_timeout": 2,
		})
		record, entries := w.deploy(t, app)
		wantStatus(t, record, entries, "failed", "unhealthy")
	})
}

// outputs returns the lines that a step printed.
func outputs(entries []client.Entry, step string) []string {
	var lines []string
	for _, entry := range entries {
		if entry.Step == step && entry.Command == nil {
			lines = append(lines, entry.Output)
		}
	}
	return lines
}

// text formats a log for people.
func text(entries []client.Entry) string {
	var b strings.Builder
	for _, entry := range entries {
		if entry.Command != nil {
			fmt.Fprintf(&b, "$ %s\n", *entry.Command)
			continue
		}
		fmt.Fprintf(&b, "%s\n", entry.Output)
	}
	return b.String()
}

func wantStatus(t *testing.T, record client.Deployment, entries []client.Entry, status, reason string) {
	t.Helper()
	if record.Status != status || record.Reason != reason {
		shown := text(entries)
		t.Fatalf("deployment %s is %s %q, want %s %q; its log ends:\n%s",
			record.DeploymentUUID, record.Status, record.Reason,
			status, reason, shown[max(0, len(shown)-2000):])
	}
}

func wantLog(t *testing.T, entries []client.Entry, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text(entries)) {
		t.Errorf("the log has nothing like %q:\n%s", pattern, text(entries))
	}
}
