package e2e_test

import (
	"encoding/base64"
	"strings"
	"testing"
)

// pageDockerfile is a Dockerfile of a web server whose page has the word.
func pageDockerfile(word string) string {
	return images.Replace("ARG GREETING=none\nFROM SMALL\nARG GREETING=none\n" +
		"RUN mkdir /www && echo " + word + " $GREETING >/www/index.html\nSTOPSIGNAL SIGKILL\n" +
		`CMD ["httpd", "-f", "-p", "80", "-h", "/www"]` + "\n")
}

// inlineApplication has its Dockerfile in the request, as existing clients send it.
func inlineApplication(t *testing.T, s *stage) {
	port := freePort(t)
	r := s.add(t, "/applications/dockerfile", with(published(port), words{
		"dockerfile":  base64.StdEncoding.EncodeToString([]byte(pageDockerfile("older"))),
		"environment": []words{secretly("GREETING", "a secret that no build gets")}}))
	first, entries := r.succeed(t, "deploy", nil, "running:healthy")
	wantPage(t, port, "/", "older none")
	if len(outputs(entries, "Build")) == 0 {
		t.Error("the log has no output of the build")
	}
	_, entries = r.succeed(t, "restart", nil, "running:healthy")
	if said := strings.Join(outputs(entries, "Build"), "\n"); !strings.Contains(said, "nothing is built") {
		t.Errorf("a restart built again:\n%s", said)
	}

	update := r.change(t, words{"dockerfile": pageDockerfile("newer")})
	wantUpdate(t, r, update, first.DeploymentUUID, "dockerfile changed")
	r.succeed(t, "restart", nil, "running:healthy")
	wantPage(t, port, "/", "newer none")
	r.rollback(t, first)
	wantPage(t, port, "/", "older none")

	r.change(t, words{"dockerfile": images.Replace("FROM SMALL\nCOPY container.env /stolen\n")})
	r.fail(t, "deploy", nil, "exit", "container.env")
	wantPage(t, port, "/", "older none")
	r.remove(t, false)
}
