package recipe_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/recipe"
)

var containerID = strings.Repeat("0123456789abcdef", 4)

func TestParseContainers(t *testing.T) {
	const head = "a banner\nE\n\nwaybill-containers\n"
	line := func(service, name string) string {
		return "C " + service + " " + containerID + " " + name + "\n"
	}
	got, err := recipe.ParseContainers(head + line("web", "shop-web-2") + line("web", "shop-web-1") + "E\n")
	want := []recipe.Container{{Service: "web", ID: containerID, Name: "shop-web-1"},
		{Service: "web", ID: containerID, Name: "shop-web-2"}}
	if diff := cmp.Diff(got, want); err != nil || diff != "" {
		t.Errorf("%v (-got +want)\n%s", err, diff)
	}
	if got, err := recipe.ParseContainers(head + "E\n"); err != nil || len(got) > 0 {
		t.Errorf("of no container: %v, %v", got, err)
	}
	for name, output := range map[string]string{
		"no marker":            line("web", "shop-web-1") + "E\n",
		"no end":               head + line("web", "shop-web-1"),
		"a reason":             head + "F Docker is not installed.\nE\n",
		"a part too few":       head + "C web " + containerID + "\nE\n",
		"an id that is none":   head + "C web --privileged shop\nE\n",
		"a name with a colour": head + line("web", "\x1b[31mred") + "E\n",
	} {
		if got, err := recipe.ParseContainers(output); !errors.Is(err, fault.Unavailable) {
			t.Errorf("%s: %v, %v; want Unavailable", name, got, err)
		}
	}
}

// TestScriptsOfLogsAskDocker has a docker that prints its arguments.
func TestScriptsOfLogsAskDocker(t *testing.T) {
	folder := t.TempDir()
	docker := "#!/bin/sh\n[ \"$1\" = version ] || echo \"docker $* ($SECRET)\"\necho from-stderr >&2\n"
	if err := os.WriteFile(filepath.Join(folder, "docker"), []byte(docker), 0o755); err != nil {
		t.Fatal(err)
	}
	run := func(t *testing.T, script string) string {
		t.Helper()
		cmd := exec.Command("sh", "-s")
		cmd.Stdin = strings.NewReader(script + "echo the rest of the session >&2\n")
		cmd.Env = []string{"PATH=" + folder + ":" + os.Getenv("PATH"), "SECRET=of the session"}
		output, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(output)
	}
	container := recipe.Container{ID: containerID}
	t.Run("the list has all containers of the project but those of compose run", func(t *testing.T) {
		want := "\nwaybill-containers\ndocker ps --all --no-trunc " +
			"--filter label=com.docker.compose.project=svc000000000000000000001 " +
			"--filter label=com.docker.compose.oneoff=False " +
			"--format C {{.Label \"com.docker.compose.service\"}} {{.ID}} {{.Names}} ()\nE\n"
		got := run(t, recipe.ContainersScript("svc000000000000000000001"))
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("a log has both streams and nothing else", func(t *testing.T) {
		want := "docker logs --tail 7 " + containerID + " ()\nfrom-stderr\n"
		if got := run(t, recipe.LogScript(container, 7, false, 1000)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
	t.Run("with its times", func(t *testing.T) {
		want := "docker logs --tail 7 --timestamps " + containerID + " ()\nfrom-stderr\n"
		if got := run(t, recipe.LogScript(container, 7, true, 1000)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	})
	t.Run("of a long log the last bytes", func(t *testing.T) {
		if got := run(t, recipe.LogScript(container, 7, false, 7)); got != "stderr\n" {
			t.Errorf("%q", got)
		}
	})
}
