package remote_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"waybill/internal/fault"
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
			if got := fmt.Sprint(tape.events[0].Out, tape.events[1].Out, tape.events[1].Err, tape.events[3].Out); got != "0 4 4 9" {
				t.Errorf("bounds %s, want 0 4 4 9", got)
			}
			if end.ExitCode != 0 || end.Lost || !tape.started || tape.attached != 1 || end.At.IsZero() {
				t.Errorf("%+v, started %v", end, tape.started)
			}
		})
		t.Run("a failing step ends the job, but for the steps that say why", func(t *testing.T) {
			j := job(folder(t), "echo not this", "echo fails; false; echo never", "echo never", "echo why; exit 9", "echo more")
			j.Steps[0].OnFailure, j.Steps[3].OnFailure, j.Steps[4].OnFailure = true, true, true
			end, tape := follow(t, shell, j)
			if got, want := tape.out.String(), "fails\nwhy\nmore\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
			if got, want := tape.steps(), "S2 E2 S4 E4 S5 E5"; got != want || end.ExitCode != 1 {
				t.Errorf("events %s and exit %d, want %s and 1", got, end.ExitCode, want)
			}
			if got := fmt.Sprint(tape.events[1].ExitCode, tape.events[3].ExitCode, tape.events[5].ExitCode); got != "1 9 0" {
				t.Errorf("exit codes %s, want 1 9 0", got)
			}
		})
		t.Run("a signal shows as 128 and its number", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "echo before; kill -9 $$"))
			if end.ExitCode != 137 || tape.out.String() != "before\n" || tape.err.Len() != 0 {
				t.Errorf("%+v %q %q, want 137 and nothing but what the step wrote", end, tape.out.String(), tape.err.String())
			}
		})
		t.Run("a step's signal for its whole group does not lose the job", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "echo before; kill -TERM 0; sleep 5"))
			if end.Lost || end.ExitCode != 143 || tape.out.String() != "before\n" {
				t.Errorf("%+v %q, want 143", end, tape.out.String())
			}
		})
		t.Run("no steps, no output", func(t *testing.T) {
			if end, tape := follow(t, shell, job(folder(t))); end.ExitCode != 0 || end.Out+end.Err != 0 || tape.steps() != "" {
				t.Errorf("%+v %s", end, tape.steps())
			}
		})
		t.Run("a syntax error is the step's", func(t *testing.T) {
			end, tape := follow(t, shell, job(folder(t), "if", "echo never"))
			if end.ExitCode == 0 || tape.out.Len() != 0 || !strings.Contains(tape.err.String(), "yntax error") {
				t.Errorf("%+v %q", end, tape.err.String())
			}
		})
	})
}

