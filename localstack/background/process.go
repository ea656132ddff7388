// Package background starts processes that outlive the command that started
// them, such as an emulator or the demo's SSH server. It ends them later with
// all their children, and ends no other process.
//
// A pid alone does not identify a process, because the kernel reuses pids. So
// the note of a process has its birth as well, and a process with the same pid
// and another birth is left alone. The children of a process have two marks:
// the session that it leads, and a random cookie in the environment that they
// inherit.
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

// Process is a note of a started process. With its JSON, a later command finds
// the process.
type Process struct {
	PID int `json:"pid"`
	// Birth distinguishes this process from a later one with the same pid.
	Birth  string `json:"birth"`
	Cookie string `json:"cookie"`
}

// Start starts the command in a session of its own, and appends both of its
// streams to the file log (mode 0600). The command must have its Env set; Start
// adds the cookie to it.
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
	// This program may also stop the process itself. It must then collect its
	// exit status, or the process would stay as a zombie.
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

// Stop asks the process to end, waits up to grace, and then kills it and its
// children if any are left. It returns when all have ended. Its error names the
// processes that did not end.
func (p Process) Stop(ctx context.Context, grace time.Duration) error {
	if p.Alive() {
		_ = syscall.Kill(p.PID, syscall.SIGTERM)
	}
	if p.gone(ctx, grace, p.Alive) {
		// The leader ended in time; its remaining children get the same request.
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

// left reports whether the process or any of its children runs.
func (p Process) left() bool { return p.Alive() || len(p.members()) > 0 }

// gone waits until running returns false, at most for patience, and reports
// whether it did.
func (p Process) gone(ctx context.Context, patience time.Duration, running func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := progress.Poll(ctx, 50*time.Millisecond, func() (bool, error) { return !running(), nil })
	return err == nil
}

// signal sends sig to the process, if the pid still belongs to it, and to all
// its children.
func (p Process) signal(sig syscall.Signal) {
	targets := p.members()
	if p.Alive() && !slices.Contains(targets, p.PID) {
		targets = append(targets, p.PID)
	}
	for _, pid := range targets {
		_ = syscall.Kill(pid, sig)
	}
}

// Save writes a note, such as a process and its port, to a file of mode 0600.
func Save(file string, note any) error {
	text, err := json.MarshalIndent(note, "", "  ")
	if err != nil {
		return err
	}
	// The rename makes sure that a note is either complete or missing.
	if err := os.WriteFile(file+".new", append(text, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}

// Load reads a note that Save wrote. It returns false if there is no note or if
// the note cannot be decoded; such a note counts as missing.
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
