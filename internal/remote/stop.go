package remote

import (
	"context"
	"crypto/rand"
	"errors"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Process is a process on the server.
type Process struct {
	PID int
	// Name is the kernel's name for the process: the program's name without
	// arguments, which may hold secrets.
	Name string
}

// Stopped says what became of a job that was stopped.
type Stopped struct {
	// Running says that the job had not ended by itself.
	Running bool
	// Killed are processes of the job that Stop found and that are gone, by
	// TERM or by KILL. Survivors are processes that are still there. Each has
	// at most a thousand entries.
	Killed, Survivors []Process
	// Blind says that the server could not find every process that left the
	// job's session under another user or without its environment.
	Blind bool
	// Containers says what became of the containers of a job that may run some.
	Containers Containers
}

// Containers are a job's containers, as docker names them, at most a thousand
// of each kind.
type Containers struct {
	// Ended were killed: the job had created them for a docker client in the
	// foreground. Left still run: they were created while the job ran, but
	// nothing shows that the job created them, or that they should have ended
	// with it.
	Ended, Left []string
	// Unknown says that Docker did not answer, so Left is not known.
	Unknown bool
}

// DefaultGrace is how long a job's processes have to end after TERM.
const DefaultGrace = 10 * time.Second

// Stop ends the job. It sends TERM to the job's processes and waits for the
// grace (0 means [DefaultGrace]), or less if all of them go. Then it sends KILL
// to the processes that are left, and looks again until nothing is left or
// some will not go.
//
// Steps that have not begun do not run, not even the steps for a failure. A job
// that ends by TERM, or by KILL of its steps, ends as any other job: with 143,
// 137 or the exit code that the step chose, and [Follow] gives the rest of its
// output. The job is lost only if its own shell had to be killed.
//
// If the job has ended by itself, Stop leaves it alone, and also the processes
// that it left running: starting them was its purpose. If the job has not
// begun, it never will: Follow reports it as lost. If a Stop is cut off,
// another one finishes its work.
//
// Stop finds the job's processes by the kernel's tables and the spool's pid
// file, never by printed output. They are the job's process group, its session,
// and every process with the job's cookie in its environment. Where the job has
// a control group (as root, with cgroup 2) or its login has an audit session,
// Stop finds every process except the ones that a daemon starts for the job.
// Elsewhere the result is Blind, because Stop does not find two kinds:
// processes of another user that have left the session (only root sees their
// environment), and processes that have left it and overwritten their
// environment.
//
// The errors are as Follow's.
func Stop(ctx context.Context, shell Shell, job Job, grace time.Duration) (Stopped, error) {
	if err := check(job); err != nil {
		return Stopped{}, err
	}
	if grace <= 0 {
		grace = DefaultGrace
	}
	var received stopReceiver
	nonce := rand.Text()
	err := runToLastFrame(ctx, shell, nonce, stopScript(job, nonce, grace), &received)
	return received.stopped, err
}

// runToLastFrame runs a script that prints few frames, until its last frame: the frame
// for which the receiver returns errEnded. A script that ends without it is
// Unavailable or Invalid, see silentEnd.
func runToLastFrame(ctx context.Context, shell Shell, nonce, script string, to receiver) error {
	frames := newFrames(nonce, to)
	session := session{shell: shell, script: script, feed: frames.feed, tick: func() error { return nil }}
	err := session.run(ctx)
	switch {
	case errors.Is(err, errEnded):
		return nil
	case err == nil:
		return silentEnd(session.exit, frames.synced, false)
	}
	return err
}

// stopReceiver takes the frames of a stop.
type stopReceiver struct{ stopped Stopped }

// maxProcesses is how many processes, or containers, are named at most.
const maxProcesses = 1000

// processNames matches the name of a process as stop.sh prints it.
var processNames = regexp.MustCompile(`^[A-Za-z0-9._:/+@-]{1,64}$`)

func (*stopReceiver) bytes(part, []byte) error { return errGarbled }

func (t *stopReceiver) line(kind byte, words []string) error {
	switch {
	case kind == 'H':
		return nil
	case kind == 'P' && len(words) == 2:
		return addProcess(&t.stopped.Killed, words)
	case kind == 'V' && len(words) == 2:
		return addProcess(&t.stopped.Survivors, words)
	case kind == 'C' && len(words) == 1:
		return addContainer(&t.stopped.Containers.Ended, words[0])
	case kind == 'R' && len(words) == 1:
		return addContainer(&t.stopped.Containers.Left, words[0])
	case kind == 'U' && len(words) == 0:
		t.stopped.Containers.Unknown = true
		return nil
	case kind == 'T' && len(words) == 2:
		t.stopped.Running, t.stopped.Blind = words[0] == "1", words[1] != "1"
		return errEnded
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}

func addProcess(list *[]Process, words []string) error {
	pid, err := strconv.Atoi(words[0])
	if err != nil || pid <= 1 || !processNames.MatchString(words[1]) {
		return errGarbled
	}
	if len(*list) < maxProcesses {
		*list = append(*list, Process{PID: pid, Name: words[1]})
	}
	return nil
}

func addContainer(list *[]string, name string) error {
	if !names.MatchString(name) {
		return errGarbled
	}
	if len(*list) < maxProcesses {
		*list = append(*list, name)
	}
	return nil
}

// Leftovers names the spools in dataDir/runs whose job is not alive: it has
// ended, is lost, or has not begun. It names at most ten thousand. Only the
// records of the deployments can say which of them may be removed. If the
// folder does not exist, there are no spools. The errors are as Follow's.
func Leftovers(ctx context.Context, shell Shell, dataDir string) ([]string, error) {
	if !path.IsAbs(dataDir) || strings.ContainsRune(dataDir, 0) {
		return nil, refusal("its data directory is not an absolute path")
	}
	var found leftoversReceiver
	nonce := rand.Text()
	err := runToLastFrame(ctx, shell, nonce, leftoversScript(path.Join(dataDir, "runs"), nonce), &found)
	return found.names, err
}

// maxSpools is how many spools one call names. A later call names the rest,
// after these have been removed.
const maxSpools = 10_000

// leftoversReceiver takes the frames of a search for leftovers.
type leftoversReceiver struct{ names []string }

func (*leftoversReceiver) bytes(part, []byte) error { return errGarbled }

func (s *leftoversReceiver) line(kind byte, words []string) error {
	switch {
	case kind == 'D':
		return errEnded
	case kind == 'N' && len(words) == 1 && names.MatchString(words[0]):
		if len(s.names) == maxSpools {
			return nil
		}
		s.names = append(s.names, words[0])
		return nil
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}
