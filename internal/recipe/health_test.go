package recipe_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// container is one line of docker's answer about a container.
type container struct {
	name, state, health string
	code, restarts      int
	most                int // restarts that the restart policy allows
	policy, began       string
	oneoff              bool
	waits               string
}

func (c container) line() string {
	or := func(text, otherwise string) string {
		if text == "" {
			return otherwise
		}
		return text
	}
	oneoff := "False"
	if c.oneoff {
		oneoff = "True"
	}
	return fmt.Sprintf("/%s %s %s %d false %d %s %d %s %s %s %s\n",
		c.name, c.state, or(c.health, "none"), c.code, c.restarts, or(c.policy, "unless-stopped"), c.most,
		or(c.began, "2026-01-01T00:00:00Z"), oneoff, c.name, or(c.waits, "-"))
}

// at is the state of all containers at one look.
func at(containers ...container) string {
	var text strings.Builder
	for _, c := range containers {
		text.WriteString(c.line())
	}
	return text.String()
}

// step is a plan with only one step of a service's start.
func step(t *testing.T, name string) recipe.Plan {
	t.Helper()
	resource := composeService("services: {web: {image: nginx}}\n")
	resource.Environment, resource.HealthTimeout = nil, 20*time.Second
	plan, err := recipe.Build(recipe.Input{Resource: resource, DataDir: t.TempDir(), Deployment: deploymentID,
		Operation: deployment.Start})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range plan.Job.Steps {
		if s.Name == name {
			s.OnFailure = false
			plan.Job.Steps = []remote.Step{s}
			return plan
		}
	}
	t.Fatalf("there is no step %s", name)
	return plan
}

func TestP8Health(t *testing.T) {
	web := container{name: "web", state: "running", health: "healthy"}
	plain := container{name: "web", state: "running"}
	for _, c := range []struct {
		name   string
		states []string
		exit   int
		// says and complains are parts of stdout and stderr. took is how many seconds
		// the step waited.
		says, complains string
		took            int
	}{
		{"a healthy container is well at once", []string{at(web)}, 0, "web is healthy.", "", 0},
		{"one that starts is waited for",
			[]string{at(container{name: "web", state: "running", health: "starting"}), at(web)}, 0,
			"has not succeeded yet.\nweb is healthy.", "", 1},
		{"one that is unhealthy may get well",
			[]string{at(container{name: "web", state: "running", health: "unhealthy"}), at(web)}, 0,
			"its health check fails.\nweb is healthy.", "", 1},
		{"one that stays unhealthy fails after the time",
			[]string{at(container{name: "web", state: "running", health: "unhealthy"})}, 69, "",
			"Not well within 20 s:\nweb is running, but its health check fails.\nIf they only need " +
				"longer, raise the resource's health_timeout.",
			20},
		{"without a check, one must run for ten seconds", []string{at(plain)}, 0,
			"web is running.\nAll containers are well.", "", 10},
		{"one that restarts begins anew",
			[]string{at(plain), at(container{name: "web", state: "running", restarts: 1, began: "later"})}, 0,
			"restarted once", "", 11},
		{"one that keeps restarting fails after the time",
			[]string{at(container{name: "web", state: "restarting", code: 1, restarts: 3})}, 69, "",
			"web exited with code 1, and docker starts it again (restarted 3 times)", 20},
		{"one that exits is lost at once",
			[]string{at(plain), at(container{name: "web", state: "exited", code: 3, policy: "no"})}, 69, "",
			"web exited with code 3, and docker does not start it again.", 1},
		{"one whose restarts are used up is lost",
			[]string{
				at(container{name: "web", state: "exited", code: 3, restarts: 5, most: 5,
					policy: "on-failure"})}, 69, "",
			"with code 3 (restarted 5 times), and docker does not", 0},
		{"a dead one is lost", []string{at(container{name: "web", state: "dead"})}, 69, "",
			"web is dead, and docker does not", 0},
		{"one that ends well beside one that runs is done",
			[]string{at(web, container{name: "job", state: "exited", policy: "no"})}, 0,
			"job exited with code 0.\nThe last 50 lines of job:\nlog of job\n", "", 0},
		{"one that ends well and would be restarted was stopped",
			[]string{at(web, container{name: "job", state: "exited"})}, 69, "",
			"job exited with code 0: it was stopped", 15},
		{"one that docker stops as it shuts down is waited for",
			[]string{at(plain), at(container{name: "web", state: "exited", code: 143}), at(web)}, 0,
			"web is healthy.", "", 2},
		{"so is one with restarts left",
			[]string{at(container{name: "web", state: "exited", code: 143, policy: "on-failure"}), at(web)},
			0, "web is healthy.", "", 1},
		{"one that ends well and alone is done",
			[]string{at(container{name: "job", state: "exited", policy: "no"})}, 0,
			"log of job\nAll containers are well.", "", 0},
		{"one that others wait for to end is done, whatever its policy", []string{at(
			container{name: "web", state: "running", health: "healthy",
				waits: "db:service_healthy:false,job:service_completed_successfully:true"},
			container{name: "job", state: "exited", policy: "always"})}, 0, "All containers are well.",
			"", 0},
		{"one that ends well while another restarts is not lost",
			[]string{at(container{name: "web", state: "restarting", restarts: 1},
				container{name: "job", state: "exited", policy: "no"}),
				at(web, container{name: "job", state: "exited", policy: "no"})}, 0,
			"All containers are well.", "", 1},
		{"all must be well at once",
			[]string{at(web, container{name: "db", state: "running", health: "starting"}),
				at(web, container{name: "db", state: "exited", code: 1, policy: "no"})}, 69, "",
			"db exited with code 1", 1},
		{"one that is created only fails after the time",
			[]string{at(web, container{name: "db", state: "created"})}, 69, "",
			"db was created and never started.", 20},
		{"what compose run left behind does not count",
			[]string{at(web, container{name: "job", state: "exited", code: 1, oneoff: true})}, 0,
			"All containers are well.", "", 0},
		{"one that is removed meanwhile fails", []string{at(plain), ""}, 69, "", "is gone", 1},
		{"no container at all fails", nil, 69, "", "no containers", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStub(t, c.states...)
			r := perform(t, step(t, recipe.HealthStep), s.environment()...)[0]
			if r.exit != c.exit || !strings.Contains(r.stdout, c.says) ||
				!strings.Contains(r.stderr, c.complains) {
				t.Errorf("exit %d, said %q and %q; want %d, %q and %q", r.exit, r.stdout, r.stderr, c.exit,
					c.says, c.complains)
			}
			if got := strings.TrimSpace(s.read(t, "clock")); got != fmt.Sprint(1000+c.took) {
				t.Errorf("it is %s, want %d s after 1000", got, c.took)
			}
		})
	}
	t.Run("a state is said once, and again when it comes back", func(t *testing.T) {
		starting := container{name: "web", state: "running", health: "starting"}
		s := newStub(t, at(starting), at(starting), at(container{name: "web", state: "restarting"}),
			at(starting), at(web))
		r := perform(t, step(t, recipe.HealthStep), s.environment()...)[0]
		const yet = "web is running; its health check has not succeeded yet.\n"
		want := yet + "web exited with code 0, and docker starts it again.\n" + yet +
			"web is healthy.\nAll containers are well.\n"
		if r.stdout != want {
			t.Errorf("said %q, want %q", r.stdout, want)
		}
	})
}

