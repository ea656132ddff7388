package e2e_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// inbox is a receiver of webhooks on loopback.
type inbox struct {
	*httptest.Server
	verifier *standardwebhooks.Webhook
	mu       sync.Mutex
	bodies   map[string][]string // by webhook-id
	wrong    []error
}

// newInbox answers as told, which gets how often the message came. The signature is verified once
// the secret is known.
func newInbox(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, times int)) *inbox {
	h := &inbox{bodies: map[string][]string{}}
	h.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		id := r.Header.Get("webhook-id")
		h.mu.Lock()
		if err := h.verifier.Verify(body, r.Header); err != nil {
			h.wrong = append(h.wrong, err)
		}
		h.bodies[id] = append(h.bodies[id], string(body))
		times := len(h.bodies[id])
		h.mu.Unlock()
		answer(w, r, times)
	}))
	t.Cleanup(h.Close)
	return h
}

// got returns the bodies by id.
func (h *inbox) got(t *testing.T) map[string][]string {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.wrong) > 0 {
		t.Fatalf("signatures: %v", h.wrong)
	}
	all := map[string][]string{}
	for id, bodies := range h.bodies {
		all[id] = append([]string(nil), bodies...)
	}
	return all
}

// notification creates a webhook to the receiver for the events.
func (w *world) notification(t *testing.T, h *inbox, body map[string]any) string {
	t.Helper()
	body["kind"], body["target"] = "webhook", h.URL
	var made struct{ UUID, Secret string }
	if err := w.api.Post(t.Context(), "/notifications", body, &made); err != nil {
		t.Fatal(err)
	}
	verifier, err := standardwebhooks.NewWebhook(made.Secret)
	if err != nil {
		t.Fatal(err)
	}
	h.verifier = verifier
	// The context of the test has ended by then.
	ctx := context.WithoutCancel(t.Context())
	t.Cleanup(func() { _ = w.api.Do(ctx, http.MethodDelete, "/notifications/"+made.UUID, nil, nil) })
	return made.UUID
}

type shownDelivery struct {
	ID, Status, Response string
	Attempts             int
	ResponseCode         int `json:"response_code"`
}

// delivery waits until the newest delivery has the status.
func (w *world) delivery(t *testing.T, notification, status string) shownDelivery {
	t.Helper()
	var all []shownDelivery
	deadline := time.Now().Add(patience)
	for ; time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		all = nil
		w.get(t, "/notifications/"+notification+"/deliveries", &all)
		if len(all) > 0 && all[0].Status == status {
			return all[0]
		}
	}
	t.Fatalf("no delivery is %s: %+v", status, all)
	return shownDelivery{}
}

// TestAFailureIsNotified: one deployment that fails makes one webhook, which is signed and quotes
// why it failed.
func TestAFailureIsNotified(t *testing.T) {
	w := stack(t)
	h := newInbox(t, func(http.ResponseWriter, *http.Request, int) {})
	app := w.shell(t, w.server(t), "echo there is no tea; exit 3")
	uuid := w.notification(t, h, map[string]any{"events": []string{"failed", "finished"},
		"resources": []string{app}})
	record, _ := w.deploy(t, app)
	sent := w.delivery(t, uuid, "delivered")
	got := h.got(t)
	if len(got) != 1 || len(got[sent.ID]) != 1 {
		t.Fatalf("got %v, want one message with the id %s", got, sent.ID)
	}
	var body struct {
		Type string
		Data struct {
			DeploymentUUID string `json:"deployment_uuid"`
			Excerpt        string
			ExitCode       int `json:"exit_code"`
			Links          struct{ Deployment string }
		}
	}
	if err := json.Unmarshal([]byte(got[sent.ID][0]), &body); err != nil {
		t.Fatal(err)
	}
	if body.Type != "deployment.failed" || body.Data.DeploymentUUID != record.DeploymentUUID ||
		body.Data.ExitCode != 3 || !strings.Contains(body.Data.Excerpt, "there is no tea") ||
		!strings.HasPrefix(body.Data.Links.Deployment, w.url+"/api/v1/deployments/") {
		t.Errorf("body %+v", body)
	}
}

