package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/notify"
	"waybill/internal/notify/outbound"
)

const signingSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

// desk is a courier over memory, whose targets are real servers on loopback.
type desk struct {
	*memory.Memory
	courier *notify.Courier
	target  catalog.ID
	buried  []string
	mails   []notify.Mail
	now     func() time.Time
}

func (d *desk) Bury(_ context.Context, job notify.Job, reason string) error {
	d.buried = append(d.buried, job.ID+": "+reason)
	return nil
}

func (d *desk) Mail(_ context.Context, _ catalog.ID, mail notify.Mail) error {
	d.mails = append(d.mails, mail)
	return nil
}

// newDesk has one notification over the channel to the URL.
func newDesk(t *testing.T, channel catalog.Channel, url string) *desk {
	t.Helper()
	d := &desk{Memory: memory.New(memory.Options{}), target: "ntf000000000000000000001", now: time.Now}
	n := &catalog.Notification{Meta: catalog.Meta{ID: d.target, Name: "ops", Generation: "g1"},
		Channel: channel, Events: catalog.NotificationEvents()}
	if err := d.Catalog().Reserve(t.Context(), d.target, "g1"); err != nil {
		t.Fatal(err)
	}
	if err := d.Vault().Put(t.Context(), d.target, "g1", catalog.Secrets{Values: map[string]string{
		catalog.NotificationURLSecret: url, catalog.NotificationSigningSecret: signingSecret,
	}}); err != nil {
		t.Fatal(err)
	}
	if err := d.Catalog().Create(t.Context(), n, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	d.courier = notify.NewCourier(notify.CourierPorts{Store: d.Catalog(), Vault: d.Vault(),
		Excerpts: d.Excerpts(), Deliveries: d.Deliveries(), Mailer: d, DeadLetter: d,
		Poster: outbound.New(outbound.Options{Loopback: true, Timeout: 500 * time.Millisecond})},
		stack, notify.CourierOptions{Now: func() time.Time { return d.now() }})
	return d
}

// delivery is the newest delivery.
func (d *desk) delivery(t *testing.T) notify.Delivery {
	t.Helper()
	all, err := d.Deliveries().List(t.Context(), d.target, 1)
	if err != nil || len(all) != 1 {
		t.Fatalf("deliveries %v, %v", all, err)
	}
	return all[0]
}

// receiver remembers the requests that it gets.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	ids    []string
	bodies []string
	wrong  []error
}

// newReceiver answers as told, after it has verified the signature.
func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, n int)) *receiver {
	t.Helper()
	verifier, err := standardwebhooks.NewWebhook(signingSecret)
	if err != nil {
		t.Fatal(err)
	}
	got := &receiver{}
	got.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got.mu.Lock()
		if err := verifier.Verify(body, r.Header); err != nil {
			got.wrong = append(got.wrong, err)
		}
		got.ids, got.bodies = append(got.ids, r.Header.Get("webhook-id")), append(got.bodies, string(body))
		n := len(got.ids)
		got.mu.Unlock()
		answer(w, r, n)
	}))
	t.Cleanup(got.Close)
	return got
}

// check checks the number of requests, their signatures, and that all have the same id.
func (r *receiver) check(t *testing.T, times int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ids) != times || len(r.wrong) > 0 {
		t.Errorf("%d requests, signatures %v; want %d", len(r.ids), r.wrong, times)
	}
	for i, id := range r.ids {
		if id != r.ids[0] || r.bodies[i] != r.bodies[0] || id == "" {
			t.Errorf("request %d has id %q and another body or id than the first one, %q", i, id, r.ids[0])
		}
	}
}

func again(t *testing.T, err error) time.Duration {
	t.Helper()
	wait, is := errors.AsType[*notify.Again](err)
	if !is {
		t.Fatalf("%v, want another attempt", err)
	}
	return wait.After
}

