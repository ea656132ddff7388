package remotetest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// inside is an SSH server in this process.
type inside struct {
	opts     Options
	config   *ssh.ServerConfig
	listener net.Listener
	user     *user.User
	serving  sync.WaitGroup

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]bool
	groups map[int]bool // process groups of the commands that run
}

// listen opens the port and serves it.
func listen(opts Options, keys keys, account *user.User) (*inside, int, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(opts.Port)))
	if err != nil {
		return nil, 0, err
	}
	s := &inside{
		opts:     opts,
		config:   serverConfig(opts, keys, account.Username),
		listener: listener,
		user:     account,
		conns:    map[net.Conn]bool{},
		groups:   map[int]bool{},
	}
	s.serving.Go(s.accept)
	return s, listener.Addr().(*net.TCPAddr).Port, nil
}

// serverConfig lets the one user in with the one key.
func serverConfig(opts Options, keys keys, name string) *ssh.ServerConfig {
	config := &ssh.ServerConfig{
		PublicKeyCallback: func(meta ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if meta.User() != name || !bytes.Equal(key.Marshal(), keys.client.PublicKey().Marshal()) {
				return nil, errors.New("not this user, or not this key")
			}
			return &ssh.Permissions{}, nil
		},
	}
	if opts.Says != "" {
		config.ServerVersion = "SSH-2.0-" + opts.Says
		config.BannerCallback = func(ssh.ConnMetadata) string { return opts.Says }
	}
	config.AddHostKey(keys.host)
	return config
}

func (s *inside) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		if !s.addConnection(conn) {
			_ = conn.Close()
			return
		}
		s.serving.Go(func() {
			defer s.removeConnection(conn)
			s.serve(conn)
		})
	}
}

// addConnection notes a connection, unless the server is closed.
func (s *inside) addConnection(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.conns[conn] = true
	}
	return !s.closed
}

func (s *inside) removeConnection(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	_ = conn.Close()
}

// serve serves the sessions of one connection and refuses everything else.
func (s *inside) serve(conn net.Conn) {
	_, channels, requests, err := ssh.NewServerConn(conn, s.config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			_ = offered.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		if s.opts.Refuses {
			_ = offered.Reject(ssh.Prohibited, s.opts.Says)
			continue
		}
		channel, requests, err := offered.Accept()
		if err != nil {
			return
		}
		s.serving.Go(func() { s.session(channel, requests) })
	}
}

// session waits for the one command of a session and runs it.
func (s *inside) session(channel ssh.Channel, requests <-chan *ssh.Request) {
	defer channel.Close()
	for request := range requests {
		var exec struct{ Command string }
		if request.Type != "exec" || ssh.Unmarshal(request.Payload, &exec) != nil {
			_ = request.Reply(false, nil)
			continue
		}
		_ = request.Reply(true, nil)
		go ssh.DiscardRequests(requests)
		s.run(channel, exec.Command)
		return
	}
}

// CutAll drops all connections but keeps the server running. As with any sshd,
// a command on a connection notices this only when it writes, and a detached
// job never notices.
func (s *inside) CutAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.conns {
		_ = conn.Close()
	}
}

// Close ends the server, all connections and the commands on them.
func (s *inside) Close() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for group := range s.groups {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
	s.mu.Unlock()
	s.CutAll()
	s.serving.Wait()
}

// started notes a command's process group; ended forgets it. If the server was
// closed in the meantime, started ends the command at once.
func (s *inside) started(group int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.groups[group] = true
	if s.closed {
		_ = syscall.Kill(-group, syscall.SIGKILL)
	}
}

func (s *inside) ended(group int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.groups, group)
}

// command makes a command as sshd would: the login shell runs it, with few
// variables in its environment, in a process group of its own.
func (s *inside) command(text string) *exec.Cmd {
	command := exec.Command("/bin/sh", "-c", text)
	command.Dir = s.user.HomeDir
	if _, err := os.Stat(command.Dir); err != nil {
		command.Dir = "/"
	}
	command.Env = append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=" + s.user.HomeDir,
		"USER=" + s.user.Username,
		"LOGNAME=" + s.user.Username,
		"SHELL=/bin/sh",
		fmt.Sprintf("SSH_CONNECTION=127.0.0.1 0 127.0.0.1 %d", s.listener.Addr().(*net.TCPAddr).Port),
	}, s.opts.Environment...)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command
}
