package catalog

import (
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Notification sends messages about deployments to a target. The address of a webhook or a chat
// is in the [Vault], because it lets anyone post there.
type Notification struct {
	Meta
	Channel Channel
	// Target is the target as answers show it: the e-mail address, the URL of a webhook
	// without its query, or the host of a chat.
	Target string
	// Events are sorted, and each is there once.
	Events []NotificationEvent
	// Kinds, Tags and ResourceIDs choose resources. A resource must match each list that is not
	// empty. An id may name a resource that is deleted.
	Kinds       []Kind
	Tags        []string
	ResourceIDs []ID
	// Disabled notifications send only tests.
	Disabled bool
	// StuckAfter is how long a deployment may be queued before it counts as stuck.
	StuckAfter time.Duration
}

// Channel is the way that a notification takes.
type Channel string

// The channels.
const (
	ChannelWebhook Channel = "webhook"
	ChannelSlack   Channel = "slack"
	ChannelDiscord Channel = "discord"
	ChannelTeams   Channel = "teams"
	ChannelEmail   Channel = "email"
)

// NotificationEvent is a reason to send a message.
type NotificationEvent string

// The events.
const (
	EventFailed    NotificationEvent = "failed"
	EventFinished  NotificationEvent = "finished"
	EventCancelled NotificationEvent = "cancelled"
	// EventRecovered is the first start that finished after one that failed.
	EventRecovered NotificationEvent = "recovered"
	// EventStuck is a deployment that is queued or runs for too long.
	EventStuck NotificationEvent = "stuck"
	// EventScheduleMissed is a due time without a deployment.
	EventScheduleMissed NotificationEvent = "schedule-missed"
	// EventTest is a message that a user asks for. Every notification sends it.
	EventTest NotificationEvent = "test"
)

// NotificationEvents lists the events that a notification can choose.
func NotificationEvents() []NotificationEvent {
	return []NotificationEvent{EventFailed, EventFinished, EventCancelled, EventRecovered, EventStuck,
		EventScheduleMissed}
}

// The names of a notification's secrets in the [Vault].
const (
	NotificationURLSecret     = "TARGET_URL"
	NotificationSigningSecret = "SIGNING_SECRET"
)

// Bounds of notifications. A deployment reads all of them at its end, and each may send a
// message.
const (
	MaxNotifications         = 50
	MaxNotificationResources = 100
	MaxTargetLength          = 2048
	DefaultStuckAfter        = 10 * time.Minute
	MinStuckAfter            = time.Minute
	MaxStuckAfter            = 7 * 24 * time.Hour
)

// DependsOn returns nothing: resources of a notification can be deleted.
func (*Notification) DependsOn() []ID { return nil }

// Wants reports whether the notification sends messages about the event.
func (n *Notification) Wants(event NotificationEvent) bool {
	return event == EventTest || !n.Disabled && slices.Contains(n.Events, event)
}

// Chooses reports whether the notification is about the resource. labels are the labels of the
// resource, zero if it is deleted.
func (n *Notification) Chooses(resource ID, labels Labels) bool {
	return (len(n.Kinds) == 0 || slices.Contains(n.Kinds, resource.Kind())) &&
		(len(n.Tags) == 0 || labels.HasTag(n.Tags...)) &&
		(len(n.ResourceIDs) == 0 || slices.Contains(n.ResourceIDs, resource))
}

// ParseTarget checks the target of a channel and returns it as answers show it. loopback allows
// plain HTTP to this machine, for local stacks. problem is the rest of a sentence that begins
// with the field's name, or "". Whether the address is public is checked with each connection.
func ParseTarget(channel Channel, target string, loopback bool) (shown, problem string) {
	if channel == ChannelEmail {
		if len(target) > maxMailLength || !mailAddress.MatchString(target) {
			return "", "must be an e-mail address"
		}
		return target, ""
	}
	parsed, err := url.Parse(target)
	local := err == nil && loopback && parsed.Scheme == "http" && isLoopback(parsed.Hostname())
	switch {
	case err != nil || len(target) > MaxTargetLength || !IsLine(target, MaxTargetLength) ||
		parsed.Hostname() == "" || !isAddress(parsed.Hostname()) || parsed.Opaque != "":
		return "", "must be an https URL, such as https://hooks.example.org/waybill"
	case parsed.Scheme != "https" && !local:
		return "", "must be an https URL"
	case parsed.User != nil:
		return "", "must have no user and no password"
	case parsed.Fragment != "":
		return "", "must have no fragment"
	case channel == ChannelTeams && strings.HasSuffix(parsed.Hostname(), ".webhook.office.com"):
		return "", "must be the URL of a workflow of Teams; Microsoft has retired the connectors"
	case channel == ChannelWebhook:
		shown = parsed.Scheme + "://" + parsed.Host + parsed.EscapedPath()
		if parsed.RawQuery != "" {
			shown += "?…"
		}
		return shown, ""
	}
	return parsed.Scheme + "://" + parsed.Host + "/…", ""
}

func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

// maxMailLength is the longest address (RFC 5321). mailAddress is stricter than the RFCs: no
// quotes, no comments.
const maxMailLength = 254

var mailAddress = regexp.MustCompile(
	`^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)

func (p *problems) notification(n *Notification) {
	for _, event := range n.Events {
		if !slices.Contains(NotificationEvents(), event) {
			p.Add("events", "must have names of events, such as failed")
			break
		}
	}
	slices.Sort(n.Events)
	if n.Events = slices.Compact(n.Events); len(n.Events) == 0 {
		p.Add("events", "must have one event or more")
	}
	if slices.ContainsFunc(n.Kinds, func(kind Kind) bool { return !kind.Deployable() }) {
		p.Add("kinds", "must have application, service or database")
	}
	slices.Sort(n.Kinds)
	n.Kinds = slices.Compact(n.Kinds)
	labels := Labels{Tags: n.Tags}
	p.labels(&labels)
	n.Tags = labels.Tags
	if len(n.ResourceIDs) > MaxNotificationResources {
		p.Add("resources", "may be at most %d, are %d", MaxNotificationResources, len(n.ResourceIDs))
	}
	p.uses("resources", n.ResourceIDs, Kind.Deployable)
	if n.StuckAfter == 0 {
		n.StuckAfter = DefaultStuckAfter
	}
	if n.StuckAfter < MinStuckAfter || n.StuckAfter > MaxStuckAfter || n.StuckAfter%time.Second != 0 {
		p.Add("stuck_after", "must be from %d to %d seconds", int(MinStuckAfter.Seconds()),
			int(MaxStuckAfter.Seconds()))
	}
}