// TestAWrongTargetIsADeadLetter: the letter names the notification and has the reason.
func TestAWrongTargetIsADeadLetter(t *testing.T) {
	w := stack(t)
	h := newInbox(t, func(answer http.ResponseWriter, _ *http.Request, _ int) { answer.WriteHeader(410) })
	uuid := w.notification(t, h, map[string]any{"events": []string{"failed"}, "tags": []string{"wrong"}})
	if err := w.api.Post(t.Context(), "/notifications/"+uuid+"/test", nil, nil); err != nil {
		t.Fatal(err)
	}
	if dead := w.delivery(t, uuid, "dead"); dead.ResponseCode != 410 {
		t.Errorf("delivery %+v", dead)
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		got, err := w.cloud.Session().SQS().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: aws.String(w.cloud.Outputs().NotifyDeadQueueURL), WaitTimeSeconds: 5})
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range got.Messages {
			if body := *message.Body; strings.Contains(body, uuid) && strings.Contains(body, "410") {
				return
			}
		}
	}
	t.Error("no dead letter names the notification")
}

// TestAnEmailHasATopic goes as far as the emulator: it sends no mail, and lists a subscription as
// confirmed at once. So the test shows that the roles suffice for the topic, its subscription and
// a message.
func TestAnEmailHasATopic(t *testing.T) {
	w := stack(t)
	var made struct {
		UUID      string
		Confirmed *bool
	}
	if err := w.api.Post(t.Context(), "/notifications", map[string]any{"kind": "email",
		"target": "ops@example.org", "events": []string{"failed"}}, &made); err != nil {
		t.Fatal(err)
	}
	if made.Confirmed == nil {
		t.Error("confirmed is null, want what SNS says")
	}
	if err := w.api.Post(t.Context(), "/notifications/"+made.UUID+"/test", nil, nil); err != nil {
		t.Fatal(err)
	}
	w.delivery(t, made.UUID, "delivered")
	if err := w.api.Do(t.Context(), http.MethodDelete, "/notifications/"+made.UUID, nil, nil); err != nil {
		t.Error(err)
	}
}

// TestNoDeathLosesANotification kills the function fifty times while it waits for a target's
// answer. Every message arrives, and its repeats have its id and its body.
func TestNoDeathLosesANotification(t *testing.T) {
	w := stack(t)
	const messages, deaths = 50, 50
	var kills atomic.Int64
	h := newInbox(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		if kills.Load() >= deaths {
			return
		}
		select { // until the sender is killed
		case <-r.Context().Done():
		case <-time.After(8 * time.Second):
		}
	})
	// No resource has the tag: deployments of other tests fail meanwhile.
	uuid := w.notification(t, h, map[string]any{"events": []string{"failed"}, "tags": []string{"death"}})
	target, err := url.Parse(h.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, _ := strconv.Atoi(target.Port())
	for range messages {
		if err := w.api.Post(t.Context(), "/notifications/"+uuid+"/test", nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	deadline := time.Now().Add(4 * time.Minute)
	for killed := map[int]bool{}; kills.Load() < deaths && time.Now().Before(deadline); {
		for _, pid := range connectedTo(port) {
			if !killed[pid] && kills.Load() < deaths && syscall.Kill(pid, syscall.SIGKILL) == nil {
				killed[pid] = true
				kills.Add(1)
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	repeats, left := 0, messages
	for ; left > 0 && time.Now().Before(deadline); time.Sleep(time.Second) {
		var all []shownDelivery
		w.get(t, "/notifications/"+uuid+"/deliveries?take=100", &all)
		left = messages
		for _, one := range all {
			if one.Status == "delivered" {
				left--
			}
		}
	}
	got := h.got(t)
	for id, bodies := range got {
		repeats += len(bodies) - 1
		for _, body := range bodies {
			if body != bodies[0] {
				t.Errorf("a repeat of %s has another body", id)
			}
		}
	}
	if kills.Load() < deaths || left > 0 || len(got) != messages {
		t.Errorf("%d deaths, %d messages under %d ids, %d not delivered", kills.Load(), messages, len(got),
			left)
	}
	fmt.Printf("figure: %d notifications, the function killed %d times, %d repeats under the same id\n",
		messages, kills.Load(), repeats)
}
