package remote_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
)

// own is how a step finds its spool: by the path of its script.
const own = `spool=${0%/*}; `

// TestTamperingWithTheSpoolIsFound has steps that change their spool as a careless
// command might. No such job may end as a success, and none may be left
// running.
func TestTamperingWithTheSpoolIsFound(t *testing.T) {
	for name, script := range map[string]string{
		"removes it":                     `rm -rf "$spool"; sleep 300`,
		"removes it and is over":         `rm -rf "$spool"`,
		"removes it and kills its shell": `rm -rf "$spool"; kill -9 $PPID; sleep 300`,
		"writes an exit and runs on":     `echo "0 1.0 6 0 0" >"$spool/exit"; sleep 300`,
		"writes an exit and kills its shell": `echo "0 1.0 6 0 0" >"$spool/exit"
kill -9 $PPID
sleep 300`,
		"writes an exit that makes no sense":     `echo "no" >"$spool/exit"; sleep 300`,
		"writes an exit of more than there is":   `echo "0 1.0 600 0 0" >"$spool/exit"; sleep 300`,
		"cuts its output off":                    `: >"$spool/out"`,
		"cuts its output off and writes as much": `: >"$spool/out"; echo again and again; sleep 0.3`,
		"removes its output":                     `rm "$spool/out"`,
		"puts another file in place of its output": `cp "$spool/out" "$spool/x"
mv "$spool/x" "$spool/out"
echo more`,
		"cuts off the notes of its steps": `: >"$spool/steps"; sleep 300`,
		"ends what carries its output":    `kill -9 $(cat "$spool/pump.out")`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shell := busybox(t)
			dir := folder(t)
			j := job(dir, own+"echo ready; until [ -e go ]; do sleep 0.01; done; "+script)
			tape, ended := begin(t, shell, j, "ready\n")
			write(t, filepath.Join(j.Dir, "go"), "")
			if end := ended(); !end.Lost || !end.Tampered && !strings.Contains(name, "kills its shell") {
				t.Errorf("%+v %q, want it tampered with", end, tape.out.String())
			}
			got, err := remote.Stop(t.Context(), shell, j, 100*time.Millisecond)
			if left := processesOf(dir, shell); err != nil || len(left) > 0 {
				t.Errorf("%+v %v, left %v", got, err, left)
			}
		})
	}
}

// TestAChildThatStillWritesIsNoTampering has a job end while a child that it left
// writes as fast as it can.
func TestAChildThatStillWritesIsNoTampering(t *testing.T) {
	for name, shell := range locals(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := folder(t)
			j := job(dir,
				"(setsid sh -c 'while :; do echo out; echo err >&2; done' &); echo ready; sleep 0.2")
			_, ended := begin(t, shell, j, "ready\n")
			end := ended()
			for pid := range processesOf(dir, shell) {
				kill(pid)
			}
			if end.Lost || end.Tampered || end.ExitCode != 0 {
				t.Errorf("%+v, want a good end", end)
			}
		})
	}
}

// TestALostJobLosesNoOutput kills a job's whole process group after it has
// written much.
func TestALostJobLosesNoOutput(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		dir := folder(t)
		j := job(dir, "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); echo line $i; done; kill -9 0")
		tape := &tape{}
		end, err := remote.Follow(t.Context(), shell, j, remote.Offsets{}, tape)
		if err != nil || !end.Lost || end.Tampered || end.Missing != remote.MissingNothing ||
			tape.out.String() != numbered("line", 2000) {
			t.Errorf("%+v %v, %d bytes; want all lines of a lost job", end, err, tape.out.Len())
		}
	})
	t.Run("unless what carries it is killed too, and says so", func(t *testing.T) {
		j := job(folder(t), own+`echo ready; kill -9 $(cat "$spool/pump.out") $(cat "$spool/pump.err") $PPID`)
		if end, err := remote.Follow(t.Context(), local{}, j, remote.Offsets{}, &tape{}); err != nil ||
			!end.Lost || end.Missing != remote.MissingPipes {
			t.Errorf("%+v %v, want what the pipes hold to be missing", end, err)
		}
	})
}

// TestStopFindsProcessesThatLeftTheSession stops processes without the job's
// environment, in their own session, and in one case under another user.
func TestStopFindsProcessesThatLeftTheSession(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change to another user; run the tests as root")
	}
	for name, script := range map[string]string{
		"another user's, in a session of its own": "setpriv --reuid 65534 --clear-groups env -i sh -c " +
			"'setsid sleep 7781 & exec true'; echo ready; sleep 300",
		"no environment, in a session of its own": "(env -i setsid sleep 7782 &); echo ready; sleep 300",
	} {
		t.Run(name, func(t *testing.T) {
			program := strings.Fields(script[strings.Index(script, "setsid"):])[2]
			j := job(folder(t), script)
			_, ended := begin(t, local{}, j, "ready\n")
			await(t, "the process that hides", func() bool { return len(sleepers(program)) == 1 })
			got, err := remote.Stop(t.Context(), local{}, j, 100*time.Millisecond)
			left := sleepers(program)
			for _, pid := range left {
				kill(pid)
			}
			if got.Blind && err == nil {
				t.Skip("this machine has no cgroup 2 that root may write: the stop says that it is blind")
			}
			if err != nil || len(left) > 0 ||
				!slices.ContainsFunc(got.Killed, func(p remote.Process) bool { return p.Name == "sleep" }) {
				t.Errorf("%+v %v, left %v", got, err, left)
			}
			ended()
			wantNoGroup(t, j)
			follow(t, local{}, job(filepath.Join(j.Dir, "other"), "true"))
			wantNoGroup(t, job(filepath.Join(j.Dir, "other")))
		})
	}
}

