package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
)

func TestTagsAndCommitsAreForWhatHasThem(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	make := func(t *testing.T) map[string]string {
		return map[string]string{
			"image": w.create(t, "createImageApplication", object{"name": "web", "server_uuid": server, "docker_registry_image_name": "web"}),
			"built": w.built(t, server), "shell": w.application(t, server), "service": w.service(t, server), "database": w.database(t, server),
		}
	}
	for _, c := range []struct {
		option, fits, field string
		value, message      string
	}{
		{"docker_tag", "image", "docker_registry_image_tag", "1.4", "docker_tag is for applications of the build pack dockerimage only."},
		{"commit", "built", "commit", "c0ffee0", "commit is for applications that are built from a git repository only."},
	} {
		for what, uuid := range make(t) {
			for _, r := range []request{
				{id: "deploy", body: object{"uuid": uuid, c.option: c.value}},
				{id: "deploy", query: "?uuid=" + uuid + "&" + c.option + "=" + c.value},
			} {
				if what != c.fits {
					if got := want[problem](t, w, http.StatusBadRequest, r); got.Message != c.message {
						t.Errorf("%s of a %s: %q", c.option, what, got.Message)
					}
					continue
				}
				got := want[struct{ Deployments []queued }](t, w, http.StatusOK, r).Deployments
				if record := w.show(t, got[0].DeploymentUUID); record[c.field] != c.value {
					t.Errorf("%s is recorded as %v", c.option, record[c.field])
				}
			}
		}
		all := make(t)
		fits := want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: all[c.fits], body: object{c.option: c.value}})
		if record := w.show(t, fits.DeploymentUUID); record[c.field] != c.value {
			t.Errorf("%s is recorded as %v", c.option, record[c.field])
		}
		want[problem](t, w, http.StatusBadRequest, request{id: "startApplication", uuid: all["shell"], body: object{c.option: c.value}})
		all = make(t)
		got := want[struct{ Deployments []queued }](t, w, http.StatusOK, request{id: "deploy", body: object{"uuid": all["shell"] + "," + all[c.fits], c.option: c.value}}).Deployments
		if len(got) != 2 || got[0].Message != c.message || got[0].DeploymentUUID != "" || got[1].DeploymentUUID == "" {
			t.Errorf("of two, one of which it fits: %+v", got)
		}
	}
}

func TestPullRequestsAreNotDeployed(t *testing.T) {
	w := newWorld(t)
	uuid := w.built(t, w.server(t))
	for name, r := range map[string]request{
		"pr":                           {body: object{"uuid": uuid, "pr": 12}},
		"pull_request_id":              {body: object{"uuid": uuid, "pull_request_id": 12}},
		"pr in the query":              {query: "?pr=12&uuid=" + uuid},
		"pull_request_id in the query": {query: "?pull_request_id=12&uuid=" + uuid},
	} {
		t.Run(name, func(t *testing.T) {
			r.id = "deploy"
			if got := want[problem](t, w, http.StatusBadRequest, r); got.Message != "Deployments of pull requests are not supported." {
				t.Errorf("message = %q", got.Message)
			}
		})
	}
	want[object](t, w, http.StatusOK, request{id: "deploy", body: object{"uuid": uuid, "pull_request_id": 0}, query: "?pr=0"})
}

