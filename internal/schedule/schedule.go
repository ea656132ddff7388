// Package schedule is about starts at set times: what users define, when it runs, and how
// the definitions and their copies in EventBridge Scheduler are kept the same.
//
// The definitions of a resource are the truth. A [Clock] has one copy of each enabled one, under
// a name of its own, and sends a message when it is due. The message names only the schedule and the
// due time, so that what a run does is decided by the definition at that time.
package schedule

import (
	"io"
	"strings"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// ID is the uuid of a schedule: "sch" and 21 random letters and digits.
type ID string

const prefix = "sch"

// NewID returns a fresh id. Internal if random fails.
func NewID(random io.Reader) (ID, error) {
	text, err := catalog.RandomText(catalog.IDLength-len(prefix), random)
	return ID(prefix + text), err
}

// IsID reports whether a text has the form of an id.
func IsID(text string) bool {
	return len(text) == catalog.IDLength && strings.HasPrefix(text, prefix) && catalog.IsIDText(text)
}

// Schedule is one definition.
type Schedule struct {
	ID ID
	// Expression and Timezone say when it runs; see [Parse]. The expression is as its user wrote it.
	Expression string
	Timezone   string
	// Operation is a start, stop, restart or deploy, with its options.
	Operation deployment.Operation
	Options   deployment.Options
	// After has the resources whose deployments must have finished before.
	After []catalog.ID
	// Enabled is false for a schedule that does not run.
	Enabled bool
	// Flexible is how long after its time a run may begin: whole minutes.
	Flexible time.Duration
	// Start is the first run of a rate: a whole minute. It is zero for the other forms.
	Start time.Time
	// Generation ends the name of the copy in the [Clock], or is "" without one. Each copy has
	// another one, so that names say whether the clock has the present copy.
	Generation string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// Limits of schedules.
const (
	// MaxPerResource keeps all schedules of a resource small enough for one item.
	MaxPerResource = 20
	// MaxFlexible is EventBridge's own limit.
	MaxFlexible = 24 * time.Hour
)

// CopyName returns the name of its copy in the [Clock], or "" without one.
func (s Schedule) CopyName() string {
	if s.Generation == "" {
		return ""
	}
	return string(s.ID) + "-" + s.Generation
}

// Parsed returns its expression. Invalid if it cannot be read, which a stored one can.
func (s Schedule) Parsed() (Expression, error) { return Parse(s.Expression, s.Timezone, s.Start) }

// Target returns it as the target of an entry of the audit.
func (s Schedule) Target() audit.Target {
	return audit.Target{Kind: audit.KindSchedule, ID: string(s.ID), Name: s.Expression}
}

// operations are what a schedule may do.
var operations = []deployment.Operation{
	deployment.Start, deployment.Stop, deployment.Restart, deployment.Deploy,
}

// check returns Invalid, naming the fields, for a schedule that cannot run.
func (s Schedule) check() (Expression, error) {
	expression, err := s.Parsed()
	wrong, err := fault.CollectFields(err)
	if err != nil {
		return Expression{}, err
	}
	known := false
	for _, operation := range operations {
		known = known || s.Operation == operation
	}
	if !known {
		wrong.Add("operation", "must be start, stop, restart or deploy")
	}
	if len(s.After) > 0 && !s.Operation.Starts() {
		wrong.Add("options.after", "is for a start, a restart or a deploy")
	}
	if problem := catalog.CheckAfter(s.After); problem != "" {
		wrong.Add("options.after", "%s", problem)
	}
	if s.Flexible < 0 || s.Flexible > MaxFlexible || s.Flexible%time.Minute != 0 {
		wrong.Add("flexible_minutes", "must be a number from 0 to 1440")
	}
	return expression, wrong.Err()
}

// sameRuns reports whether two schedules have the same copy.
func (s Schedule) sameRuns(other Schedule) bool {
	return s.Expression == other.Expression && s.Timezone == other.Timezone &&
		s.Flexible == other.Flexible && s.Enabled == other.Enabled
}

// MaxShownRuns is how many of its next runs an answer shows.
const MaxShownRuns = 3

// NextRuns returns the next runs of an enabled schedule, at most [MaxShownRuns].
func (s Schedule) NextRuns(now time.Time) []time.Time {
	expression, err := s.Parsed()
	if err != nil || !s.Enabled {
		return nil
	}
	return expression.NextN(now, MaxShownRuns)
}

// LastRun returns the time of the last run that should have begun by now, or zero if there is
// none. Times from before the schedule was last changed do not count: it may have been another one
// then.
func (s Schedule) LastRun(now time.Time) time.Time {
	expression, err := s.Parsed()
	if err != nil || !s.Enabled {
		return time.Time{}
	}
	run := expression.Last(now)
	if run.Before(s.UpdatedAt) {
		return time.Time{}
	}
	return run
}

// Due returns the due time that a message names, to the minute, which is the precision of every
// expression. Some emulators send the name of the attribute instead of its value; then it is the last
// run before the message was sent. Invalid without one.
func (s Schedule) Due(text string, sent time.Time) (time.Time, error) {
	if text != DueAttribute {
		return ReadDue(text)
	}
	expression, err := s.Parsed()
	if err != nil {
		return time.Time{}, err
	}
	if run := expression.Last(sent); !run.IsZero() {
		return run, nil
	}
	return time.Time{}, fault.InvalidField("due", "is missing, and the schedule was not due")
}

const notATime = "must be a time like 2027-01-31T12:00:00Z"

// ReadDue reads the due time of a message, to the minute.
func ReadDue(text string) (time.Time, error) {
	due, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.WrapField(err, fault.Invalid, "due", notATime)
	}
	return due.UTC().Truncate(time.Minute), nil
}

// DueAttribute is the name for which EventBridge Scheduler puts the due time into a message (User
// Guide, "Adding context attributes").
const DueAttribute = "<aws.scheduler.scheduled-time>"

// EventID returns the id of the event that a due schedule makes. Whatever comes twice for one due
// time has the same id.
func EventID(id ID, due time.Time) string {
	return "schedule/" + string(id) + "/" + due.UTC().Truncate(time.Minute).Format(time.RFC3339)
}
