// Package background keeps processes that outlive the command that started
// them, such as an emulator or the demo's SSH server, and ends them later: all
// that belongs to them, and nothing else.
//
// A pid alone names nobody: the kernel gives it out again. So a process is
// noted with its birth, and whoever finds the pid with another birth leaves it
// alone. What a process starts is found by two marks: the session that it
// leads, and a random cookie in the environment that its children inherit.
package background

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"

	"waybill/localstack/progress"
)

// Cookie is the environment variable that marks a process and its children.
const Cookie = "WAYBILL_BACKGROUND"

// Process is a note of a started process. Its JSON is what a later command
// needs to find it.
type Process struct {
	PID int `json:"pid"`
	// Birth tells this process from a later one with the same pid.
	Birth  string `json:"birth"`
	Cookie string `json:"cookie"`
}

// Start starts the command in a session of its own, with both streams appended
// to the file log (mode 0600). The command must have its Env set; the cookie is
// added to it.
func Start(command *exec.Cmd, log string) (Process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return Process{}, err
	}
	defer out.Close()
	p := Process{Cookie: rand.Text()}
	command.Env = append(command.Env, Cookie+"="+p.Cookie)
	command.Stdout, command.Stderr = out, out
	command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := command.Start(); err != nil {
		return Process{}, err
	}
	p.PID = command.Process.Pid
	p.Birth, err = birth(p.PID)
	if err != nil {
		_ = command.Process.Kill()
		return Process{}, errors.Join(fmt.Errorf("%s ended at once: %w", command.Path, err), command.Wait())
	}
	// Whoever starts and stops it in one life must collect it, or it would stay
	// as a zombie that looks alive.
	go func() { _ = command.Wait() }()
	return p, nil
}

// Alive reports whether the process itself still runs.
func (p Process) Alive() bool {
	if p.PID <= 0 || p.Birth == "" {
		return false
	}
	now, err := birth(p.PID)
	return err == nil && now == p.Birth
}

// Stop asks the process to end, waits up to grace, and ends by force whatever
// is left of it and of its children. It returns when nothing is left; its error
// names what would not go.
func (p Process) Stop(ctx context.Context, grace time.Duration) error {
	if p.Alive() {
		_ = syscall.Kill(p.PID, syscall.SIGTERM)
	}
	if p.gone(ctx, grace, p.Alive) {
		// The leader ended well; what it forgot gets the same request.
		p.signal(syscall.SIGTERM)
	}
	if p.gone(ctx, grace, p.left) {
		return nil
	}
	p.signal(syscall.SIGKILL)
	if p.gone(context.WithoutCancel(ctx), 10*time.Second, p.left) {
		return nil
	}
	return fmt.Errorf("processes %v of %d would not end", p.members(), p.PID)
}

// left reports whether the process or anything that it started runs.
func (p Process) left() bool { return p.Alive() || len(p.members()) > 0 }

// gone waits until running says no, at most for the patience, and reports
// whether it did.
func (p Process) gone(ctx context.Context, patience time.Duration, running func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := progress.Poll(ctx, 50*time.Millisecond, func() (bool, error) { return !running(), nil })
	return err == nil
}

// signal sends to the process, if it is still the noted one, and to everything
// that it started.
func (p Process) signal(sig syscall.Signal) {
	targets := p.members()
	if p.Alive() && !slices.Contains(targets, p.PID) {
		targets = append(targets, p.PID)
	}
	for _, pid := range targets {
		_ = syscall.Kill(pid, sig)
	}
}

// Save notes something, such as a process and its port, in a file of mode 0600.
func Save(file string, note any) error {
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	// Written beside it and renamed, so that a note is whole or not there.
	if err := os.WriteFile(file+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Load reads what Save noted. It reports false when nothing was noted, or
// nothing that can be read: such a note is worth as much as none.
func Load(file string, note any) (bool, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return json.Unmarshal(text, note) == nil, nil
}
