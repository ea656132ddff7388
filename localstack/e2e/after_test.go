package e2e_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// waiting is how a deployment that comes after others is shown.
type waiting struct {
	client.Deployment
	QueuedAt   *time.Time `json:"queued_at"`
	ReasonText string     `json:"reason_text"`
	WaitingFor []string   `json:"waiting_for"`
	After      []struct {
		Resource   string `json:"resource_uuid"`
		Deployment string `json:"deployment_uuid"`
		Status     *string
	}
}

// startAfter starts the resource after the others.
func (w *world) startAfter(t *testing.T, resource string, others ...string) waiting {
	t.Helper()
	var queued asked
	body := map[string]any{"after": others}
	if err := w.api.Post(t.Context(), at(resource)+"/start", body, &queued); err != nil {
		t.Fatal(err)
	}
	return w.waiting(t, queued.UUID)
}

func (w *world) waiting(t *testing.T, uuid string) waiting {
	t.Helper()
	var shown waiting
	w.get(t, "/deployments/"+uuid, &shown)
	return shown
}

func TestADeploymentAfterOthers(t *testing.T) {
	w := stack(t)
	far := w.server(t)
	server := w.registerWithConcurrency(t, remotetest.Best(t), 1)

	t.Run("starts when they have finished, at the end of its queue", func(t *testing.T) {
		database, service := w.shell(t, far, "sleep 3"), w.shell(t, server, "echo after")
		first := w.start(t, database)
		record := w.startAfter(t, service, database)
		if record.Status != "queued" || record.QueuedAt != nil ||
			!slices.Equal(record.WaitingFor, []string{first}) {
			t.Errorf("it is shown as %+v, want it to wait for %s", record, first)
		}
		other := w.start(t, w.shell(t, server, "sleep 1")) // is not held up
		before, end := w.await(t, first), w.await(t, record.DeploymentUUID)
		if end.Status != "finished" || before.FinishedAt == nil || end.StartedAt == nil ||
			end.StartedAt.Before(*before.FinishedAt) {
			t.Errorf("it is %s, started at %v; the first ended at %v", end.Status, end.StartedAt,
				before.FinishedAt)
		}
		if passed := w.await(t, other); !passed.StartedAt.Before(*before.FinishedAt) {
			t.Errorf("another deployment started at %v, the first ended at %v", passed.StartedAt,
				before.FinishedAt)
		}
		if shown := w.waiting(t, end.DeploymentUUID); len(shown.WaitingFor) > 0 || shown.QueuedAt == nil ||
			*shown.After[0].Status != "finished" {
			t.Errorf("it is shown as %+v", shown)
		}
	})
	t.Run("fails when one of them fails, and so does what comes after it", func(t *testing.T) {
		database, service, page := w.shell(t, far, "sleep 1; exit 3"), w.shell(t, server, "true"),
			w.shell(t, server, "true")
		first := w.start(t, database)
		second := w.startAfter(t, service, database)
		third := w.startAfter(t, page, service)
		for _, c := range []struct {
			record           waiting
			resource, caused string
		}{{second, database, first}, {third, service, second.DeploymentUUID}} {
			w.await(t, c.record.DeploymentUUID)
			ended := w.waiting(t, c.record.DeploymentUUID)
			if ended.Status != "failed" || ended.Reason != "dependency" || ended.StartedAt != nil ||
				!strings.Contains(ended.ReasonText, c.resource) ||
				!strings.Contains(ended.ReasonText, c.caused) {
				t.Errorf("it is shown as %+v, want it to name %s", ended, c.caused)
			}
		}
		err := w.api.Post(t.Context(), at(service)+"/start", map[string]any{"after": []string{database}}, nil)
		wantAnswer(t, err, 409, "is not running and has no deployment that is queued or running")
	})
	t.Run("is one of several in a request, in their order", func(t *testing.T) {
		database, service := w.shell(t, far, "sleep 1"), w.shell(t, server, "true")
		var answer struct{ Deployments []asked }
		err := w.api.Post(t.Context(), "/deploy",
			map[string]any{"uuid": service + "," + database, "after": []string{database}}, &answer)
		if err != nil || len(answer.Deployments) != 2 {
			t.Fatalf("%+v, %v", answer, err)
		}
		first, second := w.await(t, answer.Deployments[0].UUID), w.await(t, answer.Deployments[1].UUID)
		if first.ResourceUUID != database || second.Status != "finished" ||
			second.StartedAt.Before(*first.FinishedAt) {
			t.Errorf("the database: %+v; the service: %+v", first, second)
		}
	})
	t.Run("may be started by an event", func(t *testing.T) {
		database, service := w.shell(t, far, "sleep 2"), w.shell(t, server, "true")
		first := w.start(t, database)
		w.publish(t, "waybill-e2e", "Deployment Requested", "any.source", map[string]any{"team": "e2e",
			"resource_uuid": service, "operation": "start",
			"options": map[string]any{"after": []string{database}}})
		started := w.triggered(t, "bus", service)
		before, end := w.await(t, first), w.await(t, started[0].DeploymentUUID)
		if end.Status != "finished" || end.StartedAt.Before(*before.FinishedAt) {
			t.Errorf("it is %s, started at %v; the first ended at %v", end.Status, end.StartedAt,
				before.FinishedAt)
		}
	})
	t.Run("is refused in a cycle, and cancelled at once", func(t *testing.T) {
		database, service := w.shell(t, far, "sleep 30"), w.shell(t, server, "true")
		first := w.start(t, database)
		record := w.startAfter(t, service, database)
		err := w.api.Post(t.Context(), at(database)+"/restart",
			map[string]any{"after": []string{service}}, nil)
		wantAnswer(t, err, 422, database+" after "+service+" after "+database)
		w.cancel(t, record.DeploymentUUID)
		if ended := w.waiting(t, record.DeploymentUUID); ended.Status != "cancelled-by-user" ||
			ended.Reason != "cancelled" || len(ended.WaitingFor) > 0 {
			t.Errorf("it is shown as %+v", ended)
		}
		w.cancel(t, first)
		w.await(t, first)
	})
}

// TestAServiceAfterItsDatabase starts a real database, and a service that waits for it.
func TestAServiceAfterItsDatabase(t *testing.T) {
	needDocker(t)
	needImage(t, smallImage)
	needImage(t, redisImage)
	w := stack(t)
	server := w.server(t)
	database := w.create(t, "/databases/redis", map[string]any{"name": "cache", "server_uuid": server,
		"image": redisImage, "health_check_interval": 1, "health_timeout": 60})
	service := w.service(t, server, `
services:
  web:
    image: `+smallImage+`
    command: httpd -f -p 80
    stop_grace_period: 1s
`)
	first := w.start(t, database)
	second := w.startAfter(t, service, database).DeploymentUUID
	before, after := w.await(t, first), w.await(t, second)
	if before.Status != "finished" || after.Status != "finished" ||
		after.StartedAt.Before(*before.FinishedAt) {
		_, said := w.follow(t, second)
		t.Errorf("the database: %+v; the service: %+v: %v", before, after, said)
	}
	for _, resource := range []string{service, database} {
		w.await(t, w.ask(t, resource, "stop"))
	}
}
