package remote_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/remote"
)

const deaf = `sh -c 'trap "" TERM HUP; while :; do sleep 0.1; done'`

// TestP7NothingOfAStoppedJobIsLeft stops jobs that resist.
func TestP7NothingOfAStoppedJobIsLeft(t *testing.T) {
	for _, fixture := range []struct {
		name, script string
		exit         int
		killed       string // the name of a process that must be among the killed
	}{
		{"a polite one", "echo ready; sleep 300", 143, "sleep"},
		{"one that traps TERM", "trap '' TERM; echo ready; while :; do sleep 0.1; done", 137, "sh"},
		{"one that ends well after TERM",
			"trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.1; done", 7, "sh"},
		{"one that counts its TERMs", "n=0; trap 'n=$((n+1))' TERM; echo ready; while [ $n = 0 ]; do " +
			"sleep 0.02 || :; done; sleep 0.3; exit $((n+10))", 11, "sh"},
		{"one that forks twice", "(" + deaf + " &) & echo ready; sleep 300", 143, "sh"},
		{"one in a session of its own", "(setsid " + deaf + " &); setsid sleep 300 & echo ready; wait", 143,
			"sh"},
		{"one that empties its environment", "(env -i " + deaf + " &); echo ready; env -i sleep 300", 143,
			"sh"},
		{"one that holds a pipe",
			"setsid sh -c 'trap \"\" TERM; while :; do echo tick; sleep 0.05; done' & echo ready; sleep 300",
			143, "sh"},
		{"a tree", "for i in 1 2 3; do sh -c 'sleep 300 & (" + strings.ReplaceAll(deaf, "'", `'\''`) +
			") & wait' & done; echo ready; wait", 143, "sleep"},
		{"one that forks all the time",
			"setsid sh -c 'while :; do sleep 0.03 & sleep 0.01; done' & echo ready; sleep 300", 143, "sh"},
		{"one that is asleep for good", "setsid " + deaf + " & kill -STOP $!; echo ready; sleep 300", 143,
			"sh"},
		{"one with an odd name", "cp " + need(t, "sleep") +
			" 'a) S 1 1 1'; ./'a) S 1 1 1' 300 & echo ready; wait", 143, "a__S_1_1_1"},
	} {
		for _, sh := range []string{"dash", "bash"} {
			t.Run(fixture.name+", "+sh, func(t *testing.T) {
				t.Parallel()
				stopped(t, local{sh: sh}, fixture.script, fixture.exit, fixture.killed)
			})
		}
	}
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		stopped(t, shell, "setsid "+deaf+" & echo ready; sleep 300", 143, "sleep")
	})
}

// TestStopNamesAProcessWithABlank runs with the tools of busybox, too: its tr
// cannot repeat a character to the length of a set.
func TestStopNamesAProcessWithABlank(t *testing.T) {
	script := "cp " + need(t, "sleep") + " 'npm start'; ./'npm start' 300 & echo ready; wait"
	for name, shell := range map[string]remote.Shell{"busybox": busybox(t), "coreutils": local{}} {
		t.Run(name, func(t *testing.T) { stopped(t, shell, script, 143, "npm_start") })
	}
}

func stopped(t *testing.T, shell remote.Shell, script string, exit int, killed string) {
	t.Helper()
	dir := folder(t)
	j := job(dir, script, "echo never", "echo not this")
	j.Steps[2].OnFailure = true
	tape, ended := begin(t, shell, j, "ready\n")
	bystanders := bystanders(t, j)
	got, err := remote.Stop(t.Context(), shell, j, time.Second)
	if err != nil || !got.Running || len(got.Survivors) > 0 {
		t.Fatalf("%+v %v, want no survivors", got, err)
	}
	if left := processesOf(dir, shell); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if !slices.ContainsFunc(got.Killed, func(p remote.Process) bool { return p.Name == killed }) {
		t.Errorf("killed %v, want a %s among them", got.Killed, killed)
	}
	end := ended()
	if end.Lost || end.ExitCode != exit || tape.steps() != "S1 E1" {
		t.Errorf("%+v %s, want exit %d and nothing more run", end, tape.steps(), exit)
	}
	bystanders(got)
}

