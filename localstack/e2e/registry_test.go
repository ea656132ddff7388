package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestRegistry tests the registry that the tests of pulls use. If it passes, a
// failing test of a pull means a fault in Waybill.
func TestRegistry(t *testing.T) {
	needImage(t, smallImage)
	name := registry(t) + "/waybill-test/page:1"
	read := func() string { return docker(t, "run", "--rm", name, "cat", "/page") }
	older, newer := "waybill-test/page-older:1", "waybill-test/page-newer:1"
	buildImage(t, older, "FROM "+smallImage+"\nRUN echo older >/page\n")
	buildImage(t, newer, "FROM "+smallImage+"\nRUN echo newer >/page\n")

	push(t, older, name)
	if err := exec.Command("docker", "image", "inspect", name).Run(); err == nil {
		t.Errorf("the engine has %s before anybody pulled it", name)
	}
	docker(t, "pull", "--quiet", name)
	if got := read(); got != "older" {
		t.Errorf("the pulled image says %q, want older", got)
	}

	pushBeside(t, newer, name)
	if got := read(); got != "older" {
		t.Errorf("without a pull the image says %q, want older", got)
	}
	docker(t, "pull", "--quiet", name)
	if got := read(); got != "newer" {
		t.Errorf("after a pull the image says %q, want newer", got)
	}
}

// registry starts a private image registry and returns its address; the names of
// its images begin with that address. It listens on loopback, where Docker
// requires no TLS. At the end of the test it is stopped and its images are removed.
func registry(t *testing.T) string {
	t.Helper()
	return registryAt(t, filepath.Join(t.TempDir(), "images"), "")
}

// registryAt is registry with its images in a folder, and with the users of an htpasswd
// file, if there is one.
func registryAt(t *testing.T, images, users string) string {
	t.Helper()
	program, err := exec.LookPath("docker-registry")
	if err != nil {
		skip(t, "needs an image registry: apt-get install docker-registry, and see that it is not started")
	}
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	auth := ""
	if users != "" {
		auth = "auth: {htpasswd: {realm: e2e, path: " + users + "}}\n"
	}
	writeText(t, config, `version: 0.1
log: {accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: `+images+`}}
http: {addr: "127.0.0.1:0"}
`+auth)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	command := exec.Command(program, "serve", config)
	command.Stdout, command.Stderr = log, log
	// The registry's own variables would override the file.
	command.Env = []string{"PATH=/usr/bin:/bin"}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	})
	address := listening(t, log.Name())
	t.Cleanup(func() { dropPulled(t, address) })
	return address
}

// dropPulled removes all image names that begin with the registry's address from
// the engine: tags, and the digests of images whose tag a later pull has moved. The
// images may have other names as well, so it removes names and never ids.
func dropPulled(t *testing.T, address string) {
	t.Helper()
	listed := docker(t, "image", "ls", "--digests", "--format",
		"{{.Repository}}:{{.Tag}} {{.Repository}}@{{.Digest}}")
	for _, name := range strings.Fields(listed) {
		if strings.HasPrefix(name, address) && !strings.HasSuffix(name, "<none>") {
			docker(t, "image", "rm", "--force", name)
		}
	}
}

// listening waits until the registry's log shows its address, and returns it.
func listening(t *testing.T, log string) string {
	t.Helper()
	address := regexp.MustCompile(`listening on (127\.0\.0\.1:\d+)`)
	var said []byte
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		said, _ = os.ReadFile(log)
		if match := address.FindSubmatch(said); match != nil {
			return string(match[1])
		}
	}
	t.Fatalf("the registry does not listen:\n%s", said)
	return ""
}

// push pushes an image to the registry under the name and removes the name from
// the engine, so that the image has to be pulled.
func push(t *testing.T, image, name string) {
	t.Helper()
	docker(t, "tag", image, name)
	docker(t, "push", "--quiet", name)
	docker(t, "image", "rm", name)
}

// pushBeside pushes an image to the registry under a name that the engine has for
// an older image. The engine keeps the older one under that name.
func pushBeside(t *testing.T, image, name string) {
	t.Helper()
	pulled := docker(t, "image", "inspect", "--format", "{{.Id}}", name)
	push(t, image, name)
	docker(t, "tag", pulled, name)
}
