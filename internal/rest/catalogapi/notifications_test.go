package catalogapi_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
)

// makeNotification creates a notification and returns its answer.
func makeNotification(t *testing.T, w *resttest.World, body resttest.Object) map[string]any {
	t.Helper()
	return resttest.Want[map[string]any](t, w, http.StatusCreated,
		resttest.Request{Operation: "createNotification", Body: body})
}

func TestAWebhookShowsItsSecretOnce(t *testing.T) {
	w := resttest.New(t)
	made := makeNotification(t, w, resttest.Object{"kind": "webhook",
		"events": []string{"stuck", "failed", "stuck"},
		"target": "https://ci.example.org/hook?token=of-the-team"})
	uuid := made["uuid"].(string)
	secret, _ := made["secret"].(string)
	if len(secret) < 40 || !strings.HasPrefix(secret, "whsec_") {
		t.Errorf("secret %q", secret)
	}
	want := map[string]any{"kind": "webhook", "name": "webhook", "target": "https://ci.example.org/hook?…",
		"events": []any{"failed", "stuck"}, "enabled": true, "stuck_after": 600.0, "confirmed": nil}
	for name, value := range want {
		if diff := cmp.Diff(made[name], value); diff != "" {
			t.Errorf("%s, -got +want:\n%s", name, diff)
		}
	}
	delete(made, "secret")
	if diff := cmp.Diff(w.Get(t, "getNotification", uuid), resttest.Object(made)); diff != "" {
		t.Errorf("the stored one, -got +want:\n%s", diff)
	}
	stored := w.Vault(t, uuid)
	if stored[catalog.NotificationSigningSecret] != secret ||
		stored[catalog.NotificationURLSecret] != "https://ci.example.org/hook?token=of-the-team" {
		t.Errorf("the vault has %v", stored)
	}
}

func TestAnotherTargetNeedsTheSecretAgain(t *testing.T) {
	w := resttest.New(t)
	made := makeNotification(t, w, resttest.Object{"kind": "webhook", "events": []string{"failed"},
		"target": "https://ci.example.org/hook"})
	uuid := made["uuid"].(string)
	other := resttest.Object{"target": "https://elsewhere.example.org/hook"}
	w.Refused(t, "updateNotification", uuid, other, "secret", "must be given with another target")
	other["secret"] = resttest.SigningSecret
	changed := resttest.Want[map[string]any](t, w, http.StatusOK,
		resttest.Request{Operation: "updateNotification", PathUUID: uuid, Body: other})
	if changed["target"] != "https://elsewhere.example.org/hook" || changed["secret"] != nil {
		t.Errorf("changed %v", changed)
	}
	if stored := w.Vault(t, uuid); stored[catalog.NotificationSigningSecret] != resttest.SigningSecret {
		t.Errorf("the vault has %v", stored)
	}
	t.Run("the secret alone can be replaced", func(t *testing.T) {
		const secret = "whsec_YW5vdGhlci1zaWduaW5nLXNlY3JldC1oZXJl"
		w.Change(t, http.StatusOK, "updateNotification", uuid, resttest.Object{"secret": secret})
		stored := w.Vault(t, uuid)
		if stored[catalog.NotificationSigningSecret] != secret ||
			stored[catalog.NotificationURLSecret] != "https://elsewhere.example.org/hook" {
			t.Errorf("the vault has %v", stored)
		}
	})
}

func TestAChatIsShownMasked(t *testing.T) {
	w := resttest.New(t)
	for kind, target := range map[string]string{
		"slack":   "https://hooks.slack.com/services/T000/B000/secret-of-slack",
		"discord": "https://discord.com/api/webhooks/1/secret-of-discord",
		"teams":   "https://prod-1.westeurope.logic.azure.com/workflows/x/triggers?sig=secret-of-teams",
	} {
		made := makeNotification(t, w, resttest.Object{"kind": kind, "target": target,
			"events": []string{"failed"}})
		shown := fmt.Sprint(made, w.Get(t, "getNotification", made["uuid"].(string)),
			w.Ask(t, resttest.Request{Operation: "listNotifications"}).Body)
		if strings.Contains(shown, "secret-of") || !strings.HasSuffix(made["target"].(string), "/…") {
			t.Errorf("%s is shown as %s", kind, shown)
		}
		w.Refused(t, "updateNotification", made["uuid"].(string),
			resttest.Object{"secret": resttest.SigningSecret}, "secret", "cannot be given for this kind")
	}
}

