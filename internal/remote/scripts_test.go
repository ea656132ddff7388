package remote_test

import (
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/remote"
	"waybill/internal/shelltest"
)

// TestShellcheck checks every script that is sent to a server.
func TestShellcheck(t *testing.T) {
	paths, err := filepath.Glob("sh/*.sh")
	if err != nil {
		t.Fatal(err)
	}
	var parts []shelltest.Part
	for _, path := range paths {
		part := shelltest.Part{Path: path, Text: read(t, path)}
		if path == "sh/docker.sh" {
			part.Text = remote.DockerText()
		}
		parts = append(parts, part)
	}
	job := remote.Job{Spool: "/data/runs/one", Dir: "/data/control/one", Folder: "/data/one",
		EnvironmentFile: "environment", Steps: []remote.Step{{Script: "true"}},
		Files: []remote.File{{Path: "file", Content: []byte("content")}}}
	scripts := remote.Scripts(job)
	// The scripts are sent without comments, but some comments are for shellcheck.
	for i := range scripts {
		for _, part := range parts {
			scripts[i] = strings.ReplaceAll(scripts[i], remote.StripComments(part.Text), part.Text)
		}
	}
	shelltest.Check(t, parts, scripts...)
}
