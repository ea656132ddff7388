package rest_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
)

// TestP1AcceptedIsReadableRefusedLeavesNothing holds the promise at this level.
func TestP1AcceptedIsReadableRefusedLeavesNothing(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	service := w.service(t, server)
	for _, c := range []struct{ id, kind, operation, message string }{
		{"startApplication", "application", "start", "Deployment request queued."},
		{"stopApplication", "application", "stop", "Application stopping request queued."},
		{"restartApplication", "application", "restart", "Restart request queued."},
		{"startService", "service", "start", "Service starting request queued."},
		{"stopService", "service", "stop", "Service stopping request queued."},
		{"restartService", "service", "restart", "Service restarting request queued."},
		{"startDatabase", "database", "start", "Database starting request queued."},
		{"stopDatabase", "database", "stop", "Database stopping request queued."},
		{"restartDatabase", "database", "restart", "Database restarting request queued."},
	} {
		t.Run(c.id+" answers a deployment that can be read at once", func(t *testing.T) {
			server := w.server(t)
			uuid := map[string]func(*testing.T, string) string{"service": w.service, "application": w.application, "database": w.database}[c.kind](t, server)
			if c.operation == "stop" { // what never ran is stopped already
				w.run(t, "start"+strings.TrimPrefix(c.id, "stop"), uuid)
			}
			got := want[queued](t, w, http.StatusOK, request{id: c.id, uuid: uuid})
			if got.Message != c.message || got.ResourceUUID != uuid || got.Position == 0 {
				t.Errorf("answer = %+v", got)
			}
			record := want[object](t, w, http.StatusOK, request{id: "getDeployment", uuid: got.DeploymentUUID})
			wanted := object{"status": "queued", "resource_uuid": uuid, "server_uuid": server, "is_api": true,
				"resource_type": c.kind, c.kind + "_id": uuid, "operation": c.operation}
			for key, value := range wanted {
				if record[key] != value {
					t.Errorf("%s = %v, want %v", key, record[key], value)
				}
			}
		})
	}
	t.Run("a refused one leaves nothing", func(t *testing.T) {
		w.memory.Changes() // what was accepted before
		for _, r := range []request{
			{id: "startService", uuid: "nonsense"},
			{id: "startApplication", uuid: service},
			{id: "startService", uuid: service, body: `{"force":"yes"}`},
			{id: "startService", uuid: service, query: "?force=maybe"},
			{id: "startService", uuid: service, token: w.mint(t, access.Read)},
			{id: "startService", uuid: service, token: "-"},
			{id: "startService", uuid: service, header: map[string]string{"Idempotency-Key": strings.Repeat("k", 256)}},
			{id: "deploy"},
			{id: "deploy", body: object{"uuid": "nonsense"}},
		} {
			if answer := w.ask(t, r); answer.status < 400 {
				t.Errorf("%+v: answer = %d %s", r, answer.status, answer.body)
			}
		}
		if after := w.memory.Changes(); len(after) != 0 {
			t.Errorf("%d deployments changed", len(after))
		}
	})
	t.Run("a server without a pinned host key refuses with 409", func(t *testing.T) {
		bare := w.create(t, "createServer", object{"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.key(t)})
		got := want[problem](t, w, http.StatusConflict, request{id: "startApplication", uuid: w.application(t, bare)})
		if !strings.Contains(got.Message, "/validate") {
			t.Errorf("message = %q, want one that says how to pin", got.Message)
		}
	})
}

func TestRepeatedRequestsAreOneDeployment(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)

	t.Run("TestP2: a hundred at once", func(t *testing.T) {
		application := w.application(t, server)
		var uuids [100]string
		var wait sync.WaitGroup
		for i := range uuids {
			wait.Go(func() {
				answer := w.ask(t, request{id: "startApplication", uuid: application})
				uuids[i] = into[queued](t, answer).DeploymentUUID
			})
		}
		wait.Wait()
		for _, uuid := range uuids {
			if uuid == "" || uuid != uuids[0] {
				t.Fatalf("uuids = %q, want one", uuids)
			}
		}
		if got := w.historyOf(t, application, ""); got.Count != 1 {
			t.Errorf("the history has %d, want 1", got.Count)
		}
	})
	t.Run("with one key, also after it left the queue", func(t *testing.T) {
		own := w.server(t)
		application := w.application(t, own)
		ask := request{id: "startApplication", uuid: application, header: map[string]string{"Idempotency-Key": "k1"}}
		first := want[queued](t, w, http.StatusOK, ask)
		w.finish(t, w.begin(t, own))
		if got := want[queued](t, w, http.StatusOK, ask); got.DeploymentUUID != first.DeploymentUUID || got.Position != 0 {
			t.Errorf("answer = %+v, want %s at 0", got, first.DeploymentUUID)
		}
		ask.id = "stopApplication"
		want[problem](t, w, http.StatusConflict, ask)
	})
	t.Run("another operation while one is queued is refused", func(t *testing.T) {
		application := w.application(t, server)
		w.start(t, application)
		got := want[problem](t, w, http.StatusConflict, request{id: "restartApplication", uuid: application})
		if !strings.Contains(got.Message, application) {
			t.Errorf("message = %q, want the queued deployment", got.Message)
		}
	})
	t.Run("a repeat says so, and a stop says what it superseded", func(t *testing.T) {
		application := w.application(t, server)
		first := want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: application})
		again := want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: application})
		if first.Repeated || !again.Repeated || again.DeploymentUUID != first.DeploymentUUID {
			t.Errorf("answers = %+v and %+v, want one deployment and a repeat", first, again)
		}
		stop := want[queued](t, w, http.StatusOK, request{id: "stopApplication", uuid: application})
		if stop.Repeated || stop.Superseded != first.DeploymentUUID {
			t.Errorf("the stop's answer = %+v, want one in place of %s", stop, first.DeploymentUUID)
		}
		record := want[map[string]any](t, w, http.StatusOK, request{id: "getDeployment", uuid: first.DeploymentUUID})
		if record["status"] != "cancelled-by-user" || record["reason"] != "superseded" ||
			record["superseded_by"] != stop.DeploymentUUID || record["cancel_requested_by"] != "tester" {
			t.Errorf("the superseded record = %v", record)
		}
	})
	t.Run("body and query mean the same", func(t *testing.T) {
		service := w.service(t, server)
		first := want[queued](t, w, http.StatusOK, request{id: "restartService", uuid: service, query: "?latest=true"})
		again := want[queued](t, w, http.StatusOK, request{id: "restartService", uuid: service, body: object{"pull_latest_images": true}})
		if first.DeploymentUUID != again.DeploymentUUID {
			t.Errorf("%s and %s, want one", first.DeploymentUUID, again.DeploymentUUID)
		}
	})
}

