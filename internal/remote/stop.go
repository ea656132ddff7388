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

// Process is one on the server.
type Process struct {
	PID int
	// Name is what the kernel calls it: of its program, without arguments,
	// which may hold secrets.
	Name string
}

// Stopped says what became of a job that was stopped.
type Stopped struct {
	// Running says that the job had not ended by itself.
	Running bool
	// Killed are the processes of the job that were there and are gone, by TERM
	// or by KILL; Survivors are those that are still there. At most a thousand
	// of each are named.
	Killed, Survivors []Process
	// Blind says that the server could not tell which processes left the job's
	// session under another user or without their environment.
	Blind bool
	// Containers says what became of the containers of a job that may run some.
	Containers Containers
}

// Containers are named as docker names them, at most a thousand of each kind.
type Containers struct {
	// Ended were killed: the job had created them and had a client of theirs in the
	// foreground. Left still run: they were created while the job ran, and nothing
	// shows that it was the job that did so, or that they were not to outlive it.
	Ended, Left []string
	// Unknown says that Docker did not answer, so that Left is not known.
	Unknown bool
}

// DefaultGrace is how long a job's processes have after TERM.
const DefaultGrace = 10 * time.Second

// Stop ends the job: TERM for its process group, then, after the grace (0 means
// [DefaultGrace]) or as soon as all have gone, KILL for every process that is in
// the job's session or carries the job's cookie in its environment; and it looks
// again, until nothing is left or some will not go.
//
// Steps that have not begun, those for a failure too, are left out. A job that
// goes by TERM or by KILL of its steps ends as any other, with 143, 137 or
// whatever the step made of it, and [Follow] gives the rest of its output. Only
// if its own shell had to be killed it is lost.
//
// A job that has ended by itself is left alone, and so is what it left behind:
// that is what it was for. One that has not begun never will: Follow takes it
// for lost. A Stop that was cut off can be repeated, and goes on.
//
// Who is signalled is found by the kernel's tables and the spool's pid file,
// never by anything that was printed. Where the job has a control group (as root,
// with cgroup 2) or its login has an audit session, that is every process but
// those that a daemon starts for it. Elsewhere, Blind, two kinds are not found: of
// another user, once they have left the session (only root sees their
// environment), and those that have left it and overwritten their environment.
//
// The errors are as Follow's.
func Stop(ctx context.Context, shell Shell, job Job, grace time.Duration) (Stopped, error) {
	if err := check(job); err != nil {
		return Stopped{}, err
	}
	if grace <= 0 {
		grace = DefaultGrace
	}
	var toll toll
	nonce := rand.Text()
	err := answer(ctx, shell, nonce, stopScript(job, nonce, grace), &toll)
	return toll.stopped, err
}

// answer runs a script of few words, until its last frame.
func answer(ctx context.Context, shell Shell, nonce, script string, to receiver) error {
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

// toll takes the frames of a stop.
type toll struct{ stopped Stopped }

// maxProcesses is how many processes, or containers, are worth naming.
const maxProcesses = 1000

// processNames are what stop.sh leaves of a process's name.
var processNames = regexp.MustCompile(`^[A-Za-z0-9._:/+@-]{1,64}$`)

func (*toll) bytes(part, []byte) error { return errGarbled }

func (t *toll) line(kind byte, words []string) error {
	switch {
	case kind == 'H':
		return nil
	case kind == 'P' && len(words) == 2:
		return note(&t.stopped.Killed, words)
	case kind == 'V' && len(words) == 2:
		return note(&t.stopped.Survivors, words)
	case kind == 'C' && len(words) == 1:
		return noteContainer(&t.stopped.Containers.Ended, words[0])
	case kind == 'R' && len(words) == 1:
		return noteContainer(&t.stopped.Containers.Left, words[0])
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

func note(list *[]Process, words []string) error {
	pid, err := strconv.Atoi(words[0])
	if err != nil || pid <= 1 || !processNames.MatchString(words[1]) {
		return errGarbled
	}
	if len(*list) < maxProcesses {
		*list = append(*list, Process{PID: pid, Name: words[1]})
	}
	return nil
}

func noteContainer(list *[]string, name string) error {
	if !names.MatchString(name) {
		return errGarbled
	}
	if len(*list) < maxProcesses {
		*list = append(*list, name)
	}
	return nil
}

// Leftovers names the spools in dataDir/runs whose job is not alive: it has
// ended, is lost, or has not begun; at most ten thousand of them. Which of them may be removed, only the
// deployments' records can say. The errors are as Follow's; without the folder
// there are no spools.
func Leftovers(ctx context.Context, shell Shell, dataDir string) ([]string, error) {
	if !path.IsAbs(dataDir) || strings.ContainsRune(dataDir, 0) {
		return nil, refusal("its data directory is not an absolute path")
	}
	var found spools
	nonce := rand.Text()
	err := answer(ctx, shell, nonce, leftoversScript(path.Join(dataDir, "runs"), nonce), &found)
	return found.names, err
}

// maxSpools is how many leftover spools are named at once. The rest is named when
// those are gone.
const maxSpools = 10_000

// spools takes the frames of a look for leftovers.
type spools struct{ names []string }

func (*spools) bytes(part, []byte) error { return errGarbled }

func (s *spools) line(kind byte, words []string) error {
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