func TestAReceiverThatFailsTwice(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, n int) {
		if n <= 2 {
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte("\x1b[31mno tea"))
		}
	})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	job := failedJob("shop")
	if err := d.Excerpts().Put(t.Context(), id, "web-1 exited with code 3."); err != nil {
		t.Fatal(err)
	}
	first := again(t, d.courier.Deliver(t.Context(), job))
	if got := d.delivery(t); got.Status != notify.Retrying || got.Code != 500 || got.Response != "no tea" ||
		got.NextAt.IsZero() {
		t.Errorf("after the first attempt: %+v", got)
	}
	if second := again(t, d.courier.Deliver(t.Context(), job)); second <= first {
		t.Errorf("pauses %s and %s do not grow", first, second)
	}
	for range 3 { // the queue may deliver a message that is done
		if err := d.courier.Deliver(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	r.check(t, 3)
	if got := d.delivery(t); got.Status != notify.Delivered || got.Attempts != 3 || got.Code != 200 {
		t.Errorf("at the end: %+v", got)
	}
	var body struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(r.bodies[0]), &body); err != nil ||
		body.Data["excerpt"] != "web-1 exited with code 3." {
		t.Errorf("body %v, %v; want the excerpt", body.Data, err)
	}
}

func TestASlowReceiverIsWaitedFor(t *testing.T) {
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ int) {
		select {
		case <-time.After(100 * time.Millisecond): // the slow work of a receiver
		case <-r.Context().Done():
		}
	})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	if err := d.courier.Deliver(t.Context(), failedJob("shop")); err != nil {
		t.Fatal(err)
	}
	r.check(t, 1)
}

func TestAReceiverThatHangsIsTriedAgain(t *testing.T) {
	r := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ int) { <-r.Context().Done() })
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	again(t, d.courier.Deliver(t.Context(), failedJob("shop")))
	if got := d.delivery(t); got.Status != notify.Retrying || got.Code != 0 ||
		!strings.Contains(got.Response, "in time") {
		t.Errorf("delivery %+v", got)
	}
}

func TestARedirectToTheMetadataIsADeadLetter(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, r *http.Request, _ int) {
		http.Redirect(w, r, "http://169.254.169.254/latest/meta-data/", http.StatusFound)
	})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	if err := d.courier.Deliver(t.Context(), failedJob("shop")); err != nil {
		t.Fatal(err)
	}
	r.check(t, 1)
	if got := d.delivery(t); got.Status != notify.Dead || got.Code != 302 || len(d.buried) != 1 ||
		!strings.Contains(got.Response, "redirect") {
		t.Errorf("delivery %+v, dead letters %v", got, d.buried)
	}
}

func TestAPrivateTargetIsADeadLetter(t *testing.T) {
	d := newDesk(t, catalog.ChannelSlack, "https://169.254.169.254/latest/meta-data/")
	if err := d.courier.Deliver(t.Context(), failedJob("shop")); err != nil {
		t.Fatal(err)
	}
	if got := d.delivery(t); got.Status != notify.Dead || !strings.Contains(got.Response, "private") {
		t.Errorf("delivery %+v", got)
	}
}

func TestAnswersOfTargets(t *testing.T) {
	for _, c := range []struct {
		channel catalog.Channel
		status  int
		want    notify.DeliveryStatus
	}{
		{catalog.ChannelWebhook, 204, notify.Delivered},
		{catalog.ChannelWebhook, 404, notify.Retrying},
		{catalog.ChannelWebhook, 410, notify.Dead},
		{catalog.ChannelWebhook, 503, notify.Retrying},
		{catalog.ChannelSlack, 200, notify.Delivered},
		{catalog.ChannelSlack, 404, notify.Dead},
		{catalog.ChannelSlack, 429, notify.Retrying},
		{catalog.ChannelDiscord, 204, notify.Delivered},
		{catalog.ChannelDiscord, 401, notify.Dead},
		{catalog.ChannelDiscord, 502, notify.Retrying},
		{catalog.ChannelTeams, 202, notify.Delivered},
		{catalog.ChannelTeams, 400, notify.Dead},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(c.status)
		}))
		d := newDesk(t, c.channel, server.URL)
		err := d.courier.Deliver(t.Context(), failedJob("shop"))
		if got := d.delivery(t).Status; got != c.want || (err != nil) != (c.want == notify.Retrying) {
			t.Errorf("%s answers %d: %s, %v; want %s", c.channel, c.status, got, err, c.want)
		}
		server.Close()
	}
}

func TestRetryAfterIsHeeded(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, _ int) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	if got := again(t, d.courier.Deliver(t.Context(), failedJob("shop"))); got != 2*time.Minute {
		t.Errorf("pause %s, want the target's 2m", got)
	}
}

