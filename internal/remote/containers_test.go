package remote_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/remote"
)

// sleeperImage is an image that the test suite builds; no registry has it.
const sleeperImage = "waybill-test/busybox:1"

// needDocker skips the test if there is no Docker engine with the image, or
// fails it where nothing may be skipped.
func needDocker(t *testing.T) {
	t.Helper()
	need(t, "docker")
	said, err := exec.Command("docker", "image", "inspect", sleeperImage).CombinedOutput()
	if err != nil && os.Getenv("WAYBILL_CI") != "" {
		t.Fatalf("no Docker engine with the image %s: %s", sleeperImage, said)
	}
	if err != nil {
		t.Skipf("no Docker engine with the image %s; localstack/docker/images builds it", sleeperImage)
	}
}

// containers returns names for the containers of one test and removes those
// containers after it.
func containers(t *testing.T, count int) []string {
	t.Helper()
	var names []string
	for i := range count {
		names = append(names, fmt.Sprintf("waybill-stop-%d-%d-%d", os.Getpid(), time.Now().UnixNano(), i))
	}
	t.Cleanup(func() { _ = exec.Command("docker", append([]string{"rm", "--force"}, names...)...).Run() })
	return names
}

// runs reports whether the container runs.
func runs(name string) bool {
	said, err := exec.Command("docker", "inspect", "--format", "{{.State.Running}}", name).Output()
	return err == nil && strings.TrimSpace(string(said)) == "true"
}

// among returns the found names that are also in names.
func among(found, names []string) []string {
	return slices.DeleteFunc(slices.Clone(found), func(name string) bool {
		return !slices.Contains(names, name)
	})
}

// TestStopEndsTheContainersOfItsClients kills clients whose container ignores
// TERM. The engine keeps such a container running, outside the job's group and
// session.
func TestStopEndsTheContainersOfItsClients(t *testing.T) {
	needDocker(t)
	alpine := busybox(t, "docker")
	for name, script := range map[string]string{
		"on a server with busybox": "docker run --rm --name NAME IMAGE sleep 1000",
		"in the foreground":        "docker run --rm --name NAME IMAGE sleep 1000",
		"in the background":        "docker run --rm --name NAME IMAGE sleep 1000 & wait",
		"in a session of its own": "setsid docker run --rm --name NAME IMAGE sleep " +
			"1000 & wait",
		"without the environment": `(env -i PATH="$PATH" HOME="$HOME" setsid ` +
			`docker run --rm --name NAME IMAGE sleep 1000 &); sleep 300`,
		"which would be started again": "docker run --restart always --name NAME IMAGE " +
			"sleep 1000",
		"with a step that waits for its container": "docker run --rm --name NAME IMAGE sleep 1000; sleep 300",
	} {
		t.Run(name, func(t *testing.T) {
			names := containers(t, 1)
			script := strings.NewReplacer("NAME", names[0], "IMAGE", sleeperImage).Replace(script)
			j := job(folder(t), "echo ready; "+script)
			j.MayRunContainers = true
			shell := local{}
			if strings.Contains(name, "busybox") {
				shell = alpine
			}
			_, ended := begin(t, shell, j, "ready\n")
			await(t, "the container", func() bool { return runs(names[0]) })
			got, err := remote.Stop(t.Context(), shell, j, 500*time.Millisecond)
			ends := slices.Equal(among(got.Containers.Ended, names), names)
			if err != nil || len(got.Survivors) > 0 || runs(names[0]) || !ends {
				t.Errorf("%+v %v, want %v ended", got, err, names)
			}
			ended()
		})
	}
}

// TestStopNamesContainersThatMayBeOthers has containers that Stop must leave
// alone: the job may not have started them, or started them to outlive it.
func TestStopNamesContainersThatMayBeOthers(t *testing.T) {
	needDocker(t)
	names := containers(t, 5)
	earlier, other, detached, silent, composed := names[0], names[1], names[2], names[3], names[4]
	docker := func(arguments ...string) *exec.Cmd {
		command := exec.Command("docker", append(arguments, sleeperImage, "sleep", "1000")...)
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
		return command
	}
	docker("run", "--name", earlier)
	await(t, earlier, func() bool { return runs(earlier) })
	// The kernel gives the time of its own start only to the second, so the
	// job's start is known no better.
	created := time.Now()
	await(t, "time between it and the job", func() bool { return time.Since(created) > 2*time.Second })
	script := strings.NewReplacer("DETACHED", detached, "SILENT", silent, "EARLIER", earlier, "IMAGE",
		sleeperImage)
	j := job(folder(t), script.Replace("echo ready; until [ -e go ]; do sleep 0.05; done; "+
		"docker run --detach --name DETACHED IMAGE sleep 1000; "+
		"docker run --sig-proxy=false --name SILENT IMAGE sleep 1000 & docker attach EARLIER"))
	j.MayRunContainers = true
	_, ended := begin(t, local{}, j, "ready\n")
	docker("run", "--name", other)
	docker("run", "--name", composed, "--label", "com.docker.compose.project=x",
		"--label", "com.docker.compose.project.working_dir="+t.TempDir())
	await(t, "others' containers", func() bool { return runs(other) && runs(composed) })
	write(t, j.Dir+"/go", "")
	await(t, "the job's containers", func() bool { return runs(detached) && runs(silent) })
	await(t, "the job's client", func() bool { return len(clients("attach", earlier)) > 0 })
	got, err := remote.Stop(t.Context(), local{}, j, 500*time.Millisecond)
	left := among(got.Containers.Left, names)
	slices.Sort(left)
	diff := cmp.Diff(left, []string{other, detached, silent})
	if err != nil || diff != "" || len(among(got.Containers.Ended, names)) > 0 {
		t.Errorf("%+v %v, left - want +\n%s", got, err, diff)
	}
	for _, name := range names {
		if !runs(name) {
			t.Errorf("%s was ended", name)
		}
	}
	ended()
}

// clients returns the docker clients with these arguments.
func clients(arguments ...string) []int {
	var found []int
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	want := "docker\x00" + strings.Join(arguments, "\x00") + "\x00"
	for _, path := range lines {
		if line, _ := os.ReadFile(path); string(line) == want {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			found = append(found, pid)
		}
	}
	return found
}
