package catalogapi_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/rest/resttest"
)

// noRetention is the answer for a resource with the standard of the stack.
func noRetention() map[string]any {
	return map[string]any{"finished": nil, "failed": nil, "cancelled": nil}
}

func TestTheRetentionOfAResource(t *testing.T) {
	w := resttest.New(t)
	create := func(status int, retention any) resttest.Object {
		t.Helper()
		return resttest.Want[resttest.Object](t, w, status, resttest.Request{Operation: "createService",
			Body: resttest.Object{"name": "web", "server_uuid": w.Server(t), "retention": retention,
				"docker_compose": "services: {web: {image: a}}"}})
	}
	shows := func(uuid any, want map[string]any) {
		t.Helper()
		got := resttest.Want[resttest.Object](t, w, http.StatusOK,
			resttest.Request{Operation: "getService", PathUUID: uuid.(string)})
		if diff := cmp.Diff(got["retention"], any(want)); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	}
	made := create(http.StatusCreated, resttest.Object{"failed": 365, "cancelled": nil})
	shows(made["uuid"], map[string]any{"finished": nil, "failed": 365.0, "cancelled": nil})
	for _, c := range []struct {
		change any
		want   map[string]any
	}{
		{resttest.Object{"finished": 1, "cancelled": 3650},
			map[string]any{"finished": 1.0, "failed": nil, "cancelled": 3650.0}},
		{nil, noRetention()},
	} {
		changed := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "updateService", PathUUID: made["uuid"].(string),
			Body: resttest.Object{"retention": c.change}})
		if changed["deployment_uuid"] != nil {
			t.Errorf("a change of the retention is recorded as %v", changed["deployment_uuid"])
		}
		shows(made["uuid"], c.want)
	}
	for _, days := range []any{0, -1, 3651, 1.5, "90"} {
		create(http.StatusUnprocessableEntity, resttest.Object{"failed": days})
	}
	create(http.StatusUnprocessableEntity, resttest.Object{"queued": 1})
}
