package background

import (
	"os/exec"
	"syscall"
	"time"
)

// Contain puts a command that was made with a context in a process group of its
// own, so that the end of the context ends its children with it. It returns what
// ends all that is left of the group; call it after the command has ended, too,
// if its children may be longer-lived.
func Contain(command *exec.Cmd) (end func() error) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	end = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.Cancel = end
	command.WaitDelay = 5 * time.Second
	return end
}
