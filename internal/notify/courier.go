package notify

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/plainjson"
	"waybill/internal/terminal"
)

// Courier delivers messages.
type Courier struct {
	ports CourierPorts
	stack Stack
	opts  CourierOptions
}

// CourierPorts are what a courier works with. All are needed.
type CourierPorts struct {
	Store      catalog.Reader
	Vault      VaultReader
	Excerpts   deployment.ExcerptReader
	Deliveries Deliveries
	Poster     Poster
	Mailer     Mailer
	DeadLetter DeadLetter
}

// VaultReader is the part of a [catalog.Vault] that reads.
type VaultReader interface {
	Get(ctx context.Context, id catalog.ID, generation catalog.Generation) (catalog.Secrets, error)
}

// Poster posts JSON to addresses that users chose. Answers are never trusted.
type Poster interface {
	// Post sends the body and returns the answer, whatever its status. It follows no
	// redirect. Denied if the address is one that no message may go to. Every other error means
	// that there was no answer; its public text says why and is harmless.
	Post(ctx context.Context, url string, header map[string]string, body []byte) (Response, error)
}

// Response is the answer of a target.
type Response struct {
	Status int
	// Text is the beginning of the body, printable and on one line.
	Text string
	// RetryAfter is how long the target wants to be left alone, zero if it does not say.
	RetryAfter time.Duration
}

// Mailer sends e-mails.
type Mailer interface {
	Mail(ctx context.Context, notification catalog.ID, mail Mail) error
}

// DeadLetter takes jobs that are given up.
type DeadLetter interface {
	// Bury stores the job with the reason.
	Bury(ctx context.Context, job Job, reason string) error
}

// CourierOptions adjust [NewCourier]; the zero value works.
type CourierOptions struct {
	// Now and Log default to the clock and to no log.
	Now func() time.Time
	Log *slog.Logger
}

// NewCourier returns a courier over its ports.
func NewCourier(ports CourierPorts, stack Stack, opts CourierOptions) *Courier {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	return &Courier{ports, stack, opts}
}

// pauses are the times between the attempts of one message, some seventeen hours in all.
var pauses = [...]time.Duration{
	10 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour,
	4 * time.Hour, 10 * time.Hour,
}

// MaxAttempts is how often a message is tried.
const MaxAttempts = len(pauses) + 1

// maxPause is the longest pause that a target can ask for.
const maxPause = 10 * time.Hour

// Again is an error: the message has to be delivered again after a pause.
type Again struct {
	After time.Duration
	Cause error
}

// Error names the cause.
func (a *Again) Error() string { return "try again in " + a.After.String() + ": " + a.Cause.Error() }

// Unwrap returns the cause.
func (a *Again) Unwrap() error { return a.Cause }

// Deliver does the job. nil means that it is over: the target has the message, or it is a dead
// letter, or the notification does not want it any more. [Again] means that it has to be
// delivered again after a pause. After any other error the queue decides when.
//
// A courier that dies after the target has taken the message, and before it has noted that,
// sends it again under the same id.
func (c *Courier) Deliver(ctx context.Context, job Job) error {
	n, err := catalog.Find[*catalog.Notification](ctx, c.ports.Store, job.Notification)
	if errors.Is(err, fault.NotFound) || err == nil && !n.Wants(job.Event) {
		c.opts.Log.InfoContext(ctx, "nobody wants the message any more", "job", job.ID)
		return nil
	}
	if err != nil {
		return err
	}
	delivery, err := c.ports.Deliveries.Find(ctx, job)
	if err != nil || delivery.Status.Over() {
		return err
	}
	if delivery.Status == "" {
		delivery = newDelivery(job)
	}
	delivery.Attempts++
	result, err := c.attempt(ctx, n, job)
	if err != nil {
		return err
	}
	delivery.Code, delivery.Response = result.Status, terminal.Line(limit(result.Text, maxResponse))
	delivery.UpdatedAt = c.opts.Now().UTC()
	return c.conclude(ctx, job, delivery, result)
}

// maxResponse is how much of a target's answer is kept, in bytes.
const maxResponse = 300

// result is how an attempt ended.
type result struct {
	Response
	// final says that another attempt would be no better. sent says that the target has it.
	final, sent bool
}

