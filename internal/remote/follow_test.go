package remote_test

import (
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"waybill/internal/remote"
)

func TestFollow(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("both streams come whole, with the bounds of each step", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "echo one; echo two >&2", "printf three"))
			if got, want := tape.out.String()+"|"+tape.err.String(), "one\nthree|two\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := tape.steps(), "S1 E1 S2 E2"; got != want {
				t.Errorf("events %s, want %s", got, want)
			}
			if got := fmt.Sprint(tape.events[0].Out, tape.events[1].Out, tape.events[1].Err,
				tape.events[3].Out); got != "0 4 4 9" {
				t.Errorf("bounds %s, want 0 4 4 9", got)
			}
			if end.ExitCode != 0 || end.Lost || !tape.started || tape.attached != 1 || end.At.IsZero() {
				t.Errorf("%+v, started %v", end, tape.started)
			}
		})
		t.Run("a failing step ends the job, but for the steps that say why", func(t *testing.T) {
			j := job(folder(t), "echo not this", "echo fails; false; echo never", "echo never",
				"echo why; exit 9", "echo more")
			j.Steps[0].OnFailure, j.Steps[3].OnFailure, j.Steps[4].OnFailure = true, true, true
			end, tape := follow(t, shell, j)
			if got, want := tape.out.String(), "fails\nwhy\nmore\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := tape.steps(), "S2 E2 S4 E4 S5 E5"; got != want || end.ExitCode != 1 {
				t.Errorf("events %s and exit %d, want %s and 1", got, end.ExitCode, want)
			}
			if got := fmt.Sprint(tape.events[1].ExitCode, tape.events[3].ExitCode,
				tape.events[5].ExitCode); got != "1 9 0" {
				t.Errorf("exit codes %s, want 1 9 0", got)
			}
		})
		t.Run("a signal shows as 128 and its number", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "echo before; kill -9 $$"))
			if end.ExitCode != 137 || tape.out.String() != "before\n" || tape.err.Len() != 0 {
				t.Errorf("%+v %q %q, want 137 and nothing but what the step wrote", end, tape.out.String(),
					tape.err.String())
			}
		})
		t.Run("a step's signal for its whole group does not lose the job", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "echo before; kill -TERM 0; sleep 5"))
			if end.Lost || end.ExitCode != 143 || tape.out.String() != "before\n" {
				t.Errorf("%+v %q, want 143", end, tape.out.String())
			}
		})
		t.Run("no steps, no output", func(t *testing.T) {
			if end, tape := follow(t, shell, job(folder(t))); end.ExitCode != 0 || end.Out+end.Err != 0 ||
				tape.steps() != "" {
				t.Errorf("%+v %s", end, tape.steps())
			}
		})
		t.Run("a syntax error is the step's", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "if", "echo never"))
			if end.ExitCode == 0 || tape.out.Len() != 0 ||
				!strings.Contains(tape.err.String(), "yntax error") {
				t.Errorf("%+v %q", end, tape.err.String())
			}
		})
	})
}

func TestOutput(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("20,000 lines on both streams come once and in order", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t),
				"i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; echo oops $i >&2; done"))
			for name, got := range map[string]string{"line": tape.out.String(), "oops": tape.err.String()} {
				if want := numbered(name, 20000); got != want {
					t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
				}
			}
		})
		t.Run("binary comes as it is", func(t *testing.T) {
			_, tape := follow(t, shell,
				job(folder(t), `printf '\000\377\n\r\033[0m%s\n' x; head -c 100000 /dev/zero`))
			if want := "\x00\xff\n\r\x1b[0mx\n" + strings.Repeat("\x00", 100000); tape.out.String() != want {
				t.Errorf("%d bytes that differ, want %d", tape.out.Len(), len(want))
			}
		})
		t.Run("50 MB come whole", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t),
				"seq 1 6500000 | head -c 50000000; seq 1 6500000 | head -c 50000000 | sha256sum >&2"))
			sum := fmt.Sprintf("%x  -\n", sha256.Sum256(tape.out.Bytes()))
			if tape.out.Len() != 50000000 || tape.err.String() != sum {
				t.Errorf("%d bytes with %s, want %s", tape.out.Len(), sum, tape.err.String())
			}
		})
		t.Run("a slow disk loses nothing", func(t *testing.T) {
			// The processes that write to the disk are stopped until long after
			// the end of the step.
			_, tape := follow(t, shell, job(folder(t),
				`for w in $(cat /proc/$PPID/task/$PPID/children); do
				for p in $(cat /proc/$w/task/*/children); do
				[ "$(cat /proc/$p/comm 2>/dev/null)" != cat ] || cats="$cats $p"; done
			done
			kill -STOP $cats
			(sleep 0.5; kill -CONT $cats) >/dev/null 2>&1 &
			echo late; echo later >&2`))
			if got := tape.out.String() + tape.err.String(); got != "late\nlater\n" {
				t.Errorf("got %q", got)
			}
		})
		t.Run("a stream that is opened anew loses nothing", func(t *testing.T) {
			_, tape := follow(t, shell,
				job(folder(t), "echo one >&2; echo two >/dev/stderr; echo three >&2; echo four >/dev/stdout"))
			if got := tape.err.String() + tape.out.String(); got != "one\ntwo\nthree\nfour\n" {
				t.Errorf("got %q", got)
			}
		})
	})
}

