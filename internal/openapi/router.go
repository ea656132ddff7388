package openapi

import (
	"slices"
	"strings"
)

// Router finds the route of a request in the table of openapi.yaml.
//
// net/http's own mux cannot do it: "/deployments/{uuid}/logs" and
// "/deployments/services/{uuid}" both match "/deployments/services/logs", which
// it refuses as ambiguous. Here the first literal segment from the left
// decides, which is also what API Gateway does.
type Router struct {
	paths []Path
}

// Path is every route of one path template.
type Path struct {
	segments []string
	byMethod map[string]Route
}

// NewRouter groups the routes by path, so that a wrong method can be told from an
// unknown path.
func NewRouter(routes []Route) Router {
	var r Router
	at := map[string]int{}
	for _, route := range routes {
		i, known := at[route.Path]
		if !known {
			i = len(r.paths)
			at[route.Path] = i
			r.paths = append(r.paths, Path{
				segments: segments(route.Path), byMethod: map[string]Route{},
			})
		}
		r.paths[i].byMethod[route.Method] = route
	}
	return r
}

// Find returns the routes of the most literal template that the path matches,
// and the values of its parameters.
func (r Router) Find(path string) (found Path, params map[string]string, ok bool) {
	parts := segments(path)
	for _, candidate := range r.paths {
		if candidate.matches(parts) && (!ok || candidate.before(found)) {
			found, ok = candidate, true
		}
	}
	if !ok {
		return Path{}, nil, false
	}
	params = map[string]string{}
	for i, segment := range found.segments {
		if name, is := parameter(segment); is {
			params[name] = parts[i]
		}
	}
	return found, params, true
}

// matches reports whether the path matches the template.
func (p Path) matches(parts []string) bool {
	return slices.EqualFunc(p.segments, parts, func(segment, part string) bool {
		_, is := parameter(segment)
		return is || segment == part
	})
}

// before reports whether p is more specific than other, which matches the same
// path: where the two first differ, p has a literal and other a parameter.
func (p Path) before(other Path) bool {
	for i := range p.segments {
		_, mine := parameter(p.segments[i])
		_, theirs := parameter(other.segments[i])
		if mine != theirs {
			return theirs
		}
	}
	return false
}

// Route returns the route of a method.
func (p Path) Route(method string) (route Route, ok bool) {
	route, ok = p.byMethod[method]
	return route, ok
}

// Methods lists the methods of the path, for the Allow header.
func (p Path) Methods() []string {
	var methods []string
	for method := range p.byMethod {
		methods = append(methods, method)
	}
	slices.Sort(methods)
	return methods
}

// segments splits a path. Doubled slashes count as one: a client whose base URL
// ends in a slash asks for "//api/v1/…".
func segments(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// parameter returns the name in a template's "{name}".
func parameter(segment string) (name string, is bool) {
	if !strings.HasPrefix(segment, "{") || !strings.HasSuffix(segment, "}") {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}
