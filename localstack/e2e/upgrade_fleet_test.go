package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// fleet is twenty deployments of several kinds that live through an upgrade.
type fleet struct {
	w       *world
	servers []string
	all     []member
	// gate is a file that the scripts wait for.
	gate string
}

// member is a deployment of a fleet.
type member struct {
	name, resource, uuid string
	// waits is true for one that is queued during the upgrade.
	waits bool
	// effects is the file to which its script adds a line each time that it runs, or "".
	effects string
	// head has the entries that a reader got before the upgrade.
	head []client.Entry
	// status and reason are how it must end.
	status, reason string
}

// gated prints the lines that [wantOnce] wants. In the middle it waits for the gate, or for the end
// of the test, which removes the folder of the gate.
const gated = `echo effect >>%[1]q
i=1
while [ $i -le 60 ]; do
  echo "out $i"; echo "err $i" >&2
  [ $i -ne 30 ] || until [ -e %[2]q ] || ! [ -d %[3]q ]; do sleep 0.2; done
  i=$((i+1))
done
%[4]s`

// gatedService is healthy after its container has the file /tmp/go.
const gatedService = `services:
  redis:
    image: ` + redisImage + `
    tmpfs: [/data]
    healthcheck: {test: ["CMD", "test", "-e", "/tmp/go"], interval: 1s, retries: 600}
`

// twenty starts ten deployments that run and ten of which all but one wait.
func (w *world) twenty(t *testing.T) *fleet {
	t.Helper()
	f := &fleet{w: w, gate: filepath.Join(t.TempDir(), "gate")}
	wide, narrow := w.upgradeServers(t)
	f.servers = []string{wide, narrow}
	stopped := f.app(t, narrow, "")
	deleted := member{resource: w.shell(t, narrow, "true")}
	w.deploy(t, deleted.resource)
	for range 7 {
		f.start(t, f.app(t, wide, ""))
	}
	f.start(t, f.app(t, wide, "exit 3")).fails("exit")
	f.start(t, f.app(t, wide, "sleep 600")).cancelled()
	service := w.create(t, "/services", map[string]any{"name": "gated", "server_uuid": wide,
		"docker_compose": gatedService, "health_timeout": 600})
	cleanProject(t, service)
	f.start(t, member{name: "a service", resource: service})

	f.start(t, f.app(t, narrow, ""))
	for range 4 {
		f.start(t, f.app(t, narrow, "")).queued()
	}
	f.start(t, f.app(t, narrow, "exit 3")).queued().fails("exit")
	database := w.create(t, "/databases/redis", map[string]any{"name": "waits", "server_uuid": narrow,
		"image": redisImage, "health_check_interval": 1, "health_timeout": 60})
	cleanDatabase(t, database)
	f.start(t, member{name: "a database", resource: database}).queued()
	f.ask(t, "stop", stopped).queued().effects = ""
	f.ask(t, "restart", f.app(t, narrow, "")).queued()
	f.remove(t, deleted)
	return f
}

// app registers an application with the gated script, and a last line for it.
func (f *fleet) app(t *testing.T, server, last string) member {
	t.Helper()
	effects := filepath.Join(t.TempDir(), fmt.Sprintf("effects%d", len(f.all)))
	app := f.w.shell(t, server, fmt.Sprintf(gated, effects, f.gate, filepath.Dir(f.gate), last))
	return member{name: "an application", resource: app, effects: effects}
}

func (f *fleet) start(t *testing.T, m member) *member {
	t.Helper()
	return f.ask(t, "start", m)
}

// ask asks for the operation and adds the deployment to the fleet.
func (f *fleet) ask(t *testing.T, operation string, m member) *member {
	t.Helper()
	m.uuid = f.w.ask(t, m.resource, operation)
	m.name = operation + " of " + m.name
	m.status = "finished"
	f.all = append(f.all, m)
	return &f.all[len(f.all)-1]
}

// remove asks for the deletion of an application.
func (f *fleet) remove(t *testing.T, m member) {
	t.Helper()
	var queued struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := f.w.api.Do(t.Context(), "DELETE", at(m.resource), nil, &queued); err != nil {
		t.Fatal(err)
	}
	f.all = append(f.all, member{name: "deletion", resource: m.resource, uuid: queued.DeploymentUUID,
		waits: true, status: "finished"})
}

