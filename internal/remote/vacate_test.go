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

// there lists the files below the folder.
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

func TestVacate(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("an empty folder goes", func(t *testing.T) {
			dir := folder(t)
			j := of(dir, "app1", 1, "true")
			follow(t, shell, j)
			for range 2 { // the second time there is no folder
				if err := remote.Vacate(t.Context(), shell, j); err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(j.Dir); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("the folder: %v, with %s", err, there(t, j.Dir))
				}
			}
			if got := there(t, j.Spool); got == "" {
				t.Error("the spool is gone as well")
			}
		})
		t.Run("what else is in it stays", func(t *testing.T) {
			dir := folder(t)
			j := of(dir, "app1", 1, "mkdir data; echo precious >data/db")
			follow(t, shell, j)
			if err := remote.Vacate(t.Context(), shell, j); err != nil {
				t.Fatal(err)
			}
			if got := there(t, j.Dir); got != "data/db" {
				t.Errorf("left are %s", got)
			}
		})
	})
}

func TestVacateLeavesAlone(t *testing.T) {
	t.Run("a folder in which a job runs", func(t *testing.T) {
		j := of(folder(t), "app1", 1, "echo ready; until [ -e go ]; do sleep 0.1; done")
		_, ended := begin(t, local{}, j, "ready\n")
		before := there(t, j.Dir)
		if err := remote.Vacate(t.Context(), local{}, j); !errors.Is(err, fault.Conflict) {
			t.Errorf("error = %v, want Conflict", err)
		}
		if after := there(t, j.Dir); after != before {
			t.Errorf("there was %s, there is %s", before, after)
		}
		write(t, filepath.Join(j.Dir, "go"), "")
		ended()
	})
	t.Run("a folder that a later deployment has used", func(t *testing.T) {
		dir := folder(t)
		first := of(dir, "app1", 1, "true")
		follow(t, local{}, first)
		follow(t, local{}, of(dir, "app2", 1, "true"))
		err := remote.Vacate(t.Context(), local{}, first)
		if held, ok := errors.AsType[*remote.HeldError](err); !ok || held.Holder != "app2" {
			t.Errorf("error = %v, want that app2 has it", err)
		}
		if got := there(t, first.Dir); !strings.Contains(got, ".waybill-last") {
			t.Errorf("there is %s", got)
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
		write(t, filepath.Join(elsewhere, ".waybill-last"), "")
		if err := remote.Vacate(t.Context(), local{}, j); err != nil {
			t.Fatal(err)
		}
		if got := there(t, elsewhere); got != ".waybill-last" {
			t.Errorf("there is %q", got)
		}
	})
	t.Run("a root", func(t *testing.T) {
		if err := remote.Vacate(t.Context(), local{},
			remote.Job{Spool: "/spool", Dir: "/"}); !errors.Is(err, fault.Invalid) {
			t.Errorf("error = %v, want Invalid", err)
		}
	})
}
