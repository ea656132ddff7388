package recipe_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/recipe"
)

// loginSession has variables that a login session on a server may export, besides HOME
// and PATH: names that teams use, names that compose takes for settings, and others.
var loginSession = []string{
	"USER=login", "LOGNAME=login", "TZ=Login/Zone", "LANG=login", "SESSION=login", "EDGE=login",
	"WORDS=login\nexport spool=/nowhere\nA=b", "COMPOSE_PROFILES=login", "COMPOSE_FILE=/login.yml",
	"COMPOSE_PROJECT_NAME=login", "COMPOSE_IGNORE_ORPHANS=login", "COMPOSE_PARALLEL_LIMIT=login",
	"COMPOSE_ENV_FILES=/login.env", "COMPOSE_PROGRESS=login", "DOCKER_DEFAULT_PLATFORM=login",
	"HTTPS_PROXY=http://login:9", "NO_PROXY=*", "limit=login", "spool=login", "name=login",
}

// seen is a service that shows the value of each name in its container: from
// environment by name, by interpolation, and from a file.
const seen = `services:
  web:
    image: BUSYBOX
    restart: 'no'
    command: sh -c 'echo "edge=$$(cat /run/secrets/edge) text=$$(cat /text)"; env'
    environment: [USER, HOME, PATH, TZ, LANG, SESSION, HTTPS_PROXY, DOCKER_HOST, WAYBILL_JOB,
      COMPOSE_PROJECT_NAME, DOLLARS, "GIVEN=${GIVEN}"]
    labels:
      user: "${USER-}"
      home: "${HOME-}"
      path: "${PATH-}"
      session: "${SESSION-}"
      proxy: "${HTTPS_PROXY-}"
      project: "${COMPOSE_PROJECT_NAME}"
      profiles: "${COMPOSE_PROFILES-}"
      dollars: "a $$b ${DOLLARS-}"
      "a$$key": "x"
    env_file: [{path: .env, required: false}]
    volumes: ["~/of-home:/of-home", "./of-folder:/of-folder"]
    configs: [{source: text, target: /text}]
    secrets: [edge]
  never: {image: BUSYBOX, command: sleep 60, profiles: [login]}
configs: {text: {content: "$${HOME} ${USER-}"}}
secrets: {edge: {environment: EDGE}}
`

// ran is the environment of the container of seen, and docker's view of that container.
type ran struct {
	environment []string
	docker      func(format string) string
}

// runSeen starts the service with these variables, in the session, and wants a text in
// its container's output.
func runSeen(t *testing.T, says string, variables ...catalog.Variable) ran {
	t.Helper()
	service, data := realService(t, seen, 20*time.Second)
	service.Environment = append(variables,
		catalog.Variable{Name: "GIVEN", Secret: true}, catalog.Variable{Name: "EDGE", Value: "team"})
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, "of-home"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	session := append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}, loginSession...)
	input := recipe.Input{Resource: service, DataDir: data, Deployment: deploymentID,
		Operation: deployment.Restart, Secrets: map[string]string{"GIVEN": `it's $a "secret"`}}
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	wantOutcome(t, perform(t, plan, session...), 0, "All containers are well.", says, "!login",
		"!cannot expand")
	if found, err := look(t, service, data, session...); err != nil || found.Status != "exited" {
		t.Errorf("status %+v (%v), want exited", found, err)
	}
	container := string(service.ID) + "-web-1"
	docker := func(format string) string {
		t.Helper()
		said, err := exec.Command("docker", "container", "inspect", "--format", format, container).
			CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, said)
		}
		return strings.TrimSuffix(string(said), "\n")
	}
	const mounted = `{{range .Mounts}}{{if eq .Destination "/of-home"}}{{.Source}}{{end}}{{end}}`
	if got := docker(mounted); got != filepath.Join(home, "of-home") {
		t.Errorf("~/of-home is %q, want a path in the login's home, %s", got, home)
	}
	result := ran{environment: strings.Split(docker(`{{join .Config.Env "\n"}}`), "\n"), docker: docker}
	t.Cleanup(func() {
		input.Operation = deployment.Stop
		plan, err := recipe.Build(input)
		if err != nil {
			t.Fatal(err)
		}
		wantOutcome(t, perform(t, plan, session...), 0, "!login")
		if said, err := exec.Command("docker", "container", "inspect", container).
			CombinedOutput(); err == nil {
			t.Errorf("the stop left %s", said)
		}
	})
	return result
}

func (r ran) wantEnvironment(t *testing.T, want ...string) {
	t.Helper()
	got := slices.Sorted(slices.Values(r.environment))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("the container has\n%q, want\n%q", got, want)
	}
}

func (r ran) wantLabel(t *testing.T, name, want string) {
	t.Helper()
	if got := r.docker(`{{index .Config.Labels "` + name + `"}}`); got != want {
		t.Errorf("the label %s is %q, want %q", name, got, want)
	}
}

// imagePath is the environment that the image itself sets.
func imagePath(t *testing.T) []string {
	t.Helper()
	inspect := []string{"image", "inspect", "--format", `{{join .Config.Env "\n"}}`, busybox}
	said, err := exec.Command("docker", inspect...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(said))
}

