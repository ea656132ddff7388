package remote_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

// local is a shell on this machine, without SSH.
type local struct {
	sh   string   // "sh" if empty
	env  []string // the environment of this process if nil
	user uint32   // run as this user if not 0
}

func (l local) Run(ctx context.Context, script string, args []string, stdout, stderr io.Writer) (int, error) {
	command := exec.CommandContext(ctx, cmp.Or(l.sh, "sh"), append([]string{"-s", "--"}, args...)...)
	command.Stdin = strings.NewReader(script)
	command.Stdout, command.Stderr = stdout, stderr
	command.Env = l.env
	command.WaitDelay = time.Second
	if l.user != 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: l.user, Gid: l.user}}
	}
	err := command.Run()
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	if command.ProcessState == nil {
		return 0, err
	}
	if code := command.ProcessState.ExitCode(); code >= 0 {
		return code, nil
	}
	return 0, fault.New(fault.Unavailable, "The shell was killed.")
}

func (local) Close() error { return nil }

// tape is a sink that records everything and checks the promises of Sink.
type tape struct {
	mu       sync.Mutex
	process  string
	started  bool
	attached int
	ticks    int
	idle     []int // how much was given before each Idle
	events   []remote.StepEvent
	kinds    []string // "S1", "E1", ...
	out, err bytes.Buffer
	from     remote.Offsets
	times    []time.Time
	gap      error
	fail     func(event string) error // called with every event
}

func (t *tape) Attached(process string, started bool, _ time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.process, t.started = process, started
	t.attached++
	return t.failure("A")
}

func (t *tape) StepStarted(e remote.StepEvent) error { return t.step("S", e) }

func (t *tape) StepEnded(e remote.StepEvent) error { return t.step("E", e) }

func (t *tape) step(kind string, e remote.StepEvent) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.events = append(t.events, e)
	t.kinds = append(t.kinds, fmt.Sprint(kind, e.Number))
	return t.failure(kind)
}

func (t *tape) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	buffer, from := &t.out, t.from.Out
	if stream == remote.Err {
		buffer, from = &t.err, t.from.Err
	}
	if want := from + int64(buffer.Len()); offset != want {
		t.gap = fmt.Errorf("%c at %d, want %d", stream, offset, want)
	}
	if len(t.events) == 0 {
		t.gap = fmt.Errorf("data before any step")
	}
	buffer.Write(p)
	t.times = append(t.times, at)
	return t.failure("D")
}

// Idle is noted with what was given before it.
func (t *tape) Idle() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, t.out.Len()+t.err.Len())
	return t.failure("I")
}

func (t *tape) Tick() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.ticks++
	return t.failure("T")
}

func (t *tape) failure(event string) error {
	if t.fail == nil {
		return nil
	}
	return t.fail(event)
}

func (t *tape) steps() string { return strings.Join(t.kinds, " ") }

// folder returns a folder for a job and checks that no process of the job is
// left when the test ends.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	t.Cleanup(func() { sweep(t, dir) })
	return dir
}

// sweep waits until no process from below dir is left. It ends the processes
// that stay, and fails the test then.
func sweep(t testing.TB, dir string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		left := processes(dir)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("left behind: %v", left)
			for pid := range left {
				kill(pid)
			}
			return
		}
	}
}

// processes finds the processes that have dir on their command line, in their
// environment or as an open file.
func processes(dir string) map[int]string {
	found := map[int]string{}
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		if line := about(pid); strings.Contains(line, dir) {
			found[pid] = line
		}
	}
	return found
}

// about returns the command line, the environment and the open files of a
// process.
func about(pid int) string {
	proc := fmt.Sprintf("/proc/%d", pid)
	line, _ := os.ReadFile(filepath.Join(proc, "cmdline"))
	environment, _ := os.ReadFile(filepath.Join(proc, "environ"))
	text := string(line) + "\n" + string(environment) + "\n"
	files, _ := os.ReadDir(filepath.Join(proc, "fd"))
	for _, file := range files {
		target, _ := os.Readlink(filepath.Join(proc, "fd", file.Name()))
		text += target + "\n"
	}
	return text
}

