package background_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"waybill/localstack/background"
	"waybill/localstack/progress"
)

// start runs a script in the background and stops it at the end of the test.
func start(t *testing.T, script string, args ...string) background.Process {
	t.Helper()
	command := exec.Command("sh", append([]string{"-c", script, "sh"}, args...)...)
	command.Env = []string{"PATH=" + os.Getenv("PATH")}
	p, err := background.Start(command, filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Stop(context.Background(), 0) })
	return p
}

// pid waits for the pid that a script writes to the file.
func pid(t *testing.T, file string) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var number int
	err := progress.Poll(ctx, 10*time.Millisecond, func() (bool, error) {
		text, _ := os.ReadFile(file)
		var err error
		number, err = strconv.Atoi(strings.TrimSpace(string(text)))
		return err == nil, nil
	})
	if err != nil {
		t.Fatalf("no pid in %s: %v", file, err)
	}
	return number
}

// runs reports whether a process runs. A zombie does not count.
func runs(pid int) bool {
	if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil {
		return !strings.Contains(string(stat), ") Z ")
	}
	return false
}

func stop(t *testing.T, p background.Process) {
	t.Helper()
	if err := p.Stop(t.Context(), 200*time.Millisecond); err != nil {
		t.Error(err)
	}
}

func TestStop(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("needs /proc to see what is left: run it on Linux")
	}
	t.Run("a process that ends when asked is gone", func(t *testing.T) {
		p := start(t, "sleep 60")
		if !p.Alive() {
			t.Fatal("it is not alive")
		}
		stop(t, p)
		if p.Alive() {
			t.Error("it is alive after Stop")
		}
	})
	t.Run("one that does not listen is ended by force", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "pid")
		p := start(t, `trap "" TERM; echo $$ > "$1"; while :; do sleep 1; done`, file)
		pid(t, file)
		stop(t, p)
		if p.Alive() {
			t.Error("it is alive after Stop")
		}
	})
	t.Run("children go too, also those in sessions of their own and those of a leader that died", func(
		t *testing.T,
	) {
		dir := t.TempDir()
		p := start(t,
			`cd "$1"; sleep 61 & echo $! >child; setsid sh -c 'echo $$ >own; exec sleep 62' & wait`, dir)
		child, own := pid(t, filepath.Join(dir, "child")), pid(t, filepath.Join(dir, "own"))
		if err := syscall.Kill(p.PID, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		stop(t, p)
		for name, pid := range map[string]int{"the child": child, "the one in its own session": own} {
			if runs(pid) {
				t.Errorf("%s is left", name)
			}
		}
	})
	t.Run("a stranger with the same pid is left alone", func(t *testing.T) {
		stranger := start(t, "sleep 63")
		old := stranger
		old.Cookie = "another"
		if old.Alive() {
			t.Error("it takes the stranger for itself")
		}
		stop(t, old)
		if !stranger.Alive() {
			t.Error("the stranger is gone")
		}
	})
	t.Run("an empty note names nobody", func(t *testing.T) {
		stop(t, background.Process{})
	})
}

func TestStart(t *testing.T) {
	t.Run("what the process prints is in its log", func(t *testing.T) {
		log := filepath.Join(t.TempDir(), "log")
		command := exec.Command("sh", "-c", "echo out; echo err >&2; sleep 60")
		command.Env = []string{"PATH=" + os.Getenv("PATH")}
		p, err := background.Start(command, log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Stop(context.Background(), 0) })
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		var text []byte
		if err := progress.Poll(ctx, 10*time.Millisecond, func() (bool, error) {
			text, err = os.ReadFile(log)
			return string(text) == "out\nerr\n", err
		}); err != nil {
			t.Errorf("the log is %q: %v", text, err)
		}
	})
	t.Run("a command that is not there is an error", func(t *testing.T) {
		if _, err := background.Start(exec.Command("/nonexistent"),
			filepath.Join(t.TempDir(), "log")); err == nil {
			t.Error("no error")
		}
	})
}

func TestContain(t *testing.T) {
	t.Run("the end of the context ends the children, too", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "pid")
		ctx, cancel := context.WithCancel(t.Context())
		command := exec.CommandContext(ctx, "sh", "-c", `sleep 65 & echo $! >"$1"; wait`, "sh", file)
		background.Contain(command)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		child := pid(t, file)
		cancel()
		if err := command.Wait(); err == nil {
			t.Error("it ended well")
		}
		patience, stop := context.WithTimeout(t.Context(), 10*time.Second)
		defer stop()
		if err := progress.Poll(patience, 10*time.Millisecond, func() (bool, error) {
			return !runs(child), nil
		}); err != nil {
			t.Error("the child is left")
		}
	})
}

func TestNotes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "note.json")
	var got background.Process
	t.Run("nothing was noted", func(t *testing.T) {
		if found, err := background.Load(file, &got); found || err != nil {
			t.Errorf("found %v, error %v", found, err)
		}
	})
	t.Run("a note comes back as it was, and nobody else can read it", func(t *testing.T) {
		want := background.Process{PID: 7, Cookie: "c"}
		if err := background.Save(file, want); err != nil {
			t.Fatal(err)
		}
		if found, err := background.Load(file, &got); !found || err != nil || got != want {
			t.Errorf("got %+v, %v, %v", got, found, err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	})
	t.Run("a broken note is as good as none", func(t *testing.T) {
		if err := os.WriteFile(file, []byte("{"), 0o600); err != nil {
			t.Fatal(err)
		}
		if found, err := background.Load(file, &got); found || err != nil {
			t.Errorf("found %v, error %v", found, err)
		}
	})
}
