package e2e_test

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pageImage builds an image whose web server serves a word. Its stop signal is
// KILL, so that its container stops at once.
func pageImage(t *testing.T, name, word string) {
	t.Helper()
	buildImage(t, name,
		"FROM "+smallImage+"\nRUN mkdir /www && echo "+word+" >/www/index.html\nSTOPSIGNAL SIGKILL\n"+
			"CMD [\"httpd\", \"-f\", \"-p\", \"80\", \"-h\", \"/www\"]\n")
}

// servicePulls pushes a newer image to a registry under the same tag.
func servicePulls(t *testing.T, s *stage) {
	older, newer := "waybill-test/service-older:1", "waybill-test/service-newer:1"
	pageImage(t, older, "older")
	pageImage(t, newer, "newer")
	name := registry(t) + "/waybill-test/page:1"
	push(t, older, name)
	r := s.serve(t, `
services:
  web:
    image: `+name+`
    healthcheck: {test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"], interval: 1s, retries: 30}
`, nil)
	says := func(want string) {
		t.Helper()
		if got := docker(t, "exec", r.uuid+"-web-1", "cat", "/www/index.html"); got != want {
			t.Errorf("the page says %q, want %q", got, want)
		}
	}
	r.succeed(t, "start", nil, "running:healthy")
	says("older")
	pushBeside(t, newer, name)
	r.succeed(t, "start", words{"force": true}, "running:healthy")
	says("older")
	r.succeed(t, "start", words{"pull_latest_images": true, "stop_before_start": true}, "running:healthy")
	says("newer")
	pushBeside(t, older, name)
	r.succeed(t, "restart?latest=true", nil, "running:healthy")
	says("older")
	r.remove(t, true)
}

// takePort listens on a port until the test ends.
func takePort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener.Addr().(*net.TCPAddr).Port
}

// page returns the answer of a web server on this machine, without blanks at its
// ends.
func page(t *testing.T, port int, path string) string {
	t.Helper()
	browser := http.Client{Timeout: 10 * time.Second}
	answer, err := browser.Get("http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) + path)
	if err != nil {
		t.Errorf("the page does not answer: %v", err)
		return ""
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Errorf("the page does not answer: %v", err)
	}
	return strings.TrimSpace(string(said))
}

func wantPage(t *testing.T, port int, path, want string) {
	t.Helper()
	if got := page(t, port, path); got != want {
		t.Errorf("the page %s says %q, want %q", path, got, want)
	}
}
