package resttest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/rest/triggerapi"
	"waybill/internal/trigger"
)

// Events is a queue of events that a test reads.
type Events struct {
	mu  sync.Mutex
	all []trigger.Event
	// Err is the error of the next calls.
	Err error
}

// Send adds the event.
func (e *Events) Send(_ context.Context, event trigger.Event) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.Err == nil {
		e.all = append(e.all, event)
	}
	return e.Err
}

// Take returns the events since the last call.
func (e *Events) Take() []trigger.Event {
	e.mu.Lock()
	defer e.mu.Unlock()
	all := e.all
	e.all = nil
	return all
}

// TriggerPorts are the ports of the trigger function's endpoints.
func (w *World) TriggerPorts() triggerapi.Ports {
	return triggerapi.Ports{Store: w.Memory.Catalog(), Keys: w.Memory.WebhookKeys(), Queue: w.Events}
}

// Commit is the commit of the pushes of the forges.
const Commit = "2222222222222222222222222222222222222222"

// before is the commit before a push.
const before = "1111111111111111111111111111111111111111"

// Delivery is what a forge sends.
type Delivery struct {
	// Operation is the one of openapi.yaml that receives it.
	Operation string
	// Event has the headers without a signature. Sign adds the one of the body.
	Event map[string]string
	Sign  func(t *testing.T, secret, body string) map[string]string
	Body  Object
}

// Deliveries are a push to main of each forge, and a call of the generic webhook.
func Deliveries() map[string]Delivery {
	author := Object{"name": "Ada", "email": "ada@example.com", "username": "ada"}
	commit := Object{"id": Commit, "message": "Fix the basket\n", "author": author,
		"timestamp": "2026-03-02T10:11:12+01:00", "added": []string{"src/basket.go"},
		"modified": []string{}, "removed": []string{}}
	push := func(more Object) Object {
		body := Object{"ref": "refs/heads/main", "before": before, "after": Commit,
			"commits": []Object{commit}}
		for name, value := range more {
			body[name] = value
		}
		return body
	}
	branch := func(hash string) Object {
		return Object{"type": "branch", "name": "main", "target": Object{"type": "commit", "hash": hash,
			"message": "Fix the basket\n", "author": Object{"raw": "Ada <ada@example.com>"}}}
	}
	repository := Object{"name": "shop", "default_branch": "main"}
	signed := func(header, prefix string) func(*testing.T, string, string) map[string]string {
		return func(_ *testing.T, secret, body string) map[string]string {
			mac := hmac.New(sha256.New, []byte(secret))
			mac.Write([]byte(body))
			return map[string]string{header: prefix + hex.EncodeToString(mac.Sum(nil))}
		}
	}
	return map[string]Delivery{
		"github": {"receiveGitHub", map[string]string{"X-GitHub-Event": "push"},
			signed("X-Hub-Signature-256", "sha256="),
			push(Object{"head_commit": commit, "forced": false, "repository": repository})},
		"gitlab": {"receiveGitLab", map[string]string{"X-Gitlab-Event": "Push Hook"},
			func(t *testing.T, secret, body string) map[string]string {
				return SignStandard(t, secret, "gitlab-1", body, time.Now())
			},
			push(Object{"object_kind": "push", "checkout_sha": Commit, "user_name": "Ada",
				"total_commits_count": 1, "project": repository})},
		"gitea": {"receiveGitea", map[string]string{"X-Gitea-Event": "push", "X-GitHub-Event": "push"},
			signed("X-Gitea-Signature", ""),
			push(Object{"head_commit": commit, "total_commits": 1, "repository": repository})},
		"bitbucket": {"receiveBitbucket", map[string]string{"X-Event-Key": "repo:push"},
			signed("X-Hub-Signature", "sha256="),
			Object{"push": Object{"changes": []Object{{"new": branch(Commit), "old": branch(before)}}}}},
		"generic": {"receiveGeneric", nil,
			func(t *testing.T, secret, body string) map[string]string {
				return SignStandard(t, secret, "msg_1", body, time.Now())
			}, Object{"type": "release.published", "data": Object{}}},
	}
}

// SignStandard returns the headers of Standard Webhooks.
func SignStandard(t *testing.T, secret, id, body string, at time.Time) map[string]string {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Sign(id, at, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{standardwebhooks.HeaderWebhookID: id,
		standardwebhooks.HeaderWebhookSignature: signature,
		standardwebhooks.HeaderWebhookTimestamp: strconv.FormatInt(at.Unix(), 10)}
}

// Request is the delivery as it is sent to the resource, signed with the secret.
func (d Delivery) Request(t *testing.T, uuid, secret string) Request {
	t.Helper()
	text, err := json.Marshal(d.Body)
	if err != nil {
		t.Fatal(err)
	}
	header := map[string]string{"Content-Type": "application/json"}
	for _, some := range []map[string]string{d.Event, d.Sign(t, secret, string(text))} {
		for name, value := range some {
			header[name] = value
		}
	}
	return Request{Operation: d.Operation, PathUUID: uuid, Token: NoToken, Body: string(text), Header: header}
}

// Hooked registers an application that is built from a repository and starts by pushes to its
// branch main and by hooks. It returns the secret of its webhooks, too.
func (w *World) Hooked(t *testing.T, server string, triggers ...Object) (uuid, secret string) {
	t.Helper()
	if len(triggers) == 0 {
		triggers = []Object{{"kind": "git"}, {"kind": "hook", "operation": "restart"}}
	}
	uuid = w.Create(t, "createDockerfileApplication", Object{"name": "hooked", "server_uuid": server,
		"git_repository": "https://git.example/api.git", "git_branch": "main", "triggers": triggers})
	return uuid, w.WebhookSecret(t, uuid)
}

// WebhookSecret makes a secret for the webhooks of an application.
func (w *World) WebhookSecret(t *testing.T, uuid string) string {
	t.Helper()
	return Want[struct{ Secret string }](t, w, http.StatusCreated,
		Request{Operation: "createApplicationWebhookSecret", PathUUID: uuid}).Secret
}

// webhookSuccesses has a delivery of each provider.
func (s scene) webhookSuccesses(t *testing.T) map[string]success {
	t.Helper()
	all := map[string]success{}
	uuid, secret := s.Hooked(t, s.Server)
	for _, delivery := range Deliveries() {
		all[delivery.Operation] = success{http.StatusAccepted, delivery.Request(t, uuid, secret)}
	}
	return all
}
