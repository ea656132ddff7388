package catalogapi

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/notify"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// NotifyPorts are the dependencies of the endpoints of notifications.
type NotifyPorts struct {
	Topics     Topics
	Jobs       notify.Queue
	Deliveries notify.DeliveryReader
	// Loopback allows targets on this machine, for local stacks.
	Loopback bool
}

// Topics are where e-mails are sent to, one for each notification by e-mail.
type Topics interface {
	// Subscribe makes the topic and asks the address to confirm. It may be repeated.
	Subscribe(ctx context.Context, notification catalog.ID, address string) error
	// Unsubscribe deletes the topic. Without one it does nothing.
	Unsubscribe(ctx context.Context, notification catalog.ID) error
	// Confirmed reports whether the address has confirmed.
	Confirmed(ctx context.Context, notification catalog.ID) (bool, error)
}

func (a catalogAPI) notificationEndpoints() map[string]rest.Endpoint {
	return map[string]rest.Endpoint{
		"listNotifications":  a.listNotifications,
		"createNotification": a.createNotification,
		"getNotification":    a.getNotification,
		"updateNotification": a.updateNotification,
		"deleteNotification": a.deleteNotification,
		"testNotification":   a.testNotification,
		"listDeliveries":     a.listDeliveries,
	}
}

func (a catalogAPI) findNotification(ctx context.Context, c *rest.Call) (*catalog.Notification, error) {
	return rest.Find[*catalog.Notification](ctx, a.Store, c.Params["uuid"], catalog.KindNotification)
}

// shownNotification returns the notification as answers show it. SNS knows whether an address
// has confirmed.
func (a catalogAPI) shownNotification(
	ctx context.Context, n *catalog.Notification,
) (wire.Notification, error) {
	body := wire.FromNotification(n)
	if n.Channel != catalog.ChannelEmail {
		return body, nil
	}
	confirmed, err := a.Notify.Topics.Confirmed(ctx, n.ID)
	body.Confirmed = &confirmed
	return body, err
}

// maxConfirmations is how many questions to SNS are open at a time.
const maxConfirmations = 8

// listNotifications answers all notifications as an array.
func (a catalogAPI) listNotifications(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	entities, err := catalog.All(ctx, a.Store, catalog.KindNotification)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := make([]wire.Notification, len(entities))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(maxConfirmations)
	for i, entity := range entities {
		if n, is := entity.(*catalog.Notification); is {
			group.Go(func() (err error) {
				bodies[i], err = a.shownNotification(ctx, n)
				return err
			})
		}
	}
	err = group.Wait()
	return rest.OK(bodies), err
}