func numbered(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, name, i+1)
	}
	return b.String()
}

func TestSteps(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("have an empty stdin, their folder, the cookie and no trace of the spool's descriptors",
			func(t *testing.T) {
				dir := folder(t)
				_, tape := follow(t, shell, job(dir, `cat
pwd
echo "${WAYBILL_JOB:+cookie}"
umask
ls -l /proc/self/fd | grep -cE " [789] ->" || :`))
				mask := fmt.Sprintf("%04o", umask())
				if got, want := tape.out.String(), filepath.Join(dir, "app")+"\ncookie\n"+mask+
					"\n0\n"; got != want {
					t.Errorf("got %q, want %q", got, want)
				}
			})
		t.Run("read and export the environment file", func(t *testing.T) {
			j := job(folder(t), `echo "$PASSWORD"; sh -c 'echo "$PASSWORD $spool $number"'`,
				"echo second $number")
			j.Files = []remote.File{{Path: "job.env", Content: []byte(
				"PASSWORD='it'\\''s $HOME'\nspool=mine number=7 environment= code=5 status=3\n",
			)}}
			j.EnvironmentFile = "job.env"
			end, tape := follow(t, shell, j)
			if got, want := tape.out.String(), "it's $HOME\nit's $HOME mine 7\nsecond 7\n"; got != want ||
				end.ExitCode != 0 {
				t.Errorf("got %q %q and %+v, want %q", got, tape.err.String(), end, want)
			}
		})
		t.Run("fail without their environment file", func(t *testing.T) {
			j := job(folder(t), "echo never")
			j.EnvironmentFile = "absent.env"
			if end, tape := follow(t, shell, j); end.ExitCode == 0 || tape.out.Len() > 0 {
				t.Errorf("%+v %q", end, tape.out.String())
			}
		})
		t.Run("leave children behind that neither hold the job nor die of it", func(t *testing.T) {
			dir := folder(t)
			end, _ := follow(t, shell, job(dir,
				"(until [ -e go ]; do echo tick || exit; sleep 0.02; done; echo whole >done) & echo started"))
			done := filepath.Join(dir, "app/done")
			if _, err := os.Stat(done); err == nil || end.ExitCode != 0 {
				t.Errorf("the job waited for the child: %+v", end)
			}
			if err := remote.Remove(t.Context(), shell, job(dir)); err != nil {
				t.Errorf("the child holds the lock: %v", err)
			}
			time.Sleep(200 * time.Millisecond) // the child writes meanwhile
			if err := os.WriteFile(filepath.Join(dir, "app/go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			await(t, "the child's own end", func() bool { _, err := os.Stat(done); return err == nil })
		})
	})
}

func umask() int {
	mask := syscall.Umask(0)
	syscall.Umask(mask)
	return mask
}

func TestFiles(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		big := make([]byte, 5<<20)
		rand.NewChaCha8([32]byte{1}).Read(big)
		j := job(dir, "true")
		other := filepath.Join(dir, "it's", "else where", "a b")
		j.Files = []remote.File{{Path: "big", Content: big},
			{Path: other, Content: []byte("x\n"), Mode: 0o640}, {Path: "sub/empty"}}
		follow(t, shell, j)
		for _, file := range []struct {
			path, content string
			mode          os.FileMode
		}{{filepath.Join(dir, "app/big"), string(big), 0o600}, {other, "x\n", 0o640},
			{filepath.Join(dir, "app/sub/empty"), "", 0o600}} {
			info, err := os.Stat(file.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, file.path); got != file.content || info.Mode() != file.mode {
				t.Errorf("%s: %d bytes, mode %v; want %d and %v", file.path, len(got), info.Mode(),
					len(file.content), file.mode)
			}
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "app", "*waybill-new*")); left != nil {
			t.Errorf("left %v", left)
		}
		if left, _ := filepath.Glob(filepath.Join(j.Spool, "new.*")); left != nil {
			t.Errorf("left %v", left)
		}
		if info, err := os.Stat(j.Spool); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("spool: %v %v, want mode 0700", info.Mode(), err)
		}
	})
}
