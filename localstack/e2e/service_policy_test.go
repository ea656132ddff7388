package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"waybill/localstack/client"
)

// TestServicePolicy checks that Waybill refuses a service that a server forbids,
// both at the request and before it would run, and that a server without the
// policy accepts it.
func TestServicePolicy(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	w := stack(t)
	spy := watch(t)
	strict := w.newStage(t, spy, map[string]any{"forbid_host_access": true})
	lax := w.newStage(t, spy, nil)

	for _, c := range []struct{ name, compose, says string }{
		{
			name: "a privileged container",
			compose: `services:
  web:
    image: SMALL
    command: sleep 600
    privileged: true
`,
			says: "line 5: services.web.privileged: this server forbids privileged containers",
		},
		{
			name: "a mount of the whole server",
			compose: `services:
  web:
    image: SMALL
    volumes:
      - ./data:/data
      - /:/host
`,
			says: "line 6: services.web.volumes.1.source: this server forbids access to /",
		},
		{
			name: "a mount of the whole server by an anchor",
			compose: `x-all: &all
  - /:/host
services:
  web:
    image: SMALL
    volumes: *all
`,
			says: "this server forbids access to /",
		},
	} {
		body := func(s *stage) words {
			return words{"name": "web", "server_uuid": s.server, "docker_compose": images.Replace(c.compose)}
		}
		t.Run(c.name+" is refused with the line and the reason where it is forbidden", func(t *testing.T) {
			err := w.api.Post(t.Context(), "/services", body(strict), nil)
			answer, is := errors.AsType[*client.Error](err)
			if !is || answer.Status != 422 || !strings.Contains(answer.Body, c.says) {
				t.Errorf("%v\n%+v, want 422 with %q", err, answer, c.says)
			}
		})
		t.Run(c.name+" is accepted where it is not", func(t *testing.T) {
			w.create(t, "/services", body(lax))
		})
	}
	t.Run("a compose file of a repository is refused when it is there to be read", func(t *testing.T) {
		source := newRepository(t)
		source.push(t, "main", "Take the server over", map[string]string{
			"docker-compose.yaml": images.Replace(`services:
  web:
    image: SMALL
    command: sleep 600
    volumes: ["/:/host"]
`)})
		r := strict.build(t, source, "dockercompose", nil)
		r.fail(t, "deploy", nil, "exit", `web.*: this server forbids .*access to /`)
		if got := r.containers(t); len(got) > 0 {
			t.Errorf("containers were made: %v", got)
		}
		r.remove(t, true)
	})
	t.Run("what was accepted before is refused when it is started", func(t *testing.T) {
		r := lax.serve(t, `services:
  web:
    image: SMALL
    command: sleep 600
    volumes: ["/:/host:ro"]
    healthcheck: {test: [CMD, test, -d, /host/proc], interval: 1s}
    init: true
`, nil)
		r.succeed(t, "start", nil, "running:healthy")
		r.succeed(t, "stop", nil, "exited")
		lax.patch(t, map[string]any{"forbid_host_access": true})
		r.fail(t, "start", nil, "configuration",
			`line 5: services\.web\.volumes\.0\.source: this server forbids access to /`)
		if got := r.containers(t); len(got) > 0 {
			t.Errorf("containers were made: %v", got)
		}
		r.remove(t, true)
	})
}

// TestServiceYAMLBombs checks that the API quickly refuses a file whose aliases
// would expand to a huge document.
func TestServiceYAMLBombs(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	bomb := "x-0: &x0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for i := 1; i <= 9; i++ {
		bomb += fmt.Sprintf("x-%d: &x%d [%s]\n",
			i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*x%d, ", i-1), 9), ", "))
	}
	for _, c := range []struct{ name, compose string }{
		{"an extension field", bomb + "services: {web: {image: a}}\n"},
		{"a field of a service", bomb + "services: {web: {image: a, command: *x9}}\n"},
		{"an alias of itself", "x-0: &x0 [*x0]\nservices: {web: {image: a, command: *x0}}\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The API's limit for an answer is 30 s; this must be well below.
			ctx, cancel := context.WithTimeout(t.Context(), 15*time.Second)
			defer cancel()
			err := w.api.Post(ctx, "/services",
				map[string]any{"name": "bomb", "server_uuid": server, "docker_compose": c.compose}, nil)
			answer, is := errors.AsType[*client.Error](err)
			if !is || answer.Status != 422 || !strings.Contains(answer.Body, "docker_compose") {
				t.Errorf("%v\n%+v, want 422 of docker_compose", err, answer)
			}
		})
	}
}
