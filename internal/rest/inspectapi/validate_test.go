package inspectapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest/resttest"
)

type found struct{ Message, UUID, Status string }

// TestValidateOfEveryKind looks at resources: what was seen is their status,
// and a server that does not answer is a finding that nobody retries.
func TestValidateOfEveryKind(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, make := range w.Makers() {
		t.Run(kind, func(t *testing.T) {
			uuid := make(t, server)
			validate := func(t *testing.T, wanted found) {
				t.Helper()
				wanted.UUID = uuid
				if diff := cmp.Diff(resttest.Want[found](t, w, http.StatusCreated, resttest.Request{
					Operation: "validate" + kind, PathUUID: uuid,
				}), wanted); diff != "" {
					t.Errorf("(-got +want)\n%s", diff)
				}
				if got := resttest.Want[found](t, w, http.StatusOK, resttest.Request{
					Operation: "get" + kind, PathUUID: uuid,
				}); got.Status != wanted.Status {
					t.Errorf("it is shown as %s, want %s", got.Status, wanted.Status)
				}
			}
			w.Inspect, w.Inspector.Opened = func() (string, error) { return "running:unhealthy", nil }, ""
			validate(t, found{Message: kind + " is running:unhealthy.", Status: "running:unhealthy"})
			if w.Inspector.Opened != resttest.ExamplePEM {
				t.Error("it was looked at without the server's private key")
			}
			w.Inspect = func() (string, error) {
				return "", fault.New(fault.Unavailable,
					"Nothing listens on 127.0.0.1:22.")
			}
			validate(t, found{Message: "Nothing listens on 127.0.0.1:22.", Status: "running:unhealthy"})
			resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
				Operation: "restart" + kind, PathUUID: uuid,
			})
			w.Inspect = func() (string, error) { return "exited", nil }
			validate(t, found{Message: kind + " is exited.", Status: "starting:unhealthy"})
			w.Inspect = func() (string, error) { return "", errors.New("the inner workings") }
			resttest.Want[resttest.Problem](t, w, http.StatusInternalServerError, resttest.Request{
				Operation: "validate" + kind, PathUUID: uuid,
			})
		})
	}
	t.Run("a server without a pinned host key is a finding too", func(t *testing.T) {
		uuid := w.Application(t,
			w.UnpinnedServer(t))
		w.Inspect = func() (string, error) { t.Error("the server was inspected"); return "", nil }
		got := resttest.Want[found](t, w, http.StatusCreated, resttest.Request{
			Operation: "validateApplication", PathUUID: uuid,
		})
		if got.Status != "exited" ||
			got.Message != "The host key of server bare is not pinned. Validate the server first." {
			t.Errorf("found = %+v", got)
		}
	})
}

// Docker may quote any text that a container was given, so the status is redacted in
// answers and in the log.
func TestP3TheStatusFromAServerIsRedacted(t *testing.T) {
	const secret = "Zq7-pa55word"
	w := resttest.New(t)
	uuid := w.Application(t, w.Server(t))
	if err := w.Memory.SetSecrets(t.Context(), catalog.ID(uuid), map[string]string{
		"TOKEN": secret,
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		look   func() (string, error)
		status int
		want   string
	}{
		{"why it cannot tell", func() (string, error) {
			return "", fault.New(fault.Unavailable,
				"docker: %s.", secret)
		},
			http.StatusCreated, "docker: <REDACTED:TOKEN>."},
		{"what it is",
			func() (string, error) { return secret, nil }, http.StatusCreated,
			"Application is <REDACTED:TOKEN>.",
		},
		{"a failure",
			func() (string, error) { return "", errors.New("docker: " + secret) },
			http.StatusInternalServerError, "went wrong",
		},
		{"a cause", func() (string, error) {
			return "", fault.Wrap(errors.New(secret), fault.Unavailable, "It is lost.")
		}, http.StatusCreated, "It is lost."},
		{"the key that opened it", func() (string, error) {
			return "", fault.New(fault.Unavailable,
				"docker: %s", resttest.ExamplePEM)
		},
			http.StatusCreated, "docker: <REDACTED:private_key>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.Inspect = c.look
			got := w.Ask(t, resttest.Request{Operation: "validateApplication", PathUUID: uuid})
			if got.Status != c.status || !strings.Contains(string(got.Body), c.want) {
				t.Errorf("%d %s, want %d with %q", got.Status, got.Body, c.status, c.want)
			}
			if said := string(got.Body) + w.Log.String(); strings.Contains(said, secret) {
				t.Errorf("the secret is in %s", strings.ReplaceAll(said, secret, "(here)"))
			}
		})
	}
}
