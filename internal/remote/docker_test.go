package remote_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/remote"
)

// The answer of a validation and the log of a start have the same text for the same
// trouble.
func TestValidationAndLogReportDockerTroubleAlike(t *testing.T) {
	for _, c := range []struct {
		name         string
		docker, says string
	}{
		{"denied", "echo 'permission denied while trying to connect to the docker API at " +
			"unix:///var/run/docker.sock' >&2; exit 1", "Add it to the group docker"},
		{"away", "echo 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. " +
			"Is the docker daemon running?' >&2; exit 1", "systemctl enable --now docker"},
		{"in other words", "echo 'unexpected EOF' >&2; exit 1", "systemctl enable --now docker"},
		{"without compose", `[ "$1" = version ]`, "no compose plug-in"},
		{"well", "exit 0", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			shell := busybox(t)
			dir, _, _ := strings.Cut(strings.TrimPrefix(shell.env[0], "PATH="), ":")
			if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+c.docker+"\n"),
				0o755); err != nil {
				t.Fatal(err)
			}
			var started strings.Builder
			script := remote.DockerText() + "lack=$(docker_trouble)\ndocker_advice \"$lack\"\n"
			if code, err := shell.Run(t.Context(), script, nil, &started, &started); code != 0 || err != nil {
				t.Fatalf("exit %d, %v: %s", code, err, started.String())
			}
			validated := ""
			if err := remote.Probe(t.Context(), shell, t.TempDir()); err != nil {
				validated = err.Error()
			}
			if got := strings.TrimSpace(started.String()); got != validated ||
				!strings.Contains(got, c.says) || c.says == "" && got != "" {
				t.Errorf("a start says %q, a validation %q; want %q in both", got, validated, c.says)
			}
		})
	}
}
