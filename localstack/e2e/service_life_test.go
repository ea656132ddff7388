package e2e_test

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// TestServicesAndApplications takes services and applications through their lives,
// several at a time. During and after that it looks for their secrets in all
// places where none may be. LocalStack runs one deployment after the other, so
// there it tests only the most important cases.
func TestServicesAndApplications(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	w := stack(t)
	s := w.newStage(t, watch(t), nil)

	// The group ends after all its parallel tests.
	t.Run("lives", func(t *testing.T) {
		for _, life := range []struct {
			name string
			live func(*testing.T, *stage)
			// everywhere means on every emulator.
			everywhere bool
		}{
			{"a service of three containers is started, changed, looked at, stopped and deleted",
				threeContainers, true},
			{"a stop gives each container the time that it asks for", gracePeriods, false},
			{"of two services with one container name the second fails, and the first goes on",
				oneName, false},
			{"a port that is taken is a failure in docker's words", portTaken, false},
			{"a service pulls what is newer when it is told to", servicePulls, false},
			{"an image is an application with a health check over HTTP", imageApplication, true},
			{"an application pulls what is newer when it is told to, and takes another tag",
				applicationPulls, false},
			{"commands are an application that starts, is looked at, stops and is deleted",
				shellApplication, true},
			{"a Dockerfile is built from a branch, a commit, and without a cache",
				dockerfileApplication, false},
			{"a Dockerfile in the request is built, changed, and rolled back", inlineApplication, true},
			{"a compose file of a repository is built and run", composeApplication, false},
			{"a repository that does not open is a failure in git's words and in ours",
				closedRepository, false},
			{"a database that somebody stops is found", databaseLook, false},
			{"a rollback brings the older page back", rollbackOfPage, true},
			{"a rollback of a service brings its older file back", rollbackOfService, false},
		} {
			if life.everywhere || os.Getenv("EMULATOR") == "ministack" {
				t.Run(life.name, func(t *testing.T) {
					t.Parallel()
					life.live(t, s)
				})
			}
		}
		unwellServices(t, s)
	})
	t.Run("no secret of theirs was or is anywhere", func(t *testing.T) {
		s.spy.wantNothing(t, w, s.folder)
	})
}

// threeServices has services that wait for one another, in an order other than the
// file's. A fourth service has a container only while its profile is active.
const threeServices = `
x-often: &often {interval: 1s, timeout: 5s, retries: 30}
x-small: &small
  image: SMALL
  init: true
services:
  front:
    <<: *small
    depends_on: {page: {condition: service_healthy}}
    env_file: .env
    command: httpd -f -p 80
    healthcheck: {<<: *often, test: [CMD, wget, -q, -O, /dev/null, "http://page/"]}
    networks: [shared]
  page:
    <<: *small
    depends_on: {store: {condition: service_healthy}}
    environment: {GREETING: "${GREETING} from $${HOSTNAME}", PASSWORD: "${PASSWORD:?}"}
    command:
      - sh
      - -c
      - |
        mkdir /www
        echo "$$GREETING" >/www/index.html
        echo "the password is $$PASSWORD"
        exec httpd -f -p 80 -h /www
    healthcheck: {<<: *often, test: [CMD, wget, -q, -O, /dev/null, "http://127.0.0.1/"]}
    hostname: the-page
    networks: [shared, inner]
  store:
    image: REDIS
    volumes: ["kept:/data"]
    healthcheck: {<<: *often, test: [CMD, redis-cli, ping]}
    networks: [inner]
  tool:
    <<: *small
    profiles: [tools]
    command: sleep 600
    healthcheck: {<<: *often, test: [CMD, "true"]}
volumes: {kept: {}}
networks:
  inner: {}
  shared: {external: true, name: NETWORK}
`

