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

// fromUtilLinux are the programs that a server with busybox takes from
// util-linux.
var fromUtilLinux = []string{"fallocate", "flock", "setsid"}

// Busybox makes a folder of programs like the ones of Alpine and returns its
// path, which must be the whole PATH. The shell and all tools are busybox's,
// except for the programs of util-linux that a server needs and the programs
// that more names.
//
// Debian builds the shell of busybox so that it prefers its own applets to the
// programs in PATH; Alpine does not. So the shell here is a copy that knows no
// other applet by its name.
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

// shellAlone returns a busybox whose table of applets is spoilt: each name
// except the shell's ends in a letter that no name has. The table has the names
// in order, each between two zeros. With this letter, the other names still
// sort on the same side of the shell's name.
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

// program returns the path of a program that the test needs. If it is missing,
// the test is skipped, or fails where nothing may be skipped.
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