func (m *member) fails(reason string) *member { m.status, m.reason = "failed", reason; return m }

func (m *member) cancelled() *member { m.status, m.reason = "cancelled-by-user", "cancelled"; return m }

func (m *member) queued() *member { m.waits = true; return m }

// awaitUnderWay waits until each deployment is in the state in which the upgrade finds it, and
// reads what there is of the logs.
func (f *fleet) awaitUnderWay(t *testing.T) {
	t.Helper()
	if len(f.all) != 20 {
		t.Fatalf("the fleet has %d deployments", len(f.all))
	}
	for i := range f.all {
		m := &f.all[i]
		if m.waits {
			f.w.awaitStatus(t, m.uuid, "queued")
			continue
		}
		f.w.awaitStatus(t, m.uuid, "in_progress")
		awaits(t, m.name+" prints", func() bool {
			var page client.LogPage
			f.w.get(t, "/deployments/"+m.uuid+"/logs?limit=1000", &page)
			m.head = page.Entries
			return m.effects == "" && len(page.Entries) > 0 ||
				strings.Contains(text(page.Entries), "out 30\n")
		})
	}
}

// running returns how many of the deployments run during the upgrade.
func (f *fleet) running() int {
	n := 0
	for _, m := range f.all {
		if !m.waits {
			n++
		}
	}
	return n
}

// release cancels what is to be cancelled and lets all others go on.
func (f *fleet) release(t *testing.T) {
	t.Helper()
	for _, m := range f.all {
		if m.status == "cancelled-by-user" {
			f.w.cancel(t, m.uuid)
		}
	}
	if err := os.WriteFile(f.gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, m := range f.all {
		if strings.HasPrefix(m.resource, "svc") {
			docker(t, "exec", docker(t, "ps", "--quiet", "--filter",
				"label=com.docker.compose.project="+m.resource), "touch", "/tmp/go")
		}
	}
}

// wantWhole checks the end of each deployment.
func (f *fleet) wantWhole(t *testing.T) {
	attempts := 0
	for _, m := range f.all {
		t.Run(m.name+", "+m.uuid, func(t *testing.T) {
			record, entries := f.w.follow(t, m.uuid)
			attempts += record.Attempt
			if record.Status != m.status || record.Reason != m.reason {
				t.Errorf("it is %s %q in attempt %d, want %s %q:\n%s", record.Status, record.Reason,
					record.Attempt, m.status, m.reason, text(entries))
			}
			m.wantLogOf(t, entries)
			f.wantOneRun(t, m)
		})
	}
	fmt.Printf("figure: %d deployments over the upgrade took %d attempts\n", len(f.all), attempts)
}

// wantLogOf checks that the log goes on where it was before the upgrade, and has each line once.
func (m member) wantLogOf(t *testing.T, entries []client.Entry) {
	t.Helper()
	if len(entries) < len(m.head) || text(entries[:len(m.head)]) != text(m.head) {
		t.Errorf("the log began with\n%s\nand is now\n%s", text(m.head), text(entries))
	}
	if m.effects != "" && m.status != "cancelled-by-user" {
		wantOnce(t, client.Deployment{DeploymentUUID: m.uuid, Status: "finished"}, entries)
	}
}

// wantOneRun checks that the resource has no other deployment, and that its script ran once.
func (f *fleet) wantOneRun(t *testing.T, m member) {
	t.Helper()
	if m.effects != "" {
		if said, err := os.ReadFile(m.effects); err != nil || string(said) != "effect\n" {
			t.Errorf("its script ran %d times (%v), want once", strings.Count(string(said), "effect"), err)
		}
	}
	if m.name == "deletion" {
		return // with the resource's history
	}
	var page struct {
		Count       int
		Deployments []client.Deployment
	}
	f.w.get(t, "/deployments"+at(m.resource), &page)
	if page.Count != 1 || len(page.Deployments) != 1 || page.Deployments[0].DeploymentUUID != m.uuid {
		t.Errorf("the history of %s is %+v", m.resource, page)
	}
}
