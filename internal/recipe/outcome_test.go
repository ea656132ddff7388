package recipe_test

import (
	"crypto/rand"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// busybox is an image that the test suite prepares. No registry has it.
const busybox = "waybill-test/busybox:1"

// needEngine skips a test if docker's engine is missing or has no busybox image. Under
// WAYBILL_CI the test fails instead.
func needEngine(t *testing.T) {
	t.Helper()
	if said, err := exec.Command("docker", "image", "inspect", busybox).CombinedOutput(); err != nil {
		if os.Getenv("WAYBILL_CI") != "" {
			t.Fatalf("no docker engine with the image %s: %s", busybox, said)
		}
		t.Skipf("no docker engine with the image %s here; `localstack/docker/images` builds it", busybox)
	}
}

// realService is a service with a unique name, which is removed from the engine when
// the test ends. BUSYBOX in the text stands for the image.
func realService(t *testing.T, text string, timeout time.Duration) (service *catalog.Service, data string) {
	t.Helper()
	needEngine(t)
	id, err := catalog.NewID(catalog.KindService, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	service = composeService(strings.ReplaceAll(text, "BUSYBOX", busybox))
	service.Resource = resource(id)
	service.Environment, service.HealthTimeout = nil, timeout
	t.Cleanup(func() {
		said, err := exec.Command("docker", "compose", "--project-name", string(id), "down", "--volumes",
			"--timeout", "0").CombinedOutput()
		if err != nil {
			t.Errorf("clean up: %v: %s", err, said)
		}
	})
	return service, t.TempDir()
}

// planOf is the plan of an operation on a real service.
func planOf(t *testing.T, service *catalog.Service, data string, operation deployment.Operation) recipe.Plan {
	t.Helper()
	plan, err := recipe.Build(recipe.Input{Resource: service, DataDir: data, Deployment: deploymentID,
		Operation: operation})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// output is the output of all steps.
func output(results []result) string {
	var text strings.Builder
	for _, r := range results {
		text.WriteString(r.stdout + r.stderr)
	}
	return text.String()
}

// wantOutcome checks that exit is the first exit code other than 0, or 0, and that the
// output of all steps has these parts but not the parts after a "!".
func wantOutcome(t *testing.T, results []result, exit int, parts ...string) {
	t.Helper()
	got, said := 0, output(results)
	for _, r := range results {
		if got == 0 {
			got = r.exit
		}
	}
	if got != exit {
		t.Errorf("exit %d, want %d", got, exit)
	}
	for _, part := range parts {
		if unwanted, not := strings.CutPrefix(part, "!"); strings.Contains(said, unwanted) == not {
			t.Errorf("the log does not fit %q", part)
		}
	}
	if t.Failed() {
		t.Logf("the steps said:\n%s", said)
	}
}

func TestServiceOfJobs(t *testing.T) {
	const two = "services: {one: {image: BUSYBOX, command: echo the first result}, " +
		"two: {image: BUSYBOX, restart: 'no', command: sh -c 'echo the second result; exit CODE'}}\n"
	t.Run("is well when all of them ended well, and shows what they said", func(t *testing.T) {
		service, data := realService(t, strings.ReplaceAll(two, "CODE", "0"), 20*time.Second)
		wantOutcome(t, perform(t, planOf(t, service, data, deployment.Start)), 0, "the first result\n",
			"the second result\n")
		if found, err := look(t, service, data); err != nil || found.Status != "exited" {
			t.Errorf("status %+v (%v), want exited", found, err)
		}
	})
	t.Run("is unhealthy when one failed", func(t *testing.T) {
		service, data := realService(t, strings.ReplaceAll(two, "CODE", "3"), 20*time.Second)
		wantOutcome(t, perform(t, planOf(t, service, data, deployment.Start)), recipe.UnhealthyExit,
			"-two-1 exited with code 3, and docker does not start it again.", "the second result\n")
	})
}

func TestSlowDependency(t *testing.T) {
	service, data := realService(t, `services:
  migrate: {image: BUSYBOX, init: true, command: sh -c 'echo migrating; exec sleep 60'}
  web: {image: BUSYBOX, command: sleep 60, depends_on: {migrate: {condition: service_completed_successfully}}}
`, 3*time.Second)
	wantOutcome(t, perform(t, planOf(t, service, data, deployment.Start)), recipe.UnhealthyExit,
		"-migrate-1 is running. Others start only when it has ended.", "health_timeout", "\nmigrating\n",
		"-web-1 was created and never started")
}

// relay is a socket between docker's client and its engine. A test can take it away.
type relay struct {
	socket          string
	network, engine string
	mu              sync.Mutex
	listener        net.Listener
	open            []net.Conn
}

// newRelay returns a relay that works.
func newRelay(t *testing.T) *relay {
	t.Helper()
	said, err := exec.Command("docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}").
		Output()
	network, engine, found := strings.Cut(strings.TrimSpace(string(said)), "://")
	if err != nil || !found || network != "unix" && network != "tcp" {
		t.Fatalf("the engine is behind no socket and no port: %q (%v)", said, err)
	}
	r := &relay{socket: filepath.Join(t.TempDir(), "docker.sock"), network: network, engine: engine}
	r.appear(t)
	t.Cleanup(r.vanish)
	return r
}

func (r *relay) appear(t *testing.T) {
	listener, err := net.Listen("unix", r.socket)
	if err != nil {
		t.Error(err)
		return
	}
	r.mu.Lock()
	r.listener = listener
	r.mu.Unlock()
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(r.network, r.engine)
			if err != nil {
				_ = client.Close()
				continue
			}
			r.mu.Lock()
			r.open = append(r.open, client, server)
			r.mu.Unlock()
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { _, _ = io.Copy(client, server); _ = client.Close() }()
		}
	}()
}

// vanish ends all connections and removes the socket, as the end of an engine does.
func (r *relay) vanish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		_ = r.listener.Close()
	}
	for _, conn := range r.open {
		_ = conn.Close()
	}
	r.listener, r.open = nil, nil
}