func TestP13TheSessionsEnvironmentReachesNoContainer(t *testing.T) {
	t.Run("what the team did not set is not there", func(t *testing.T) {
		needEngine(t)
		r := runSeen(t, "\nedge=team text=${HOME} \n")
		const given = `GIVEN=it's $a "secret"`
		project := r.docker(`{{index .Config.Labels "com.docker.compose.project"}}`)
		r.wantEnvironment(t, append(imagePath(t), given, "EDGE=team", "COMPOSE_PROJECT_NAME="+project)...)
		for _, name := range []string{"user", "home", "path", "session", "proxy", "profiles"} {
			r.wantLabel(t, name, "")
		}
		r.wantLabel(t, "project", project)
		r.wantLabel(t, "dollars", "a $b ")
		r.wantLabel(t, "a$$key", "x")
	})
	t.Run("what the team set is there, whatever its name", func(t *testing.T) {
		needEngine(t)
		team := []string{"USER=appuser", "HOME=/team", "PATH=/team/bin:/bin", "TZ=UTC", "LANG=C.UTF-8",
			"SESSION=team", "HTTPS_PROXY=http://team:9", "DOCKER_HOST=tcp://team:9", "DOCKER_CONFIG=/team",
			"WAYBILL_JOB=team", "DOLLARS=$$ $a ${b}", "COMPOSE_IGNORE_ORPHANS=true",
			"COMPOSE_REMOVE_ORPHANS=false",
			"COMPOSE_FILE=/team.yml", "COMPOSE_PROJECT_NAME=team", "COMPOSE_STATUS_STDOUT=1",
			"COMPOSE_ENV_FILES=/team.env", "DOCKER_CONTEXT=team", "COMPOSE_PROFILES=other"}
		var variables []catalog.Variable
		for _, variable := range team {
			name, value, _ := strings.Cut(variable, "=")
			variables = append(variables, catalog.Variable{Name: name, Value: value})
		}
		r := runSeen(t, "\nedge=team text=${HOME} appuser\n", variables...)
		project := r.docker(`{{index .Config.Labels "com.docker.compose.project"}}`)
		for _, variable := range append(team[:11], "EDGE=team", `GIVEN=it's $a "secret"`) {
			if !slices.Contains(r.environment, variable) {
				t.Errorf("the container has no %s: %q", variable, r.environment)
			}
		}
		r.wantLabel(t, "user", "appuser")
		r.wantLabel(t, "home", "/team")
		r.wantLabel(t, "path", "/team/bin:/bin")
		r.wantLabel(t, "proxy", "http://team:9")
		r.wantLabel(t, "profiles", "other")
		r.wantLabel(t, "project", project)
		r.wantLabel(t, "dollars", "a $b $$ $a ${b}")
	})
}

// TestP13TheSessionsEnvironmentReachesNoCommand checks that a team's commands see the
// team's variables and the variables of every login, and nothing else that the session
// exports.
func TestP13TheSessionsEnvironmentReachesNoCommand(t *testing.T) {
	app := shellApp(catalog.Shell{Start: "env >seen; command -v ls", Health: "env >seen.health"})
	app.Environment = []catalog.Variable{
		{Name: "TZ", Value: "UTC"}, {Name: "PATH", Value: "/team:/usr/bin:/bin"},
		{Name: "line", Value: "team"}}
	data := t.TempDir()
	input := recipe.Input{Resource: app, DataDir: data, Deployment: deploymentID, Operation: deployment.Start}
	plan, err := recipe.Build(input)
	if err != nil {
		t.Fatal(err)
	}
	session := append([]string{"HOME=/login", "PATH=" + os.Getenv("PATH")}, loginSession...)
	wantOutcome(t, perform(t, plan, session...), 0)
	check := func(file string) {
		t.Helper()
		content, err := os.ReadFile(filepath.Join(plan.Job.Folder, file))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for line := range strings.Lines(string(content)) {
			name, _, _ := strings.Cut(line, "=")
			// Every sh sets these itself.
			if !slices.Contains([]string{"PWD", "OLDPWD", "SHLVL", "_"}, name) {
				got = append(got, strings.TrimSpace(line))
			}
		}
		slices.Sort(got)
		want := []string{"HOME=/login", "HTTPS_PROXY=http://login:9", "LOGNAME=login", "NO_PROXY=*",
			"PATH=/team:/usr/bin:/bin", "TZ=UTC", "USER=login", "line=team"}
		// These belong to the machine that runs the test. Names that begin with
		// WAYBILL_ are Waybill's own.
		for _, variable := range os.Environ() {
			name, _, _ := strings.Cut(variable, "=")
			if slices.Contains([]string{"SHELL", "TMPDIR", "XDG_RUNTIME_DIR"}, name) ||
				strings.HasPrefix(name, "WAYBILL_") {
				want = append(want, variable)
			}
		}
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s has\n%q, want\n%q", file, got, want)
		}
	}
	check("seen")
	check("seen.health")
	if err := os.Remove(filepath.Join(plan.Job.Folder, "seen.health")); err != nil {
		t.Fatal(err)
	}
	if found, err := look(t, app, data, session...); err != nil || found.Status != "running:healthy" {
		t.Errorf("status %+v (%v), want running:healthy", found, err)
	}
	check("seen.health")
}
