package background

import (
	"os/exec"
	"syscall"
	"time"
)

// Contain puts a command with a context in a process group of its own, so that
// the command's children end with the context as well. The function end kills
// the rest of the group. Call it after the command has ended, too, if its
// children may outlive it.
func Contain(command *exec.Cmd) (end func() error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.Cancel = end
	command.WaitDelay = 5 * time.Second
	return end
}
