package deployapi_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// TestP1AcceptedIsReadableRefusedLeavesNothing holds the promise at this level.
func TestP1AcceptedIsReadableRefusedLeavesNothing(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
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
			server := w.Server(t)
			uuid := w.Makers()[catalog.Kind(c.kind).Title()](t, server)
			if c.operation == "stop" { // what never ran is stopped already
				w.Run(t, "start"+strings.TrimPrefix(c.id, "stop"), uuid)
			}
			got := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
				Operation: c.id, PathUUID: uuid,
			})
			if got.Message != c.message || got.ResourceUUID != uuid || got.Position == 0 {
				t.Errorf("answer = %+v", got)
			}
			record := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "getDeployment", PathUUID: got.DeploymentUUID,
			})
			wanted := resttest.Object{
				"status": "queued", "resource_uuid": uuid, "server_uuid": server, "is_api": true,
				"resource_type": c.kind, c.kind + "_id": uuid, "operation": c.operation}
			for key, value := range wanted {
				if record[key] != value {
					t.Errorf("%s = %v, want %v", key, record[key], value)
				}
			}
		})
	}
	t.Run("a refused one leaves nothing", func(t *testing.T) {
		w.Memory.Changes() // what was accepted before
		for _, r := range []resttest.Request{
			{Operation: "startService", PathUUID: "nonsense"},
			{Operation: "startApplication", PathUUID: service},
			{Operation: "startService", PathUUID: service, Body: `{"force":"yes"}`},
			{Operation: "startService", PathUUID: service, Query: "?force=maybe"},
			{Operation: "startService", PathUUID: service, Token: w.Mint(t, access.Read)},
			{Operation: "startService", PathUUID: service, Token: "-"},
			{
				Operation: "startService", PathUUID: service,
				Header: map[string]string{"Idempotency-Key": strings.Repeat("k", 256)},
			},
			{Operation: "deploy"},
			{Operation: "deploy", Body: resttest.Object{"uuid": "nonsense"}},
		} {
			if answer := w.Ask(t, r); answer.Status < 400 {
				t.Errorf("%+v: answer = %d %s", r, answer.Status, answer.Body)
			}
		}
		if after := w.Memory.Changes(); len(after) != 0 {
			t.Errorf("%d deployments changed", len(after))
		}
	})
	t.Run("a server without a pinned host key refuses with 409", func(t *testing.T) {
		bare := w.Create(t, "createServer", resttest.Object{
			"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.Key(t),
		})
		got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "startApplication", PathUUID: w.Application(t, bare),
		})
		if !strings.Contains(got.Message, "/validate") {
			t.Errorf("message = %q, want one that says how to pin", got.Message)
		}
	})
}

func TestRepeatedRequestsAreOneDeployment(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)

	t.Run("TestP2: a hundred at once", func(t *testing.T) {
		application := w.Application(t, server)
		var uuids [100]string
		var wait sync.WaitGroup
		for i := range uuids {
			wait.Go(func() {
				answer := w.Ask(t, resttest.Request{Operation: "startApplication", PathUUID: application})
				uuids[i] = resttest.Into[resttest.Queued](t, answer).DeploymentUUID
			})
		}
		wait.Wait()
		for _, uuid := range uuids {
			if uuid == "" || uuid != uuids[0] {
				t.Fatalf("uuids = %q, want one", uuids)
			}
		}
		if got := w.HistoryOf(t, application, ""); got.Count != 1 {
			t.Errorf("the history has %d, want 1", got.Count)
		}
	})
	t.Run("with one key, also after it left the queue", func(t *testing.T) {
		own := w.Server(t)
		application := w.Application(t, own)
		ask := resttest.Request{
			Operation: "startApplication", PathUUID: application,
			Header: map[string]string{"Idempotency-Key": "k1"},
		}
		first := resttest.Want[resttest.Queued](t, w, http.StatusOK, ask)
		w.Finish(t, w.Begin(t, own))
		if got := resttest.Want[resttest.Queued](t, w, http.StatusOK,
			ask); got.DeploymentUUID != first.DeploymentUUID || got.Position != 0 {
			t.Errorf("answer = %+v, want %s at 0", got, first.DeploymentUUID)
		}
		if got := w.HistoryOf(t, application, ""); got.Count != 1 {
			t.Errorf("the history has %d, want 1", got.Count)
		}
	})
	t.Run("another operation while one is queued is refused", func(t *testing.T) {
		application := w.Application(t, server)
		w.Start(t, application)
		got := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "restartApplication", PathUUID: application,
		})
		if !strings.Contains(got.Message, application) {
			t.Errorf("message = %q, want the queued deployment", got.Message)
		}
	})
	t.Run("a repeat says so, and a stop says what it superseded", func(t *testing.T) {
		application := w.Application(t, server)
		first := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: application,
		})
		again := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: application,
		})
		if first.Repeated || !again.Repeated || again.DeploymentUUID != first.DeploymentUUID {
			t.Errorf("answers = %+v and %+v, want one deployment and a repeat", first, again)
		}
		stop := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "stopApplication", PathUUID: application,
		})
		if stop.Repeated || stop.Superseded != first.DeploymentUUID {
			t.Errorf("the stop's answer = %+v, want one in place of %s", stop, first.DeploymentUUID)
		}
		record := resttest.Want[map[string]any](t, w, http.StatusOK, resttest.Request{
			Operation: "getDeployment", PathUUID: first.DeploymentUUID,
		})
		if record["status"] != "cancelled-by-user" || record["reason"] != "superseded" ||
			record["superseded_by"] != stop.DeploymentUUID || record["cancel_requested_by"] != "tester" {
			t.Errorf("the superseded record = %v", record)
		}
	})
	t.Run("body and query mean the same", func(t *testing.T) {
		service := w.Service(t, server)
		first := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "restartService", PathUUID: service, Query: "?latest=true",
		})
		again := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "restartService", PathUUID: service, Body: resttest.Object{"pull_latest_images": true},
		})
		if first.DeploymentUUID != again.DeploymentUUID {
			t.Errorf("%s and %s, want one", first.DeploymentUUID, again.DeploymentUUID)
		}
	})
}