func threeContainers(t *testing.T, s *stage) {
	network := "waybill-e2e-" + strings.ToLower(rand.Text()[:8])
	t.Cleanup(func() { _ = exec.Command("docker", "network", "rm", network).Run() })
	password := awkward + "\nand a second line"
	r := s.serve(t, strings.ReplaceAll(threeServices, "NETWORK", network), words{
		"environment": []words{plainly("GREETING", "hello"), secretly("PASSWORD", password)}})
	names := func(services ...string) string { return fmt.Sprint(prefixed(r.uuid, services...)) }

	first, entries := r.succeed(t, "start", nil, "running:healthy")
	if got := fmt.Sprint(sorted(r.containers(t))); got != names("front", "page", "store") {
		t.Errorf("its containers are %s", got)
	}
	wantLog(t, entries, "Created the network "+network)
	wantOrder(t, prefixed(r.uuid, "store", "page", "front"))
	for _, container := range prefixed(r.uuid, "page", "front") {
		if got := docker(t, "exec", container, "sh", "-c",
			`printf '|%s|' "$PASSWORD"`); got != "|"+password+"|" {
			t.Errorf("%s has another password", container)
		}
	}
	if got := docker(t, "exec", r.uuid+"-front-1", "wget", "-q", "-O", "-",
		"http://page/"); got != "hello from ${HOSTNAME}" {
		t.Errorf("the page says %q", got)
	}

	wantAnswer(t, s.w.api.Post(t.Context(), at(r.uuid)+"/start", nil, nil), 400,
		"Service is already running.")
	update := r.change(t,
		words{"environment": []words{plainly("GREETING", "bye"), words{"key": "PASSWORD", "is_secret": true},
			plainly("COMPOSE_PROFILES", "tools")}})
	wantUpdate(t, r, update, first.DeploymentUUID, "environment.COMPOSE_PROFILES added",
		"environment.GREETING changed")
	before := docker(t, "inspect", "--format", "{{.Id}}", r.uuid+"-store-1")
	r.succeed(t, "start", words{"force": true}, "running:healthy")
	if got := fmt.Sprint(sorted(r.containers(t))); got != names("front", "page", "store", "tool") {
		t.Errorf("with the profile its containers are %s", got)
	}
	if docker(t, "inspect", "--format", "{{.Id}}", r.uuid+"-store-1") == before {
		t.Error("force made no new container")
	}

	docker(t, "stop", r.uuid+"-front-1")
	r.wantLook(t, "degraded:unhealthy")
	r.succeed(t, "stop", nil, "exited")
	if left := r.containers(t); len(left) > 0 {
		t.Errorf("after the stop are %v", left)
	}
	wantAnswer(t, s.w.api.Under(rand.Text()).Post(t.Context(), at(r.uuid)+"/stop", nil, nil), 400,
		"Service is already stopped.")
	r.wantLook(t, "exited")
	r.remove(t, false)
	docker(t, "network", "inspect", network)
}

// prefixed returns the name of each service's first container.
func prefixed(project string, services ...string) []string {
	var names []string
	for _, service := range services {
		names = append(names, project+"-"+service+"-1")
	}
	return names
}

func sorted(names []string) []string {
	slices.Sort(names)
	return names
}

// wantOrder checks that the containers were started in this order.
func wantOrder(t *testing.T, containers []string) {
	t.Helper()
	args := append([]string{"inspect", "--format", "{{.State.StartedAt}}"}, containers...)
	if began := strings.Fields(docker(t, args...)); !slices.IsSorted(began) {
		t.Errorf("%v were started at %v", containers, began)
	}
}

