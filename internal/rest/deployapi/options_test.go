package deployapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

func TestTagsAndCommitsAreRefusedForOtherKinds(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	make := func(t *testing.T) map[string]string {
		return map[string]string{
			"image": w.Create(t, "createImageApplication", resttest.Object{
				"name": "web", "server_uuid": server, "docker_registry_image_name": "web",
			}),
			"built": w.Built(t, server), "shell": w.Application(t, server), "service": w.Service(t, server),
			"database": w.Database(t, server),
		}
	}
	for _, c := range []struct {
		option, fits, field string
		value, message      string
	}{
		{
			"docker_tag", "image", "docker_registry_image_tag", "1.4",
			"docker_tag is for applications of the build pack dockerimage only.",
		},
		{
			"commit", "built", "commit", "c0ffee0",
			"commit is for applications that are built from a git repository only.",
		},
	} {
		for what, uuid := range make(t) {
			for _, r := range []resttest.Request{
				{Operation: "deploy", Body: resttest.Object{"uuid": uuid, c.option: c.value}},
				{Operation: "deploy", Query: "?uuid=" + uuid + "&" + c.option + "=" + c.value},
			} {
				if what != c.fits {
					if got := resttest.Want[resttest.Problem](t, w, http.StatusBadRequest,
						r); got.Message != c.message {
						t.Errorf("%s of a %s: %q", c.option, what, got.Message)
					}
					continue
				}
				got := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, r)
				if record := w.Show(t, got.Deployments[0].DeploymentUUID); record[c.field] != c.value {
					t.Errorf("%s is recorded as %v", c.option, record[c.field])
				}
			}
		}
		all := make(t)
		fits := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: all[c.fits], Body: resttest.Object{c.option: c.value},
		})
		if record := w.Show(t, fits.DeploymentUUID); record[c.field] != c.value {
			t.Errorf("%s is recorded as %v", c.option, record[c.field])
		}
		resttest.Want[resttest.Problem](t, w, http.StatusBadRequest, resttest.Request{
			Operation: "startApplication", PathUUID: all["shell"], Body: resttest.Object{c.option: c.value},
		})
		all = make(t)
		got := resttest.Want[struct{ Deployments []resttest.Queued }](t, w, http.StatusOK, resttest.Request{
			Operation: "deploy",
			Body:      resttest.Object{"uuid": all["shell"] + "," + all[c.fits], c.option: c.value},
		}).Deployments
		if len(got) != 2 || got[0].Message != c.message || got[0].DeploymentUUID != "" ||
			got[1].DeploymentUUID == "" {
			t.Errorf("of two, one of which it fits: %+v", got)
		}
	}
}

func TestPullRequestsAreNotDeployed(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Built(t, w.Server(t))
	for name, r := range map[string]resttest.Request{
		"pr":                           {Body: resttest.Object{"uuid": uuid, "pr": 12}},
		"pull_request_id":              {Body: resttest.Object{"uuid": uuid, "pull_request_id": 12}},
		"pr in the query":              {Query: "?pr=12&uuid=" + uuid},
		"pull_request_id in the query": {Query: "?pull_request_id=12&uuid=" + uuid},
	} {
		t.Run(name, func(t *testing.T) {
			r.Operation = "deploy"
			if got := resttest.Want[resttest.Problem](t, w, http.StatusBadRequest,
				r); got.Message != "Deployments of pull requests are not supported." {
				t.Errorf("message = %q", got.Message)
			}
		})
	}
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "deploy", Body: resttest.Object{"uuid": uuid, "pull_request_id": 0}, Query: "?pr=0",
	})
}

