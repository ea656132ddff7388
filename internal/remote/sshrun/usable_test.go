package sshrun_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

var errEnough = errors.New("enough")

// toolset returns a folder with the tools that a server needs, except some, and
// with a docker that runs the given script, or no docker.
func toolset(t *testing.T, docker string, without ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, tool := range strings.Fields("sh flock setsid base64 stat mkfifo head dd date cat mv tr " +
		"touch grep sort find expr tail mkdir rm chmod sleep timeout true") {
		place, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(" "+strings.Join(without, " ")+" ", " "+tool+" ") {
			continue
		}
		if err := os.Symlink(place, filepath.Join(dir, tool)); err != nil {
			t.Fatal(err)
		}
	}
	if docker != "" {
		if err := os.WriteFile(filepath.Join(dir, "docker"), []byte("#!/bin/sh\n"+docker+"\n"),
			0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestUsableNamesWhatIsMissing has servers on which a deployment would fail
// later.
func TestUsableNamesWhatIsMissing(t *testing.T) {
	const works = "exit 0"
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tools := func(docker string, without ...string) []string {
		return []string{"ForceCommand PATH=" + toolset(t, docker, without...) + " exec sh -s"}
	}
	for _, c := range []struct {
		name  string
		lines []string
		data  string
		says  []string // empty if the server is usable
	}{
		{name: "everything is there", lines: tools(works)},
		{"no flock", tools(works, "flock"), "",
			[]string{"flock is missing (install util-linux)"}},
		{"several tools", tools(works, "flock", "base64"), "",
			[]string{"flock is missing", "base64 is missing (install coreutils)"}},
		{"a file as data folder", tools(works), file, []string{"the data directory cannot be used"}},
		{"no docker", tools(""), "", []string{"Docker is not installed"}},
		{"no compose plug-in", tools(`[ "$1" != compose ]`), "",
			[]string{"no compose plug-in", "docker-compose-plugin"}},
		{"the socket denied", tools("echo 'permission denied while trying to connect' >&2; exit 1"), "",
			[]string{"group docker"}},
		{"the engine stopped", tools("echo 'Cannot connect to the Docker daemon' >&2; exit 1"), "",
			[]string{"systemctl enable --now docker"}},
		{"a shell without logins", []string{"ForceCommand echo 'This account is not available.'; exit 1"}, "",
			[]string{"its login shell runs no commands"}},
		{"another command", []string{"ForceCommand sleep 60"}, "",
			[]string{"runs no commands", "ForceCommand"}},
		{"sftp only", []string{"Subsystem sftp internal-sftp", "ForceCommand internal-sftp"}, "",
			[]string{"run"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ssh := remotetest.OpenSSH(t, remotetest.Setup{Lines: c.lines})
			server := &catalog.Server{Address: "127.0.0.1", Port: ssh.Port(), User: ssh.User(),
				HostKey: ssh.HostKey(), DataDir: c.data}
			if c.data == "" {
				server.DataDir = filepath.Join(t.TempDir(), "not", "there", "yet")
			}
			health, err := sshrun.New(sshrun.Options{}).Usable(t.Context(), server, login(ssh))
			if len(c.says) == 0 {
				if err != nil || health.DataFreeBytes == 0 || health.MeasuredAt.IsZero() {
					t.Errorf("%+v (%v), want a measurement", health, err)
				}
				return
			}
			for _, says := range c.says {
				if !errors.Is(err, fault.Unavailable) || !strings.Contains(fault.Public(err), says) {
					t.Errorf("%v, want Unavailable with %q", err, says)
				}
			}
		})
	}
}
