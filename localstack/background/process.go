// Package background starts processes that outlive the command that started
// them, such as an emulator or the demo's SSH server. It ends them later with
// all their children, and ends no other process.
//
// A pid does not identify a process, because the kernel reuses pids. So each
// process gets a random cookie in its environment, which its children inherit.
// A process without the cookie is left alone. The kernel shows the environments
// in /proc, so the package needs Linux.
package background

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"waybill/localstack/progress"
)

// Cookie is the environment variable that marks a process and its children.
const Cookie = "WAYBILL_BACKGROUND"

// Process is a note of a started process. With its JSON, a later command finds
// the process.
type Process struct {
	PID    int    `json:"pid"`
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
	// This program may also stop the process itself. It must then collect its
	// exit status, or the process would stay as a zombie.
	go func() { _ = command.Wait() }()
	return p, nil
}

// Alive reports whether the process itself still runs. A zombie does not count,
// because it has no environment.
func (p Process) Alive() bool {
	if p.PID <= 0 || p.Cookie == "" {
		return false
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", p.PID))
	return err == nil &&
		bytes.Contains(append([]byte{0}, environment...), []byte("\x00"+Cookie+"="+p.Cookie+"\x00"))
}

// Stop asks the process to end, waits up to grace, and then asks its children.
// After grace again it kills all that are left. It returns when all have ended.
// Its error names the processes that did not end.
func (p Process) Stop(ctx context.Context, grace time.Duration) error {
	if p.Alive() {
		_ = syscall.Kill(p.PID, syscall.SIGTERM)
	}
	if p.ended(ctx, grace, p.Alive) {
		p.signal(syscall.SIGTERM)
	}
	running := func() bool { return len(p.members()) > 0 }
	if p.ended(ctx, grace, running) {
		return nil
	}
	p.signal(syscall.SIGKILL)
	if p.ended(context.WithoutCancel(ctx), 10*time.Second, running) {
		return nil
	}
	return fmt.Errorf("processes %v of %d would not end", p.members(), p.PID)
}

// ended waits until running returns false, at most for patience, and reports
// whether it did.
func (p Process) ended(ctx context.Context, patience time.Duration, running func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	err := progress.Poll(ctx, 50*time.Millisecond, func() (bool, error) { return !running(), nil })
	return err == nil
}

// signal sends sig to the process and all its children.
func (p Process) signal(sig syscall.Signal) {
	for _, pid := range p.members() {
		_ = syscall.Kill(pid, sig)
	}
}

// members returns the running processes that carry p's cookie, except this one.
func (p Process) members() []int {
	folders, _ := filepath.Glob("/proc/[0-9]*")
	var found []int
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err == nil && pid != os.Getpid() && (Process{PID: pid, Cookie: p.Cookie}).Alive() {
			found = append(found, pid)
		}
	}
	return found
}

// Contain puts a command with a context in a process group of its own, so that
// the command's children end with the context as well.
func Contain(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 5 * time.Second
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