func TestOutput(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		t.Run("20,000 lines on both streams come once and in order", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t), "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); echo line $i; echo oops $i >&2; done"))
			for name, got := range map[string]string{"line": tape.out.String(), "oops": tape.err.String()} {
				if want := numbered(name, 20000); got != want {
					t.Errorf("%s: %d bytes, want %d", name, len(got), len(want))
				}
			}
		})
		t.Run("binary comes as it is", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t), `printf '\000\377\n\r\033[0m%s\n' x; head -c 100000 /dev/zero`))
			if want := "\x00\xff\n\r\x1b[0mx\n" + strings.Repeat("\x00", 100000); tape.out.String() != want {
				t.Errorf("%d bytes that differ, want %d", tape.out.Len(), len(want))
			}
		})
		t.Run("50 MB come whole", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t), "seq 1 6500000 | tee sum | head -c 50000000; head -c 50000000 sum | sha256sum >&2"))
			sum := fmt.Sprintf("%x  -\n", sha256.Sum256(tape.out.Bytes()))
			if tape.out.Len() != 50000000 || tape.err.String() != sum {
				t.Errorf("%d bytes with %s, want %s", tape.out.Len(), sum, tape.err.String())
			}
		})
		t.Run("a stream that is opened anew loses nothing", func(t *testing.T) {
			_, tape := follow(t, shell, job(folder(t), "echo one >&2; echo two >/dev/stderr; echo three >&2; echo four >/dev/stdout"))
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
		t.Run("have an empty stdin, their folder, the cookie and no trace of the spool's descriptors", func(t *testing.T) {
			dir := folder(t)
			_, tape := follow(t, shell, job(dir, `cat; pwd; echo "${WAYBILL_JOB:+cookie}"; umask; ls -l /proc/self/fd | grep -cE " [789] ->" || :`))
			mask := fmt.Sprintf("%04o", umask())
			if got, want := tape.out.String(), filepath.Join(dir, "app")+"\ncookie\n"+mask+"\n0\n"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
		t.Run("read and export the environment file", func(t *testing.T) {
			j := job(folder(t), `echo "$PASSWORD"; sh -c 'echo "$PASSWORD $spool $number"'`, "echo second $number")
			j.Files = []remote.File{{Path: "job.env", Content: []byte("PASSWORD='it'\\''s $HOME'\nspool=mine number=7 environment= code=5 status=3\n")}}
			j.EnvironmentFile = "job.env"
			end, tape := follow(t, shell, j)
			if got, want := tape.out.String(), "it's $HOME\nit's $HOME mine 7\nsecond 7\n"; got != want || end.ExitCode != 0 {
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
			begun := time.Now()
			end, _ := follow(t, shell, job(dir, "(i=0; while [ $i -lt 60 ]; do i=$((i+1)); echo tick || exit; sleep 0.05; done; echo whole >done) & echo started"))
			if took := time.Since(begun); took > 2500*time.Millisecond || end.ExitCode != 0 {
				t.Errorf("the end came after %s: %+v", took, end)
			}
			await(t, "the child's own end", func() bool { _, err := os.Stat(filepath.Join(dir, "app", "done")); return err == nil })
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
		j.Files = []remote.File{{Path: "big", Content: big}, {Path: other, Content: []byte("x\n"), Mode: 0o640}, {Path: "sub/empty"}}
		follow(t, shell, j)
		for _, file := range []struct {
			path, content string
			mode          os.FileMode
		}{{filepath.Join(dir, "app/big"), string(big), 0o600}, {other, "x\n", 0o640}, {filepath.Join(dir, "app/sub/empty"), "", 0o600}} {
			info, err := os.Stat(file.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, file.path); got != file.content || info.Mode() != file.mode {
				t.Errorf("%s: %d bytes, mode %v; want %d and %v", file.path, len(got), info.Mode(), len(file.content), file.mode)
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

func TestTheSinkIsNeverLeftAlone(t *testing.T) {
	t.Run("a silent job ticks", func(t *testing.T) {
		_, tape := follow(t, local{}, job(folder(t), "sleep 3"))
		if tape.ticks < 4 {
			t.Errorf("%d ticks in 3 s, want one every half second", tape.ticks)
		}
	})
	t.Run("a line comes at once", func(t *testing.T) {
		tape := &tape{}
		var late []time.Duration
		tape.fail = func(event string) error {
			if event == "D" {
				late = append(late, time.Since(stampOf(tape.out.String())))
			}
			return nil
		}
		if _, err := remote.Follow(t.Context(), local{}, job(folder(t), "for i in 1 2 3; do sleep 1; date +%s.%N; done"), remote.Offsets{}, tape); err != nil {
			t.Fatal(err)
		}
		for _, after := range late {
			if after > time.Second {
				t.Errorf("a line came after %s", after)
			}
		}
	})
	t.Run("its error ends Follow as it is, and the job goes on", func(t *testing.T) {
		enough := errors.New("enough")
		for _, event := range []string{"A", "S", "D", "T"} {
			dir := folder(t)
			tape := &tape{fail: func(got string) error {
				if got == event {
					return enough
				}
				return nil
			}}
			j := job(dir, "echo one; sleep 1; echo two; echo x >>count")
			if _, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, tape); err != enough {
				t.Errorf("%s: %v, want %v", event, err, enough)
			}
			end, again := follow(t, local{}, j)
			if end.ExitCode != 0 || again.out.String() != "one\ntwo\n" || read(t, filepath.Join(dir, "app/count")) != "x\n" {
				t.Errorf("%s: %+v %q", event, end, again.out.String())
			}
		}
	})
	t.Run("ctx ends Follow with its own error", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		if _, err := remote.Follow(ctx, local{}, job(folder(t), "sleep 1"), remote.Offsets{}, &tape{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
	})
}

// stampOf is the last line of a text, a time.
func stampOf(text string) time.Time {
	lines := strings.Fields(text)
	var seconds, nanoseconds int64
	_, _ = fmt.Sscanf(lines[len(lines)-1], "%d.%d", &seconds, &nanoseconds)
	return time.Unix(seconds, nanoseconds)
}

func TestSecretsAreNowhereToBeSeen(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		const secret = "correct-horse-battery-staple"
		dir := folder(t)
		j := job(dir, `echo ready; sleep 1; [ "$PASSWORD" = `+"\"$(cat expected)\" ]")
		j.Files = []remote.File{{Path: "job.env", Content: []byte("PASSWORD=" + secret)}, {Path: "expected", Content: []byte(secret)}}
		j.EnvironmentFile = "job.env"
		stop := make(chan struct{})
		var watching sync.WaitGroup
		seen := map[string]bool{}
		watching.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					watch(dir, secret, seen)
				}
			}
		})
		end, _ := follow(t, shell, j)
		close(stop)
		watching.Wait()
		if end.ExitCode != 0 {
			t.Errorf("the step did not get it: %+v", end)
		}
		for where := range seen {
			t.Errorf("the secret is in %s", where)
		}
		for _, name := range []string{"run", "step.1", "out", "err", "steps", "marks", "pid", "exit"} {
			if strings.Contains(read(t, filepath.Join(j.Spool, name)), secret) {
				t.Errorf("the secret is in the spool's %s", name)
			}
		}
	})
}

// watch notes every command line that has the secret, and every process that
// has it in its environment and is not part of a step.
func watch(dir, secret string, seen map[string]bool) {
	for pid, text := range processes(dir) {
		line, environment, _ := strings.Cut(text, "\n")
		if strings.Contains(line, secret) {
			seen["the command line of "+line] = true
		}
		step := strings.Contains(line, "step.1") || strings.HasPrefix(line, "sleep\x001\x00") || strings.HasPrefix(line, "cat\x00expected")
		if strings.Contains(environment, secret) && !step {
			seen[fmt.Sprintf("the environment of %d %q", pid, line)] = true
		}
	}
}

func TestStartingTwiceAtOnceStartsOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		for range 3 {
			dir := folder(t)
			j := job(dir, "echo x >>count; echo hello; sleep 0.3")
			j.Files = []remote.File{{Path: "file", Content: bytes.Repeat([]byte("y"), 200<<10)}}
			var together sync.WaitGroup
			tapes := make([]*tape, 5)
			for i := range tapes {
				tapes[i] = &tape{}
				together.Go(func() {
					if end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, tapes[i]); err != nil || end.ExitCode != 0 {
						t.Errorf("%+v %v", end, err)
					}
				})
			}
			together.Wait()
			starters := 0
			for _, tape := range tapes {
				if tape.started {
					starters++
				}
				if tape.out.String() != "hello\n" || tape.process != tapes[0].process {
					t.Errorf("%q by %s", tape.out.String(), tape.process)
				}
			}
			if got := read(t, filepath.Join(dir, "app/count")); got != "x\n" || starters != 1 {
				t.Errorf("started %d times, by %d", strings.Count(got, "x"), starters)
			}
		}
	})
}