func TestAFullQueueSaysWhenToComeBack(t *testing.T) {
	w := resttest.New(t)
	server := w.Create(t, "createServer", resttest.Object{
		"name": "small", "ip": "10.0.0.1", "private_key_uuid": w.Key(t), "host_key": resttest.FirstKey.Line,
		"queue_limit": 1,
	})
	first, second := w.Application(t, server), w.Application(t, server)
	w.Start(t, first)
	answer := w.Ask(t, resttest.Request{Operation: "startApplication", PathUUID: second})
	if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "60" ||
		answer.Problem(t).Message != "Deployment queue is full. Please wait for existing deployments to "+
			"complete." {
		t.Errorf("answer = %d %s %v", answer.Status, answer.Body, answer.Header)
	}
	t.Run("also for deploy, if nothing at all was accepted", func(t *testing.T) {
		if answer := w.Ask(t, resttest.Request{
			Operation: "deploy", Body: resttest.Object{"uuid": second},
		}); answer.Status != http.StatusTooManyRequests {
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
	})
	t.Run("and is told of one among others", func(t *testing.T) {
		other := w.Application(t, w.Server(t))
		got := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, resttest.Request{
			Operation: "deploy", Body: resttest.Object{"uuid": second + "," + other},
		}).Deployments
		if len(got) != 2 || got[0].DeploymentUUID != "" ||
			!strings.Contains(got[0].Message, "queue is full") || got[1].DeploymentUUID == "" {
			t.Errorf("deployments = %+v", got)
		}
	})
}