// wantUpdate checks that a change is in the history, and compares it with an
// earlier deployment: each difference is "path edit".
func wantUpdate(t *testing.T, r *resource, update, since string, want ...string) {
	t.Helper()
	var record client.Deployment
	r.w.get(t, "/deployments/"+update, &record)
	if record.Operation != "update" || record.Status != "finished" || record.ResourceUUID != r.uuid {
		t.Errorf("the change is recorded as %+v", record)
	}
	var history struct{ Deployments []client.Deployment }
	r.w.get(t, "/deployments"+at(r.uuid), &history)
	if len(history.Deployments) == 0 || history.Deployments[0].DeploymentUUID != update {
		t.Errorf("the newest in the history is not the change: %+v", history.Deployments)
	}
	var got []string
	for _, change := range r.compare(t, since, update) {
		got = append(got, change.Path+" "+change.Edit)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("changed is %v, want %v", got, want)
	}
}

// change is one place in which the configurations of two deployments differ.
type change struct {
	Path, Edit    string
	Secret        bool
	Before, After *string
}

func (r *resource) compare(t *testing.T, before, after string) []change {
	t.Helper()
	var found struct{ Changes []change }
	r.w.get(t, "/deployments/"+before+"/compare/"+after, &found)
	return found.Changes
}

// gracePeriods stops two containers: one that needs and gets more than docker's
// default of ten seconds, and one that gets less than it needs.
func gracePeriods(t *testing.T, s *stage) {
	compose := `
services:
  patient:
    image: SMALL
    command: sh -c 'trap "sleep 11; touch /kept/patient; exit 0" TERM; touch /up; while :; do sleep 0.1; done'
    stop_grace_period: 30s
    healthcheck: &up {test: [CMD, test, -e, /up], interval: 1s, retries: 30}
    volumes: &kept ["kept:/kept"]
  hasty:
    image: SMALL
    command: sh -c 'trap "sleep 4; touch /kept/hasty; exit 0" TERM; touch /up; while :; do sleep 0.1; done'
    stop_grace_period: 1s
    healthcheck: *up
    volumes: *kept
volumes: {kept: {}}
`
	r := s.serve(t, compose, nil)
	r.succeed(t, "start", nil, "running:healthy")
	r.succeed(t, "stop", nil, "exited")
	if got := docker(t, "run", "--rm", "--volume", r.uuid+"_kept:/kept", smallImage, "ls",
		"/kept"); got != "patient" {
		t.Errorf("%q came to its end, want patient alone", got)
	}
	r.remove(t, true)
}

// oneName starts two services that want the same name for a container.
func oneName(t *testing.T, s *stage) {
	name := "waybill-e2e-" + strings.ToLower(rand.Text()[:8])
	compose := `
services:
  web:
    image: SMALL
    init: true
    container_name: ` + name + `
    command: sleep 600
    healthcheck: {test: [CMD, "true"], interval: 1s}
`
	first, second := s.serve(t, compose, nil), s.serve(t, compose, nil)
	first.succeed(t, "start", nil, "running:healthy")
	before := docker(t, "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name)
	second.fail(t, "start", nil, "exit",
		"Conflict. The container name .*"+name+".* is already in use by container")
	second.remove(t, true)
	if after := docker(t, "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", name); after != before {
		t.Errorf("the first container is %s, was %s", after, before)
	}
	first.wantLook(t, "running:healthy")
	first.remove(t, true)
}

func portTaken(t *testing.T, s *stage) {
	taken := takePort(t)
	r := s.serve(t, fmt.Sprintf(`
services:
  web:
    image: SMALL
    command: sleep 600
    ports: ["127.0.0.1:%d:80"]
`, taken), nil)
	r.fail(t, "start", nil, "exit", fmt.Sprintf(`127\.0\.0\.1:%d.*address already in use`, taken))
	r.remove(t, true)
}

// databaseLook stops a database's container without Waybill.
func databaseLook(t *testing.T, s *stage) {
	db := s.w.database(t, s.spy, s.server, realEngines()[1], nil)
	db.operate(t, "start", "running:healthy")
	r := &resource{stage: s, uuid: db.uuid}
	r.wantLook(t, "running:healthy")
	docker(t, "stop", db.uuid)
	r.wantLook(t, "exited")
	db.remove(t, true)
}
