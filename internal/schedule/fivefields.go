package schedule

import (
	"fmt"
	"strings"
)

// fiveFields is the number of fields of crontab's form, which has no year.
const fiveFields = 5

// shortcuts are the names that crontab has for expressions.
var shortcuts = map[string]string{
	"@hourly":   "0 * * * *",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@weekly":   "0 0 * * 0",
	"@monthly":  "0 0 1 * *",
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
}

// cronWeekday is the day of the week in crontab's form, where 0 and 7 are Sunday.
var cronWeekday = cronField{name: "day of the week", min: 0, max: 7, names: dayNames[:],
	forms: ", where 0 and 7 are Sunday"}

// translate returns the fields of EventBridge's form for crontab's form, or the problem with it.
// Days of the week become names, because EventBridge counts them from 1.
func translate(text string) (fields []string, problem string) {
	if long, is := shortcuts[strings.ToLower(text)]; is {
		text = long
	}
	given := strings.Fields(strings.ToUpper(text))
	for i, field := range given {
		if strings.ContainsAny(field, "?LW#") && !named(field) {
			return nil, fmt.Sprintf("has %q, which is EventBridge's form: write cron() with 6 fields for it",
				given[i])
		}
	}
	for i, f := range cronFields[:dayOfWeek] {
		field, problem := plainField(f, given[i])
		if problem != "" {
			return nil, problem
		}
		fields = append(fields, field)
	}
	days, problem := weekdays(given[dayOfWeek])
	if problem != "" {
		return nil, problem
	}
	switch {
	case days == "*":
		days = "?"
	case fields[dayOfMonth] == "*":
		fields[dayOfMonth] = "?"
	default:
		return nil, "has a day of the month and a day of the week: cron would run on the days of either, " +
			"which EventBridge cannot; make a schedule for each"
	}
	return append(fields, days, "*"), ""
}

// named reports whether all letters of a field are in names of months or days. JUL and WED have
// letters that are forms in EventBridge.
func named(field string) bool {
	for _, name := range append(monthNames[:], dayNames[:]...) {
		field = strings.ReplaceAll(field, name, "")
	}
	return !strings.ContainsAny(field, "?LW#")
}

// plainField checks a field and writes a star with a step as EventBridge documents it: with the first
// number.
func plainField(f cronField, text string) (field, problem string) {
	items := strings.Split(text, ",")
	for i, item := range items {
		if _, problem := f.item(item); problem != "" {
			return "", problem
		}
		if step, starred := strings.CutPrefix(item, "*/"); starred {
			items[i] = fmt.Sprintf("%d/%s", f.min, step)
		}
	}
	return strings.Join(items, ","), ""
}

// weekdays returns the days of the week as names, in order: each of them, or a range.
func weekdays(text string) (field, problem string) {
	var on [len(dayNames)]bool
	for item := range strings.SplitSeq(text, ",") {
		s, problem := cronWeekday.item(item)
		if problem != "" {
			return "", problem
		}
		if strings.HasPrefix(item, "*") {
			s.last = len(dayNames) - 1
		}
		for day := s.first; day <= s.last; day += s.step {
			on[day%len(dayNames)] = true
		}
	}
	var days []string
	first, last := -1, -1
	for day, is := range on {
		if is {
			days = append(days, dayNames[day])
			if first < 0 {
				first = day
			}
			last = day
		}
	}
	switch {
	case len(days) == len(dayNames):
		return "*", ""
	case len(days) > 2 && last-first == len(days)-1:
		return dayNames[first] + "-" + dayNames[last], ""
	default:
		return strings.Join(days, ","), ""
	}
}
