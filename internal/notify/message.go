package notify

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/terminal"
)

// Stack is the stack that notifies.
type Stack struct {
	Team string
	// URL is the address of the API, up to "/api/v1".
	URL string
}

// message is what a person reads, in plain text. Each channel escapes it in its own way.
type message struct {
	title   string
	facts   []fact
	links   []link
	excerpt string
	mood    mood
}

type fact struct{ label, value string }

type link struct{ label, url string }

// mood is how a channel colours a message.
type mood int

const (
	neutral mood = iota
	good
	bad
)

// newMessage says who, what, where, why and how long. Names come from users, and an excerpt
// from a server, so control characters are removed.
func newMessage(stack Stack, job Job, excerpt string) message {
	f := job.Facts
	m := message{title: title(job), excerpt: cleanLines(excerpt)}
	switch job.Event {
	case catalog.EventFailed, catalog.EventStuck, catalog.EventScheduleMissed:
		m.mood = bad
	case catalog.EventFinished, catalog.EventRecovered:
		m.mood = good
	}
	if job.Event == catalog.EventTest {
		m.add("Team", stack.Team)
		m.add("Meaning", "This notification works. Somebody has asked for this test.")
		return m
	}
	m.add("Resource", f.ResourceName)
	m.add("Server", f.ServerName)
	m.add("Team", stack.Team)
	m.add("Asked by", f.asker())
	m.add("Cancelled by", f.CancelledBy)
	m.add("Reason", f.why())
	m.add("Why", f.ReasonText)
	m.add("Waited", span(f.QueuedAt, f.began(job.At)))
	m.add("Ran", span(f.StartedAt, f.ended(job.At)))
	m.add("Usually", seconds(f.Usual))
	m.add("Commit", f.Commit)
	m.add("Image tag", f.ImageTag)
	m.add("Schedule", f.Expression)
	if !f.Due.IsZero() {
		m.add("Due", f.Due.UTC().Format(time.RFC3339))
	}
	links := newLinks(stack, f)
	for _, l := range []link{{"Record", links.Deployment}, {"Log", links.Log}, {"Compare", links.Compare},
		{"Resource", links.Resource}} {
		if l.url != "" {
			m.links = append(m.links, l)
		}
	}
	return m
}

// cleanLines removes everything but printable characters and line feeds.
func cleanLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = terminal.Line(line)
	}
	return strings.Join(lines, "\n")
}

// add adds a fact if it is known.
func (m *message) add(label, value string) {
	if value = terminal.Line(value); value != "" {
		m.facts = append(m.facts, fact{label, value})
	}
}

// title is one line that says what happened.
func title(job Job) string {
	f := job.Facts
	about := terminal.Line(fmt.Sprintf("%s of %s", f.Operation, f.ResourceName))
	if f.ServerName != "" {
		about += " on " + terminal.Line(f.ServerName)
	}
	switch job.Event {
	case catalog.EventTest:
		return "A test message from Waybill"
	case catalog.EventFailed:
		return about + " failed: " + f.why()
	case catalog.EventCancelled:
		return about + " was cancelled"
	case catalog.EventRecovered:
		return about + " finished: recovered"
	case catalog.EventStuck:
		if f.StartedAt.IsZero() {
			return about + " is stuck in the queue"
		}
		return about + " takes much longer than usual"
	case catalog.EventScheduleMissed:
		return about + " did not start on schedule"
	}
	return about + " " + string(job.Event)
}

// asker names who or what asked for the deployment.
func (f Facts) asker() string {
	if f.Trigger.Kind == "" {
		return ""
	}
	return strings.TrimSpace(f.Trigger.Name + " (" + f.Trigger.Kind + ")")
}

// why is the reason with the exit code or the signal.
func (f Facts) why() string {
	text := string(f.Reason)
	switch {
	case f.Signal != "":
		text += ", " + f.Signal
	case f.ExitCode != nil && *f.ExitCode != 0:
		text += ", exit code " + strconv.Itoa(*f.ExitCode)
	}
	return strings.TrimPrefix(text, ", ")
}

// began is when the wait in the queue ended: at the start or, without one, at the end or now.
func (f Facts) began(now time.Time) time.Time {
	if !f.StartedAt.IsZero() {
		return f.StartedAt
	}
	return f.ended(now)
}

// ended is when the deployment ended, or now.
func (f Facts) ended(now time.Time) time.Time {
	if !f.FinishedAt.IsZero() {
		return f.FinishedAt
	}
	return now
}

// span is the text of a time between two moments, or "" if one is unknown.
func span(from, to time.Time) string {
	if from.IsZero() || to.IsZero() {
		return ""
	}
	return seconds(to.Sub(from))
}

// seconds is a duration for people.
func seconds(d time.Duration) string {
	switch {
	case d <= 0:
		return ""
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	}
	return d.Round(time.Second).String()
}

// limit cuts a text to n bytes at a character, and marks the cut.
func limit(text string, n int) string {
	if len(text) <= n {
		return text
	}
	const mark = "…"
	return strings.ToValidUTF8(text[:n-len(mark)], "") + mark
}
