package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // functions run without the files of time zones

	"waybill/internal/fault"
)

// Expression says when a schedule runs. It computes the runs that EventBridge Scheduler makes.
type Expression struct {
	text  string
	runs  runs
	rated time.Duration
}

// runs computes the runs of one form of expression.
type runs interface {
	// next returns the first run after the time, or zero without one.
	next(after time.Time) time.Time
	// last returns the last run after from and not after until, or zero without one.
	last(from, until time.Time) time.Time
}

// UTC is the zone of a schedule that names none.
const UTC = "UTC"

// MaxExpression is the longest expression in bytes: EventBridge's own limit.
const MaxExpression = 256

// Parse reads an expression in one of EventBridge's forms, cron(…), rate(…) or at(…), or in crontab's
// form with five fields. zone names the time zone of its clock readings. start is the first run of
// a rate, and has no meaning for the others. Invalid, naming the field, if the expression cannot be
// read, or if it has a form whose runs cannot be computed.
func Parse(text, zone string, start time.Time) (Expression, error) {
	var wrong fault.FieldErrors
	location, err := loadZone(zone)
	if err != nil {
		wrong.Add("timezone", "must be a name of the IANA time zone database, such as Europe/Berlin or UTC")
		location = time.UTC
	}
	expression, problem := read(text, location, start)
	if problem != "" {
		wrong.Add("expression", "%s", problem)
	}
	return expression, wrong.Err()
}

// loadZone refuses "Local", which is the zone of the machine.
func loadZone(name string) (*time.Location, error) {
	if name == "" || strings.EqualFold(name, "local") {
		return nil, fault.New(fault.Invalid, "no time zone")
	}
	return time.LoadLocation(name)
}

// form matches one of EventBridge's forms.
var form = regexp.MustCompile(`^(?i)(cron|rate|at)\s*\((.*)\)$`)

func read(text string, zone *time.Location, start time.Time) (Expression, string) {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > MaxExpression {
		return Expression{}, fmt.Sprintf("must have 1 to %d characters", MaxExpression)
	}
	if parts := form.FindStringSubmatch(text); parts != nil {
		body := strings.TrimSpace(parts[2])
		switch strings.ToLower(parts[1]) {
		case "rate":
			return readRate(body, start)
		case "at":
			return readAt(body, zone)
		}
		fields, problem := checkCron(body)
		if problem != "" {
			return Expression{}, problem
		}
		return newCron(fields, zone), ""
	}
	_, short := shortcuts[strings.ToLower(text)]
	if !short && len(strings.Fields(text)) != fiveFields {
		return Expression{}, "must be cron(…) with 6 fields, rate(…), at(…), or cron's form with 5 fields: " +
			"minute, hour, day of the month, month, day of the week"
	}
	fields, problem := translate(text)
	if problem != "" {
		return Expression{}, problem
	}
	return newCron(fields, zone), ""
}

// maxRate is the longest rate. Longer ones are better said by cron.
const maxRate = 365 * 24 * time.Hour

// rateBody matches a number and a unit.
var rateBody = regexp.MustCompile(`^(?i)([1-9][0-9]{0,5})\s+(minute|hour|day)s?$`)

func readRate(body string, start time.Time) (Expression, string) {
	const want = "must be rate(NUMBER UNIT) with the unit minutes, hours or days, such as " +
		"rate(15 minutes), at most 365 days"
	parts := rateBody.FindStringSubmatch(body)
	if parts == nil {
		return Expression{}, want
	}
	number, _ := strconv.Atoi(parts[1]) // the pattern has digits only
	unit := strings.ToLower(parts[2])
	every := time.Duration(number) * map[string]time.Duration{
		"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[unit]
	if every > maxRate {
		return Expression{}, want
	}
	if number > 1 {
		unit += "s" // EventBridge's form
	}
	return Expression{fmt.Sprintf("rate(%d %s)", number, unit), rate{start, every}, every}, ""
}

// rate runs at its start, and then in equal steps, whatever clocks show.
type rate struct {
	start time.Time
	every time.Duration
}

func (r rate) next(after time.Time) time.Time {
	if after.Before(r.start) {
		return r.start
	}
	return r.start.Add((after.Sub(r.start)/r.every + 1) * r.every)
}

func (r rate) last(from, until time.Time) time.Time {
	if until.Before(r.start) {
		return time.Time{}
	}
	if run := r.start.Add(until.Sub(r.start) / r.every * r.every); run.After(from) {
		return run
	}
	return time.Time{}
}

// atLayout is EventBridge's form of a clock reading.
const atLayout = "2006-01-02T15:04:05"

func readAt(body string, zone *time.Location) (Expression, string) {
	clock, err := time.Parse(atLayout, strings.ToUpper(body))
	if err != nil {
		return Expression{}, "must be at(DATE), with a date of the schedule's time zone such as " +
			"at(2027-01-31T12:00:00)"
	}
	run, exists := instant(clock, zone)
	if !exists {
		return Expression{}, fmt.Sprintf("names a time that does not exist in %s: the clocks go forward then",
			zone)
	}
	return Expression{text: "at(" + clock.Format(atLayout) + ")", runs: once{run.UTC()}}, ""
}

// once runs once.
type once struct{ at time.Time }

func (o once) next(after time.Time) time.Time {
	if o.at.After(after) {
		return o.at
	}
	return time.Time{}
}

func (o once) last(from, until time.Time) time.Time {
	if o.at.After(from) && !o.at.After(until) {
		return o.at
	}
	return time.Time{}
}

// String returns the expression in EventBridge's form.
func (e Expression) String() string { return e.text }

// Rate returns the time between two runs of a rate, and 0 for the other forms.
func (e Expression) Rate() time.Duration { return e.rated }

// Next returns the first run after the time, in UTC, or zero without one.
func (e Expression) Next(after time.Time) time.Time { return inUTC(e.runs.next(after)) }

// NextN returns the first runs after the time, at most n.
func (e Expression) NextN(after time.Time, n int) []time.Time {
	var all []time.Time
	for range n {
		run := e.Next(after)
		if run.IsZero() {
			break
		}
		all, after = append(all, run), run
	}
	return all
}

// Last returns the last run not after the time and less than a year before it, in UTC, or zero if
// no such run exists. A frequent expression is found without computing the runs of a year.
func (e Expression) Last(until time.Time) time.Time {
	const day = 24 * time.Hour
	for _, back := range []time.Duration{5 * time.Minute, 2 * time.Hour, 2 * day, 40 * day, 366 * day} {
		if run := e.runs.last(until.Add(-back), until); !run.IsZero() {
			return inUTC(run)
		}
	}
	return time.Time{}
}

// inUTC keeps a zero time zero.
func inUTC(at time.Time) time.Time {
	if at.IsZero() {
		return time.Time{}
	}
	return at.UTC()
}
