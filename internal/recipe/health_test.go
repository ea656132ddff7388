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
	excluded            bool
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
	counts := "-"
	if c.excluded {
		counts = "excluded"
	}
	return fmt.Sprintf("/%s %s %s %d false %d %s %d %s %s %s %s %s\n",
		c.name, c.state, or(c.health, "none"), c.code, c.restarts, or(c.policy, "unless-stopped"), c.most,
		or(c.began, "2026-01-01T00:00:00Z"), oneoff, c.name, or(c.waits, "-"), counts)
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

// Containers in the states that most cases have.
var (
	healthyWeb = container{name: "web", state: "running", health: "healthy"}
	plainWeb   = container{name: "web", state: "running"}
	createdWeb = container{name: "web", state: "created", began: "0001-01-01T00:00:00Z"}
)

func TestP8Health(t *testing.T) {
	for _, c := range healthCases {
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
			at(starting), at(healthyWeb))
		r := perform(t, step(t, recipe.HealthStep), s.environment()...)[0]
		const yet = "web is running; its health check has not succeeded yet.\n"
		want := yet + "web exited with code 0, and docker starts it again.\n" + yet +
			"web is healthy.\nAll containers are well.\n"
		if r.stdout != want {
			t.Errorf("said %q, want %q", r.stdout, want)
		}
	})
}

// healthCases are the cases of TestP8Health.
var healthCases = []struct {
	name   string
	states []string
	exit   int
	// says and complains are parts of stdout and stderr. took is how many seconds
	// the step waited.
	says, complains string
	took            int
}{
	{
		name:   "a healthy container is well at once",
		states: []string{at(healthyWeb)},
		says:   "web is healthy.",
	},
	{
		name:   "one that starts is waited for",
		states: []string{at(container{name: "web", state: "running", health: "starting"}), at(healthyWeb)},
		says:   "has not succeeded yet.\nweb is healthy.",
		took:   1,
	},
	{
		name:   "one that is unhealthy may get well",
		states: []string{at(container{name: "web", state: "running", health: "unhealthy"}), at(healthyWeb)},
		says:   "its health check fails.\nweb is healthy.",
		took:   1,
	},
	{
		name:   "one that stays unhealthy fails after the time",
		states: []string{at(container{name: "web", state: "running", health: "unhealthy"})},
		exit:   69,
		complains: `Not well within 20 s:
web is running, but its health check fails.
If they only need longer, raise the resource's health_timeout.`,
		took: 20,
	},
	{
		name:   "without a check, one must run for ten seconds",
		states: []string{at(plainWeb)},
		says:   "web is running.\nAll containers are well.",
		took:   10,
	},
	{
		name: "after a restart, the ten seconds begin again",
		states: []string{
			at(plainWeb),
			at(container{name: "web", state: "running", restarts: 1, began: "later"}),
		},
		says: "restarted once",
		took: 11,
	},
	{
		name:      "one that keeps restarting fails after the time",
		states:    []string{at(container{name: "web", state: "restarting", code: 1, restarts: 3})},
		exit:      69,
		complains: "web exited with code 1, and docker starts it again (restarted 3 times)",
		took:      20,
	},
	{
		name:      "one that exits is lost at once",
		states:    []string{at(plainWeb), at(container{name: "web", state: "exited", code: 3, policy: "no"})},
		exit:      69,
		complains: "web exited with code 3, and docker does not start it again.",
		took:      1,
	},
	{
		name: "one whose restarts are used up is lost",
		states: []string{
			at(container{name: "web", state: "exited", code: 3, restarts: 5, most: 5,
				policy: "on-failure"})},
		exit:      69,
		complains: "with code 3 (restarted 5 times), and docker does not",
	},
	{
		name:      "a dead one is lost",
		states:    []string{at(container{name: "web", state: "dead"})},
		exit:      69,
		complains: "web is dead, and docker does not",
	},
	{
		name:   "one that ends well beside one that runs is done",
		states: []string{at(healthyWeb, container{name: "job", state: "exited", policy: "no"})},
		says: `job exited with code 0.
The last 50 lines of job:
log of job
`,
	},
	{
		name:      "one that ends well and would be restarted was stopped",
		states:    []string{at(healthyWeb, container{name: "job", state: "exited"})},
		exit:      69,
		complains: "job exited with code 0: it was stopped",
		took:      15,
	},
	{
		name: "one that docker stops as it shuts down is waited for",
		states: []string{
			at(plainWeb),
			at(container{name: "web", state: "exited", code: 143}),
			at(healthyWeb),
		},
		says: "web is healthy.",
		took: 2,
	},
	{
		name: "one that docker stops and that has restarts left is waited for",
		states: []string{
			at(container{name: "web", state: "exited", code: 143, policy: "on-failure"}),
			at(healthyWeb),
		},
		says: "web is healthy.",
		took: 1,
	},
	{
		name:   "one that ends well and alone is done",
		states: []string{at(container{name: "job", state: "exited", policy: "no"})},
		says:   "log of job\nAll containers are well.",
	},
	{
		name: "one that others wait for to end is done, whatever its policy",
		states: []string{at(
			container{name: "web", state: "running", health: "healthy",
				waits: "db:service_healthy:false,job:service_completed_successfully:true"},
			container{name: "job", state: "exited", policy: "always"})},
		says: "All containers are well.",
	},
	{
		name: "one that ends well while another restarts is not lost",
		states: []string{at(container{name: "web", state: "restarting", restarts: 1},
			container{name: "job", state: "exited", policy: "no"}),
			at(healthyWeb, container{name: "job", state: "exited", policy: "no"})},
		says: "All containers are well.",
		took: 1,
	},
	{
		name: "all must be well at once",
		states: []string{at(healthyWeb, container{name: "db", state: "running", health: "starting"}),
			at(healthyWeb, container{name: "db", state: "exited", code: 1, policy: "no"})},
		exit:      69,
		complains: "db exited with code 1",
		took:      1,
	},
	{
		name:      "one that is created only fails after the time",
		states:    []string{at(healthyWeb, container{name: "db", state: "created"})},
		exit:      69,
		complains: "db was created and never started.",
		took:      20,
	},
	{
		name:   "what compose run left behind does not count",
		states: []string{at(healthyWeb, container{name: "job", state: "exited", code: 1, oneoff: true})},
		says:   "All containers are well.",
	},
	{
		name:      "one that is removed meanwhile fails",
		states:    []string{at(plainWeb), ""},
		exit:      69,
		complains: "is gone",
		took:      1,
	},
	{
		name:      "no container at all fails",
		exit:      69,
		complains: "no containers",
	},
}

