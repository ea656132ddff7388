package emulator

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// CheckPort returns an error that names the process if one listens on the port
// already. With 0 it checks only that there is a free port.
func CheckPort(port int) error {
	_, err := takePort(port)
	return err
}

// takePort returns the port if no process listens on it, or a free one for 0.
// Another process may take it a moment later; the emulator then says so itself.
func takePort(port int) (int, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if errors.Is(err, syscall.EADDRINUSE) {
		return 0, fmt.Errorf("port %d is taken%s: stop that, or choose another one, such as PORT=%d",
			port, holder(port), port+1)
	}
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// holder names the process that listens on the port, if Linux lets us see it.
// The table of connections has the inode of the socket, and one of the
// process's descriptors points to the same inode.
func holder(port int) string {
	for inode := range listeners(port) {
		descriptors, _ := filepath.Glob("/proc/[0-9]*/fd/*")
		for _, descriptor := range descriptors {
			if target, err := os.Readlink(descriptor); err != nil || target != "socket:["+inode+"]" {
				continue
			}
			process := filepath.Dir(filepath.Dir(descriptor))
			name, _ := os.ReadFile(filepath.Join(process, "comm"))
			return fmt.Sprintf(" by %s (pid %s)", strings.TrimSpace(string(name)), filepath.Base(process))
		}
	}
	return ""
}

// listeners returns the inodes of the sockets that listen on the port (proc(5),
// /proc/net/tcp: local address in field 2, state in field 4 with 0A for LISTEN,
// inode in field 10).
func listeners(port int) map[string]bool {
	inodes := map[string]bool{}
	for _, table := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, _ := os.ReadFile(table)
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) >= 10 && fields[3] == "0A" &&
				strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", port)) {
				inodes[fields[9]] = true
			}
		}
	}
	return inodes
}