func TestAFullQueueSaysWhenToComeBack(t *testing.T) {
	w := newWorld(t)
	server := w.create(t, "createServer", object{"name": "small", "ip": "10.0.0.1", "private_key_uuid": w.key(t), "host_key": firstKey.Line, "queue_limit": 1})
	first, second := w.application(t, server), w.application(t, server)
	w.start(t, first)
	answer := w.ask(t, request{id: "startApplication", uuid: second})
	if answer.status != http.StatusTooManyRequests || answer.header.Get("Retry-After") != "60" ||
		answer.problem(t).Message != "Deployment queue is full. Please wait for existing deployments to complete." {
		t.Errorf("answer = %d %s %v", answer.status, answer.body, answer.header)
	}
	t.Run("also for deploy, if nothing at all was accepted", func(t *testing.T) {
		if answer := w.ask(t, request{id: "deploy", body: object{"uuid": second}}); answer.status != http.StatusTooManyRequests {
			t.Errorf("answer = %d %s", answer.status, answer.body)
		}
	})
	t.Run("and is told of one among others", func(t *testing.T) {
		other := w.application(t, w.server(t))
		got := want[struct{ Deployments []queued }](t, w, http.StatusOK, request{id: "deploy", body: object{"uuid": second + "," + other}}).Deployments
		if len(got) != 2 || got[0].DeploymentUUID != "" || !strings.Contains(got[0].Message, "queue is full") || got[1].DeploymentUUID == "" {
			t.Errorf("deployments = %+v", got)
		}
	})
}

