package openapi_test

import (
	"errors"
	"net/url"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
	"waybill/internal/openapi"
)

func TestCheckQueryAccepts(t *testing.T) {
	for _, c := range []struct{ route, query string }{
		{"listServiceDeployments", ""},
		{"listServiceDeployments", "skip=0&take=100&cursor=&status=cancelled-by-user"},
		{"listApplicationDeployments", "skip=10000&take=1"},
		{"readLog", "after=0&limit=1000&wait=20&step=Pull%20images&type=stderr&format=ndjson"},
		{"readLog", "after=9007199254740991&limit=1&wait=0&format=text"},
		{"restartService", "latest=true"},
		{"listServices", "page=2&per_page=10"},
		{"stopService", "docker_cleanup=x"},
		{"startApplication", "force=false&instant_deploy=true"},
		{"deploy", "uuid=a,b&force=0"},
		{"getServer", "resources=true"},
		{"createService", ""},
	} {
		t.Run(c.route+"?"+c.query, func(t *testing.T) {
			if err := route(t, c.route).CheckQuery(parse(t, c.query)); err != nil {
				t.Errorf("refused: %v %v", err, fault.Fields(err))
			}
		})
	}
}

func TestCheckQueryRefuses(t *testing.T) {
	for _, c := range refusedQueries {
		t.Run(c.route+"?"+c.query, func(t *testing.T) {
			err := route(t, c.route).CheckQuery(parse(t, c.query))
			if !errors.Is(err, fault.Invalid) || fault.Public(err) != "Validation failed." {
				t.Errorf("error = %v, want Invalid", err)
			}
			if diff := cmp.Diff(fault.Fields(err), c.want); diff != "" {
				t.Errorf("fields (-got +want):\n%s", diff)
			}
		})
	}
}

// badSkip is the problem of every bad skip.
const badSkip = "must be a whole number from 0 to 10000; for older deployments, send the next of a " +
	"page as cursor"

// refusedQueries are the cases of TestCheckQueryRefuses.
var refusedQueries = []struct {
	route, query string
	want         map[string][]string
}{
	{
		route: "listServiceDeployments",
		query: "take=0",
		want:  says("take", "must be a whole number from 1 to 100"),
	},
	{
		route: "listServiceDeployments",
		query: "take=101",
		want:  says("take", "must be a whole number from 1 to 100"),
	},
	{
		route: "listServiceDeployments",
		query: "take=",
		want:  says("take", "must be a whole number from 1 to 100"),
	},
	{
		route: "listServiceDeployments",
		query: "take=1.0",
		want:  says("take", "must be a whole number from 1 to 100"),
	},
	{
		route: "listServiceDeployments",
		query: "take=1e1",
		want:  says("take", "must be a whole number from 1 to 100"),
	},
	{
		route: "listServiceDeployments",
		query: "skip=-1",
		want:  says("skip", badSkip),
	},
	{
		route: "listServiceDeployments",
		query: "skip=99999999999999999999",
		want:  says("skip", badSkip),
	},
	{
		route: "listServiceDeployments",
		query: "skip=10001",
		want:  says("skip", badSkip),
	},
	{
		route: "listHistory",
		query: "since=2026-11-30T10:00:00%2B01:00&server=svc",
		want: map[string][]string{"since": {"must be a time in UTC, such as 2026-01-02T03:04:05Z"},
			"server": {"must be the uuid of a server"}},
	},
	{
		route: "listServiceDeployments",
		query: "status=done",
		want:  says("status", "must be queued, in_progress, finished, failed or cancelled-by-user"),
	},
	{
		route: "listServiceDeployments",
		query: "tak=5",
		want: says("tak", "is not known here; known are skip, take, cursor, status, operation, kind, "+
			"server, since, until, trigger and tag"),
	},
	{
		route: "getStorage",
		query: "take=5",
		want:  says("take", "is not known here; this route has no query parameters"),
	},
	{
		route: "readLog",
		query: "wait=21&limit=1001&after=x",
		want: map[string][]string{
			"wait":  {"must be a whole number from 0 to 20"},
			"limit": {"must be a whole number from 1 to 1000"},
			"after": {"must be a whole number of at least -9007199254740991"},
		},
	},
	{
		route: "readLog",
		query: "format=xml",
		want:  says("format", "must be json, ndjson or text"),
	},
	{
		route: "readLog",
		query: "type=stdin",
		want:  says("type", "must be stdout or stderr"),
	},
	{
		route: "readLog",
		query: "after=1&after=2",
		want:  says("after", "is given more than once; give it once"),
	},
	{
		route: "restartService",
		query: "latest=yes",
		want:  says("latest", "must be true or false"),
	},
}

func says(field, text string) map[string][]string { return map[string][]string{field: {text}} }

// route returns a route of the table.
func route(t *testing.T, id string) openapi.Route {
	t.Helper()
	routes := openapi.Routes()
	i := slices.IndexFunc(routes, func(r openapi.Route) bool { return r.ID == id })
	if i < 0 {
		t.Fatalf("there is no route %s", id)
	}
	return routes[i]
}

func parse(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
