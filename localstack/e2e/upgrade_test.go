package e2e_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
	"waybill/localstack/cloud"
	"waybill/localstack/progress"
)

// TestUpgradeInFlight deploys the stack of the release v0.9.0, starts twenty deployments, and
// deploys the present stack over it while they run and wait. CloudFormation updates the stack. The
// emulator ends the running functions with it, and the test kills the runners that are left: on
// AWS they may go on for fifteen minutes, which would hide that the present runner cannot take their
// work over. No deployment may be lost or run twice, and the records and logs of the release must be
// readable.
func TestUpgradeInFlight(t *testing.T) {
	if emulated() != "ministack" {
		return // LocalStack 4.14 claims to update an API and does not
	}
	t.Parallel() // it has an emulator of its own
	needDocker(t)
	root, release := released(t)
	opts := cloud.Options{
		Root: root, Stack: release, State: filepath.Join(root, ".local", "e2e-upgrade"),
		Team: upgradedTeam, Lease: lease.String(), Throttle: "requests=0,failures=5", Fresh: true,
		Progress: func(line string) { fmt.Fprintln(os.Stderr, line) },
	}
	w := risen(t, opts)
	t.Cleanup(func() { _ = w.cloud.Down(context.WithoutCancel(t.Context())) })
	token, err := w.cloud.Token(t.Context(), "before the upgrade", "root")
	if err != nil {
		t.Fatal(err)
	}
	w.token, w.api = token, client.New(w.url, token)
	w.api = client.New(w.url, w.mint(t, "an old token", "root"))

	before := w.earlier(t)
	fleet := w.twenty(t)
	fleet.awaitUnderWay(t)
	old := runnersOf(upgradedTeam)
	if len(old) < fleet.running() {
		t.Fatalf("%d processes are runners, want one for each of %d deployments", len(old), fleet.running())
	}
	begun := time.Now()
	opts.Stack, opts.Fresh = "", false
	now := risen(t, opts)
	now.token = token
	now.api = client.New(now.url, token)
	took, killed := time.Since(begun).Round(time.Second), 0
	for _, pid := range runnersOf(upgradedTeam) {
		if slices.Contains(old, pid) && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	fmt.Printf("figure: the upgrade of the release with %d deployments took %s, and left %d of its %d "+
		"runners, which were killed\n", len(fleet.all), took, killed, len(old))

	fleet.w = now
	t.Run("what was written before is read as before", func(t *testing.T) { before.wantSame(t, now) })
	fleet.release(t)
	t.Run("no deployment is lost or runs twice, and each log is whole", fleet.wantWhole)
	t.Run("old definitions, secrets and tokens work", func(t *testing.T) { before.wantWorking(t, now) })
	for _, server := range fleet.servers {
		now.wantIdle(t, server)
	}
}

const upgradedTeam = "upgrade"

// released returns the checkout and the folder with the release, which the Makefile makes.
func released(t *testing.T) (root, release string) {
	t.Helper()
	if os.Getenv("WAYBILL_E2E") == "" {
		skip(t, "needs the tools and functions that `make test` prepares: run that")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	release = filepath.Join(root, ".local", "release")
	if _, err := os.Stat(filepath.Join(release, ".made")); err != nil {
		skip(t, "needs the release v0.9.0: git fetch --depth=1 origin tag v0.9.0, then make tools-release")
	}
	return root, release
}

// risen deploys a stack to an emulator of its own, or over the stack that is there.
func risen(t *testing.T, opts cloud.Options) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	c, err := cloud.Up(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	return &world{cloud: c, url: c.URL()}
}

// runnersOf returns the processes that run the runner function of a team's stack.
func runnersOf(team string) []int {
	return processes(func(pid int) bool {
		environment, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
		return strings.Contains(string(environment), "AWS_LAMBDA_FUNCTION_NAME=waybill-"+team+"-runner\x00")
	})
}

// earlier is what ended before the upgrade: an application with a secret, its record and its log as
// the release showed them.
type earlier struct {
	app     string
	record  client.Deployment
	entries []client.Entry
	// tokens are of the release; the second one can only read.
	tokens [2]string
}

const upgradeSecret = "correct horse battery staple"

// earlier deploys the application twice with the release.
func (w *world) earlier(t *testing.T) earlier {
	t.Helper()
	app := w.create(t, "/applications/shell", map[string]any{
		"name": "before", "server_uuid": w.server(t),
		"start": `[ "$PASSWORD" = "` + upgradeSecret + `" ] || exit
			echo "the password is $PASSWORD"; seq 1 300`,
		"environment": []words{secretly("PASSWORD", upgradeSecret)},
	})
	w.deploy(t, app)
	record, entries := w.operate(t, app, "restart")
	wantStatus(t, record, entries, "finished", "")
	return earlier{app, record, entries,
		[2]string{w.mint(t, "deployer", "root"), w.mint(t, "reader", "read")}}
}

// wantSame checks that the present API shows what the release showed.
func (e earlier) wantSame(t *testing.T, w *world) {
	reader := &world{cloud: w.cloud, url: w.url, api: client.New(w.url, e.tokens[1])}
	record, entries := reader.follow(t, e.record.DeploymentUUID)
	if diff := cmp.Diff(e.record, record); diff != "" {
		t.Errorf("the record of the release is another now (-was +is):\n%s", diff)
	}
	if diff := cmp.Diff(e.entries, entries); diff != "" {
		t.Errorf("the log of the release is another now (-was +is):\n%s", diff)
	}
	if got := reader.history(t, e.app); got != 2 {
		t.Errorf("the history has %d deployments, want 2", got)
	}
	err := reader.api.Post(t.Context(), at(e.app)+"/start", nil, nil)
	if refused, is := err.(*client.Error); !is || refused.Status != 403 {
		t.Errorf("a token that could only read starts: %v", err)
	}
}

// wantWorking starts the application of the release, whose secret its script checks, and rolls it
// back to a deployment of the release.
func (e earlier) wantWorking(t *testing.T, w *world) {
	deployer := &world{cloud: w.cloud, url: w.url, api: client.New(w.url, e.tokens[0])}
	record, entries := deployer.deploy(t, e.app)
	wantStatus(t, record, entries, "finished", "")
	wantLog(t, entries, "the password is <REDACTED")
	if record.ConfigurationHash != e.record.ConfigurationHash {
		t.Errorf("the configuration has the hash %s, want %s as before the upgrade",
			record.ConfigurationHash, e.record.ConfigurationHash)
	}
	var back struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := deployer.api.Post(t.Context(), "/deployments/"+e.record.DeploymentUUID+"/rollback", nil,
		&back); err != nil {
		t.Fatal(err)
	}
	record, entries = deployer.follow(t, back.DeploymentUUID)
	wantStatus(t, record, entries, "finished", "")
}

// awaits polls until ready, or fails the test.
func awaits(t *testing.T, what string, ready func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := progress.Poll(ctx, 200*time.Millisecond, func() (bool, error) { return ready(), nil })
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// upgradeServers are two real SSH servers where they are installed: a wide one, on which
// deployments run through the upgrade, and a narrow one, on which they wait through it.
func (w *world) upgradeServers(t *testing.T) (wide, narrow string) {
	t.Helper()
	return w.registerWithConcurrency(t, remotetest.Best(t), 20),
		w.registerWithConcurrency(t, remotetest.Best(t), 1)
}
