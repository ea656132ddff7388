package openapi_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/fault"
)

func TestCheckQueryTakes(t *testing.T) {
	api := load(t)
	for _, c := range []struct{ route, query string }{
		{"listServiceDeployments", ""},
		{"listServiceDeployments", "skip=0&take=100&cursor=&status=cancelled-by-user"},
		{"listApplicationDeployments", "skip=123456&take=1&page=2"},
		{"readLog", "after=0&limit=1000&wait=20&step=Pull%20images&type=stderr&format=ndjson"},
		{"readLog", "after=9007199254740991&limit=1&wait=0&format=text"},
		{"restartService", "latest=true"},
		{"restartService", "latest=1&anything=else"},
		{"startApplication", "force=false&instant_deploy=true"},
		{"deploy", "uuid=a,b&force=0"},
		{"getServer", "resources=true"},
		{"createService", ""},
	} {
		t.Run(c.route+"?"+c.query, func(t *testing.T) {
			if err := api.CheckQuery(c.route, parse(t, c.query)); err != nil {
				t.Errorf("refused: %v %v", err, fault.Fields(err))
			}
		})
	}
}

func TestCheckQueryRefusesInWords(t *testing.T) {
	api := load(t)
	for _, c := range []struct {
		route, query string
		want         map[string][]string
	}{
		{"listServiceDeployments", "take=0", says("take", "must be a whole number from 1 to 100")},
		{"listServiceDeployments", "take=101", says("take", "must be a whole number from 1 to 100")},
		{"listServiceDeployments", "take=", says("take", "must be a whole number from 1 to 100")},
		{"listServiceDeployments", "take=1.0", says("take", "must be a whole number from 1 to 100")},
		{"listServiceDeployments", "take=1e1", says("take", "must be a whole number from 1 to 100")},
		{"listServiceDeployments", "skip=-1", says("skip", "must be a whole number of at least 0")},
		{
			"listServiceDeployments", "skip=99999999999999999999",
			says("skip", "must be a whole number of at least 0"),
		},
		{
			"listServiceDeployments", "status=done",
			says("status", "must be queued, in_progress, finished, failed or cancelled-by-user"),
		},
		{
			"listServiceDeployments", "tak=5",
			says("tak", "is not known here; known are skip, take, cursor and status"),
		},
		{
			"listServerDeployments", "take=5",
			says("take", "is not known here; this route has no query parameters"),
		},
		{"readLog", "wait=21&limit=1001&after=x", map[string][]string{
			"wait":  {"must be a whole number from 0 to 20"},
			"limit": {"must be a whole number from 1 to 1000"},
			"after": {"must be a whole number of at least 0"},
		}},
		{"readLog", "format=xml", says("format", "must be json, ndjson or text")},
		{"readLog", "type=stdin", says("type", "must be stdout or stderr")},
		{"readLog", "after=1&after=2", says("after", "is given more than once; give it once")},
		{"restartService", "latest=yes", says("latest", "must be true or false")},
	} {
		t.Run(c.route+"?"+c.query, func(t *testing.T) {
			err := api.CheckQuery(c.route, parse(t, c.query))
			if !errors.Is(err, fault.Invalid) || fault.Public(err) != "Validation failed." {
				t.Errorf("error = %v, want Invalid", err)
			}
			if diff := cmp.Diff(c.want, fault.Fields(err)); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCheckQueryOfAnUnknownRouteIsOurOwnFailure(t *testing.T) {
	if err := load(t).CheckQuery("nothing", nil); !errors.Is(err, fault.Internal) {
		t.Errorf("error = %v, want Internal", err)
	}
}

func parse(t *testing.T, query string) url.Values {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	return values
}
