package window

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"waybill/internal/fault"
)

// example is a window in messages.
const example = "Mo-Fr 07:00-17:00 Europe/Berlin"

// Check validates the set, except the reasons of its freezes. The error is Invalid and has every
// wrong text under its field, which begins with the prefix, such as "windows.".
func (s Set) Check(prefix string) error {
	var wrong fault.FieldErrors
	if len(s.Allow) > MaxAllow {
		wrong.Add(prefix+"allow", "may have at most %d windows, has %d", MaxAllow, len(s.Allow))
	}
	if len(s.Freeze) > MaxFreezes {
		wrong.Add(prefix+"freeze", "may have at most %d freezes, has %d", MaxFreezes, len(s.Freeze))
	}
	switch s.Outside {
	case "", Wait, Drop:
	default:
		wrong.Add(prefix+"outside", `must be "wait" or "drop"`)
	}
	for i, text := range s.Allow[:min(len(s.Allow), MaxAllow)] {
		if _, err := parsePattern(text); err != nil {
			wrong.Add(fmt.Sprintf("%sallow.%d", prefix, i), "%s", err.Error())
		}
	}
	for i, freeze := range s.Freeze[:min(len(s.Freeze), MaxFreezes)] {
		if _, part, err := freeze.parse(); err != nil {
			wrong.Add(fmt.Sprintf("%sfreeze.%d.%s", prefix, i, part), "%s", err.Error())
		}
	}
	return wrong.Err()
}

// calendar parses the set.
func (s Set) calendar() (calendar, error) {
	parsed := calendar{text: strings.Join(s.Allow, "; ")}
	for _, text := range s.Allow {
		pattern, err := parsePattern(text)
		if err != nil {
			return calendar{}, err
		}
		parsed.patterns = append(parsed.patterns, pattern)
	}
	for _, one := range s.Freeze {
		freeze, _, err := one.parse()
		if err != nil {
			return calendar{}, err
		}
		parsed.freezes = append(parsed.freezes, freeze)
	}
	return parsed, nil
}

// parsePattern parses a window: days, times, or both, several after a semicolon, and the zone
// of the clock at the end. The error is the rest of a sentence.
func parsePattern(text string) (pattern, error) {
	if len(text) > MaxAllowBytes {
		return pattern{}, fmt.Errorf("must be at most %d bytes long", MaxAllowBytes)
	}
	text = strings.TrimSpace(text)
	rules, zoneName := cutLast(text)
	if rules == "" || strings.HasSuffix(strings.TrimSpace(rules), ";") {
		return pattern{}, fmt.Errorf("must be days, times and a time zone, such as %s", example)
	}
	zone, err := parseZone(zoneName)
	if err != nil {
		return pattern{}, err
	}
	var spans []span
	for rule := range strings.SplitSeq(rules, ";") {
		found, err := parseRule(strings.TrimSpace(rule))
		if err != nil {
			return pattern{}, err
		}
		spans = append(spans, found...)
	}
	return pattern{zone, join(spans)}, nil
}

// cutLast cuts the last word off.
func cutLast(text string) (before, last string) {
	place := strings.LastIndexFunc(text, unicode.IsSpace)
	if place < 0 {
		return "", text
	}
	_, size := utf8.DecodeRuneInString(text[place:])
	return strings.TrimSpace(text[:place]), text[place+size:]
}

// parseZone loads a time zone. "Local" would be the zone of the machine.
func parseZone(name string) (*time.Location, error) {
	zone, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return nil, fmt.Errorf("must end with a time zone of the IANA list, such as Europe/Berlin or UTC, "+
			"not %q", shorten(name))
	}
	return zone, nil
}

// parseRule parses "DAYS TIMES", "DAYS" or "TIMES", each a list with commas. A list may have
// spaces after its commas.
func parseRule(rule string) ([]span, error) {
	var days, times []string
	isBetween := func(r rune) bool { return r == ',' || unicode.IsSpace(r) }
	for item := range strings.FieldsFuncSeq(rule, isBetween) {
		switch isTime := item[0] >= '0' && item[0] <= '9'; {
		case isTime:
			times = append(times, item)
		case len(times) > 0:
			return nil, fmt.Errorf("must have the days before the times, and a semicolon between two lists "+
				"of days, such as Mo-Fr 07:00-17:00; Sa 10:00-12:00; found %q after a time", shorten(item))
		default:
			days = append(days, item)
		}
	}
	if len(days) == 0 && len(times) == 0 {
		return nil, fmt.Errorf("must have days or times between two semicolons, such as %s", example)
	}
	open, err := parseDays(days)
	if err != nil {
		return nil, err
	}
	if len(times) == 0 {
		times = []string{"00:00-24:00"}
	}
	var spans []span
	for _, text := range times {
		from, to, err := parseTimes(text)
		if err != nil {
			return nil, err
		}
		for number, is := range open {
			if is {
				spans = append(spans, onDay(number, from, to)...)
			}
		}
	}
	return spans, nil
}