// conclude stores the delivery and says whether the job is over.
func (c *Courier) conclude(ctx context.Context, job Job, delivery Delivery, got result) error {
	if got.sent {
		delivery.Status = Delivered
		return c.ports.Deliveries.Put(ctx, delivery)
	}
	if got.final || delivery.Attempts >= MaxAttempts {
		// The letter comes first: a delivery that is dead is not tried again.
		reason := strconv.Itoa(delivery.Code) + " " + delivery.Response
		if err := c.ports.DeadLetter.Bury(ctx, job, reason); err != nil {
			return err
		}
		c.opts.Log.WarnContext(ctx, "message given up", "job", job.ID, "notification", job.Notification,
			"attempts", delivery.Attempts, "response_code", delivery.Code)
		delivery.Status = Dead
		return c.ports.Deliveries.Put(ctx, delivery)
	}
	pause := min(max(pauses[delivery.Attempts-1], got.RetryAfter), maxPause)
	delivery.Status, delivery.NextAt = Retrying, delivery.UpdatedAt.Add(pause)
	if err := c.ports.Deliveries.Put(ctx, delivery); err != nil {
		return err
	}
	return &Again{After: pause, Cause: fault.New(fault.Unavailable, "the target of %s did not take %s: %d",
		job.Notification, job.ID, delivery.Code)}
}

// attempt builds the message and sends it once. An error is Waybill's own.
func (c *Courier) attempt(ctx context.Context, n *catalog.Notification, job Job) (result, error) {
	excerpt := ""
	if job.Event == catalog.EventFailed {
		text, err := c.ports.Excerpts.Get(ctx, job.Facts.Deployment)
		if err != nil && !errors.Is(err, fault.NotFound) {
			return result{}, err
		}
		excerpt = text
	}
	m := newMessage(c.stack, job, excerpt)
	if n.Channel == catalog.ChannelEmail {
		return c.mail(ctx, n, m)
	}
	secrets, err := c.ports.Vault.Get(ctx, n.ID, n.Generation)
	if err != nil {
		return result{}, err
	}
	header, body, err := c.request(n, secrets.Values, job, m)
	if err != nil {
		return result{}, err
	}
	response, err := c.ports.Poster.Post(ctx, secrets.Values[catalog.NotificationURLSecret], header, body)
	if err != nil {
		return result{Response: Response{Text: fault.Public(err)}, final: errors.Is(err, fault.Denied)}, nil
	}
	return judge(n.Channel, response), nil
}

func (c *Courier) mail(ctx context.Context, n *catalog.Notification, m message) (result, error) {
	if err := c.ports.Mailer.Mail(ctx, n.ID, newMail(c.stack, m)); err != nil {
		c.opts.Log.WarnContext(ctx, "e-mail not sent", "notification", n.ID, "error", err)
		return result{Response: Response{Text: "SNS did not take the message."},
			final: errors.Is(err, fault.NotFound)}, nil
	}
	return result{Response: Response{Text: "SNS has taken the message."}, sent: true}, nil
}

// request makes the request of a channel.
func (c *Courier) request(n *catalog.Notification, secrets map[string]string, job Job, m message) (
	header map[string]string, body []byte, err error) {
	var form any
	switch n.Channel {
	case catalog.ChannelSlack:
		form = slackBody(m)
	case catalog.ChannelDiscord:
		form = discordBody(m)
	case catalog.ChannelTeams:
		form = teamsBody(m)
	case catalog.ChannelWebhook:
		form = newPayload(c.stack, job, m)
	default:
		return nil, nil, fault.New(fault.Internal, "%s has an unknown channel", n.ID)
	}
	if body, err = plainjson.Encode(form); err != nil {
		return nil, nil, fault.Wrap(err, fault.Internal, "encode %s", job.ID)
	}
	if n.Channel != catalog.ChannelWebhook {
		return nil, body, nil
	}
	header, err = sign(secrets[catalog.NotificationSigningSecret], job.ID, c.opts.Now(), body)
	return header, body, err
}

// judge decides about an answer. A redirect is final, because none is followed. A chat that
// does not know the address, or does not take the message, will not do so later. A webhook may
// be on its way to be repaired; only 410 says that it is gone for good.
func judge(channel catalog.Channel, response Response) result {
	status := response.Status
	got := result{Response: response, sent: status >= 200 && status < 300}
	switch {
	case status >= 300 && status < 400:
		got.final = true
		got.Text = "The target answered with a redirect, which is not followed."
	case status == 410:
		got.final = true
	case channel != catalog.ChannelWebhook && status >= 400 && status < 500:
		got.final = status != 408 && status != 425 && status != 429
	}
	return got
}

func unix(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }
