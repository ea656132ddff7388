package triggerapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/triggerapi"
	"waybill/internal/trigger"
	"waybill/internal/webhook"
)

type object = resttest.Object

// answer is the body of an accepted or ignored delivery.
type answer struct {
	Status  string
	EventID string `json:"event_id"`
	Reason  string
}

// ask sends a request and wants the status.
func ask(t *testing.T, w *resttest.World, status int, r resttest.Request) answer {
	t.Helper()
	return resttest.Want[answer](t, w, status, r)
}

func TestEachDeliveryBecomesOneEvent(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t),
		object{"kind": "git", "operation": "restart", "options": object{"force": true}},
		object{"kind": "hook", "operation": "stop"})
	for provider, delivery := range resttest.Deliveries() {
		t.Run(provider, func(t *testing.T) {
			r := delivery.Request(t, uuid, secret)
			first, second := ask(t, w, http.StatusAccepted, r), ask(t, w, http.StatusAccepted, r)
			events := w.Events.Take()
			if len(events) != 2 || first.EventID != second.EventID || first.EventID != events[0].ID ||
				events[0].ID != events[1].ID || first.Status != "accepted" {
				t.Fatalf("%+v and %+v made %+v, want the same event twice", first, second, events)
			}
			event := events[0]
			if since := time.Since(event.Time); since < -time.Second || since > time.Minute {
				t.Errorf("its time is %s ago", since)
			}
			encoded, err := trigger.Encode(event)
			if err != nil {
				t.Fatal(err)
			}
			if read, err := trigger.Decode(encoded); err != nil || len(encoded) > 2000 {
				t.Errorf("the message %s is not read: %+v, %v", encoded, read, err)
			}
			id := catalog.ID(uuid)
			want := trigger.Event{Version: 1, ID: event.ID, Source: trigger.Hook, Time: event.Time,
				Hook: &trigger.Called{ResourceID: id, Operation: deployment.Stop}}
			if provider != "generic" {
				want.Source, want.Hook = trigger.Git, nil
				want.Push = &trigger.Push{ResourceID: id, Ref: "refs/heads/main", Branch: "main",
					Commit: resttest.Commit, Message: "Fix the basket", Author: "Ada", Provider: provider,
					Operation: deployment.Restart, Options: trigger.Options{Force: true}}
				if provider != "bitbucket" {
					want.Push.Paths = []string{"src/basket.go"}
				}
			}
			if diff := cmp.Diff(event, want); diff != "" {
				t.Errorf("event (-got +want):\n%s", diff)
			}
		})
	}
}

// TestTheTimeOfAPush: the forge's own time counts, and never the time of a commit.
func TestTheTimeOfAPush(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	delivery := resttest.Deliveries()["github"]
	delivery.Body["repository"].(object)["pushed_at"] = 1_772_442_672
	ask(t, w, http.StatusAccepted, delivery.Request(t, uuid, secret))
	if got := w.Events.Take()[0].Time; !got.Equal(time.Unix(1_772_442_672, 0)) {
		t.Errorf("the time is %s, want the one at which GitHub took the push", got)
	}
	call := resttest.Deliveries()["generic"]
	sent := time.Now().Add(-2 * time.Minute)
	call.Sign = func(t *testing.T, secret, body string) map[string]string {
		return resttest.SignStandard(t, secret, "a", body, sent)
	}
	ask(t, w, http.StatusAccepted, call.Request(t, uuid, secret))
	if got := w.Events.Take()[0].Time; got.Unix() != sent.Unix() {
		t.Errorf("the time is %s, want the signed one, %s", got, sent)
	}
}

// counting counts the reads of the key and of resources.
type counting struct {
	catalog.Reader
	webhook.Keys
	heads, keys int
}

func (c *counting) Head(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	c.heads++
	return c.Reader.Head(ctx, id)
}

func (c *counting) Load(ctx context.Context) (webhook.Key, error) {
	c.keys++
	return c.Keys.Load(ctx)
}

// TestAnUnsignedCallLearnsNothing compares the answers for a resource with a secret, one without,
// one that does not exist and one that cannot exist, and what they cost.
func TestAnUnsignedCallLearnsNothing(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid, secret := w.Hooked(t, server)
	bare := w.Built(t, server)
	count := &counting{Reader: w.Memory.Catalog(), Keys: w.Memory.WebhookKeys()}
	ports := w.TriggerPorts()
	ports.Store, ports.Keys = count, count
	handler, err := triggerapi.New(ports, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["trigger"] = handler
	foreign := w.WebhookSecret(t, bare) // of another resource
	bare = w.Built(t, server)
	seen := map[string]bool{}
	for provider, delivery := range resttest.Deliveries() {
		for of, r := range map[string]resttest.Request{
			"another secret":     delivery.Request(t, uuid, foreign),
			"no secret yet":      delivery.Request(t, bare, secret),
			"an unknown uuid":    delivery.Request(t, "app"+strings.Repeat("0", 21), secret),
			"a server's uuid":    delivery.Request(t, server, secret),
			"no uuid":            delivery.Request(t, "nonsense", secret),
			"an unknown service": delivery.Request(t, "svc"+strings.Repeat("0", 21), secret),
		} {
			heads := count.heads
			got := w.Ask(t, r)
			problem := got.Problem(t)
			seen[fmt.Sprint(got.Status, problem.Message, got.Header["Www-Authenticate"])] = true
			if got.Status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %s", provider, of, got.Status, got.Body)
			}
			wellFormed := of != "a server's uuid" && of != "no uuid"
			if reads := count.heads - heads; wellFormed && reads != 1 {
				t.Errorf("%s, %s: %d reads of a resource, want 1", provider, of, reads)
			}
		}
		unsigned := delivery.Request(t, uuid, secret)
		unsigned.Header = map[string]string{"Content-Type": "application/json"}
		changed := delivery.Request(t, uuid, secret)
		changed.Body = strings.Replace(changed.Body.(string), "main", "next", 1) + " "
		for of, r := range map[string]resttest.Request{"no signature": unsigned, "another body": changed} {
			if got := w.Ask(t, r); got.Status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %s", provider, of, got.Status, got.Body)
			}
		}
	}
	if len(seen) != 1 {
		t.Errorf("there are different refusals: %v", seen)
	}
	if count.keys != 1 {
		t.Errorf("%d reads of the key, want 1", count.keys)
	}
	if events := w.Events.Take(); len(events) != 0 {
		t.Errorf("they made %+v", events)
	}
}

// TestNoSecretIsNoSecret signs with the secret of generation 0, which is given to no one.
func TestNoSecretIsNoSecret(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	w.Hooked(t, server) // creates the key
	key, err := w.Memory.WebhookKeys().Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for provider, delivery := range resttest.Deliveries() {
		for _, uuid := range []string{w.Built(t, server), "app" + strings.Repeat("0", 21), "nonsense"} {
			secret := key.Secret(catalog.ID(uuid), 0).Text()
			if got := w.Ask(t, delivery.Request(t, uuid, secret)); got.Status != http.StatusUnauthorized {
				t.Errorf("%s, %s: %d %s", provider, uuid, got.Status, got.Body)
			}
		}
	}
}

// TestRefusedDeliveriesCanBeCounted holds the operator's log to the filter of the stack, which makes
// a metric of its lines.
func TestRefusedDeliveriesCanBeCounted(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	for _, delivery := range resttest.Deliveries() {
		w.Ask(t, delivery.Request(t, uuid, secret))
		w.Ask(t, delivery.Request(t, "app"+strings.Repeat("0", 21), secret))
	}
	counted := 0
	for _, line := range w.Logged(t) {
		route, _ := line["route"].(string)
		if strings.HasPrefix(route, "/api/v1/webhooks/") && line["status"] == 401.0 {
			counted++
		}
	}
	if want := len(resttest.Deliveries()); counted != want {
		t.Errorf("%d lines are counted, want %d", counted, want)
	}
	if text := w.Log.String(); strings.Contains(text, secret) || strings.Contains(text, "basket") {
		t.Error("the log has a secret or a body")
	}
}

func TestAReplacedSecretIsVoid(t *testing.T) {
	w := resttest.New(t)
	uuid, former := w.Hooked(t, w.Server(t))
	present := w.WebhookSecret(t, uuid)
	for provider, delivery := range resttest.Deliveries() {
		if got := w.Ask(t, delivery.Request(t, uuid, former)); got.Status != http.StatusUnauthorized {
			t.Errorf("%s: the former secret answers %d", provider, got.Status)
		}
		ask(t, w, http.StatusAccepted, delivery.Request(t, uuid, present))
	}
}

func TestAnOldCallIsRefused(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	for _, provider := range []string{"generic", "gitlab"} {
		for _, off := range []time.Duration{-6 * time.Minute, 6 * time.Minute} {
			delivery := resttest.Deliveries()[provider]
			delivery.Sign = func(t *testing.T, secret, body string) map[string]string {
				return resttest.SignStandard(t, secret, "a", body, time.Now().Add(off))
			}
			if got := w.Ask(t, delivery.Request(t, uuid, secret)); got.Status != http.StatusUnauthorized {
				t.Errorf("%s, %s off: %d %s", provider, off, got.Status, got.Body)
			}
		}
	}
}

func TestWhatIsIgnoredSaysWhy(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range []struct {
		name     string
		triggers []object
		provider string
		change   func(*resttest.Delivery)
		why      string
	}{
		{"no declaration", []object{{"kind": "hook"}}, "github", nil, "no trigger of kind git"},
		{"no hook", []object{{"kind": "git"}}, "generic", nil, "no trigger of kind hook"},
		{"another branch", []object{{"kind": "git", "branches": []string{"live"}}}, "gitlab", nil,
			"branches do not match main"},
		{"other files", []object{{"kind": "git", "watch_paths": []string{"docs/**"}}}, "gitea", nil,
			"none of the 1 changed"},
		{"another event", nil, "gitea", func(d *resttest.Delivery) { d.Event["X-Gitea-Event"] = "issues" },
			"The event is issues"},
		{"a deletion", nil, "github", func(d *resttest.Delivery) {
			d.Body["after"], d.Body["head_commit"] = strings.Repeat("0", 40), nil
		}, "Branch main was deleted"},
		{"a mark", nil, "github", func(d *resttest.Delivery) {
			d.Body["head_commit"].(object)["message"] = "Fix [ci skip]"
		}, "has [ci skip]"},
		{"a tag", nil, "github", func(d *resttest.Delivery) { d.Body["ref"] = "refs/tags/v1" },
			"Tag v1 is not the branch"},
	} {
		uuid, secret := w.Hooked(t, server, c.triggers...)
		delivery := resttest.Deliveries()[c.provider]
		if c.change != nil {
			c.change(&delivery)
		}
		got := ask(t, w, http.StatusOK, delivery.Request(t, uuid, secret))
		if got.Status != "ignored" || !strings.Contains(got.Reason, c.why) || got.EventID != "" {
			t.Errorf("%s: %+v, want a reason with %q", c.name, got, c.why)
		}
	}
	if events := w.Events.Take(); len(events) != 0 {
		t.Errorf("they made %+v", events)
	}
}

func TestPingsAnswerPong(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	for provider, event := range map[string]map[string]string{
		"github": {"X-GitHub-Event": "ping"}, "bitbucket": {"X-Event-Key": "diagnostics:ping"},
	} {
		delivery := resttest.Deliveries()[provider]
		delivery.Event, delivery.Body = event, object{"zen": "Design for failure."}
		if got := ask(t, w, http.StatusOK, delivery.Request(t, uuid, secret)); got.Status != "pong" {
			t.Errorf("%s: %+v", provider, got)
		}
		if got := w.Ask(t, delivery.Request(t, uuid, w.WebhookSecret(t, w.Built(t,
			w.Server(t))))); got.Status !=
			http.StatusUnauthorized {
			t.Errorf("%s: a ping with a wrong signature answers %d", provider, got.Status)
		}
	}
}

// TestTheFirstRuleThatMatchesDecides has several rules, and several refs in one delivery.
func TestTheFirstRuleThatMatchesDecides(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t),
		object{"kind": "git", "tags": []string{"v*"}, "operation": "restart"},
		object{"kind": "git", "branches": []string{"main", "next"}, "operation": "deploy"})
	delivery := resttest.Deliveries()["bitbucket"]
	changes := delivery.Body["push"].(object)["changes"].([]object)
	change := func(name, kind string) object {
		ref := object{"type": kind, "name": name, "target": object{"hash": strings.Repeat("3", 40)}}
		return object{"new": ref, "old": nil}
	}
	delivery.Body["push"] = object{"changes": append(changes, change("next", "branch"),
		change("wip", "branch"), change("v1", "tag"), change("wip2", "branch"))}
	ask(t, w, http.StatusAccepted, delivery.Request(t, uuid, secret))
	events := w.Events.Take()
	if len(events) != 1 || events[0].Push.GitTag != "v1" || events[0].Push.Operation != deployment.Restart {
		t.Errorf("%+v, want one event of the last ref that counts, with its rule's operation", events)
	}
}

func TestMalformedDeliveries(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	for provider, delivery := range resttest.Deliveries() {
		for _, c := range []struct {
			name, contentType, body, field string
			status                         int
		}{
			{"no JSON", "application/json", "{", "", http.StatusUnprocessableEntity},
			{"a form", "application/x-www-form-urlencoded", "payload=%7B%7D", "Content-Type",
				http.StatusUnprocessableEntity},
			{"text", "text/plain", "{}", "Content-Type", http.StatusUnprocessableEntity},
			{"too large", "application/json", strings.Repeat(" ", 4<<20) + "{}", "",
				http.StatusRequestEntityTooLarge},
		} {
			r := resttest.Request{Operation: delivery.Operation, PathUUID: uuid, Token: resttest.NoToken,
				Body: c.body, Header: map[string]string{"Content-Type": c.contentType}}
			for _, some := range []map[string]string{delivery.Event, delivery.Sign(t, secret, c.body)} {
				for name, value := range some {
					r.Header[name] = value
				}
			}
			got := w.Ask(t, r)
			if fields := got.Problem(t).Errors; got.Status != c.status || c.field != "" &&
				fields[c.field] == nil {
				t.Errorf("%s, %s: %d %s", provider, c.name, got.Status, got.Body)
			}
			if c.name == "a form" && !strings.Contains(string(got.Body), "choose application/json") {
				t.Errorf("%s does not say what to choose", got.Body)
			}
		}
	}
	injected := resttest.Deliveries()["github"]
	injected.Body["head_commit"].(object)["id"] = "$(reboot)"
	if got := w.Ask(t, injected.Request(t, uuid, secret)); got.Problem(t).Errors["head_commit.id"] == nil {
		t.Errorf("a commit that is none: %d %s", got.Status, got.Body)
	}
	if events := w.Events.Take(); len(events) != 0 {
		t.Errorf("they made %+v", events)
	}
}

// TestTheBodyIsSignedAsItIs has a body that the checks of other routes would rewrite.
func TestTheBodyIsSignedAsItIs(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	for _, delivery := range resttest.Deliveries() {
		r := delivery.Request(t, uuid, secret)
		body := "\n" + strings.TrimSuffix(r.Body.(string),
			"}") + ` , "x": [20.0, 1e2, "é\u00e9\/"] , "x":1.0 } `
		r.Body = body
		for name, value := range delivery.Sign(t, secret, body) {
			r.Header[name] = value
		}
		ask(t, w, http.StatusAccepted, r)
	}
}

func TestSignedDeliveriesAreThrottledByResource(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid, secret := w.Hooked(t, server)
	other, others := w.Hooked(t, server)
	delivery := resttest.Deliveries()["github"]
	unsigned := delivery.Request(t, uuid, others)
	for range 100 {
		w.Ask(t, unsigned)
	}
	r := delivery.Request(t, uuid, secret)
	for range 60 {
		ask(t, w, http.StatusAccepted, r) // calls without a signature do not count
	}
	got := w.Ask(t, r)
	if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
		t.Errorf("the 61st answers %d %s", got.Status, got.Body)
	}
	ask(t, w, http.StatusAccepted, delivery.Request(t, other, others))
}

func TestAnOutageIsNoRefusal(t *testing.T) {
	w := resttest.New(t)
	uuid, secret := w.Hooked(t, w.Server(t))
	r := resttest.Deliveries()["github"].Request(t, uuid, secret)
	w.Events.Err = fault.New(fault.Unavailable, "away")
	if got := w.Ask(t, r); got.Status != http.StatusServiceUnavailable {
		t.Errorf("without the queue: %d %s", got.Status, got.Body)
	}
	w.Events.Err = nil
	ports := w.TriggerPorts()
	ports.Keys = brokenKeys{}
	handler, err := triggerapi.New(ports, rest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.Handlers["trigger"] = handler
	if got := w.Ask(t, r); got.Status != http.StatusServiceUnavailable {
		t.Errorf("without the key: %d %s", got.Status, got.Body)
	}
	ports = w.TriggerPorts()
	ports.Store = brokenStore{w.Memory.Catalog()}
	if w.Handlers["trigger"], err = triggerapi.New(ports, rest.Options{}); err != nil {
		t.Fatal(err)
	}
	if got := w.Ask(t, r); got.Status != http.StatusServiceUnavailable {
		t.Errorf("without the table: %d %s", got.Status, got.Body)
	}
}

type brokenKeys struct{}

func (brokenKeys) Load(context.Context) (webhook.Key, error) {
	return webhook.Key{}, fault.Wrap(errors.New("down"), fault.Unavailable, "away")
}

func (brokenKeys) Create(context.Context, webhook.Key) error { return nil }

type brokenStore struct{ catalog.Reader }

func (brokenStore) Head(context.Context, catalog.ID) (catalog.Entity, error) {
	return nil, fault.New(fault.Unavailable, "away")
}