// processesOf returns the job's processes that are still there after a while.
// The job's own shell and its pumps may need a moment to end.
func processesOf(dir string, shell remote.Shell) map[int]string {
	left := map[int]string{}
	deadline := time.Now().Add(5 * time.Second)
	for ; time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		left = processes(dir)
		for pid, line := range left {
			if strings.HasPrefix(line, "sh\x00-s\x00") || strings.Contains(line, "sshd") {
				delete(left, pid) // the session that follows the job
			}
		}
		if len(left) == 0 {
			break
		}
	}
	return left
}

// bystanders starts processes that look like the job's. The function that it
// returns checks that they are alive.
func bystanders(t *testing.T, j remote.Job) func(got remote.Stopped) {
	t.Helper()
	cookie := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))[3]
	var commands []*exec.Cmd
	for _, variable := range []string{
		"WAYBILL_JOB=" + cookie + "X", "X=WAYBILL_JOB=" + cookie, "XWAYBILL_JOB=" + cookie,
		"X=\nWAYBILL_JOB=" + cookie + "\n", "WAYBILL_JOB=", "WAYBILL_COOKIE=" + cookie,
	} {
		command := exec.Command("sleep", "300")
		command.Env = []string{variable, "PATH=" + os.Getenv("PATH")}
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
		commands = append(commands, command)
	}
	return func(got remote.Stopped) {
		t.Helper()
		for _, command := range commands {
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", command.Process.Pid))
			if strings.Contains(string(status), ") Z ") {
				t.Errorf("a bystander with %q was hit", command.Env[0])
			}
			for _, process := range got.Killed {
				if process.PID == command.Process.Pid || process.PID == os.Getpid() {
					t.Errorf("killed %v", process)
				}
			}
		}
	}
}

