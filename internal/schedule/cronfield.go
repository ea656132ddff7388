package schedule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// cronField is one field of an expression in EventBridge's form.
type cronField struct {
	name     string
	min, max int
	// names stand for the numbers from min on, such as JAN for 1.
	names []string
	// special reports whether the text, in capitals, is a form that only this field has. Such a
	// form stands alone.
	special func(cronField, string) bool
	// forms describes them in an error.
	forms string
}

// cronFields are the six fields of EventBridge's form, in order. The forms are in the User
// Guide of EventBridge Scheduler, "Cron-based schedules". LW, the last day from Monday to Friday, is
// not in it, but EventBridge takes it.
var cronFields = [...]cronField{
	{name: "minute", max: 59},
	{name: "hour", max: 23},
	{name: "day of the month", min: 1, max: 31, special: specialDay,
		forms: ", or L, LW or a number and W, alone"},
	{name: "month", min: 1, max: 12, names: monthNames[:]},
	{name: "day of the week", min: 1, max: 7, names: dayNames[:], special: specialWeekday,
		forms: ", where 1 is Sunday; or L, a day and L, or a day, # and 1 to 5, alone"},
	{name: "year", min: 1970, max: 2199},
}

var (
	monthNames = [...]string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV",
		"DEC"}
	dayNames = [...]string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}
)

// The indexes of fields in cronFields.
const (
	minute     = 0
	hour       = 1
	dayOfMonth = 2
	month      = 3
	dayOfWeek  = 4
	year       = 5
)

func specialDay(f cronField, text string) bool {
	if text == "L" || text == "LW" {
		return true
	}
	day, near := strings.CutSuffix(text, "W")
	_, ok := f.number(day)
	return near && ok
}

func specialWeekday(f cronField, text string) bool {
	if text == "L" {
		return true
	}
	if day, last := strings.CutSuffix(text, "L"); last {
		_, ok := f.number(day)
		return ok
	}
	day, nth, found := strings.Cut(text, "#")
	_, ok := f.number(day)
	return found && ok && len(nth) == 1 && nth >= "1" && nth <= "5"
}

// check returns the problem with the text, which is in capitals, or "".
func (f cronField) check(text string) string {
	if f.special != nil && f.special(f, text) {
		return ""
	}
	for item := range strings.SplitSeq(text, ",") {
		if _, problem := f.item(item); problem != "" {
			return problem
		}
	}
	return ""
}

// items reads a text that passes check and is no special form.
func (f cronField) items(text string) spans {
	var all spans
	for item := range strings.SplitSeq(text, ",") {
		s, _ := f.item(item)
		all = append(all, s)
	}
	return all
}

// span is one item of a field: the numbers from first to last, in steps.
type span struct{ first, last, step int }

// item reads a number, a range or a star, each of which may have a step. A step after a number goes
// from it to the greatest one.
func (f cronField) item(text string) (span, string) {
	base, step, stepped := strings.Cut(text, "/")
	s := span{f.min, f.max, 1}
	if stepped {
		n, err := strconv.Atoi(step)
		if err != nil || n < 1 || n > f.max || !plainNumber(step) {
			return s, fmt.Sprintf("the step %q of the %s is not a number from 1 to %d", step, f.name, f.max)
		}
		s.step = n
	}
	if base == "*" {
		return s, ""
	}
	from, to, ranged := strings.Cut(base, "-")
	var ok bool
	if s.first, ok = f.number(from); !ok {
		return s, f.wrong(base)
	}
	switch {
	case ranged:
		if s.last, ok = f.number(to); !ok {
			return s, f.wrong(base)
		}
		if s.first > s.last {
			return s, fmt.Sprintf("the range %s of the %s goes backwards; list its two parts with a comma",
				base, f.name)
		}
	case !stepped:
		s.last = s.first
	}
	return s, ""
}

// number reads a number or a name.
func (f cronField) number(text string) (int, bool) {
	if i := slices.Index(f.names, text); i >= 0 {
		return i + f.min, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && plainNumber(text) && n >= f.min && n <= f.max
}

// plainNumber reports whether the text is short and has digits only. Atoi also takes signs.
func plainNumber(text string) bool {
	return len(text) <= 4 && strings.Trim(text, "0123456789") == ""
}

// wrong says what would be right.
func (f cronField) wrong(text string) string {
	names := ""
	if len(f.names) > 0 {
		names = fmt.Sprintf(" or %s to %s", f.names[0], f.names[len(f.names)-1])
	}
	return fmt.Sprintf("the %s %q is not made of *, numbers from %d to %d%s, ranges and steps%s",
		f.name, text, f.min, f.max, names, f.forms)
}