func TestP8Start(t *testing.T) {
	created := container{name: "web", state: "created", began: "0001-01-01T00:00:00Z"}
	for _, c := range []struct {
		name          string
		create, up    string
		before, after string
		exit          int
		complains     string
	}{
		{"that succeeds exits 0", "0", "0", at(created), "", 0, ""},
		{"that cannot create, as without an image, exits as compose does", "18", "0", at(created), "", 18,
			""},
		{"that finds its port taken exits as compose does", "0", "1", at(created), at(created), 1, ""},
		{"whose dependency is unhealthy is unhealthy", "0", "1", at(created),
			at(created, container{name: "db", state: "running", health: "unhealthy"}), 69,
			"db is running, but its health check fails."},
		{"whose dependency exits is unhealthy", "0", "1", at(created),
			at(created, container{name: "db", state: "exited", code: 2, began: "now"}), 69,
			"db exited with code 2."},
		{"whose dependency restarts is unhealthy", "0", "1", at(created),
			at(created, container{name: "db", state: "restarting", code: 2, began: "now"}), 69,
			"db exited with code 2, and docker starts it again."},
		{"whose dependency ends well, but should be healthy, is unhealthy", "0", "1", at(created),
			at(container{name: "web", state: "created", waits: "db:service_healthy:false"},
				container{name: "db", state: "exited", began: "now"}), 69, "db exited with code 0."},
		{"beside one that has ended well exits as compose does", "0", "1", at(created),
			at(created, container{name: "job", state: "exited", began: "now"}), 1, ""},
		{"beside one that had failed before exits as compose does", "0", "1",
			at(created, container{name: "old", state: "exited", code: 1, began: "then"}),
			at(created, container{name: "old", state: "exited", code: 1, began: "then"}), 1, ""},
		{"that waits too long for a dependency is unhealthy", "0", "124", at(created), at(created), 69,
			"Not everything could be started within 20 s"},
	} {
		t.Run("a start "+c.name, func(t *testing.T) {
			s := newStub(t, c.before, c.after)
			s.write(t, "create", c.create)
			s.write(t, "up", c.up)
			r := perform(t, step(t, "Start"), s.environment()...)[0]
			if r.exit != c.exit || !strings.Contains(r.stderr, c.complains) {
				t.Errorf("exit %d, %q; want %d, %q", r.exit, r.stderr, c.exit, c.complains)
			}
		})
	}
}

func TestP8Report(t *testing.T) {
	s := newStub(t, at(
		container{name: "well", state: "running", health: "healthy"},
		container{name: "plain", state: "running"},
		container{name: "job", state: "exited", policy: "no"},
		container{name: "sick", state: "running", health: "unhealthy"},
		container{name: "dead", state: "exited", code: 137},
		container{name: "loop", state: "running", restarts: 4},
		container{name: "lost", state: "running", restarts: 4},
		container{name: "late", state: "created"}))
	s.write(t, "error", "port is already allocated")
	r := perform(t, step(t, "Report"), s.environment()...)[0]
	for _, want := range []string{
		"sick is running, but its health check fails.\nDocker says: port is already allocated\nIts " +
			"health check said last:\nexit code 1: no answer\nThe last 50 lines of sick:\nlog of sick\n",
		"dead exited with code 137.\n", "log of dead\n",
		"loop is running (restarted 4 times); the last time it exited with code 7.\n", "log of loop\n",
		"lost is running (restarted 4 times).\n",
		"late was created and never started.\n",
	} {
		if !strings.Contains(r.stdout, want) {
			t.Errorf("the report lacks %q:\n%s", want, r.stdout)
		}
	}
	for _, unwanted := range []string{"well is", "plain is", "job is"} {
		if strings.Contains(r.stdout, unwanted) {
			t.Errorf("the report names what is well (%q):\n%s", unwanted, r.stdout)
		}
	}
	if r.exit != 0 || strings.Contains(s.read(t, "calls"), "tail 50 plain") {
		t.Errorf("exit %d after %s", r.exit, s.read(t, "calls"))
	}
}