func TestAnEmailIsConfirmed(t *testing.T) {
	w := resttest.New(t)
	made := makeNotification(t, w, resttest.Object{"kind": "email", "target": "ops@example.org",
		"events": []string{"failed"}})
	uuid := made["uuid"].(string)
	if made["confirmed"] != false || w.Mailbox.Address(uuid) != "ops@example.org" {
		t.Errorf("confirmed is %v, the address %q", made["confirmed"], w.Mailbox.Address(uuid))
	}
	w.Mailbox.Confirm = true
	got := w.Get(t, "getNotification", uuid)
	if got["confirmed"] != true || got["target"] != "ops@example.org" {
		t.Errorf("after the confirmation: %v", got)
	}
	w.Refused(t, "updateNotification", uuid, resttest.Object{"target": "other@example.org"}, "target",
		"cannot be changed")
	w.Get(t, "deleteNotification", uuid)
	if address := w.Mailbox.Address(uuid); address != "" {
		t.Errorf("%s is still subscribed", address)
	}
}

func TestANotificationIsRefused(t *testing.T) {
	w := resttest.New(t)
	good := resttest.Object{"kind": "webhook", "target": "https://ci.example.org/hook",
		"events": []string{"failed"}}
	for _, c := range []struct {
		name  string
		given resttest.Object
		field string
		says  string
	}{
		{"plain HTTP", resttest.Object{"target": "http://ci.example.org/"}, "target", "must be an https URL"},
		{"this machine", resttest.Object{"target": "http://127.0.0.1:1/"}, "target", "must be an https URL"},
		{"no URL", resttest.Object{"target": "ci.example.org"}, "target", "must be an https URL"},
		{"another scheme", resttest.Object{"target": "file:///etc/passwd"}, "target", "must be an https URL"},
		{"a user", resttest.Object{"target": "https://me:pw@ci.example.org/"}, "target", "no user"},
		{"a fragment", resttest.Object{"target": "https://ci.example.org/#a"}, "target", "no fragment"},
		{"a line end", resttest.Object{"target": "https://ci.example.org/\nHost: x"}, "target", "must be"},
		{"a retired connector",
			resttest.Object{"kind": "teams", "target": "https://acme.webhook.office.com/a"},
			"target", "workflow"},
		{"no address", resttest.Object{"kind": "email", "target": "ops at example.org"}, "target", "e-mail"},
		{"two addresses", resttest.Object{"kind": "email", "target": "a@b.org,c@d.org"}, "target", "e-mail"},
		{"an unknown kind", resttest.Object{"kind": "pigeon"}, "kind", "must be"},
		{"an unknown event", resttest.Object{"events": []string{"started"}}, "events.0", "must be"},
		{"no event", resttest.Object{"events": []string{}}, "events", "must"},
		{"a short secret", resttest.Object{"secret": "whsec_c2hvcnQ="}, "secret", "whsec_ and 24 to 64"},
		{"a resource that does not exist", resttest.Object{"resources": []string{"svc999999999999999999999"}},
			"resources", "things that exist"},
		{"a server as a resource", resttest.Object{"resources": []string{w.Server(t)}}, "resources",
			"things that exist"},
		{"a wait of a second", resttest.Object{"stuck_after": 1}, "stuck_after", "must be"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Refused(t, "createNotification", "", merge(good, c.given), c.field, c.says)
		})
	}
}

func TestThereIsALimitOfNotifications(t *testing.T) {
	w := resttest.New(t)
	body := resttest.Object{"kind": "webhook", "target": "https://ci.example.org/hook",
		"events": []string{"failed"}}
	for range catalog.MaxNotifications {
		makeNotification(t, w, body)
	}
	answer := w.Ask(t, resttest.Request{Operation: "createNotification", Body: body})
	if answer.Status != http.StatusConflict || !strings.Contains(string(answer.Body), "no more may be") {
		t.Errorf("one more: %d %s", answer.Status, answer.Body)
	}
}

func TestATestMessageIsQueued(t *testing.T) {
	w := resttest.New(t)
	uuid := makeNotification(t, w, resttest.Object{"kind": "slack", "target": resttest.NotificationTarget,
		"events": []string{"failed"}, "enabled": false})["uuid"].(string)
	queued := resttest.Want[map[string]any](t, w, http.StatusAccepted,
		resttest.Request{Operation: "testNotification", PathUUID: uuid})
	jobs := w.Mailbox.Jobs()
	if len(jobs) != 1 || jobs[0].ID != queued["id"] || jobs[0].Event != catalog.EventTest ||
		string(jobs[0].Notification) != uuid {
		t.Errorf("queued %v, jobs %+v", queued, jobs)
	}
}

// TestOnlyALocalStackTakesLoopback: the setting is one of the function, not of a request.
func TestOnlyALocalStackTakesLoopback(t *testing.T) {
	w := resttest.New(t, func(ports *catalogapi.Ports, _ *showapi.Ports) {
		ports.Notify.Loopback = true
	})
	body := resttest.Object{"kind": "webhook", "target": "http://127.0.0.1:8080/hook",
		"events": []string{"failed"}}
	if got := makeNotification(t, w, body)["target"]; got != "http://127.0.0.1:8080/hook" {
		t.Errorf("target %v", got)
	}
	w.Refused(t, "createNotification", "", merge(body, resttest.Object{"target": "http://10.0.0.1/"}),
		"target", "must be an https URL")
}