// TestStop checks some victims by their state. A victim that was hit is a
// zombie (Z) until the test waits for it. A victim that was not hit may be in
// any other state, because a busy machine may not have let it sleep yet.
func TestStop(t *testing.T) {
	t.Run("what a program prints or writes down changes nothing", func(t *testing.T) {
		victim := exec.Command("sleep", "300")
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()
		j := job(folder(t), fmt.Sprintf(
			"for n in 1 %d; do echo PID: $n; echo $n >pid; echo pid=$n >&2; done; echo ready; sleep 300",
			victim.Process.Pid))
		_, ended := begin(t, local{}, j, "ready\n")
		got, err := remote.Stop(t.Context(), local{}, j, time.Second)
		if end := ended(); err != nil || end.ExitCode != 143 {
			t.Errorf("%+v %v %+v", got, err, end)
		}
		if status := read(t,
			fmt.Sprintf("/proc/%d/stat", victim.Process.Pid)); strings.Contains(status, ") Z ") {
			t.Error("it was hit")
		}
	})
	t.Run("a pid file of another time or another boot names nobody", func(t *testing.T) {
		for field, other := range map[int]string{1: "1", 2: "00000000-0000-0000-0000-000000000000"} {
			victim := exec.Command("sleep", "300")
			victim.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = victim.Process.Kill(); _ = victim.Wait() }()
			j := job(folder(t))
			words := pidLine(t, victim.Process.Pid)
			words[field] = other
			if err := errors.Join(os.MkdirAll(j.Spool, 0o700), os.MkdirAll(j.Dir, 0o700)); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(j.Spool, "pid"), strings.Join(words, " ")+"\n")
			write(t, filepath.Join(j.Spool, "lock"), "")
			if got, err := remote.Stop(t.Context(), local{}, j, time.Second); err != nil || got.Running ||
				len(got.Killed) > 0 {
				t.Errorf("%+v %v", got, err)
			}
			if status := read(t,
				fmt.Sprintf("/proc/%d/stat", victim.Process.Pid)); strings.Contains(status, ") Z ") {
				t.Error("it was hit")
			}
		}
	})
	t.Run("a job that has ended is left alone, and so is what it left behind", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, "setsid sleep 300 >/dev/null 2>&1 & echo $! >left")
		follow(t, local{}, j)
		got, err := remote.Stop(t.Context(), local{}, j, time.Second)
		if diff := cmp.Diff(got, remote.Stopped{}); err != nil || diff != "" {
			t.Errorf("%v, got - want +\n%s", err, diff)
		}
		left, _ := strconv.Atoi(strings.TrimSpace(read(t, filepath.Join(dir, "app/left"))))
		if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
			t.Errorf("what it left behind: %v", err)
		}
	})
	t.Run("one that has not begun never will", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, "echo x >>count")
		if got, err := remote.Stop(t.Context(), local{}, j, time.Second); err != nil || got.Running {
			t.Errorf("%+v %v", got, err)
		}
		end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, &tape{})
		if _, absent := os.Stat(filepath.Join(dir, "app/count")); err != nil || !end.Lost || absent == nil {
			t.Errorf("%+v %v, want lost", end, err)
		}
	})
	t.Run("one that was cut off can be repeated", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, "setsid "+deaf+" & echo ready; sleep 300")
		_, ended := begin(t, local{}, j, "ready\n")
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			ended()
			cancel()
		}()
		if _, err := remote.Stop(ctx, local{}, j, time.Minute); !errors.Is(err, context.Canceled) {
			t.Fatalf("%v, want it cut off", err)
		}
		got, err := remote.Stop(t.Context(), local{}, j, time.Second)
		if left := processesOf(dir, local{}); err != nil || !got.Running || len(got.Killed) == 0 ||
			len(left) > 0 {
			t.Errorf("%+v %v, left %v", got, err, left)
		}
	})
	t.Run("one whose own shell does not note the end is lost", func(t *testing.T) {
		j := job(folder(t), "echo ready; sleep 300")
		tape, ended := begin(t, local{}, j, "ready\n")
		leader, _ := strconv.Atoi(strings.Fields(tape.process)[0])
		if err := syscall.Kill(leader, syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		got, err := remote.Stop(t.Context(), local{}, j, 100*time.Millisecond)
		if end := ended(); err != nil || !end.Lost ||
			!slices.ContainsFunc(got.Killed, func(p remote.Process) bool { return p.PID == leader }) {
			t.Errorf("%+v %v %+v", got, err, end)
		}
	})
	t.Run("what is left of a lost one goes too", func(t *testing.T) {
		dir := folder(t)
		j := job(dir, deaf+" & echo ready; wait")
		tape, ended := begin(t, local{}, j, "ready\n")
		leader, _ := strconv.Atoi(strings.Fields(tape.process)[0])
		kill(leader)
		ended()
		got, err := remote.Stop(t.Context(), local{}, j, 100*time.Millisecond)
		if left := processesOf(dir, local{}); err != nil || got.Running || len(got.Killed) == 0 ||
			len(left) > 0 {
			t.Errorf("%+v %v, left %v", got, err, left)
		}
	})
	t.Run("a process of another user survives, and is named", func(t *testing.T) {
		survivor(t)
	})
}

// pidLine returns the words of a pid file for a job whose shell is the process.
func pidLine(t *testing.T, pid int) []string {
	t.Helper()
	_, fields, _ := strings.Cut(read(t, fmt.Sprintf("/proc/%d/stat", pid)), ") ")
	boot := strings.TrimSpace(read(t, "/proc/sys/kernel/random/boot_id"))
	return []string{strconv.Itoa(pid), strings.Fields(fields)[19], boot, "COOKIE", "2"}
}