// untilStart is the plan up to and including its start step.
func untilStart(plan recipe.Plan) recipe.Plan {
	for i, step := range plan.Job.Steps {
		if step.Name == recipe.StartStep {
			plan.Job.Steps = plan.Job.Steps[:i+1]
			break
		}
	}
	return plan
}

// health runs a health step on the relay's engine. It returns a function for the output
// so far, and a channel for the exit code.
func (r *relay) health(t *testing.T, plan recipe.Plan) (said func() string, ended <-chan int) {
	t.Helper()
	place(t, plan.Job)
	folder := t.TempDir()
	script, log := filepath.Join(folder, "step"), filepath.Join(folder, "log")
	for _, step := range plan.Job.Steps {
		if step.Name != recipe.HealthStep {
			continue
		}
		if err := os.WriteFile(script, []byte(step.Script), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	cmd := exec.Command("sh", "-e", script)
	cmd.Dir, cmd.Env = plan.Job.Dir, append(os.Environ(), "DOCKER_HOST=unix://"+r.socket)
	cmd.Stdout, cmd.Stderr = file, file
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan int, 1)
	go func() {
		_ = cmd.Wait()
		done <- cmd.ProcessState.ExitCode()
	}()
	return func() string {
		text, _ := os.ReadFile(log)
		return string(text)
	}, done
}

// until waits until the output has the text.
func until(t *testing.T, said func() string, part string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !strings.Contains(said(),
		part); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%q was never said:\n%s", part, said())
		}
	}
}