// As upstream does, the answer is 400, and nothing is queued.
func TestRequestsForTheCurrentStateAreRefused(t *testing.T) {
	w := resttest.New(t)
	// Another caller's request is no repetition of an earlier one.
	other := w.Mint(t, access.Deploy)
	for kind, make := range w.Makers() {
		if kind == "Application" { // has no check of its state
			continue
		}
		t.Run(kind, func(t *testing.T) {
			server := w.Server(t)
			uuid := make(t, server)
			needless := func(t *testing.T, operation, message string) {
				t.Helper()
				before := w.Newest(t, kind, uuid)
				if got := resttest.Want[resttest.Problem](t, w, http.StatusBadRequest, resttest.Request{
					Operation: operation + kind, PathUUID: uuid, Token: other,
				}); got.Message != message {
					t.Errorf("message = %q, want %q", got.Message, message)
				}
				if after := w.Newest(t, kind, uuid); after != before {
					t.Errorf("%s was queued", after)
				}
			}
			resttest.Want[resttest.Problem](t, w, http.StatusBadRequest, resttest.Request{
				Operation: "stop" + kind, PathUUID: uuid,
			})
			w.Run(t, "start"+kind, uuid)
			needless(t, "start", kind+" is already running.")
			resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "update" + kind, PathUUID: uuid, Body: resttest.Object{"health_timeout": 77},
			})
			needless(t, "start",
				kind+" is already running. Its configuration has changed since it was started; a "+
					"restart applies the change.")
			for _, r := range []resttest.Request{
				{Operation: "start" + kind, Query: "?force=true"},
				{Operation: "start" + kind, Body: resttest.Object{"pull_latest_images": true}},
				{Operation: "restart" + kind},
				{Operation: "deploy", Body: resttest.Object{"uuid": uuid}},
			} {
				if r.Operation != "deploy" {
					r.PathUUID = uuid
				}
				resttest.Want[resttest.Object](t, w, http.StatusOK, r)
				w.Finish(t, w.Begin(t, server))
			}
		})
	}
	t.Run("an application is deployed anew by starting it", func(t *testing.T) {
		uuid := w.Application(t, w.Server(t))
		first := w.Run(t, "startApplication", uuid)
		second := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: "startApplication", PathUUID: uuid, Query: "?instant_deploy=true",
			Header: map[string]string{"Idempotency-Key": "k"},
		})
		if first == second.DeploymentUUID {
			t.Error("it is the first deployment")
		}
	})
}

// TestWeakSecrets holds that a secret that cannot be kept out of the logs is
// refused by name, and kept with a warning for who insists.
func TestWeakSecrets(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	body := func(variables ...resttest.Object) resttest.Object {
		return resttest.Object{
			"name": "orders-api", "server_uuid": server, "start": "true", "environment": variables,
		}
	}
	weak := func(value string, allowed bool) resttest.Object {
		return resttest.Object{"key": "PIN", "value": value, "is_secret": true, "allow_weak": allowed}
	}
	for value, reason := range map[string]string{
		"042": "fewer than 4 characters", "": "fewer than 4 characters", "postgres": "a common word",
		"8080": "a common word", "Orders-API": "a name that every log shows",
	} {
		t.Run(value+" is refused", func(t *testing.T) {
			got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "createShellApplication", Body: body(weak(value, false)),
			})
			said := strings.Join(got.Errors["environment.PIN"], " ")
			if !strings.Contains(said, reason) || !strings.Contains(said, "allow_weak") || value != "" &&
				value != "8080" && strings.Contains(said, value) {
				t.Errorf("errors = %v, want one with %q", got.Errors, reason)
			}
		})
		t.Run(value+" is kept with a warning if it is allowed", func(t *testing.T) {
			type answered struct {
				UUID     string
				Warnings []string
			}
			got := resttest.Want[answered](t, w, http.StatusCreated, resttest.Request{
				Operation: "createShellApplication", Body: body(weak(value, true)),
			})
			if len(got.Warnings) != 1 || !strings.HasPrefix(got.Warnings[0], "environment.PIN: ") ||
				!strings.Contains(got.Warnings[0], reason) {
				t.Errorf("warnings = %q", got.Warnings)
			}
			if w.Vault(t, got.UUID)["PIN"] != value {
				t.Error("the vault has another value")
			}
			again := resttest.Want[answered](t, w, http.StatusOK, resttest.Request{
				Operation: "updateApplication", PathUUID: got.UUID, Body: resttest.Object{"stop": "true"},
			})
			if diff := cmp.Diff(again.Warnings, []string(nil)); diff != "" {
				t.Errorf("a change of something else warns of it\n%s", diff)
			}
		})
	}
	t.Run("a plain variable may be anything", func(t *testing.T) {
		got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "createShellApplication", Body: body(resttest.Object{"key": "PIN", "value": "1"}),
		})
		if got["warnings"] != nil {
			t.Errorf("warnings = %v", got["warnings"])
		}
	})
}