// TestNeedlessRequests are upstream's: 400, and nothing is queued.
func TestNeedlessRequests(t *testing.T) {
	w := newWorld(t)
	// Another caller's request is no repetition of an earlier one.
	other := w.mint(t, access.Deploy)
	for kind, make := range map[string]func(*testing.T, string) string{"Service": w.service, "Database": w.database} {
		t.Run(kind, func(t *testing.T) {
			server := w.server(t)
			uuid := make(t, server)
			needless := func(t *testing.T, operation, message string) {
				t.Helper()
				before := w.newest(t, kind, uuid)
				if got := want[problem](t, w, http.StatusBadRequest, request{id: operation + kind, uuid: uuid, token: other}); got.Message != message {
					t.Errorf("message = %q, want %q", got.Message, message)
				}
				if after := w.newest(t, kind, uuid); after != before {
					t.Errorf("%s was queued", after)
				}
			}
			want[problem](t, w, http.StatusBadRequest, request{id: "stop" + kind, uuid: uuid})
			w.run(t, "start"+kind, uuid)
			needless(t, "start", kind+" is already running.")
			want[object](t, w, http.StatusOK, request{id: "update" + kind, uuid: uuid, body: object{"health_timeout": 77}})
			needless(t, "start", kind+" is already running. Its configuration has changed since it was started; a restart applies the change.")
			for _, r := range []request{
				{id: "start" + kind, query: "?force=true"},
				{id: "start" + kind, body: object{"pull_latest_images": true}},
				{id: "restart" + kind},
				{id: "deploy", body: object{"uuid": uuid}},
			} {
				if r.id != "deploy" {
					r.uuid = uuid
				}
				want[object](t, w, http.StatusOK, r)
				w.finish(t, w.begin(t, server))
			}
		})
	}
	t.Run("an application is deployed anew by starting it", func(t *testing.T) {
		uuid := w.application(t, w.server(t))
		first := w.run(t, "startApplication", uuid)
		second := want[queued](t, w, http.StatusOK, request{id: "startApplication", uuid: uuid, query: "?instant_deploy=true", header: map[string]string{"Idempotency-Key": "k"}})
		if first == second.DeploymentUUID {
			t.Error("it is the first deployment")
		}
	})
}

// newest is the uuid of the resource's newest deployment.
func (w *world) newest(t *testing.T, kind, uuid string) string {
	t.Helper()
	return want[queued](t, w, http.StatusOK, request{id: "latest" + kind + "Deployment", uuid: uuid}).DeploymentUUID
}

// TestWeakSecrets holds that a secret that cannot be kept out of the logs is
// refused by name, and kept with a warning for who insists.
func TestWeakSecrets(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	body := func(variables ...object) object {
		return object{"name": "orders-api", "server_uuid": server, "start": "true", "environment": variables}
	}
	weak := func(value string, allowed bool) object {
		return object{"key": "PIN", "value": value, "is_secret": true, "allow_weak": allowed}
	}
	for value, reason := range map[string]string{
		"042": "fewer than 4 characters", "": "fewer than 4 characters", "postgres": "a common word", "8080": "a common word", "Orders-API": "a name that every log shows",
	} {
		t.Run(value+" is refused", func(t *testing.T) {
			got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createShellApplication", body: body(weak(value, false))})
			said := strings.Join(got.Errors["environment.PIN"], " ")
			if !strings.Contains(said, reason) || !strings.Contains(said, "allow_weak") || value != "" && value != "8080" && strings.Contains(said, value) {
				t.Errorf("errors = %v, want one with %q", got.Errors, reason)
			}
		})
		t.Run(value+" is kept with a warning if it is allowed", func(t *testing.T) {
			type answered struct {
				UUID     string
				Warnings []string
			}
			got := want[answered](t, w, http.StatusCreated, request{id: "createShellApplication", body: body(weak(value, true))})
			if len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], "environment.PIN: ") || !strings.Contains(got.Warnings[0], reason) {
				t.Errorf("warnings = %q", got.Warnings)
			}
			if w.vault(t, got.UUID)["PIN"] != value {
				t.Error("the vault has another value")
			}
			again := want[answered](t, w, http.StatusOK, request{id: "updateApplication", uuid: got.UUID, body: object{"stop": "true"}})
			if diff := cmp.Diff(again.Warnings, []string(nil)); diff != "" {
				t.Errorf("a change of something else warns of it\n%s", diff)
			}
		})
	}
	t.Run("a plain variable may be anything", func(t *testing.T) {
		got := want[object](t, w, http.StatusCreated, request{id: "createShellApplication", body: body(object{"key": "PIN", "value": "1"})})
		if got["warnings"] != nil {
			t.Errorf("warnings = %v", got["warnings"])
		}
	})
}