// onDay returns the span of the times on a day of the week. One over midnight ends on the next
// day; the one of Sunday ends on Monday, at the beginning of the week.
func onDay(number, from, to int) []span {
	begin, end := number*day+from, number*day+to
	if to <= from {
		end += day
	}
	if end > week {
		return []span{{begin, week}, {0, end - week}}
	}
	return []span{{begin, end}}
}

// join returns the spans in order; those that overlap or touch are one.
func join(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var joined []span
	for _, one := range spans {
		if last := len(joined) - 1; last >= 0 && one.from <= joined[last].to {
			joined[last].to = max(joined[last].to, one.to)
			continue
		}
		joined = append(joined, one)
	}
	return joined
}

// dayNames are the days of the week in their order.
var dayNames = [7]string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// parseDays returns the days of the list. Without one, it returns all. A range may go over the
// end of the week.
func parseDays(list []string) (open [7]bool, err error) {
	if len(list) == 0 {
		return [7]bool{true, true, true, true, true, true, true}, nil
	}
	for _, item := range list {
		first, last, isRange := strings.Cut(item, "-")
		from, err := parseDay(first)
		if err != nil {
			return open, err
		}
		to := from
		if isRange {
			if to, err = parseDay(last); err != nil {
				return open, err
			}
		}
		for number := from; ; number = (number + 1) % 7 {
			open[number] = true
			if number == to {
				break
			}
		}
	}
	return open, nil
}

// parseDay returns the number of a day: two or three letters of its name, or all of it.
func parseDay(text string) (int, error) {
	lower := strings.ToLower(text)
	for number, name := range dayNames {
		if lower == name || lower == name[:2] || lower == name[:3] {
			return number, nil
		}
	}
	return 0, fmt.Errorf("must name days as Mo, Tu, We, Th, Fr, Sa or Su, not %q", shorten(text))
}

// parseTimes parses "07:00-17:00" to seconds of the day.
func parseTimes(text string) (from, to int, err error) {
	first, last, _ := strings.Cut(text, "-")
	from, begins := parseTime(first)
	to, ends := parseTime(last)
	if !begins || !ends || from == day {
		return 0, 0, fmt.Errorf("must have times from 00:00 to 24:00, such as 07:00-17:00, not %q",
			shorten(text))
	}
	if from == to {
		return 0, 0, fmt.Errorf("must have a begin and an end that differ, not %q; "+
			"the whole day is 00:00-24:00", shorten(text))
	}
	return from, to, nil
}

func parseTime(text string) (seconds int, ok bool) {
	hours, minutes, _ := strings.Cut(text, ":")
	if len(hours) < 1 || len(hours) > 2 || len(minutes) != 2 {
		return 0, false
	}
	h, err := strconv.ParseUint(hours, 10, 8)
	m, wrong := strconv.ParseUint(minutes, 10, 8)
	seconds = int(h)*3600 + int(m)*60
	return seconds, err == nil && wrong == nil && m < 60 && seconds <= day
}

// parse parses the freeze. With an error it also returns the field that is wrong.
func (f Freeze) parse() (parsed freeze, field string, err error) {
	parsed.reason = f.Reason
	if parsed.from, _, err = parseMoment(f.From, false); err != nil {
		return freeze{}, "from", err
	}
	if _, parsed.to, err = parseMoment(f.To, true); err != nil {
		return freeze{}, "to", err
	}
	if !parsed.from.Before(parsed.to) {
		return freeze{}, "to", fmt.Errorf("must be later than from")
	}
	return parsed, "", nil
}

// momentLayouts are the forms of a date with a time, before the zone.
var momentLayouts = []string{"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02 15:04:05",
	"2006-01-02T15:04:05"}

// parseMoment parses an end of a freeze. The clock may show a local time twice, so it returns
// the first and the last moment. end says that a date is the end of its day.
func parseMoment(text string, end bool) (first, last time.Time, err error) {
	text = strings.TrimSpace(text)
	wrong := fmt.Errorf("must be a time such as 2026-12-23T18:00:00Z, or a date and a time zone, with or "+
		"without a time, such as 2026-12-23 18:00 Europe/Berlin, not %q", shorten(text))
	if len(text) > MaxMomentBytes {
		return first, last, wrong
	}
	if exact, err := time.Parse(time.RFC3339, text); err == nil {
		return exact.UTC(), exact.UTC(), nil
	}
	clock, zoneName := cutLast(text)
	if clock == "" {
		return first, last, wrong
	}
	wall, err := time.Parse(time.DateOnly, clock)
	if err == nil && end {
		wall = wall.AddDate(0, 0, 1)
	}
	for i := 0; err != nil && i < len(momentLayouts); i++ {
		wall, err = time.Parse(momentLayouts[i], clock)
	}
	if err != nil {
		return first, last, wrong
	}
	zone, err := parseZone(zoneName)
	if err != nil {
		return first, last, err
	}
	first, last = clockMoments(wall, zone)
	return first, last, nil
}

// shorten bounds a text of a caller in a message.
func shorten(text string) string {
	const most = 40
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most]) + "…"
}
