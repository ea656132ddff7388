package remote_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

// smallDisk returns a folder on its own disk of so many KiB.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk,mode=0700", size)); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("cannot mount a small disk: %v", err)
		}
		t.Skipf("cannot mount a small disk (%v): run the tests as root, with the right to mount", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { sweep(t, dir) })
	return dir
}

func TestADiskThatFillsUp(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("ends the step that writes, and is told with what fitted", func(t *testing.T) {
			dir := smallDisk(t, 512)
			j := job(dir, "echo first",
				"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i is of a fair length; done",
				"echo never")
			end, tape := follow(t, shell, j)
			if !end.DiskFull || end.Lost || end.ExitCode == 0 {
				t.Errorf("%+v, want the disk full and a failure", end)
			}
			var want strings.Builder
			want.WriteString("first\n")
			for i := range 20000 {
				fmt.Fprintf(&want, "line %d is of a fair length\n", i+1)
			}
			if got := tape.out.String(); len(got) < 200<<10 || !strings.HasPrefix(want.String(), got) {
				t.Errorf("%d bytes, want the first that fit", len(got))
			}
			if err := remote.Remove(t.Context(), shell, j); err != nil {
				t.Errorf("Remove: %v", err)
			}
		})
		t.Run("does not keep many more steps from being noted", func(t *testing.T) {
			end, tape := follow(t, shell, job(smallDisk(t, 1536), manySteps()...))
			if !end.DiskFull || end.Lost || end.ExitCode != 0 || len(tape.events) != 302 {
				t.Errorf("%+v and %d events", end, len(tape.events))
			}
		})
	})
	t.Run("without room kept for the steps, it still has an end", func(t *testing.T) {
		dir := smallDisk(t, 1536)
		if err := os.WriteFile(filepath.Join(dir, "fallocate"), []byte("#!/bin/false\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		scripts := append(manySteps(), "rm filler")
		scripts[0] = "head -c 4000000 /dev/zero >filler 2>/dev/null || :"
		end, tape := follow(t, local{env: []string{"PATH=" + dir + ":" + os.Getenv("PATH")}},
			job(dir, append(scripts, scripts[1:9]...)...))
		if end.DiskFull || end.Lost || end.ExitCode != 0 || len(tape.events) < 2 || len(tape.events) >= 302 {
			t.Errorf("%+v and %d events", end, len(tape.events))
		}
	})
	t.Run("when it is full before the start, the job is refused and can start later", func(t *testing.T) {
		dir := smallDisk(t, 256)
		filler := filepath.Join(dir, "filler")
		if err := os.WriteFile(filler, make([]byte, 300<<10), 0o600); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("%v, want the disk full", err)
		}
		j := job(dir, "echo x")
		_, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, &tape{})
		if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "its disk is full") {
			t.Errorf("%v, want it refused", err)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if end, tape := follow(t, local{}, j); end.ExitCode != 0 || tape.out.String() != "x\n" {
			t.Errorf("%+v %q", end, tape.out.String())
		}
	})
	t.Run("for a file alone, as a quota may, is told too", func(t *testing.T) {
		dir := folder(t)
		limited := filepath.Join(dir, "limited")
		if err := os.WriteFile(limited, []byte("#!/bin/sh\nulimit -f 16\nexec sh \"$@\"\n"),
			0o755); err != nil {
			t.Fatal(err)
		}
		end, _ := follow(t, local{sh: limited}, job(dir, "trap '' PIPE; i=0; while [ $i -lt 3000 ]; do "+
			"i=$((i+1)); echo 01234567890123456789 || :; done 2>/dev/null"))
		if !end.DiskFull || end.Lost {
			t.Errorf("%+v, want the disk full", end)
		}
	})
}

// manySteps returns a step that fills the disk, and many steps after it.
func manySteps() []string {
	scripts := []string{"trap '' PIPE; head -c 4000000 /dev/zero 2>/dev/null || :"}
	for range 150 {
		scripts = append(scripts, "true")
	}
	return scripts
}