func TestAHalfSentSpoolIsNeverStarted(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, sh := range []string{"dash", "bash"} {
		dir := folder(t)
		j := job(dir, "echo x >>count")
		j.Files = []remote.File{{Path: "file", Content: bytes.Repeat([]byte("y"), 60<<10)}}
		script := remote.FollowScript(j, remote.Offsets{})
		last := strings.LastIndex(script, "begin")
		cuts := []int{0, last - 1, last, last + 1, last + 4, strings.Index(script, "chunk 0"), strings.LastIndex(script, "chunk") + 5}
		for range 30 {
			cuts = append(cuts, random.IntN(last))
		}
		for _, cut := range cuts {
			_, _ = local{sh: sh}.Run(t.Context(), script[:cut], nil, new(bytes.Buffer), new(bytes.Buffer))
			left, _ := filepath.Glob(filepath.Join(dir, "app", "*"))
			if stages, _ := filepath.Glob(filepath.Join(j.Spool, "*")); len(left)+len(stages) > 0 {
				t.Fatalf("%s, cut at %d of %d: left %v %v", sh, cut, len(script), left, stages)
			}
		}
		if end, _ := follow(t, local{sh: sh}, j); end.ExitCode != 0 || read(t, filepath.Join(dir, "app/count")) != "x\n" {
			t.Errorf("%+v", end)
		}
	}
}

func TestLostJobs(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		j := job(dir, "echo before; echo $$ >pid; sleep 0.3; sleep 1")
		tape := &tape{}
		tape.fail = func(event string) error {
			if event == "D" {
				leader := 0
				_, _ = fmt.Sscan(tape.process, &leader)
				kill(leader)
			}
			return nil
		}
		end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, tape)
		if err != nil || !end.Lost || end.Rebooted || tape.out.String() != "before\n" {
			t.Fatalf("%+v %v %q, want lost", end, err, tape.out.String())
		}
		// What the server says of its boots decides why.
		line := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))
		line[2] = "00000000-0000-0000-0000-000000000000"
		if err := os.WriteFile(filepath.Join(j.Spool, "pid"), []byte(strings.Join(line, " ")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if end, again := follow(t, shell, j); !end.Lost || !end.Rebooted || again.out.String() != "before\n" || again.started {
			t.Errorf("%+v, want lost by a restart", end)
		}
	})
	t.Run("one that was read and is gone is not started again", func(t *testing.T) {
		dir := folder(t)
		end, err := remote.Follow(t.Context(), local{}, job(dir, "echo x >>count"), remote.Offsets{Out: 1}, &tape{})
		if _, absent := os.Stat(filepath.Join(dir, "app/count")); err != nil || !end.Lost || absent == nil {
			t.Errorf("%+v %v", end, err)
		}
	})
}

func TestRemove(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		j := job(dir, "echo out; until [ -e go ]; do sleep 0.1; done")
		tape := &tape{fail: func(event string) error {
			if event == "D" {
				return errors.New("enough")
			}
			return nil
		}}
		_, _ = remote.Follow(t.Context(), shell, j, remote.Offsets{}, tape)
		if err := remote.Remove(t.Context(), shell, j); !errors.Is(err, fault.Conflict) {
			t.Errorf("of one that is alive: %v, want Conflict", err)
		}
		write(t, filepath.Join(dir, "app/go"), "")
		if end, again := follow(t, shell, j); end.ExitCode != 0 || again.out.String() != "out\n" {
			t.Errorf("%+v %q", end, again.out.String())
		}
		for range 2 { // the second finds nothing
			if err := remote.Remove(t.Context(), shell, j); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(j.Spool); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the spool is still there: %v", err)
		}
	})
}
