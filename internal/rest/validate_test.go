package rest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

type found struct{ Message, UUID, Status string }

// TestValidateOfEveryKind looks at resources: what was seen is their status,
// and a server that does not answer is a finding that nobody retries.
func TestValidateOfEveryKind(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	for kind, make := range map[string]func(*testing.T, string) string{"Service": w.service, "Application": w.application, "Database": w.database} {
		t.Run(kind, func(t *testing.T) {
			uuid := make(t, server)
			validate := func(t *testing.T, wanted found) {
				t.Helper()
				wanted.UUID = uuid
				if diff := cmp.Diff(want[found](t, w, http.StatusCreated, request{id: "validate" + kind, uuid: uuid}), wanted); diff != "" {
					t.Errorf("(-got +want)\n%s", diff)
				}
				if got := want[found](t, w, http.StatusOK, request{id: "get" + kind, uuid: uuid}); got.Status != wanted.Status {
					t.Errorf("it is shown as %s, want %s", got.Status, wanted.Status)
				}
			}
			w.look, w.inspector.opened = func() (string, error) { return "running:unhealthy", nil }, ""
			validate(t, found{Message: kind + " is running:unhealthy.", Status: "running:unhealthy"})
			if w.inspector.opened != examplePEM {
				t.Error("it was looked at without the server's private key")
			}
			w.look = func() (string, error) { return "", fault.New(fault.Unavailable, "Nothing listens on 127.0.0.1:22.") }
			validate(t, found{Message: "Nothing listens on 127.0.0.1:22.", Status: "running:unhealthy"})
			want[queued](t, w, http.StatusOK, request{id: "restart" + kind, uuid: uuid})
			w.look = func() (string, error) { return "exited", nil }
			validate(t, found{Message: kind + " is exited.", Status: "starting:unhealthy"})
			w.look = func() (string, error) { return "", errors.New("the inner workings") }
			want[problem](t, w, http.StatusInternalServerError, request{id: "validate" + kind, uuid: uuid})
		})
	}
	t.Run("a server without a pinned host key is a finding too", func(t *testing.T) {
		uuid := w.application(t, w.create(t, "createServer", object{"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.key(t)}))
		w.look = func() (string, error) { t.Error("somebody looked"); return "", nil }
		got := want[found](t, w, http.StatusCreated, request{id: "validateApplication", uuid: uuid})
		if got.Status != "exited" || got.Message != "The host key of server bare is not pinned. Validate the server first." {
			t.Errorf("found = %+v", got)
		}
	})
}

// TestP3WhatAServerSaysOfAResourceIsRedacted in answers and in the log: the
// words of docker may have anything in them that a container was given.
func TestP3WhatAServerSaysOfAResourceIsRedacted(t *testing.T) {
	const secret = "Zq7-pa55word"
	w := newWorld(t)
	uuid := w.application(t, w.server(t))
	if err := w.memory.Vault().Put(t.Context(), catalog.ID(uuid), map[string]string{"TOKEN": secret}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		look   func() (string, error)
		status int
		want   string
	}{
		"why it cannot tell": {func() (string, error) { return "", fault.New(fault.Unavailable, "docker: %s.", secret) },
			http.StatusCreated, "docker: <REDACTED:TOKEN>."},
		"what it is": {func() (string, error) { return secret, nil }, http.StatusCreated, "Application is <REDACTED:TOKEN>."},
		"a failure":  {func() (string, error) { return "", errors.New("docker: " + secret) }, http.StatusInternalServerError, "went wrong"},
		"a cause": {func() (string, error) {
			return "", fault.Wrap(errors.New(secret), fault.Unavailable, "It is lost.")
		}, http.StatusCreated, "It is lost."},
		"the key that opened it": {func() (string, error) { return "", fault.New(fault.Unavailable, "docker: %s", examplePEM) },
			http.StatusCreated, "docker: <REDACTED:private_key>"},
	} {
		t.Run(name, func(t *testing.T) {
			w.look = c.look
			got := w.ask(t, request{id: "validateApplication", uuid: uuid})
			if got.status != c.status || !strings.Contains(string(got.body), c.want) {
				t.Errorf("%d %s, want %d with %q", got.status, got.body, c.status, c.want)
			}
			if said := string(got.body) + w.log.String(); strings.Contains(said, secret) {
				t.Errorf("the secret is in %s", strings.ReplaceAll(said, secret, "(here)"))
			}
		})
	}
}
