package remotetest

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"
)

// run runs a command with the channel as its streams and reports its end.
func (s *inside) run(channel ssh.Channel, text string) {
	command := s.command(text)
	streams, err := start(command)
	if err != nil {
		_, _ = io.WriteString(channel.Stderr(), err.Error()+"\n")
		report(channel, 127)
		return
	}
	s.started(command.Process.Pid)
	defer s.ended(command.Process.Pid)
	_, _ = io.WriteString(channel, s.opts.Noise)
	go func() {
		_, _ = io.Copy(streams.in, channel)
		_ = streams.in.Close()
	}()
	// A stream ends when its last writer ends. If the client stops reading, the
	// pipe is closed, and a process that writes into it gets a signal.
	var copying sync.WaitGroup
	copying.Go(func() { carry(channel, streams.out) })
	copying.Go(func() { carry(channel.Stderr(), streams.err) })
	copying.Wait()
	err = command.Wait()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		status := exit.Sys().(syscall.WaitStatus)
		if status.Signaled() {
			reportSignal(channel, status.Signal())
			return
		}
		report(channel, uint32(status.ExitStatus()))
		return
	}
	report(channel, 0)
}

// streams are the server's ends of a command's pipes.
type streams struct {
	in, out, err *os.File
}

// start starts the command with pipes that no goroutine of os/exec reads, so
// that Wait does not wait for a child that holds them.
func start(command *exec.Cmd) (streams, error) {
	var ends [6]*os.File
	for i := 0; i < len(ends); i += 2 {
		r, w, err := os.Pipe()
		if err != nil {
			return streams{}, err
		}
		ends[i], ends[i+1] = r, w
	}
	command.Stdin, command.Stdout, command.Stderr = ends[0], ends[3], ends[5]
	err := command.Start()
	for _, theirs := range []*os.File{ends[0], ends[3], ends[5]} {
		_ = theirs.Close()
	}
	return streams{in: ends[1], out: ends[2], err: ends[4]}, err
}

func carry(to io.Writer, from *os.File) {
	_, _ = io.CopyBuffer(to, struct{ io.Reader }{from}, make([]byte, 64<<10))
	_ = from.Close()
}

func report(channel ssh.Channel, status uint32) {
	_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
}

// reportSignal tells which signal ended a command, in the words of RFC 4254.
func reportSignal(channel ssh.Channel, signal syscall.Signal) {
	names := map[syscall.Signal]string{syscall.SIGHUP: "HUP", syscall.SIGINT: "INT", syscall.SIGKILL: "KILL",
		syscall.SIGPIPE: "PIPE", syscall.SIGTERM: "TERM"}
	_, _ = channel.SendRequest("exit-signal", false, ssh.Marshal(struct {
		Signal     string
		CoreDumped bool
		Text, Lang string
	}{Signal: names[signal]}))
}
