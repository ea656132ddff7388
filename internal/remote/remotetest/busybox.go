package remotetest

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fromUtilLinux are the programs that a server with busybox has from util-linux.
var fromUtilLinux = []string{"fallocate", "flock", "setsid"}

// Busybox makes a folder of programs as Alpine has them and returns its path, which
// is all that PATH should be: the shell and all tools are busybox's, but for those
// of util-linux, which a server needs, and for those that more names.
//
// Debian builds the shell of busybox so that it prefers its own applets to the
// programs in PATH, which Alpine does not. So the shell is a copy that knows no other
// applet by its name.
func Busybox(t testing.TB, more ...string) string {
	t.Helper()
	busybox := program(t, "busybox")
	image, err := os.ReadFile(busybox)
	list, failed := exec.Command(busybox, "--list").Output()
	if err := errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	applets := strings.Fields(string(list))
	dir := t.TempDir()
	// The folder must be open to tests that run as another user.
	err = os.WriteFile(filepath.Join(dir, "sh"), shellAlone(t, image, applets), 0o755)
	if err := errors.Join(err, os.Chmod(dir, 0o755)); err != nil {
		t.Fatal(err)
	}
	others := append(slices.Clone(fromUtilLinux), more...)
	for _, name := range others {
		link(t, program(t, name), filepath.Join(dir, name))
	}
	for _, applet := range applets {
		if !slices.Contains(others, applet) && applet != "sh" {
			link(t, busybox, filepath.Join(dir, applet))
		}
	}
	return dir
}

// shellAlone is a busybox in whose table of applets each name but that of the shell
// ends in a letter that no name has. The names lie there in order, each between two
// zeros, and this keeps the names before and after the shell's on their side.
func shellAlone(t testing.TB, image []byte, applets []string) []byte {
	t.Helper()
	slices.Sort(applets)
	table := []byte("\x00" + strings.Join(applets, "\x00") + "\x00")
	if bytes.Count(image, table) != 1 {
		t.Fatal("this busybox has no table of applets as Debian's has")
	}
	at := bytes.Index(image, table)
	for _, applet := range applets {
		at += len(applet) + 1
		if applet != "sh" {
			image[at-1] = 0x7f
		}
	}
	return image
}

// program is the path of one that the test needs. Without it the test is skipped,
// or fails where nothing may be skipped.
func program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("WAYBILL_CI") != "" {
		t.Fatalf("%v: install it", err)
	}
	if err != nil {
		t.Skipf("%v: install it", err)
	}
	return path
}

func link(t testing.TB, to, from string) {
	t.Helper()
	if err := os.Symlink(to, from); err != nil {
		t.Fatal(err)
	}
}
