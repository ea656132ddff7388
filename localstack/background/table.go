package background

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// errGone means that there is no such process, or that it is a zombie.
var errGone = errors.New("no such process")

// birth returns a text that differs for any two processes with the same pid:
// the boot and the clock tick of the start on Linux, the time of the start
// elsewhere.
func birth(pid int) (string, error) {
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		row, err := read(pid)
		if err != nil {
			return "", err
		}
		boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
		return strings.TrimSpace(string(boot)) + " " + row.start, err
	}
	said, err := exec.Command("ps", "-o", "lstart=", "-p", strconv.Itoa(pid)).Output()
	if started := strings.TrimSpace(string(said)); err == nil && started != "" {
		return started, nil
	}
	return "", errGone
}

// row is the entry of one process in the kernel's table.
type row struct {
	session int
	start   string
}

// read reads /proc/PID/stat. A zombie counts as gone.
func read(pid int) (row, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return row{}, errGone
	}
	// The second field is the name in brackets, which may itself contain blanks
	// and brackets. So the fields are counted from its last bracket (proc(5):
	// state is field 3, session 6, starttime 22).
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 20 || fields[0] == "Z" || fields[0] == "X" {
		return row{}, errGone
	}
	session, err := strconv.Atoi(fields[3])
	return row{session: session, start: fields[19]}, err
}

// members returns the running processes that belong to p: the processes in its
// session and the processes that carry its cookie. Without /proc it returns the
// process group instead, as the negative number that kill(2) takes.
func (p Process) members() []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	if len(stats) == 0 {
		if p.PID > 1 && syscall.Kill(-p.PID, 0) == nil {
			return []int{-p.PID}
		}
		return nil
	}
	if !bornInThisBoot(p.Birth) {
		return nil
	}
	_, err := read(p.PID)
	// The kernel does not reuse a pid while a session has it as its number. So
	// the session is p's, unless another process has the pid.
	ours := p.PID > 1 && (err != nil || p.Alive())
	var found []int
	for _, stat := range stats {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		row, err := read(pid)
		if err != nil {
			continue
		}
		if (ours && row.session == p.PID) || p.marked(pid) {
			found = append(found, pid)
		}
	}
	return found
}

// bornInThisBoot reports whether the birth belongs to the current boot; no
// process of an earlier boot still runs.
func bornInThisBoot(birth string) bool {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return err == nil && strings.HasPrefix(birth, strings.TrimSpace(string(boot))+" ")
}

// marked reports whether the process carries p's cookie.
func (p Process) marked(pid int) bool {
	if p.Cookie == "" {
		return false
	}
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return err == nil &&
		bytes.Contains(append([]byte{0}, environment...), []byte("\x00"+Cookie+"="+p.Cookie+"\x00"))
}
