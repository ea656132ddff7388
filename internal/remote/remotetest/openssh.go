package remotetest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// sshdPath is where Debian's openssh-server installs sshd. sshd executes itself
// again for each connection, so it insists on an absolute path.
const sshdPath = "/usr/sbin/sshd"

// patience is how long sshd may take to listen, and its processes to end.
const patience = 10 * time.Second

// openssh is Debian's sshd with a configuration of its own.
type openssh struct {
	command *exec.Cmd
	exited  chan struct{}
	once    sync.Once
}

// openSSH starts sshd on a free port, with all its files in dir. Another
// program may take the port before sshd does; then openSSH tries another port.
func openSSH(dir string, more []string) (*Server, error) {
	server, err := newServer(dir)
	if err != nil {
		return nil, err
	}
	for range 5 {
		if server.port, err = freePort(); err != nil {
			return nil, err
		}
		if server.backend, err = startSSHD(dir, server, more); err == nil {
			return server, nil
		}
	}
	return nil, err
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return listener.Addr().(*net.TCPAddr).Port, listener.Close()
}

func startSSHD(dir string, server *Server, more []string) (*openssh, error) {
	config, err := configure(dir, server, more)
	if err != nil {
		return nil, err
	}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	s := &openssh{command: exec.Command(sshdPath, "-D", "-e", "-f", config), exited: make(chan struct{})}
	s.command.Stderr = log
	s.command.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = s.command.Wait()
		close(s.exited)
	}()
	if err := s.await(server.port); err != nil {
		s.Close()
		said, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("%w\n%s", err, said)
	}
	return s, nil
}

// configure writes sshd's files. StrictModes is off because others may be able
// to write to the folder of the keys, as is usual for the folders of tests. The
// key is all that a login needs.
func configure(dir string, server *Server, more []string) (string, error) {
	if os.Geteuid() == 0 {
		// As root, Debian's sshd insists on this folder; normally the init
		// script makes it.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			return "", err
		}
	}
	authorized := filepath.Join(dir, "authorized_keys")
	if err := os.WriteFile(authorized, []byte(line(server.keys.client.PublicKey())+"\n"), 0o600); err != nil {
		return "", err
	}
	lines := append(slices.Clone(more),
		"ListenAddress 127.0.0.1:"+strconv.Itoa(server.port),
		"HostKey "+filepath.Join(dir, "host_key"),
		"AuthorizedKeysFile "+authorized,
		"AllowUsers "+server.user.Username,
		"PidFile none", "LogLevel ERROR", "StrictModes no", "UsePAM no", "UseDNS no",
		"PermitRootLogin prohibit-password", "PasswordAuthentication no", "KbdInteractiveAuthentication no",
		"MaxStartups 100", "MaxSessions 100", "PrintMotd no", "PrintLastLog no",
		// bash reads ~/.bashrc for each command that sshd runs, unless SHLVL
		// says that it runs within another shell. No test depends on that file:
		// it can take long, and cutting it short can do harm.
		"SetEnv SHLVL=1",
	)
	config := filepath.Join(dir, "sshd_config")
	return config, os.WriteFile(config, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// await waits until sshd listens.
func (s *openssh) await(port int) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err == nil {
			return conn.Close()
		}
		select {
		case <-s.exited:
			return errors.New("sshd ended at once")
		default:
		}
	}
	return errors.New("sshd does not listen")
}

// CutAll kills the processes of sshd that serve a connection, which drops all
// connections.
func (s *openssh) CutAll() {
	for _, pid := range s.servants() {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// Close ends sshd, all connections, and the commands on them.
func (s *openssh) Close() {
	s.once.Do(func() {
		family := descendants(s.command.Process.Pid)
		_ = s.command.Process.Kill()
		for _, pid := range family {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
		<-s.exited
		for deadline := time.Now().Add(patience); alive(family) && time.Now().Before(deadline); {
			time.Sleep(5 * time.Millisecond)
		}
	})
}

// servants returns the descendants of the listening process that run sshd
// itself.
func (s *openssh) servants() []int {
	var found []int
	for _, pid := range descendants(s.command.Process.Pid) {
		if target, err := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)); err == nil &&
			strings.HasPrefix(filepath.Base(target), "sshd") {
			found = append(found, pid)
		}
	}
	return found
}

// descendants returns all processes below one. A detached job is not among
// them: the process that started it is gone, so its parent is the system's
// first process.
func descendants(pid int) []int {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	var found []int
	for word := range strings.FieldsSeq(string(text)) {
		if child, err := strconv.Atoi(word); err == nil {
			found = append(append(found, child), descendants(child)...)
		}
	}
	return found
}

// alive reports whether any of the processes runs. A zombie does not count.
func alive(pids []int) bool {
	for _, pid := range pids {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if _, state, found := strings.Cut(string(text), ") "); err == nil && found &&
			!strings.HasPrefix(state, "Z") {
			return true
		}
	}
	return false
}
