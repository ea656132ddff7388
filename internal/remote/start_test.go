package remote_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"testing"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

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
					if end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{},
						tapes[i]); err != nil || end.ExitCode != 0 {
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
	for sh, shell := range locals(t) {
		dir := folder(t)
		j := job(dir, "echo x >>count")
		j.Files = []remote.File{{Path: "file", Content: bytes.Repeat([]byte("y"), 60<<10)}}
		script := remote.FollowScript(j, remote.Offsets{})
		last := strings.LastIndex(script, "begin")
		cuts := []int{0, last - 1, last, last + 1, last + 4, strings.Index(script, "receive 0"),
			strings.LastIndex(script, "chunk") + 5}
		for range 30 {
			cuts = append(cuts, random.IntN(last))
		}
		for _, cut := range cuts {
			_, _ = shell.Run(t.Context(), script[:cut], nil, new(bytes.Buffer), new(bytes.Buffer))
			left, _ := filepath.Glob(filepath.Join(dir, "app", "*"))
			if stages, _ := filepath.Glob(filepath.Join(j.Spool, "*")); len(left)+len(stages) > 0 {
				t.Fatalf("%s, cut at %d of %d: left %v %v", sh, cut, len(script), left, stages)
			}
		}
		if end, _ := follow(t, shell, j); end.ExitCode != 0 ||
			read(t, filepath.Join(dir, "app/count")) != "x\n" {
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
		// The boot id in the pid file decides whether the job was lost by a
		// restart.
		line := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))
		line[2] = "00000000-0000-0000-0000-000000000000"
		if err := os.WriteFile(filepath.Join(j.Spool, "pid"), []byte(strings.Join(line, " ")+"\n"),
			0o600); err != nil {
			t.Fatal(err)
		}
		if end, again := follow(t, shell, j); !end.Lost || !end.Rebooted ||
			again.out.String() != "before\n" || again.started {
			t.Errorf("%+v, want lost by a restart", end)
		}
	})
	t.Run("one that was read and is gone is not started again", func(t *testing.T) {
		dir := folder(t)
		end, err := remote.Follow(t.Context(), local{}, job(dir, "echo x >>count"), remote.Offsets{Out: 1},
			&tape{})
		if _, absent := os.Stat(filepath.Join(dir, "app/count")); err != nil || !end.Lost || absent == nil {
			t.Errorf("%+v %v", end, err)
		}
	})
}

func TestRemove(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		j := job(dir, "echo out; until [ -e go ]; do sleep 0.05; done")
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
		if err := os.WriteFile(filepath.Join(dir, "app/go"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if end, again := follow(t, shell, j); end.ExitCode != 0 || again.out.String() != "out\n" {
			t.Errorf("%+v %q", end, again.out.String())
		}
		for range 2 { // the second time there is no spool
			if err := remote.Remove(t.Context(), shell, j); err != nil {
				t.Error(err)
			}
		}
		if _, err := os.Stat(j.Spool); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the spool is still there: %v", err)
		}
	})
}

// The job is about to end: its final sizes are measured while a child still writes.
func TestOutputAfterTheFinalSizesIsNotSent(t *testing.T) {
	j := job(folder(t), "true")
	spool := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(j.Spool, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(j.Spool, 0o700); err != nil {
		t.Fatal(err)
	}
	shell := exec.Command("sleep", "300")
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = shell.Process.Kill(); _ = shell.Wait() }()
	pid := strings.Join(append(pidLine(t, shell.Process.Pid), "65536"), " ") + "\n"
	for name, text := range map[string]string{"pid": pid, "out": "0123456789", "err": "", "marks": "",
		"exit.tmp": "", "steps": "S 1 1.0 0 0 \n"} {
		spool(name, text)
	}
	tape := &tape{}
	tape.fail = func(event string) error {
		if event == "T" && tape.ticks == 4 {
			if tape.out.Len() > 0 {
				t.Errorf("sent %q before the final size was known", tape.out.String())
			}
			spool("exit", "0 2.0 5 0 0\n")
			return shell.Process.Kill()
		}
		return nil
	}
	end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, tape)
	if err != nil || end.Out != 5 || tape.out.String() != "01234" {
		t.Errorf("%+v %v %q, want the first five bytes", end, err, tape.out.String())
	}
}
