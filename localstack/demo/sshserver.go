package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/background"
	"waybill/localstack/progress"
)

// ServeCommand is the subcommand of this program that runs the SSH server. Its
// arguments are a folder and a port.
const ServeCommand = "sshd"

// sshServer identifies the demo's SSH server: its process, port, user and key.
type sshServer struct {
	Process background.Process `json:"process"`
	Port    int                `json:"port"`
	User    string             `json:"user"`
	HostKey string             `json:"host_key"`
}

// Serve runs the SSH server on loopback until ctx ends. It writes the port, the
// user and the host key to a file in the folder. Its keys stay in the folder.
func Serve(ctx context.Context, folder string, port int) error {
	opts := remotetest.Options{Dir: folder, Port: port}
	// Jobs outlive their connections. `make down` finds them by this mark, which
	// every command inherits.
	if mark := os.Getenv(background.Cookie); mark != "" {
		opts.Environment = []string{background.Cookie + "=" + mark}
	}
	server, err := remotetest.Serve(opts)
	if err != nil && port != 0 {
		// Another process may have the port of the last run. Any port will do: the
		// key identifies the server.
		opts.Port = 0
		server, err = remotetest.Serve(opts)
	}
	if err != nil {
		return err
	}
	defer server.Close()
	if err := background.Save(servingFile(folder), sshServer{
		Port:    server.Port(),
		User:    server.User(),
		HostKey: server.HostKey(),
	}); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

// sshServer returns the running server, or starts one, on its last port if that
// is free.
func (d *Demo) sshServer(ctx context.Context) (sshServer, error) {
	server, alive, err := d.findSSH()
	if err != nil {
		return sshServer{}, err
	}
	if alive {
		d.say("The SSH server on 127.0.0.1:%d is running already.", server.Port)
		return server, nil
	}
	if err := os.MkdirAll(d.sshFolder(), 0o700); err != nil {
		return sshServer{}, err
	}
	if err := os.RemoveAll(servingFile(d.sshFolder())); err != nil {
		return sshServer{}, err
	}
	command := exec.Command(d.opts.Program, ServeCommand, d.sshFolder(), strconv.Itoa(server.Port))
	command.Env = os.Environ()
	process, err := background.Start(command, filepath.Join(d.folder(), "sshd.log"))
	if err != nil {
		return sshServer{}, err
	}
	server = sshServer{Process: process}
	if err := background.Save(d.sshNote(), server); err != nil {
		return sshServer{}, err
	}
	if err := d.awaitSSH(ctx, &server); err != nil {
		return sshServer{}, err
	}
	d.say("Started an SSH server on 127.0.0.1:%d.", server.Port)
	return server, background.Save(d.sshNote(), server)
}

// awaitSSH waits until the server has written down its port.
func (d *Demo) awaitSSH(ctx context.Context, server *sshServer) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	process := server.Process
	return progress.Poll(ctx, 50*time.Millisecond, func() (bool, error) {
		if !process.Alive() {
			return false, fmt.Errorf("the SSH server ended at once; see %s",
				filepath.Join(d.folder(), "sshd.log"))
		}
		said, err := background.Load(servingFile(d.sshFolder()), server)
		server.Process = process
		return said, err
	})
}

// findSSH returns the last noted server and whether it runs.
func (d *Demo) findSSH() (server sshServer, alive bool, err error) {
	if _, err := background.Load(d.sshNote(), &server); err != nil {
		return sshServer{}, false, err
	}
	return server, server.Process.Alive(), nil
}

func (d *Demo) sshNote() string { return filepath.Join(d.folder(), "sshd.json") }

func (d *Demo) sshFolder() string { return filepath.Join(d.folder(), "ssh") }

func servingFile(folder string) string { return filepath.Join(folder, "serving.json") }

// clientKey reads the private key that the server accepts, from the file in
// which remotetest keeps it.
func (d *Demo) clientKey() ([]byte, error) {
	return os.ReadFile(filepath.Join(d.sshFolder(), "client_key"))
}