func kill(pid int) {
	if process, err := os.FindProcess(pid); err == nil {
		_ = process.Kill()
	}
}

// job returns a job in the folder, with a step for each script.
func job(dir string, scripts ...string) remote.Job {
	j := remote.Job{Spool: filepath.Join(dir, "runs", "one"), Dir: filepath.Join(dir, "app")}
	for i, script := range scripts {
		j.Steps = append(j.Steps, remote.Step{Name: fmt.Sprint("Step ", i+1), Script: script})
	}
	return j
}

// follow follows the job to its end.
func follow(t testing.TB, shell remote.Shell, j remote.Job) (remote.End, *tape) {
	t.Helper()
	tape := &tape{}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	end, err := remote.Follow(ctx, shell, j, remote.Offsets{}, tape)
	if err != nil {
		t.Fatalf("Follow: %v", err)
	}
	if tape.gap != nil {
		t.Error(tape.gap)
	}
	if !end.Lost && (end.Out != int64(tape.out.Len()) || end.Err != int64(tape.err.Len())) {
		t.Errorf("end says %d and %d bytes, got %d and %d", end.Out, end.Err, tape.out.Len(), tape.err.Len())
	}
	return end, tape
}

// dial opens a shell on the server and closes it after the test.
func dial(t testing.TB, server *remotetest.Server) remote.Shell {
	t.Helper()
	shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), server.Target())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = shell.Close() })
	return shell
}

// everywhere runs the test on every kind of shell on this machine, all in
// parallel, because a test mostly waits.
func everywhere(t *testing.T, test func(t *testing.T, shell remote.Shell)) {
	for name, shell := range locals(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, shell)
		})
	}
	t.Run("in-process server", func(t *testing.T) {
		t.Parallel()
		test(t, dial(t, remotetest.Start(t, remotetest.Options{})))
	})
	t.Run("best server", func(t *testing.T) {
		t.Parallel()
		test(t, dial(t, remotetest.Best(t)))
	})
}

// locals returns the shells of this machine in which the scripts must work:
// Debian's two, and Alpine's with its tools.
func locals(t testing.TB) map[string]local {
	t.Helper()
	return map[string]local{"dash": {sh: need(t, "dash")}, "bash": {sh: need(t, "bash")},
		"busybox": busybox(t)}
}

// need returns the path of a program. If it is missing, need skips the test, or
// fails it where nothing may be skipped.
func need(t testing.TB, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && os.Getenv("WAYBILL_CI") != "" {
		t.Fatalf("%v: install it", err)
	}
	if err != nil {
		t.Skipf("%v: install it", err)
	}
	return path
}

// await polls until the condition holds.
func await(t testing.TB, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func read(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// begin follows the job in the background and waits until the job has printed a
// word. The function that it returns waits for the end.
func begin(t *testing.T, shell remote.Shell, j remote.Job, word string) (*tape, func() remote.End) {
	t.Helper()
	tape := &tape{}
	var end remote.End
	var err error
	var following sync.WaitGroup
	following.Go(func() { end, err = remote.Follow(t.Context(), shell, j, remote.Offsets{}, tape) })
	await(t, word, func() bool {
		tape.mu.Lock()
		defer tape.mu.Unlock()
		return strings.Contains(tape.out.String(), word)
	})
	return tape, func() remote.End {
		t.Helper()
		following.Wait()
		if err != nil {
			t.Errorf("Follow: %v", err)
		}
		return end
	}
}

// busybox returns Alpine's kind of shell, with busybox's tools and the tools
// that more names.
func busybox(t testing.TB, more ...string) local {
	t.Helper()
	dir := remotetest.Busybox(t, more...)
	return local{sh: filepath.Join(dir, "sh"), env: []string{"PATH=" + dir, "HOME=" + dir}}
}

// TestMain lets more tests run at once than there are processors, because they
// mostly wait.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "6"); err != nil {
		panic(err)
	}
	m.Run()
}