// TestStopFindsProcessesByAuditSession has a login with an audit session, which
// PAM usually begins, and without a control group, because the user may not
// make one.
func TestStopFindsProcessesByAuditSession(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can change to another user; run the tests as root")
	}
	if _, err := os.Stat("/proc/self/loginuid"); err != nil && os.Getenv("WAYBILL_CI") == "" {
		t.Skipf("this kernel has no audit: %v", err)
	}
	dir := folder(t)
	login := filepath.Join(dir, "login")
	text := "#!/bin/sh\nset -e\necho 65534 >/proc/self/loginuid\n" +
		"exec " + need(t, "setpriv") + " --reuid 65534 --regid 65534 --clear-groups sh \"$@\"\n"
	err := os.WriteFile(login, []byte(text), 0o755)
	if err := errors.Join(err, os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	shell := local{sh: login}
	j := job(dir, "(env -i setsid sleep 7783 &); echo ready; sleep 300")
	_, ended := begin(t, shell, j, "ready\n")
	await(t, "the process that hides", func() bool { return len(sleepers("7783")) == 1 })
	fields := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))
	session := strings.TrimSpace(read(t, fmt.Sprintf("/proc/%d/sessionid", sleepers("7783")[0])))
	if got, want := fields[6:], []string{session, "0"}; !slices.Equal(got, want) {
		t.Fatalf("the job notes audit session and control group %q, want %q", got, want)
	}
	// Two other processes of the same user, one in another audit session and
	// one in none.
	other := exec.Command(login, "-c", "exec sleep 7784")
	none := exec.Command("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "sleep", "7785")
	for _, command := range []*exec.Cmd{other, none} {
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = command.Process.Kill(); _ = command.Wait() }()
	}
	await(t, "the others", func() bool { return len(sleepers("7784"))+len(sleepers("7785")) == 2 })
	got, err := remote.Stop(t.Context(), shell, j, 100*time.Millisecond)
	left := sleepers("7783")
	for _, pid := range left {
		kill(pid)
	}
	named := slices.ContainsFunc(got.Killed, func(p remote.Process) bool { return p.Name == "sleep" })
	if err != nil || got.Blind || len(left) > 0 || !named {
		t.Errorf("%+v %v, left %v", got, err, left)
	}
	if len(sleepers("7784")) != 1 || len(sleepers("7785")) != 1 {
		t.Error("a process of another login was hit")
	}
	ended()
}

// TestStopSparesOtherSessionsOfItsLogin runs another command over the
// connection that starts, follows and stops a job. PAM gives all of them one
// audit session.
func TestStopSparesOtherSessionsOfItsLogin(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can have PAM begin an audit session; run the tests as root")
	}
	shell := dial(t, remotetest.OpenSSH(t, remotetest.Setup{Lines: []string{"UsePAM yes"}}))
	j := job(folder(t), "(env -i setsid sleep 7786 &); echo ready; sleep 300")
	_, ended := begin(t, shell, j, "ready\n")
	var other sync.WaitGroup
	other.Go(func() {
		_, _ = shell.Run(t.Context(), "sleep 7787", nil, io.Discard, io.Discard)
	})
	all := func() []int { return slices.Concat(sleepers("7786"), sleepers("7787")) }
	await(t, "the processes", func() bool { return len(all()) == 2 })
	defer func() {
		for _, pid := range all() {
			kill(pid)
		}
		other.Wait()
	}()
	for _, pid := range all() {
		got := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))[6]
		want := strings.TrimSpace(read(t, fmt.Sprintf("/proc/%d/sessionid", pid)))
		if got != want {
			t.Fatalf("the job is in audit session %s and process %d in %s, want the same", got, pid, want)
		}
	}
	got, err := remote.Stop(t.Context(), shell, j, 100*time.Millisecond)
	if err != nil || got.Blind || len(sleepers("7786")) > 0 || len(sleepers("7787")) != 1 {
		t.Errorf("%+v %v; want 7786 ended and 7787 alive of %v", got, err, all())
	}
	ended()
}

// sleepers returns the processes that run sleep with so many seconds.
func sleepers(seconds string) []int {
	var found []int
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		if line, _ := os.ReadFile(path); string(line) == "sleep\x00"+seconds+"\x00" {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}

// TestADiskWithoutInodes checks that such a disk is refused with its own
// message.
func TestADiskWithoutInodes(t *testing.T) {
	dir := smallDisk(t, 1024)
	if output, err := exec.Command("mount", "-o", "remount,nr_inodes=4", dir).CombinedOutput(); err != nil {
		t.Skipf("cannot limit the inodes of a disk: %v %s", err, output)
	}
	for i := 0; ; i++ {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), nil, 0o600); err != nil {
			break
		}
	}
	_, err := remote.Follow(t.Context(), local{}, job(dir, "true"), remote.Offsets{}, &tape{})
	if !errors.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "no inodes left") {
		t.Errorf("%v, want it refused for want of inodes", err)
	}
}

// wantNoGroup fails the test unless the job's control group disappears.
func wantNoGroup(t *testing.T, j remote.Job) {
	t.Helper()
	cookie := strings.Fields(read(t, filepath.Join(j.Spool, "pid")))[3]
	await(t, "the control group to go", func() bool {
		gone := true
		_ = filepath.WalkDir("/sys/fs/cgroup", func(path string, _ os.DirEntry, _ error) error {
			gone = gone && filepath.Base(path) != "waybill-"+cookie
			return nil // other groups may appear and vanish meanwhile
		})
		return gone
	})
}
