package remote_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"waybill/internal/remote"
)

// TestP12AJobWritesNothingWhereContainersDo plants links in a job's Folder, as
// containers can: under any name, or in the place of the folder. The job must
// not write through any of them.
func TestP12AJobWritesNothingWhereContainersDo(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		for _, link := range []string{
			"folder", "folder/.waybill-last", "folder/.waybill-last.new", "folder/.waybill-lock",
			"folder/.env", "folder/docker-compose.yml", "folder/docker-compose.yml.waybill-new",
			"folder/file", "folder/sub",
		} {
			dir := folder(t)
			j := job(dir, "cat file sub/file")
			j.Folder = filepath.Join(dir, "folder")
			j.Files = []remote.File{{Path: "file", Content: []byte("a")},
				{Path: "sub/file", Content: []byte("b")}}
			target := filepath.Join(dir, "outside")
			at := filepath.Join(dir, link)
			if err := errors.Join(os.MkdirAll(filepath.Dir(at), 0o700),
				os.MkdirAll(target, 0o755), //nolint:gosec // its mode must not change
				os.WriteFile(filepath.Join(target, "file"), []byte("outside"), 0o600),
				os.Symlink(target, at)); err != nil {
				t.Fatal(err)
			}
			if end, tape := follow(t, shell, j); end.ExitCode != 0 || tape.out.String() != "ab" {
				t.Errorf("%s: %+v %q", link, end, tape.out.String())
			}
			if entries, err := os.ReadDir(target); err != nil || len(entries) != 1 ||
				read(t, filepath.Join(target, "file")) != "outside" {
				t.Errorf("%s: outside has %v (%v)", link, entries, err)
			}
			if to, err := os.Readlink(at); err != nil || to != target {
				t.Errorf("%s is no link any more: %q (%v)", link, to, err)
			}
			if info, err := os.Stat(target); err != nil || info.Mode().Perm() != 0o755 {
				t.Errorf("%s: outside has the mode %v (%v)", link, info.Mode(), err)
			}
		}
	})
}

// TestTheFoldersOfAJobAreForItsUserOnly checks that only the server's user can
// read a job's files, however the folder was made.
func TestTheFoldersOfAJobAreForItsUserOnly(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		for _, made := range []bool{false, true} {
			dir := folder(t)
			j := job(dir, "umask 022")
			j.Dir, j.Folder = filepath.Join(dir, "control/services/x"), filepath.Join(dir, "services/x")
			if made {
				if err := errors.Join(
					os.MkdirAll(j.Dir, 0o755),   //nolint:gosec // this mode is the mistake under test
					os.MkdirAll(j.Spool, 0o755), //nolint:gosec // as above
				); err != nil {
					t.Fatal(err)
				}
			}
			follow(t, shell, j)
			places := []string{j.Dir, j.Spool}
			if !made {
				places = append(places, filepath.Join(dir, "control"), filepath.Join(dir, "runs"), j.Folder)
			}
			for _, place := range places {
				if info, err := os.Stat(place); err != nil || info.Mode().Perm() != 0o700 {
					t.Errorf("%s has the mode %v (%v)", place, info.Mode(), err)
				}
			}
		}
	})
}
