package e2e_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"waybill/localstack/client"
)

func portText(port int) string { return strconv.Itoa(port) }

// rollback rolls back to an earlier deployment and checks that it succeeds.
func (r *resource) rollback(t *testing.T, to client.Deployment) (client.Deployment, []client.Entry) {
	t.Helper()
	record, entries := r.follow(t, r.ask(t, "POST", "/deployments/"+to.DeploymentUUID+"/rollback", nil))
	wantStatus(t, record, entries, "finished", "")
	if !record.Rollback || record.ConfigurationHash != to.ConfigurationHash {
		t.Errorf("the rollback to %+v is %+v", to, record)
	}
	return record, entries
}

// configuration returns the configuration with which a deployment ran.
func (r *resource) configuration(t *testing.T, deployment client.Deployment) map[string]any {
	t.Helper()
	var kept struct{ Configuration map[string]any }
	r.w.get(t, "/deployments/"+deployment.DeploymentUUID+"/configuration", &kept)
	return kept.Configuration
}

func rollbackOfPage(t *testing.T, s *stage) {
	source, port := newRepository(t), freePort(t)
	older := source.push(t, "main", "Show the older page", source.page("older"))
	r := s.build(t, source, "dockerfile", with(published(port), words{"base_directory": "/page",
		"environment": []words{plainly("GREETING", "hello"),
			secretly("PASSWORD", "the first of the passwords")}}))
	first, _ := r.succeed(t, "deploy", nil, "running:healthy")
	wantCommit(t, first, older, "Show the older page")
	wantPage(t, port, "/", "older")
	wantPage(t, port, "/greeting", "hello")

	newer := source.push(t, "main", "Show the newer page", source.page("newer"))
	r.change(t, words{"environment": []words{plainly("GREETING", "bye"),
		secretly("PASSWORD", "the second of the passwords")}})
	second, _ := r.succeed(t, "deploy", nil, "running:healthy")
	wantCommit(t, second, newer, "Show the newer page")
	wantPage(t, port, "/", "newer")
	wantPage(t, port, "/greeting", "bye")
	var got []string
	for _, change := range r.compare(t, first.DeploymentUUID, second.DeploymentUUID) {
		got = append(got,
			fmt.Sprint(change.Path, " ", change.Edit, " ", shown(change.Before), " ", shown(change.After)))
	}
	if want := "[environment.GREETING changed hello bye environment.PASSWORD changed - -]"; fmt.Sprint(got) !=
		want {
		t.Errorf("changed is %v, want %s", got, want)
	}
	if kept := r.configuration(t, first); kept["git_repository"] != source.url ||
		kept["base_directory"] != "/page" {
		t.Errorf("the first deployment ran with %v", kept)
	}

	back, _ := r.rollback(t, first)
	wantCommit(t, back, older, "Show the older page")
	wantPage(t, port, "/", "older")
	wantPage(t, port, "/greeting", "hello")
	if got := docker(t, "exec", r.uuid, "sh", "-c", `printf '%s' "$PASSWORD" | wc -c`); got != "27" {
		t.Errorf("after the rollback the password has %s characters: it is not the present one", got)
	}
	if differs := r.compare(t, first.DeploymentUUID, back.DeploymentUUID); len(differs) > 0 {
		t.Errorf("the rollback differs from what it goes back to: %v", differs)
	}
	var now struct{ Environment []struct{ Key, Value string } }
	r.w.get(t, at(r.uuid), &now)
	if len(now.Environment) != 2 || now.Environment[0].Value != "bye" {
		t.Errorf("after the rollback the application itself has %v", now.Environment)
	}
	// The next deployment uses the present configuration again.
	r.succeed(t, "deploy", nil, "running:healthy")
	wantPage(t, port, "/", "newer")
	wantPage(t, port, "/greeting", "bye")
	r.remove(t, true)
}

func shown(value *string) string {
	if value == nil {
		return "-"
	}
	return *value
}

func rollbackOfService(t *testing.T, s *stage) {
	compose := func(word string) string {
		return images.Replace(`
services:
  web:
    image: SMALL
    init: true
    environment: {PASSWORD: "${PASSWORD}"}
    command: sh -c 'echo ` + word + ` >/word; exec sleep 600'
    healthcheck: {test: [CMD, test, -e, /word], interval: 1s}
`)
	}
	says := func(r *resource, want string) {
		t.Helper()
		if got := docker(t, "exec", r.uuid+"-web-1", "cat", "/word"); got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	}
	r := s.serve(t, compose("older"),
		words{"environment": []words{secretly("PASSWORD", "a password of the service")}})
	first, _ := r.succeed(t, "start", nil, "running:healthy")
	says(r, "older")
	update := r.change(t, words{"docker_compose": compose("newer")})
	wantUpdate(t, r, update, first.DeploymentUUID, "docker_compose changed")
	r.succeed(t, "restart", nil, "running:healthy")
	says(r, "newer")
	r.rollback(t, first)
	says(r, "older")

	// A rollback of a service is refused only if a secret that it needs is gone.
	r.change(t, words{
		"environment": nil, "docker_compose": strings.ReplaceAll(compose("newest"), "${PASSWORD}", "none"),
	})
	err := r.w.api.Post(t.Context(), "/deployments/"+first.DeploymentUUID+"/rollback", nil, nil)
	wantAnswer(t, err, 409, "PASSWORD")
	r.remove(t, true)
}