func TestP8Start(t *testing.T) {
	for _, c := range startCases {
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

// startCases are the cases of TestP8Start.
var startCases = []struct {
	name          string
	create, up    string
	before, after string
	exit          int
	complains     string
}{
	{
		name:   "that succeeds exits 0",
		create: "0",
		up:     "0",
		before: at(createdWeb),
	},
	{
		name:   "that cannot create, as without an image, exits as compose does",
		create: "18",
		up:     "0",
		before: at(createdWeb),
		exit:   18,
	},
	{
		name:   "that finds its port taken exits as compose does",
		create: "0",
		up:     "1",
		before: at(createdWeb),
		after:  at(createdWeb),
		exit:   1,
	},
	{
		name:      "whose dependency is unhealthy is unhealthy",
		create:    "0",
		up:        "1",
		before:    at(createdWeb),
		after:     at(createdWeb, container{name: "db", state: "running", health: "unhealthy"}),
		exit:      69,
		complains: "db is running, but its health check fails.",
	},
	{
		name:      "whose dependency exits is unhealthy",
		create:    "0",
		up:        "1",
		before:    at(createdWeb),
		after:     at(createdWeb, container{name: "db", state: "exited", code: 2, began: "now"}),
		exit:      69,
		complains: "db exited with code 2.",
	},
	{
		name:      "whose dependency restarts is unhealthy",
		create:    "0",
		up:        "1",
		before:    at(createdWeb),
		after:     at(createdWeb, container{name: "db", state: "restarting", code: 2, began: "now"}),
		exit:      69,
		complains: "db exited with code 2, and docker starts it again.",
	},
	{
		name:   "whose dependency ends well, but should be healthy, is unhealthy",
		create: "0",
		up:     "1",
		before: at(createdWeb),
		after: at(container{name: "web", state: "created", waits: "db:service_healthy:false"},
			container{name: "db", state: "exited", began: "now"}),
		exit:      69,
		complains: "db exited with code 0.",
	},
	{
		name:   "beside one that has ended well exits as compose does",
		create: "0",
		up:     "1",
		before: at(createdWeb),
		after:  at(createdWeb, container{name: "job", state: "exited", began: "now"}),
		exit:   1,
	},
	{
		name:   "beside one that had failed before exits as compose does",
		create: "0",
		up:     "1",
		before: at(createdWeb, container{name: "old", state: "exited", code: 1, began: "then"}),
		after:  at(createdWeb, container{name: "old", state: "exited", code: 1, began: "then"}),
		exit:   1,
	},
	{
		name:      "that waits too long for a dependency is unhealthy",
		create:    "0",
		up:        "124",
		before:    at(createdWeb),
		after:     at(createdWeb),
		exit:      69,
		complains: "Not everything could be started within 20 s",
	},
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
		`sick is running, but its health check fails.
Docker says: port is already allocated
Its health check said last:
exit code 1: no answer
The last 50 lines of sick:
log of sick
`,
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