func TestDeploy(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application, service := w.Application(t, server), w.Service(t, server)
	unknown := "svc" + strings.Repeat("0", 21)

	t.Run("takes kinds together, each once, and leaves out what nobody knows", func(t *testing.T) {
		r := resttest.Request{
			Operation: "deploy",
			Body: resttest.Object{
				"uuid": application + ", " + unknown + ",nonsense," + server + "," + service + "," +
					application,
			},
		}
		got := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, r).Deployments
		if len(got) != 2 || got[0].ResourceUUID != application || got[1].ResourceUUID != service {
			t.Fatalf("deployments = %+v", got)
		}
		if diff := cmp.Diff([]string{got[0].Message, got[1].Message},
			[]string{"Application shop deployment queued.", "Service db started. It could take a " +
				"while, be patient."}); diff != "" {
			t.Errorf("messages (-got +want)\n%s", diff)
		}
		if got[0].Position != 1 || got[1].Position != 2 {
			t.Errorf("positions = %d, %d", got[0].Position, got[1].Position)
		}
		again := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, resttest.Request{
			Operation: "deploy", Query: "?uuid=" + application,
		}).Deployments
		if again[0].DeploymentUUID != got[0].DeploymentUUID {
			t.Error("a repetition is another deployment")
		}
	})
	t.Run("takes one key for several resources", func(t *testing.T) {
		a, b := w.Application(t, server), w.Application(t, server)
		r := resttest.Request{
			Operation: "deploy", Body: resttest.Object{"uuid": a + "," + b},
			Header: map[string]string{"Idempotency-Key": "k"},
		}
		first := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, r).Deployments
		again := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, r).Deployments
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
	for _, c := range []struct {
		name string
		resttest.Request
		status  int
		message string
	}{
		{"nothing", resttest.Request{}, 400, "You must provide uuid or tag."},
		{"an empty object", resttest.Request{Body: resttest.Object{}}, 400, "You must provide uuid or tag."},
		{"an unknown tag", resttest.Request{Query: "?tag=green"}, 404, "No resources found with this tag."},
		{"a tag without a name", resttest.Request{Query: "?tag=,"}, 400, "No tags provided."},
		{"a tag with a uuid",
			resttest.Request{Query: "?tag=web", Body: resttest.Object{"uuid": application}}, 400,
			"You can only use uuid or tag, not both.",
		},
		{"commas",
			resttest.Request{Body: resttest.Object{"uuid": " , "}}, 400, "No UUIDs provided.",
		},
		{"too many",
			resttest.Request{Body: resttest.Object{"uuid": manyUUIDs(101)}}, 400,
			"One request may name at most 100 values of uuid.",
		},
		{"an unknown uuid",
			resttest.Request{Body: resttest.Object{"uuid": unknown}}, 404, "No resources found.",
		},
		{"a server",
			resttest.Request{Body: resttest.Object{"uuid": server}}, 404, "No resources found.",
		},
		{"a hundred others",
			resttest.Request{Body: resttest.Object{"uuid": manyUUIDs(100)}}, 404, "No resources found.",
		},
		{"a list",
			resttest.Request{Body: resttest.Object{"uuid": []string{application}}}, 422,
			"Validation failed. uuid: must be text, not a list.",
		},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			c.Operation = "deploy"
			if got := resttest.Want[resttest.Problem](t, w, c.status, c.Request); got.Message != c.message {
				t.Errorf("message = %q, want %q", got.Message, c.message)
			}
		})
	}
}

func TestDeployByTag(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	var uuids []string
	for _, kind := range []string{"Application", "Service", "Database"} {
		uuid := w.Makers()[kind](t, server)
		w.Change(t, http.StatusOK, "update"+kind, uuid, resttest.Object{"tags": []string{"web", kind}})
		uuids = append(uuids, uuid)
	}
	w.Application(t, server) // without a tag
	type answer struct {
		Deployments []resttest.Queued
		Message     []string
		Details     []struct {
			ResourceUUID   string `json:"resource_uuid"`
			DeploymentUUID string `json:"deployment_uuid"`
		}
	}
	wantDeployed := func(t *testing.T, got answer, want []string) {
		t.Helper()
		var deployed, detailed []string
		for _, one := range got.Deployments {
			deployed = append(deployed, one.ResourceUUID)
		}
		for i, one := range got.Details {
			detailed = append(detailed, one.ResourceUUID)
			if one.DeploymentUUID == "" || one.DeploymentUUID != got.Deployments[i].DeploymentUUID {
				t.Errorf("detail %d = %+v", i, one)
			}
		}
		if diff := cmp.Diff(deployed, want); diff != "" {
			t.Errorf("deployments (-got +want)\n%s", diff)
		}
		if diff := cmp.Diff(detailed, want); diff != "" || len(got.Message) != len(want) {
			t.Errorf("messages %q, details (-got +want)\n%s", got.Message, diff)
		}
	}
	t.Run("takes resources of every kind, and of several tags", func(t *testing.T) {
		got := resttest.Want[answer](t, w, http.StatusOK, resttest.Request{
			Operation: "deploy", Query: "?tag=service,DATABASE",
		})
		wantDeployed(t, got, uuids[1:])
	})
	t.Run("takes the tag from the body, and a key", func(t *testing.T) {
		r := resttest.Request{
			Operation: "deploy", Body: resttest.Object{"tag": "web", "force": true},
			Header: map[string]string{"Idempotency-Key": "k"},
		}
		wantDeployed(t, resttest.Want[answer](t, w, http.StatusOK, r), uuids)
		wantDeployed(t, resttest.Want[answer](t, w, http.StatusOK, r), uuids)
	})
	t.Run("refuses more resources than a request may deploy", func(t *testing.T) {
		for range 98 {
			w.Change(t, http.StatusOK, "updateApplication", w.Application(t, server),
				resttest.Object{"tags": []string{"web"}})
		}
		resttest.Want[resttest.Problem](t, w, http.StatusBadRequest, resttest.Request{
			Operation: "deploy", Query: "?tag=web",
		})
	})
}

func manyUUIDs(n int) string {
	var all []string
	for i := range n {
		all = append(all,
			"svc"+strings.Repeat("0", 18)+string([]byte{catalog.Alphabet[i/32], catalog.Alphabet[i%32], '0'}))
	}
	return strings.Join(all, ",")
}
