package e2e_test

import (
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// wantCommit checks the commit and its message in the deployment's record.
func wantCommit(t *testing.T, record client.Deployment, commit, message string) {
	t.Helper()
	if record.Commit != commit || record.CommitMessage != message {
		t.Errorf("the deployment is of %q, %q, want %q, %q",
			record.Commit, record.CommitMessage, commit, message)
	}
}

func dockerfileApplication(t *testing.T, s *stage) {
	source, port := newRepository(t), freePort(t)
	first := source.push(t, "release", "Show the first page\n\nand more", source.page("first"))
	second := source.push(t, "release", "Show the second page", source.page("second"))
	r := s.build(t, source, "dockerfile", with(published(port), words{
		"git_branch": "release", "base_directory": "/page",
		"environment": []words{plainly("GREETING", "hello")}}))

	record, entries := r.succeed(t, "deploy", nil, "running:healthy")
	wantCommit(t, record, second, "Show the second page")
	wantPage(t, port, "/", "second")
	wantPage(t, port, "/greeting", "hello")
	wantLog(t, entries, "At commit "+second+": Show the second page")
	wantLog(t, entries, "this is the build "+source.mark+"\n")

	built := page(t, port, "/built")
	record, _ = r.succeed(t, "start", words{"commit": first}, "running:healthy")
	wantCommit(t, record, first, "Show the first page")
	wantPage(t, port, "/", "first")
	wantPage(t, port, "/built", built)
	r.wantLook(t, "running:healthy")

	r.succeed(t, "start", words{"force": true}, "running:healthy")
	wantPage(t, port, "/", "second")
	if page(t, port, "/built") == built {
		t.Error("force built with the cache")
	}
	if built := builtImages(t, r.uuid); len(built) > 2 {
		t.Errorf("of its builds are left %v, want no more than what ran last and what runs now", built)
	}
	third := source.push(t, "release", "Break the build", map[string]string{
		"page/Dockerfile": images.Replace("FROM SMALL\nRUN echo no more; exit 3\n"),
	})
	record, _ = r.fail(t, "deploy", nil, "exit", "no more", "exit code: 3")
	wantCommit(t, record, third, "Break the build")
	wantPage(t, port, "/", "second")
	r.remove(t, true)
}

func composeApplication(t *testing.T, s *stage) {
	source, port := newRepository(t), freePort(t)
	files := source.page("hello")
	files["page/compose.yaml"] = `
services:
  web:
    build: .
    environment: {GREETING: "${GREETING}"}
    ports: ["127.0.0.1:${PORT}:80"]
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 1s, retries: 30}
`
	commit := source.push(t, "main", "Compose a page", files)
	r := s.build(t, source, "dockercompose",
		words{"base_directory": "/page", "docker_compose_location": "/compose.yaml",
			"environment": []words{plainly("PORT", portText(port)), secretly("GREETING", awkward)}})
	record, entries := r.succeed(t, "deploy", nil, "running:healthy")
	wantCommit(t, record, commit, "Compose a page")
	wantLog(t, entries, "this is the build "+source.mark+"\n")
	wantPage(t, port, "/", "hello")
	wantPage(t, port, "/greeting", strings.TrimSpace(awkward))
	docker(t, "stop", r.containers(t)[0])
	r.wantLook(t, "exited")
	r.succeed(t, "restart", nil, "running:healthy")
	r.succeed(t, "stop", nil, "exited")
	r.remove(t, true)
}

// closedRepository deploys with a wrong deploy key, then with a wrong host key.
func closedRepository(t *testing.T, s *stage) {
	source := newRepository(t)
	r := s.build(t, source, "dockerfile",
		words{"private_key_uuid": s.key(t, remotetest.Start(t, remotetest.Options{}).ClientKeyPEM())})
	r.fail(t, "deploy", nil, "exit", "Permission denied",
		"The repository did not open: it needs a deploy key, or a user name and a password, that may "+
			"read it\\.")
	other := remotetest.Start(t, remotetest.Options{})
	r.change(t, words{"git_host_keys": strings.Fields(source.hostKeys)[0] + " " + other.HostKey()})
	r.fail(t, "deploy", nil, "exit", "Host key verification failed",
		"The repository did not open: its host did not show a key that is known\\.")
	r.remove(t, true)
}