// survivor has an unprivileged job start a process of root, as sudo would.
func survivor(t *testing.T) {
	t.Helper()
	setpriv, err := exec.LookPath("setpriv")
	if os.Geteuid() != 0 || err != nil {
		t.Skip("only root can make a program that is root's for all; run the tests as root, with util-linux")
	}
	dir := folder(t)
	program, err := os.ReadFile(setpriv)
	if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "become"), program, 0o755),
		os.Chmod(filepath.Join(dir, "become"), 0o4755|os.ModeSetuid), os.Chmod(dir,
			0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	nobody := local{user: 65534}
	j := job(dir, filepath.Join(dir, "become")+" --reuid 0 sleep 300 & echo ready; wait")
	_, ended := begin(t, nobody, j, "ready\n")
	await(t, "the process of root", func() bool { return len(asRoot(dir)) == 1 })
	got, err := remote.Stop(t.Context(), nobody, j, 100*time.Millisecond)
	root := asRoot(dir)
	if err != nil || len(got.Survivors) != 1 || len(root) != 1 || got.Survivors[0].PID != root[0] ||
		got.Survivors[0].Name != "sleep" {
		t.Errorf("%+v %v, want %v to survive", got, err, root)
	}
	for _, pid := range root {
		kill(pid)
	}
	if end := ended(); end.ExitCode != 143 {
		t.Errorf("%+v", end)
	}
}

// asRoot returns root's processes that run sleep for the job.
func asRoot(dir string) []int {
	var found []int
	for pid, line := range processes(dir) {
		info, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
		if err == nil && info.Sys().(*syscall.Stat_t).Uid == 0 && strings.HasPrefix(line, "sleep\x00") {
			found = append(found, pid)
		}
	}
	return found
}

func TestStopRefusesInvalidInput(t *testing.T) {
	if _, err := remote.Stop(t.Context(), said{}, remote.Job{}, 0); !errors.Is(err, fault.Invalid) {
		t.Errorf("%v, want Invalid", err)
	}
	if _, err := remote.Leftovers(t.Context(), said{}, "runs"); !errors.Is(err, fault.Invalid) {
		t.Errorf("%v, want Invalid", err)
	}
}

func TestLeftovers(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		if got, err := remote.Leftovers(t.Context(), shell, dir); err != nil || len(got) > 0 {
			t.Errorf("%v %v, want none", got, err)
		}
		named := func(name, script string) remote.Job {
			j := job(dir, script)
			j.Spool, j.Dir = filepath.Join(dir, "runs", name), filepath.Join(dir, name)
			return j
		}
		follow(t, shell, named("ended", "true"))
		alive := named("alive", "echo ready; until [ -e go ]; do sleep 0.1; done")
		_, ended := begin(t, shell, alive, "ready\n")
		for _, name := range []string{"bare", "od d", "-x"} {
			if err := os.Mkdir(filepath.Join(dir, "runs", name), 0o700); err != nil {
				t.Fatal(err)
			}
		}
		got, err := remote.Leftovers(t.Context(), shell, dir)
		if diff := cmp.Diff(got, []string{"bare", "ended"}); err != nil || diff != "" {
			t.Errorf("%v, got - want +\n%s", err, diff)
		}
		for _, name := range got {
			if err := remote.Remove(t.Context(), shell, remote.Job{Spool: filepath.Join(dir, "runs", name),
				Dir: filepath.Join(dir, name)}); err != nil {
				t.Error(err)
			}
		}
		write(t, filepath.Join(alive.Dir, "go"), "")
		if end := ended(); end.ExitCode != 0 {
			t.Errorf("%+v", end)
		}
		if got, err := remote.Leftovers(t.Context(), shell, dir); err != nil ||
			cmp.Diff(got, []string{"alive"}) != "" {
			t.Errorf("%v %v, want alive, which has ended", got, err)
		}
	})
}