func TestAMessageIsGivenUpAfterItsLastAttempt(t *testing.T) {
	r := newReceiver(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(500) })
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	var waited time.Duration
	for range notify.MaxAttempts - 1 {
		waited += again(t, d.courier.Deliver(t.Context(), failedJob("shop")))
	}
	if err := d.courier.Deliver(t.Context(), failedJob("shop")); err != nil {
		t.Fatalf("the last attempt: %v", err)
	}
	r.check(t, notify.MaxAttempts)
	if got := d.delivery(t); got.Status != notify.Dead || len(d.buried) != 1 || waited < 12*time.Hour {
		t.Errorf("delivery %+v after %s, dead letters %v", got, waited, d.buried)
	}
}

func TestAnUnwantedMessageIsNotSent(t *testing.T) {
	r := newReceiver(t, func(http.ResponseWriter, *http.Request, int) {})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	job := failedJob("shop")
	job.Notification = "ntf000000000000000000009"
	if err := d.courier.Deliver(t.Context(), job); err != nil {
		t.Errorf("of a deleted notification: %v", err)
	}
	r.check(t, 0)
}

func TestAMailGoesToTheTopic(t *testing.T) {
	d := newDesk(t, catalog.ChannelEmail, "")
	if err := d.courier.Deliver(t.Context(), failedJob("shop")); err != nil {
		t.Fatal(err)
	}
	if len(d.mails) != 1 || d.delivery(t).Status != notify.Delivered {
		t.Errorf("mails %+v, delivery %+v", d.mails, d.delivery(t))
	}
}

// dying is a store of deliveries that dies at a call, as the function may.
type dying struct {
	notify.Deliveries
	calls *int
}

var errKilled = errors.New("killed")

func (d dying) die() error {
	if *d.calls--; *d.calls == 0 {
		return errKilled
	}
	return nil
}

func (d dying) Find(ctx context.Context, job notify.Job) (notify.Delivery, error) {
	if err := d.die(); err != nil {
		return notify.Delivery{}, err
	}
	return d.Deliveries.Find(ctx, job)
}

func (d dying) Put(ctx context.Context, delivery notify.Delivery) error {
	if err := d.die(); err != nil {
		return err
	}
	return d.Deliveries.Put(ctx, delivery)
}

// TestADeathAfterTheTargetHasTheMessage: it is sent again, under the same id.
func TestADeathAfterTheTargetHasTheMessage(t *testing.T) {
	r := newReceiver(t, func(http.ResponseWriter, *http.Request, int) {})
	d := newDesk(t, catalog.ChannelWebhook, r.URL)
	for calls := 1; calls <= 3; calls++ {
		left := calls
		courier := notify.NewCourier(notify.CourierPorts{Store: d.Catalog(), Vault: d.Vault(),
			Excerpts: d.Excerpts(), Deliveries: dying{d.Deliveries(), &left}, Mailer: d, DeadLetter: d,
			Poster: outbound.New(outbound.Options{Loopback: true})}, stack, notify.CourierOptions{})
		if err := courier.Deliver(t.Context(), failedJob("shop")); calls < 3 && !errors.Is(err, errKilled) {
			t.Errorf("dies at call %d: %v", calls, err)
		}
	}
	r.check(t, 2)
	if got := d.delivery(t); got.Status != notify.Delivered {
		t.Errorf("delivery %+v", got)
	}
}

func TestADamagedSecretIsNotQuoted(t *testing.T) {
	d := newDesk(t, catalog.ChannelWebhook, "http://127.0.0.1:1/secret-path")
	if err := d.Vault().Put(t.Context(), d.target, "g2", catalog.Secrets{Values: map[string]string{
		catalog.NotificationSigningSecret: "whsec_no base64"}}); err != nil {
		t.Fatal(err)
	}
	n, err := catalog.Find[*catalog.Notification](t.Context(), d.Catalog(), d.target)
	if err != nil {
		t.Fatal(err)
	}
	n.Generation = "g2"
	if err := d.Catalog().Reserve(t.Context(), d.target, "g2"); err != nil {
		t.Fatal(err)
	}
	if err := d.Catalog().Update(t.Context(), n, n.UpdatedAt, audit.Entry{ID: "x"}); err != nil {
		t.Fatal(err)
	}
	err = d.courier.Deliver(t.Context(), failedJob("shop"))
	if !errors.Is(err, fault.Internal) || strings.Contains(err.Error(), "base64") {
		t.Errorf("%v, want Internal without the secret", err)
	}
}
