package e2e_test

import (
	"os/exec"
	"strings"
	"testing"
)

// smallImage has a shell, its tools and a web server (httpd) in 2 MB. Tests build
// their images on it, so the builds need no network.
const smallImage = "waybill-test/busybox:1"

// needImage skips a test if one of the images is missing. The scripts in
// localstack/docker make them.
func needImage(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if err := exec.Command("docker", "image", "inspect", name).Run(); err != nil {
			skip(t, "needs a Docker engine with the image "+name+
				": localstack/docker/engine start, then localstack/docker/images")
		}
	}
}

// buildImage builds an image from the text of a Dockerfile and names it. The test
// removes the name at its end; the layers stay while another image uses them.
func buildImage(t *testing.T, name, dockerfile string) {
	t.Helper()
	command := exec.Command("docker", "build", "--force-rm", "--quiet", "--tag", name, "-")
	command.Stdin = strings.NewReader(dockerfile)
	if said, err := command.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, said)
	}
	t.Cleanup(func() { docker(t, "image", "rm", "--force", name) })
}
