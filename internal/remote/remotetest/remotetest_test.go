package remotetest_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/remote"
	"waybill/internal/remote/remotetest"
	"waybill/internal/remote/sshrun"
)

func run(t *testing.T, target remote.Target, script string) string {
	t.Helper()
	shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), target)
	if err != nil {
		t.Fatal(err)
	}
	defer shell.Close()
	var out bytes.Buffer
	if exit, err := shell.Run(t.Context(), script, nil, &out, io.Discard); err != nil || exit != 0 {
		t.Fatalf("exit %d: %v", exit, err)
	}
	return out.String()
}

func TestServers(t *testing.T) {
	for name, start := range map[string]func() *remotetest.Server{
		"in-process": func() *remotetest.Server { return remotetest.Start(t, remotetest.Options{}) },
		"best":       func() *remotetest.Server { return remotetest.Best(t) },
	} {
		t.Run(name+": a detached job outlives connections and server", func(t *testing.T) {
			server := start()
			done := filepath.Join(t.TempDir(), "done")
			detach := "setsid -f sh -c 'while [ ! -e " + done + ".go ]; do sleep 0.05; done; echo $$ >" +
				done + "' </dev/null >/dev/null 2>&1"
			run(t, server.Target(), detach)
			server.CutAll()
			if got := run(t, server.Target(), "id -un"); got != server.User()+"\n" {
				t.Errorf("after a cut the user is %q, want %q", got, server.User())
			}
			server.Close()
			server.Close()
			if conn, err := net.Dial("tcp",
				net.JoinHostPort("127.0.0.1", strconv.Itoa(server.Port()))); err == nil {
				_ = conn.Close()
				t.Error("a closed server still listens")
			}
			if err := os.WriteFile(done+".go", nil, 0o600); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
				if _, err := os.Stat(done); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal("the job is gone")
				}
			}
		})
		t.Run(name+": Close ends what runs on a connection", func(t *testing.T) {
			server := start()
			shell, err := sshrun.New(sshrun.Options{}).Dial(t.Context(), server.Target())
			if err != nil {
				t.Fatal(err)
			}
			pid := make(chan int, 1)
			go func() {
				_, _ = shell.Run(t.Context(), "echo $$; exec sleep 60", nil, first(pid), io.Discard)
			}()
			process := <-pid
			server.Close()
			text, _ := os.ReadFile("/proc/" + strconv.Itoa(process) + "/cmdline")
			if strings.Contains(string(text), "sleep") {
				t.Errorf("%q still runs", text)
			}
		})
	}
}

// first is a writer that sends the number in its first write.
type first chan int

func (f first) Write(p []byte) (int, error) {
	n, err := strconv.Atoi(strings.TrimSpace(string(p)))
	f <- n
	return len(p), err
}

func TestServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	server, err := remotetest.Serve(remotetest.Options{Dir: dir, Environment: []string{"DEMO=yes"},
		Noise: "motd\n"})
	if err != nil {
		t.Fatal(err)
	}
	target := server.Target()
	if got := run(t, target, "echo $DEMO"); got != "motd\nyes\n" {
		t.Errorf("got %q", got)
	}
	if _, err := remotetest.Serve(remotetest.Options{Port: server.Port()}); err == nil {
		t.Error("a port was served twice")
	}
	server.Close()
	again, err := remotetest.Serve(remotetest.Options{Dir: dir, Port: target.Port})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if again.Target() != target {
		t.Error("the keys or the port are not those of before")
	}
	run(t, target, "true")
	for _, name := range []string{"host_key", "client_key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v %v, want mode 0600", name, info, err)
		}
	}
}