func TestDockerAwayDuringTheHealthWait(t *testing.T) {
	const checked = `services:
  web:
    image: BUSYBOX
    init: true
    command: sleep 600
    healthcheck: {test: [CMD, test, -e, /well], interval: 1s, retries: 100}
`
	const away = "The Docker daemon does not answer on the server."
	t.Run("is said once and waited for", func(t *testing.T) {
		service, data := realService(t, checked, 60*time.Second)
		plan := planOf(t, service, data, deployment.Start)
		wantOutcome(t, perform(t, untilStart(plan)), 0)
		r := newRelay(t)
		said, ended := r.health(t, plan)
		until(t, said, "its health check")
		r.vanish()
		until(t, said, away)
		name := string(service.ID) + "-web-1"
		if text, err := exec.Command("docker", "exec", name, "touch", "/well").CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		r.appear(t)
		if code := <-ended; code != 0 || strings.Count(said(), away) != 1 ||
			!strings.Contains(said(), name+" is healthy.") {
			t.Errorf("exit %d:\n%s", code, said())
		}
	})
	t.Run("for all of the time ends with a code of its own", func(t *testing.T) {
		service, data := realService(t, checked, 4*time.Second)
		plan := planOf(t, service, data, deployment.Start)
		wantOutcome(t, perform(t, untilStart(plan)), 0)
		r := newRelay(t)
		r.vanish()
		said, ended := r.health(t, plan)
		if code := <-ended; code != recipe.DockerExit || strings.Count(said(), away) != 1 ||
			strings.Contains(said(), "gone") {
			t.Errorf("exit %d:\n%s", code, said())
		}
	})
	t.Run("does not hide that a container was removed", func(t *testing.T) {
		service, data := realService(t, checked, 60*time.Second)
		plan := planOf(t, service, data, deployment.Start)
		wantOutcome(t, perform(t, untilStart(plan)), 0)
		r := newRelay(t)
		said, ended := r.health(t, plan)
		until(t, said, "its health check")
		name := string(service.ID) + "-web-1"
		if text, err := exec.Command("docker", "rm", "--force", name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if code := <-ended; code != recipe.UnhealthyExit ||
			!strings.Contains(said(), name+" is gone: it was removed") {
			t.Errorf("exit %d:\n%s", code, said())
		}
	})
}

func TestCancelledRecreate(t *testing.T) {
	service, data := realService(t, "services: {web: {image: BUSYBOX, init: true, command: sleep 600}}\n",
		20*time.Second)
	for _, operation := range []deployment.Operation{deployment.Start, deployment.Restart} {
		wantOutcome(t, perform(t, untilStart(planOf(t, service, data, operation))), 0)
	}
	// A restart that ends after it has removed the old container, and before it has
	// renamed the new one, leaves the new container with this name and with compose's
	// label.
	name := string(service.ID) + "-web-1"
	if said, err := exec.Command("docker", "rename", name, "5c1d00000000_"+name).
		CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	wantOutcome(t, perform(t, untilStart(planOf(t, service, data, deployment.Start))), 0,
		"Renamed the container 5c1d00000000_"+name)
	said, err := exec.Command("docker", "ps", "--all", "--filter",
		"label=com.docker.compose.project="+string(service.ID), "--format", "{{.Names}}").Output()
	if err != nil || strings.TrimSpace(string(said)) != name {
		t.Errorf("the containers are %q (%v), want %s", said, err, name)
	}
}

func TestDeletionNamesTheVolumesItKeeps(t *testing.T) {
	service, data := realService(t,
		"services: {web: {image: BUSYBOX, init: true, command: sleep 600, volumes: "+
			"['store:/s']}}\nvolumes: {store: {}}\n", 20*time.Second)
	wantOutcome(t, perform(t, untilStart(planOf(t, service, data, deployment.Start))), 0)
	volume := string(service.ID) + "_store"
	wantOutcome(t, perform(t, planOf(t, service, data, deployment.Delete)), 0, "Kept the volumes "+volume+".")
	if said, err := exec.Command("docker", "volume", "rm", volume).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, said)
	}
}