func TestDeploy(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application, service := w.application(t, server), w.service(t, server)
	unknown := "svc" + strings.Repeat("0", 21)

	t.Run("takes kinds together, each once, and leaves out what nobody knows", func(t *testing.T) {
		r := request{id: "deploy", body: object{"uuid": application + ", " + unknown + ",nonsense," + server + "," + service + "," + application}}
		got := want[struct{ Deployments []queued }](t, w, http.StatusOK, r).Deployments
		if len(got) != 2 || got[0].ResourceUUID != application || got[1].ResourceUUID != service {
			t.Fatalf("deployments = %+v", got)
		}
		if diff := cmp.Diff([]string{got[0].Message, got[1].Message},
			[]string{"Application shop deployment queued.", "Service db started. It could take a while, be patient."}); diff != "" {
			t.Errorf("messages (-got +want)\n%s", diff)
		}
		if got[0].Position != 1 || got[1].Position != 2 {
			t.Errorf("positions = %d, %d", got[0].Position, got[1].Position)
		}
		again := want[struct{ Deployments []queued }](t, w, http.StatusOK, request{id: "deploy", query: "?uuid=" + application}).Deployments
		if again[0].DeploymentUUID != got[0].DeploymentUUID {
			t.Error("a repetition is another deployment")
		}
	})
	t.Run("takes one key for several resources", func(t *testing.T) {
		a, b := w.application(t, server), w.application(t, server)
		r := request{id: "deploy", body: object{"uuid": a + "," + b}, header: map[string]string{"Idempotency-Key": "k"}}
		first := want[struct{ Deployments []queued }](t, w, http.StatusOK, r).Deployments
		again := want[struct{ Deployments []queued }](t, w, http.StatusOK, r).Deployments
		for i := range first {
			if !again[i].Repeated {
				t.Errorf("%+v is not said to be a repeat", again[i])
			}
			again[i].Repeated = false
		}
		if diff := cmp.Diff(again, first); diff != "" || len(first) != 2 {
			t.Errorf("(-again +first)\n%s", diff)
		}
	})
	for name, c := range map[string]struct {
		request
		status  int
		message string
	}{
		"nothing":          {request{}, 400, "You must provide uuid."},
		"an empty object":  {request{body: object{}}, 400, "You must provide uuid."},
		"a tag":            {request{query: "?tag=web"}, 400, "You must provide uuid."},
		"commas":           {request{body: object{"uuid": " , "}}, 400, "No UUIDs provided."},
		"too many":         {request{body: object{"uuid": manyUUIDs(101)}}, 400, "One request may name at most 100 values of uuid."},
		"an unknown uuid":  {request{body: object{"uuid": unknown}}, 404, "No resources found."},
		"a server":         {request{body: object{"uuid": server}}, 404, "No resources found."},
		"a hundred others": {request{body: object{"uuid": manyUUIDs(100)}}, 404, "No resources found."},
		"a list":           {request{body: object{"uuid": []string{application}}}, 422, "Validation failed."},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			c.id = "deploy"
			if got := want[problem](t, w, c.status, c.request); got.Message != c.message {
				t.Errorf("message = %q, want %q", got.Message, c.message)
			}
		})
	}
}

func manyUUIDs(n int) string {
	var all []string
	for i := range n {
		all = append(all, "svc"+strings.Repeat("0", 18)+string([]byte{catalog.Alphabet[i/32], catalog.Alphabet[i%32], '0'}))
	}
	return strings.Join(all, ",")
}
