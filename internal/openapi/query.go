package openapi

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
)

// CheckQuery checks a request's query by the parameters of the route. Invalid with
// the problems of each parameter: a bad value, a repeated parameter, or an unknown
// one, which only the routes of existing clients ignore. A whole number has digits
// only, and a boolean is any text that [strconv.ParseBool] accepts.
func (a *API) CheckQuery(routeID string, query url.Values) error {
	op, err := a.operation(routeID)
	if err != nil || len(query) == 0 {
		return err
	}
	wrong := problems{}
	for _, name := range slices.Sorted(maps.Keys(query)) {
		i := slices.IndexFunc(op.query, func(p parameter) bool { return p.name == name })
		if i < 0 {
			op.unknown(wrong, name)
			continue
		}
		if len(query[name]) > 1 {
			wrong.add(name, "is given more than once; give it once")
			continue
		}
		if err := a.checkParameter(wrong, op.query[i], query.Get(name)); err != nil {
			return err
		}
	}
	return wrong.err()
}

func (a *API) checkParameter(wrong problems, declared parameter, text string) error {
	value, ok := typed(declared.schema, text)
	if !ok {
		wrong.add(declared.name, expectation(declared.schema))
		return nil
	}
	found, err := a.requests.check(declared.schema, value)
	if found != nil {
		wrong.add(declared.name, expectation(declared.schema))
	}
	return err
}

// unknown describes a parameter that the route does not have.
func (op operation) unknown(wrong problems, name string) {
	if op.compatible {
		return
	}
	if len(op.query) == 0 {
		wrong.add(shown(name), "is not known here; this route has no query parameters")
		return
	}
	var names []string
	for _, declared := range op.query {
		names = append(names, declared.name)
	}
	wrong.add(shown(name), "is not known here; known are "+joinWords(names, "and"))
}

// digits matches a whole number in a query.
var digits = regexp.MustCompile(`^-?[0-9]+$`)

// typed parses a parameter as its schema's type.
func typed(schema node, text string) (value any, ok bool) {
	switch schema.get("type").text() {
	case "integer":
		return json.Number(text), digits.MatchString(text)
	case "boolean":
		truth, err := strconv.ParseBool(text)
		return truth, err == nil
	}
	return text, true
}
