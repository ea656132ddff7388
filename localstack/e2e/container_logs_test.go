package e2e_test

import (
	"errors"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// TestContainerLogs has a container that prints a secret which is rotated while it runs.
func TestContainerLogs(t *testing.T) {
	needImage(t, smallImage)
	w := stack(t)
	server := w.server(t)
	const former, present = "Xk2-pa55word-before", "Zq7-pa55word-now"
	environment := func(value string) []map[string]any {
		return []map[string]any{{"key": "TOKEN", "value": value, "is_secret": true}}
	}
	uuid := w.create(t, "/services", map[string]any{
		"name": "demo", "server_uuid": server, "health_timeout": 60, "environment": environment(former),
		"docker_compose": `services:
  web:
    image: ` + smallImage + `
    environment: {TOKEN: "${TOKEN}"}
    command: ["sh", "-c", "echo one; echo token is $$TOKEN; echo to stderr >&2; exec sleep 600"]
    stop_grace_period: 1s
  job:
    image: ` + smallImage + `
    restart: "no"
    command: ["sh", "-c", "echo the job is done"]
`,
	})
	cleanProject(t, uuid)
	read := func(query string) (string, *client.Error) {
		var got struct{ Logs string }
		err := w.api.Get(t.Context(), at(uuid)+"/logs"+query, &got)
		refused, _ := errors.AsType[*client.Error](err)
		if err != nil && refused == nil {
			t.Fatal(err)
		}
		return got.Logs, refused
	}
	if _, refused := read(""); refused == nil || refused.Status != 400 ||
		!strings.Contains(refused.Error(), "not running") {
		t.Errorf("before its start: %v, want 400", refused)
	}
	record, entries := w.deploy(t, uuid)
	wantStatus(t, record, entries, "finished", "")
	if err := w.api.Do(t.Context(), "PATCH", at(uuid), map[string]any{"environment": environment(present)},
		nil); err != nil {
		t.Fatal(err)
	}
	got, refused := read("?sub_service_name=web")
	// Docker reads the two streams by themselves, so the line on stderr may be anywhere.
	stdout := strings.Replace(got, "to stderr\n", "", 1)
	if refused != nil || stdout == got || stdout != "one\ntoken is <REDACTED:TOKEN>\n" {
		t.Errorf("the log is %q (%v)", got, refused)
	}
	if got, _ := read("?sub_service_name=web&lines=1&show_timestamps=true"); strings.Count(got, "\n") != 1 ||
		!strings.HasPrefix(got, "20") || !strings.Contains(got, "Z ") {
		t.Errorf("the last line with its time is %q", got)
	}
	if got, _ := read("?sub_service_name=job"); got != "the job is done\n" {
		t.Errorf("the log of a container that has ended is %q", got)
	}
	if _, refused := read(""); refused == nil || refused.Status != 400 ||
		!strings.Contains(refused.Error(), "job, web") {
		t.Errorf("without a choice: %v, want 400 that names both", refused)
	}
	if _, refused := read("?sub_service_name=db"); refused == nil || refused.Status != 422 {
		t.Errorf("a service that is not there: %v, want 422", refused)
	}
}

// TestLogsOfAServerThatIsAway also has an application without containers.
func TestLogsOfAServerThatIsAway(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	for _, c := range []struct {
		uuid   string
		status int
	}{
		{w.shell(t, server, "true"), 400},
		{w.service(t, w.registerAt(t, remotetest.Best(t), 1),
			"services: {web: {image: '"+smallImage+"'}}\n"), 503},
	} {
		err := w.api.Get(t.Context(), at(c.uuid)+"/logs", nil)
		if refused, is := errors.AsType[*client.Error](err); !is || refused.Status != c.status {
			t.Errorf("the log of %s: %v, want %d", c.uuid, err, c.status)
		}
	}
}
