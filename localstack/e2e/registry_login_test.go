package e2e_test

import (
	"encoding/base64"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The user bot of the private registry, and the line of htpasswd with the hash of the
// password.
const (
	registryPassword = "s3cret-of-registry"
	registryUsers    = "bot:$2a$04$0DJtTgLGPNje6NxCIkQWbecC0sTF4ClH6IEKwFuRsemPCz5ojYd4W\n"
)

// TestPrivateRegistry pulls from a registry that wants a login. Only a login for its exact
// host helps, and only on the servers that it lists. Nothing of it stays on the server.
func TestPrivateRegistry(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	w := stack(t)
	spy := watch(t)
	token := base64.StdEncoding.EncodeToString([]byte("bot:" + registryPassword))
	spy.hide("the password of the registry", registryPassword)
	spy.hide("the login of the registry", token)
	s := w.newStage(t, spy, nil)

	// Both registries have the same images, so that the test can push without a login.
	folder, users := filepath.Join(t.TempDir(), "images"), filepath.Join(t.TempDir(), "users")
	writeText(t, users, registryUsers)
	pageImage(t, "waybill-test/private:1", "private")
	push(t, "waybill-test/private:1", registryAt(t, folder, "")+"/waybill-test/private:1")
	private := registryAt(t, folder, users)
	r := s.serve(t, "services:\n  web:\n    image: "+private+"/waybill-test/private:1\n", nil)
	const refused = "(?i)no basic auth credentials|unauthorized|authentication required"
	r.fail(t, "start", nil, "exit", refused)

	login := words{"url": private, "user": "bot", "password": registryPassword,
		"server_uuids": []string{w.server(t)}}
	registry := "/registries/" + w.create(t, "/registries", login)
	change := func(said words) {
		t.Helper()
		if err := w.api.Do(t.Context(), "PATCH", registry, said, nil); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("a login of another server does not help", func(t *testing.T) {
		r.fail(t, "start", nil, "exit", refused)
	})
	t.Run("nor does a wrong password", func(t *testing.T) {
		change(words{"password": "a-wrong-password", "server_uuids": []string{s.server}})
		r.fail(t, "start", nil, "exit", refused)
		s.wantNoLogin(t, "a-wrong-password")
	})
	t.Run("the right one does, and does not stay", func(t *testing.T) {
		change(words{"password": registryPassword})
		r.succeed(t, "start", nil, "running:unknown")
		s.wantNoLogin(t, registryPassword)
		s.wantNoLogin(t, token)
	})
	t.Run("the login of one resource helps that resource", func(t *testing.T) {
		change(words{"server_uuids": []string{}, "resource_uuids": []string{r.uuid}})
		r.succeed(t, "restart?latest=true", nil, "running:unknown")
	})
	t.Run("without it the next pull fails", func(t *testing.T) {
		w.removes(t, registry)
		r.fail(t, "restart?latest=true", nil, "exit", refused)
	})
	r.remove(t, true)
}

// wantNoLogin looks for a text in everything that Waybill has on the server. The spool of
// the last deployment is removed shortly after its end.
func (s *stage) wantNoLogin(t *testing.T, login string) {
	t.Helper()
	eventually(t, "a file has the login", func() bool { return !s.hasLogin(login) })
}

func (s *stage) hasLogin(login string) bool {
	found := false
	_ = filepath.WalkDir(s.folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			text, _ := os.ReadFile(path)
			found = found || strings.Contains(string(text), login)
		}
		return nil
	})
	return found
}

// silentRegistry is the address of a registry that takes connections and never answers.
func silentRegistry(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var held []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			held = append(held, conn)
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		<-done
		for _, conn := range held {
			conn.Close()
		}
	})
	return listener.Addr().String()
}

// TestAKilledPullLeavesNoLogin kills a job in the middle of a pull, so that no trap of a step
// runs. The runner removes the spool, and the logins with it.
func TestAKilledPullLeavesNoLogin(t *testing.T) {
	needDocker(t)
	w := stack(t)
	s := w.newStage(t, watch(t), nil)
	registry := silentRegistry(t)
	login := words{"url": registry, "user": "bot", "password": registryPassword,
		"server_uuids": []string{s.server}}
	w.create(t, "/registries", login)
	service := w.service(t, s.server, "services:\n  web:\n    image: "+registry+"/team/web:1\n")
	uuid := w.start(t, service)
	token := base64.StdEncoding.EncodeToString([]byte("bot:" + registryPassword))
	eventually(t, "no file has the login while the image is pulled", func() bool { return s.hasLogin(token) })
	var running struct {
		Process string `json:"current_process_id"`
	}
	eventually(t, "the job is not known", func() bool {
		w.get(t, "/deployments/"+uuid, &running)
		return running.Process != ""
	})
	group, _, _ := strings.Cut(running.Process, " ")
	pid, err := strconv.Atoi(group)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(-pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	record, entries := w.follow(t, uuid)
	wantStatus(t, record, entries, "failed", "lost")
	s.wantNoLogin(t, token)
	s.wantNoLogin(t, registryPassword)
}