// getNotification answers one notification without its secrets.
func (a catalogAPI) getNotification(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	n, err := a.findNotification(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	body, err := a.shownNotification(ctx, n)
	return rest.OK(body), err
}

// createNotification stores a notification, with its address and its signing secret in the vault.
// Only this answer shows the signing secret.
func (a catalogAPI) createNotification(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.NotificationInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	meta, err := a.newMeta(c, catalog.KindNotification, "", "")
	if err != nil {
		return rest.Answer{}, err
	}
	if reply, done, err := a.createdBefore(ctx, c, meta.ID, false); done || err != nil {
		return reply, err
	}
	meta.Name = "" // its kind is a better one
	n := given.ApplyTo(catalog.Notification{Meta: meta, Channel: catalog.Channel(given.Kind)})
	secrets, err := a.checkNotification(ctx, &catalog.Notification{}, n, given)
	if err != nil {
		return rest.Answer{}, err
	}
	if err := a.checkRoom(ctx); err != nil {
		return rest.Answer{}, err
	}
	if n.Channel == catalog.ChannelEmail {
		if err := a.Notify.Topics.Subscribe(ctx, n.ID, n.Target); err != nil {
			return rest.Answer{}, err
		}
	}
	if err := a.createWithSecrets(ctx, c, n, secrets); err != nil {
		if n.Channel == catalog.ChannelEmail && !errors.Is(err, fault.Conflict) {
			err = errors.Join(err, a.Notify.Topics.Unsubscribe(context.WithoutCancel(ctx), n.ID))
		}
		return rest.Answer{}, err
	}
	body, err := a.shownNotification(ctx, n)
	if secret, has := secrets[catalog.NotificationSigningSecret]; has {
		body.Secret = &secret
	}
	return created(body, n.ID), err
}

// checkRoom returns Conflict if there are as many notifications as there may be.
func (a catalogAPI) checkRoom(ctx context.Context) error {
	all, err := catalog.All(ctx, a.Store, catalog.KindNotification)
	if err == nil && len(all) >= catalog.MaxNotifications {
		err = fault.New(fault.Conflict, "There are %d notifications, and no more may be. Delete one.",
			len(all))
	}
	return err
}

// signingBytes is the size of a new signing secret.
const signingBytes = 32

// checkNotification returns the secrets of a new notification, or the changed ones. Invalid,
// naming the fields, for what cannot be stored.
func (a catalogAPI) checkNotification(
	ctx context.Context, before, after *catalog.Notification, given wire.NotificationInput,
) (map[string]string, error) {
	wrong, err := fault.CollectFields(catalog.Check(after))
	if err != nil {
		return nil, err
	}
	isNew, webhook := before.ID == "", after.Channel == catalog.ChannelWebhook
	secrets := map[string]string{}
	if given.Target != nil {
		shown, problem := catalog.ParseTarget(after.Channel, *given.Target, a.Notify.Loopback)
		switch {
		case problem != "":
			wrong.Add("target", "%s", problem)
		case after.Channel == catalog.ChannelEmail && !isNew && shown != before.Target:
			wrong.Add("target", "cannot be changed for e-mail; create another notification")
		case webhook && !isNew && given.Secret == nil:
			wrong.Add("secret", "must be given with another target: the present one, or a new one")
		}
		after.Target = shown
		if after.Channel != catalog.ChannelEmail {
			secrets[catalog.NotificationURLSecret] = *given.Target
		}
	}
	switch {
	case given.Secret != nil && !webhook:
		wrong.Add("secret", "cannot be given for this kind; only webhooks are signed")
	case given.Secret != nil && !isSigningSecret(*given.Secret):
		wrong.Add("secret", "must be whsec_ and 24 to 64 bytes in base64")
	case given.Secret != nil:
		secrets[catalog.NotificationSigningSecret] = *given.Secret
	case webhook && isNew:
		random := make([]byte, signingBytes)
		if _, err := io.ReadFull(a.opts.Random, random); err != nil {
			return nil, fault.Wrap(err, fault.Internal, "read random bytes")
		}
		secrets[catalog.NotificationSigningSecret] = signingPrefix + base64.StdEncoding.EncodeToString(random)
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return secrets, a.checkExist(ctx, "resources", before.ResourceIDs, after.ResourceIDs)
}

// signingPrefix begins every signing secret (Standard Webhooks).
const signingPrefix = "whsec_"

// isSigningSecret reports whether a text is a secret as Standard Webhooks has them.
func isSigningSecret(text string) bool {
	encoded, has := strings.CutPrefix(text, signingPrefix)
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	return has && err == nil && len(decoded) >= 24 && len(decoded) <= 64
}

// updateNotification changes a notification. The address of a chat is its secret. A webhook needs
// its signing secret again with another target, so that a caller who does not know it
// cannot have messages signed with it sent to another place.
func (a catalogAPI) updateNotification(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	given, err := wire.Decode[wire.NotificationInput](c.Body)
	if err != nil {
		return rest.Answer{}, err
	}
	present, err := a.findNotification(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	changed := given.ApplyTo(*present)
	secrets, err := a.checkNotification(ctx, present, changed, given)
	if err != nil {
		return rest.Answer{}, err
	}
	fields, err := changedMembers(wire.FromNotification(present), wire.FromNotification(changed))
	if err != nil {
		return rest.Answer{}, err
	}
	replaced, err := a.replaceSecrets(ctx, present, changed, secrets)
	if err != nil {
		return rest.Answer{}, err
	}
	for _, name := range replaced {
		if field := notificationFields[name]; !slices.Contains(fields, field) {
			fields = append(fields, field)
		}
	}
	if len(fields) > 0 {
		if err := a.replace(ctx, c, present, changed, fields); err != nil {
			return rest.Answer{}, err
		}
	}
	body, err := a.shownNotification(ctx, changed)
	return rest.OK(body), err
}

// notificationFields are the fields of the secrets.
var notificationFields = map[string]string{
	catalog.NotificationURLSecret:     "target",
	catalog.NotificationSigningSecret: "secret",
}

// replaceSecrets stores the secrets that differ from the present ones, with the others, and
// returns their names.
func (a catalogAPI) replaceSecrets(
	ctx context.Context, present, changed *catalog.Notification, secrets map[string]string,
) (names []string, err error) {
	if len(secrets) == 0 {
		return nil, nil
	}
	stored, err := a.storedSecrets(ctx, present)
	if err != nil {
		return nil, err
	}
	set := catalog.Secrets{Values: map[string]string{}}
	for name, value := range stored.Values {
		set.Values[name] = value
	}
	for name, value := range secrets {
		if set.Values[name] != value {
			names = append(names, name)
		}
		set.Values[name] = value
	}
	if len(names) == 0 {
		return nil, nil
	}
	slices.Sort(names)
	return names, a.writeSecrets(ctx, &changed.Meta, set)
}

// deleteNotification deletes a notification. Its topic goes first, so that a repeat after a
// mishap finds what is left.
func (a catalogAPI) deleteNotification(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	n, err := a.findNotification(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	if n.Channel == catalog.ChannelEmail {
		if err := a.Notify.Topics.Unsubscribe(ctx, n.ID); err != nil {
			return rest.Answer{}, err
		}
	}
	return a.deleteEndpoint(catalog.KindNotification)(ctx, c)
}

// queuedTest answers a request for a test message.
type queuedTest struct {
	Message string `json:"message"`
	ID      string `json:"id"`
}

// testNotification queues a test message.
func (a catalogAPI) testNotification(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	n, err := a.findNotification(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	const length = 16
	random, err := catalog.RandomText(length, c.IDSource("test"))
	if err != nil {
		return rest.Answer{}, err
	}
	job := notify.NewTest(n.ID, random, a.opts.RecordTime())
	if err := a.Notify.Jobs.Send(ctx, job); err != nil {
		return rest.Answer{}, err
	}
	return rest.Answer{Status: http.StatusAccepted, Body: newQueuedTest(job.ID),
		Created: []string{job.ID}}, nil
}

func newQueuedTest(id string) queuedTest {
	return queuedTest{"Test message queued. Its result is in the deliveries.", id}
}

// repeatTest answers with the test of the first request.
func repeatTest(_ context.Context, _ *rest.Call, ids []string) (any, error) {
	return newQueuedTest(ids[0]), nil
}

// maxDeliveries is the most deliveries of an answer.
const maxDeliveries = 50

// listDeliveries answers the newest messages of a notification as an array.
func (a catalogAPI) listDeliveries(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	n, err := a.findNotification(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	take := maxDeliveries
	if text := c.Query.Get("take"); text != "" {
		take, _ = strconv.Atoi(text) // openapi.yaml has the form
	}
	all, err := a.Notify.Deliveries.List(ctx, n.ID, take)
	bodies := make([]wire.Delivery, 0, len(all))
	for _, one := range all {
		bodies = append(bodies, wire.FromDelivery(one))
	}
	return rest.OK(bodies), err
}
