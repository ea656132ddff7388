package e2e_test

import (
	"os/exec"
	"strings"
	"testing"
)

// redisImage is an image that the scripts in localstack/docker make from Debian's
// packages. It cannot be pulled from a registry.
const redisImage = "waybill-test/redis:7.0"

func TestComposeService(t *testing.T) {
	needDocker(t)
	w := stack(t)
	server := w.server(t)

	t.Run("a real Redis reaches finished, is healthy, and stops", func(t *testing.T) {
		service := w.service(t, server, `services:
  redis:
    image: `+redisImage+`
    tmpfs: [/data] # a volume without a name would stay
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      retries: 20
`)
		cleanProject(t, service)
		record, entries := w.deploy(t, service)
		wantStatus(t, record, entries, "finished", "")
		if got := docker(t, "ps", "--filter", "label=com.docker.compose.project="+service, "--format",
			"{{.Status}}"); !strings.Contains(got, "(healthy)") {
			t.Errorf("the container is %q, want healthy", got)
		}
		var shown struct{ Status string }
		w.get(t, "/services/"+service, &shown)
		if shown.Status != "running:healthy" {
			t.Errorf("the service's status is %q, want running:healthy", shown.Status)
		}

		record, entries = w.operate(t, service, "stop")
		wantStatus(t, record, entries, "finished", "")
		if got := docker(t, "ps", "--all", "--quiet", "--filter",
			"label=com.docker.compose.project="+service); got != "" {
			t.Errorf("containers are left: %s", got)
		}
	})

	t.Run("an image that does not exist fails with docker's own words", func(t *testing.T) {
		service := w.service(t, server, "services: {web: {image: 'waybill-test/absent:1'}}\n")
		cleanProject(t, service)
		record, entries := w.deploy(t, service)
		wantStatus(t, record, entries, "failed", "exit")
		wantLog(t, entries, `(?i)waybill-test/absent|no such host|not found|denied`)
	})

	t.Run("a container that dies fails, and the log says why", func(t *testing.T) {
		service := w.service(t, server, `services:
  web:
    image: `+redisImage+`
    tmpfs: [/data]
    command: sh -c 'echo the reason; exit 7'
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
`)
		cleanProject(t, service)
		record, entries := w.deploy(t, service)
		if record.Status != "failed" {
			t.Errorf("status = %s, want failed", record.Status)
		}
		wantLog(t, entries, "the reason")
		wantLog(t, entries, "7")
	})
}

// needDocker skips a test if no Docker engine with compose answers.
func needDocker(t *testing.T) {
	t.Helper()
	if err := exec.Command("docker", "compose", "version").Run(); err != nil {
		skip(t, "needs docker compose: apt-get install docker.io, then localstack/docker/compose-plugin")
	}
	if err := exec.Command("docker", "image", "inspect", redisImage).Run(); err != nil {
		skip(t, "needs a Docker engine with the image "+redisImage+
			": localstack/docker/engine start, then localstack/docker/images")
	}
}

func docker(t *testing.T, args ...string) string {
	t.Helper()
	said, err := exec.Command("docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return strings.TrimSpace(string(said))
}

// cleanProject removes the containers and networks of a test's compose project.
func cleanProject(t *testing.T, project string) {
	t.Cleanup(func() {
		if left := docker(t, "ps", "--all", "--quiet", "--filter",
			"label=com.docker.compose.project="+project); left != "" {
			docker(t, append([]string{"rm", "--force", "--volumes"}, strings.Fields(left)...)...)
		}
		if left := docker(t, "network", "ls", "--quiet", "--filter",
			"label=com.docker.compose.project="+project); left != "" {
			docker(t, append([]string{"network", "rm"}, strings.Fields(left)...)...)
		}
	})
}
