package openapi

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"waybill/internal/fault"
)

// Wait is the parameter with which a request waits for the end of a deployment, or for more
// of its log. With Follow it is led to the end.
const (
	Wait   = "wait"
	Follow = "follow"
)

// CheckQuery checks a request's query by the parameters of the route. Invalid with
// the problems of each parameter: a bad value, a repeated parameter, or an unknown
// one that is not in Ignores. A whole number has digits only, and a boolean is any text
// that [strconv.ParseBool] accepts.
//
// A client that asks to wait would take any answer for the end, so every route that
// cannot wait refuses [Wait] and [Follow].
func (r Route) CheckQuery(query url.Values) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(query)) {
		i := slices.IndexFunc(r.Query, func(p Parameter) bool { return p.Name == name })
		switch {
		case i < 0 && (name == Wait || name == Follow):
			wrong.Add(name, "is not known here: this route cannot wait; GET /deployments/{uuid} can")
		case i < 0 && !slices.Contains(r.Ignores, name):
			wrong.Add(FieldName(name), "is not known here; %s", r.known())
		case i < 0:
		case len(query[name]) > 1:
			wrong.Add(name, "is given more than once; give it once")
		case !r.Query[i].accepts(query.Get(name)):
			wrong.Add(name, "%s", r.Query[i].Expects)
		}
	}
	return wrong.Err()
}

// known says which parameters the route has.
func (r Route) known() string {
	if len(r.Query) == 0 {
		return "this route has no query parameters"
	}
	var names []string
	for _, declared := range r.Query {
		names = append(names, declared.Name)
	}
	return "known are " + JoinWords(names, "and")
}

// accepts reports whether a text is a valid value.
func (p Parameter) accepts(text string) bool {
	switch p.Type {
	case Integer:
		value, err := strconv.ParseInt(text, 10, 64)
		return err == nil && text[0] != '+' && p.Least <= value && value <= p.Most
	case Boolean:
		_, err := strconv.ParseBool(text)
		return err == nil
	}
	length := utf8.RuneCountInString(text)
	if length < p.MinLength || p.MaxLength > 0 && length > p.MaxLength {
		return false
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, text) {
		return false
	}
	// A program compiles few patterns, and most requests have none.
	matched, err := regexp.MatchString(p.Pattern, text)
	return err == nil && matched
}
