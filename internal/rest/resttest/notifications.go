package resttest

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/notify"
	"waybill/internal/rest/catalogapi"
)

// The secrets of every notification of a scene.
const (
	NotificationTarget = "https://hooks.example/the-secret-path-of-a-chat"
	SigningSecret      = "whsec_c2lnbmluZy1zZWNyZXQtb2YtYS13ZWJob29r"
)

// Mailbox stands for SNS and for the queue of messages.
type Mailbox struct {
	mu        sync.Mutex
	addresses map[catalog.ID]string
	jobs      []notify.Job
	// Confirm says that every address has confirmed.
	Confirm bool
}

// Subscribe notes the address.
func (m *Mailbox) Subscribe(_ context.Context, id catalog.ID, address string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.addresses == nil {
		m.addresses = map[catalog.ID]string{}
	}
	m.addresses[id] = address
	return nil
}

// Unsubscribe forgets the address.
func (m *Mailbox) Unsubscribe(_ context.Context, id catalog.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.addresses, id)
	return nil
}

// Confirmed reports whether there is an address that has confirmed.
func (m *Mailbox) Confirmed(_ context.Context, id catalog.ID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addresses[id] != "" && m.Confirm, nil
}

// Address returns the address of a notification, or "".
func (m *Mailbox) Address(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.addresses[catalog.ID(id)]
}

// Send notes the job.
func (m *Mailbox) Send(_ context.Context, job notify.Job) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.jobs = append(m.jobs, job)
	return nil
}

// Jobs returns the jobs so far.
func (m *Mailbox) Jobs() []notify.Job {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.jobs
}

// NotifyPorts are the ports of the endpoints of notifications.
func (w *World) NotifyPorts() catalogapi.NotifyPorts {
	return catalogapi.NotifyPorts{Topics: w.Mailbox, Jobs: w.Mailbox, Deliveries: w.Memory.Deliveries()}
}

// Notification adds a notification of the kind.
func (w *World) Notification(t *testing.T, kind, target string) string {
	t.Helper()
	return w.Create(t, "createNotification", Object{"kind": kind, "target": target,
		"events": []string{"failed", "stuck"}})
}

func (s scene) notificationSuccesses(t *testing.T) map[string]success {
	webhook := s.World.Notification(t, "webhook", NotificationTarget)
	mail := s.World.Notification(t, "email", "ops@example.org")
	delivery := notify.Delivery{ID: "one", Notification: catalog.ID(webhook), Event: catalog.EventFailed,
		Deployment: s.Running, At: time.Unix(1, 0), Status: notify.Retrying, Attempts: 1, Code: 500,
		Response: "no tea", UpdatedAt: time.Unix(2, 0), NextAt: time.Unix(3, 0)}
	if err := s.Memory.Deliveries().Put(t.Context(), delivery); err != nil {
		t.Fatal(err)
	}
	return map[string]success{
		"listNotifications": get("", ""),
		"createNotification": post(Object{"kind": "slack", "target": NotificationTarget,
			"events": []string{"finished"}, "kinds": []string{"service"}, "tags": []string{"web"},
			"resources": []string{s.Service}, "stuck_after": 60, "enabled": false}),
		"getNotification": get(mail, ""),
		"updateNotification": patch(webhook, Object{"target": NotificationTarget + "-2",
			"secret": SigningSecret, "events": []string{"cancelled"}}),
		"deleteNotification": get(s.World.Notification(t, "slack", NotificationTarget), ""),
		"testNotification":   {http.StatusAccepted, Request{PathUUID: webhook}},
		"listDeliveries":     get(webhook, "?take=10"),
	}
}
