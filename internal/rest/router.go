package rest

import (
	"slices"
	"strings"

	"waybill/internal/openapi"
)

// router finds the route of a request in the table of openapi.yaml.
//
// net/http's own mux cannot do it: "/deployments/{uuid}/logs" and
// "/deployments/services/{uuid}" both match "/deployments/services/logs", which
// it refuses as ambiguous. Here the first literal segment from the left
// decides, which is also what API Gateway does.
type router struct {
	paths []pathRoutes
}

// pathRoutes is every route of one path template.
type pathRoutes struct {
	segments []string
	byMethod map[string]openapi.Route
}

// newRouter groups the routes by path, so that a wrong method can be told from an
// unknown path.
func newRouter(routes []openapi.Route) router {
	var r router
	at := map[string]int{}
	for _, route := range routes {
		i, known := at[route.Path]
		if !known {
			i = len(r.paths)
			at[route.Path] = i
			r.paths = append(r.paths, pathRoutes{
				segments: segments(route.Path), byMethod: map[string]openapi.Route{},
			})
		}
		r.paths[i].byMethod[route.Method] = route
	}
	return r
}

// find returns the routes of the most literal template that the path matches,
// and the values of its parameters.
func (r router) find(path string) (found pathRoutes, params map[string]string, ok bool) {
	parts := segments(path)
	for _, candidate := range r.paths {
		if candidate.matches(parts) && (!ok || candidate.before(found)) {
			found, ok = candidate, true
		}
	}
	if !ok {
		return pathRoutes{}, nil, false
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
func (p pathRoutes) matches(parts []string) bool {
	return slices.EqualFunc(p.segments, parts, func(segment, part string) bool {
		_, is := parameter(segment)
		return is || segment == part
	})
}

// before reports whether p is more specific than other, which matches the same
// path: where the two first differ, p has a literal and other a parameter.
func (p pathRoutes) before(other pathRoutes) bool {
	for i := range p.segments {
		_, mine := parameter(p.segments[i])
		_, theirs := parameter(other.segments[i])
		if mine != theirs {
			return theirs
		}
	}
	return false
}

// methods lists the methods of the path, for the Allow header.
func (p pathRoutes) methods() []string {
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
