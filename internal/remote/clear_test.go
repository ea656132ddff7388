package remote_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

// deployed is a job that has run in the folder, with a file of its own and one
// that its step has written.
func deployed(t *testing.T, shell remote.Shell, dir, deployment string) remote.Job {
	t.Helper()
	j := of(dir, deployment, 1, "mkdir -p data && echo precious >data/db && echo built >config/out")
	j.Files = []remote.File{{Path: ".env", Content: []byte("A=1\n")}, {Path: "config/app/x.conf", Content: []byte("x\n")}}
	follow(t, shell, j)
	return j
}

// there lists what is below the folder, without what is a folder.
func there(t *testing.T, dir string) string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			all = append(all, strings.TrimPrefix(path, dir+"/"))
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Join(all, " ")
}

func emptied(t *testing.T, shell remote.Shell, j remote.Job, whole bool) bool {
	t.Helper()
	left, err := remote.Clear(t.Context(), shell, j, whole)
	if err != nil {
		t.Fatalf("Clear: %v", err)
	}
	return left
}

func TestClear(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("whole, nothing is left", func(t *testing.T) {
			dir := folder(t)
			j := deployed(t, shell, dir, "app1")
			write(t, filepath.Join(dir, "neighbour"), "")
			for range 2 { // the second time there is nothing
				if left := emptied(t, shell, j, true); left {
					t.Error("something is said to be left")
				}
				if got := there(t, dir); strings.Contains(got, "app/") || !strings.Contains(got, "neighbour") || !strings.Contains(got, "runs/app1/") {
					t.Errorf("there is %s", got)
				}
				if _, err := os.Stat(j.Dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the folder: %v", err)
				}
			}
		})
		t.Run("not whole, what others have put there stays", func(t *testing.T) {
			dir := folder(t)
			j := deployed(t, shell, dir, "app1")
			if left := emptied(t, shell, j, false); !left {
				t.Error("nothing is said to be left")
			}
			if got := there(t, j.Dir); got != "config/out data/db" {
				t.Errorf("left are %s", got)
			}
		})
		t.Run("not whole, a folder without anything else goes", func(t *testing.T) {
			dir := folder(t)
			j := of(dir, "app1", 1, "true")
			j.Files = []remote.File{{Path: "config/app/x.conf", Content: []byte("x\n")}}
			follow(t, shell, j)
			if left := emptied(t, shell, j, false); left {
				t.Errorf("left are %s", there(t, j.Dir))
			}
			if _, err := os.Stat(j.Dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the folder: %v", err)
			}
		})
	})
}

func TestClearLeavesAlone(t *testing.T) {
	t.Run("a folder in which a job runs", func(t *testing.T) {
		dir := folder(t)
		j := of(dir, "app1", 1, "echo ready; until [ -e go ]; do sleep 0.1; done")
		_, ended := begin(t, local{}, j, "ready\n")
		for _, whole := range []bool{true, false} {
			if _, err := remote.Clear(t.Context(), local{}, j, whole); !errors.Is(err, fault.Conflict) {
				t.Errorf("error = %v, want Conflict", err)
			}
		}
		write(t, filepath.Join(j.Dir, "go"), "")
		ended()
	})
	t.Run("a folder that a later deployment has used", func(t *testing.T) {
		dir := folder(t)
		j := deployed(t, local{}, dir, "app1")
		deployed(t, local{}, dir, "app2")
		before := there(t, dir)
		for _, whole := range []bool{true, false} {
			_, err := remote.Clear(t.Context(), local{}, j, whole)
			if held, ok := errors.AsType[*remote.HeldError](err); !ok || held.Holder != "app2" {
				t.Errorf("error = %v, want that app2 has it", err)
			}
		}
		if after := there(t, dir); after != before {
			t.Errorf("there was %s, there is %s", before, after)
		}
	})
	t.Run("what a link leads to", func(t *testing.T) {
		dir := folder(t)
		j := of(dir, "app1", 1, "true")
		elsewhere := filepath.Join(dir, "elsewhere")
		for _, made := range []error{os.Mkdir(elsewhere, 0o700), os.Symlink(elsewhere, j.Dir)} {
			if made != nil {
				t.Fatal(made)
			}
		}
		write(t, filepath.Join(elsewhere, "precious"), "")
		emptied(t, local{}, j, true)
		if got := there(t, dir); got != "elsewhere/precious" {
			t.Errorf("there is %q", got)
		}
	})
	t.Run("files outside of the folder", func(t *testing.T) {
		dir := folder(t)
		j := of(dir, "app1", 1, "true")
		outside := filepath.Join(dir, "outside")
		j.Files = []remote.File{{Path: outside}, {Path: "../sideways"}, {Path: "it's; rm -rf .. #"}}
		follow(t, local{}, j)
		if left := emptied(t, local{}, j, false); left {
			t.Errorf("left are %s", there(t, j.Dir))
		}
		for _, name := range []string{outside, filepath.Join(dir, "sideways")} {
			if _, err := os.Stat(name); err != nil {
				t.Error(err)
			}
		}
	})
	t.Run("what may not be removed", func(t *testing.T) {
		if os.Getuid() != 0 {
			t.Skip("needs root, to make what others may not remove")
		}
		dir := t.TempDir()
		j := of(dir, "app1", 1, "true")
		if err := os.MkdirAll(filepath.Join(j.Dir, "data"), 0o755); err != nil {
			t.Fatal(err)
		}
		for up := dir; up != "/tmp" && up != "/"; up = filepath.Dir(up) {
			if err := os.Chmod(up, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := remote.Clear(t.Context(), local{user: 65534}, j, true); !errors.Is(err, fault.Invalid) {
			t.Errorf("error = %v, want Invalid", err)
		}
	})
	t.Run("a root", func(t *testing.T) {
		if _, err := remote.Clear(t.Context(), local{}, remote.Job{Spool: "/spool", Dir: "/"}, true); !errors.Is(err, fault.Invalid) {
			t.Errorf("error = %v, want Invalid", err)
		}
	})
	t.Run("nothing, of what an earlier session left half removed", func(t *testing.T) {
		dir := folder(t)
		j := of(dir, "app1", 1, "true")
		if err := os.MkdirAll(j.Dir+".waybill-gone/half", 0o700); err != nil {
			t.Fatal(err)
		}
		emptied(t, local{}, j, true)
		if _, err := os.Stat(j.Dir + ".waybill-gone"); err == nil {
			t.Error("it is still there")
		}
	})
}
