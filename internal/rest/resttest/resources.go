package resttest

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
)

// Show reads a deployment.
func (w *World) Show(t *testing.T, uuid string) Object {
	t.Helper()
	return Want[Object](t, w, http.StatusOK, Request{Operation: "getDeployment", PathUUID: uuid})
}

// Vault returns the secrets that the vault has of a resource.
func (w *World) Vault(t *testing.T, uuid string) map[string]string {
	t.Helper()
	secrets, err := w.Memory.Secrets(t.Context(), catalog.ID(uuid))
	if err != nil {
		t.Fatal(err)
	}
	return secrets.Values
}

// WantDiscarded checks that secrets of the entity are to be deleted.
func (w *World) WantDiscarded(t *testing.T, uuid string) {
	t.Helper()
	due, err := w.Memory.Catalog().Discarded(t.Context(), time.Now().Add(2*catalog.GenerationGrace))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(due, func(set catalog.DiscardedSecrets) bool { return string(set.ID) == uuid }) {
		t.Errorf("the secrets of %s are not among the %d sets to delete", uuid, len(due))
	}
}

// Newest is the uuid of the resource's Newest deployment.
func (w *World) Newest(t *testing.T, kind, uuid string) string {
	t.Helper()
	return Want[Queued](t, w, http.StatusOK, Request{
		Operation: "latest" + kind + "Deployment", PathUUID: uuid,
	}).DeploymentUUID
}

// Count returns how many entities of a kind there are.
func (w *World) Count(t *testing.T, kind catalog.Kind) int {
	t.Helper()
	all, err := catalog.All(t.Context(), w.Memory.Catalog(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

type shownServer struct {
	UUID        string
	HostKey     *string `json:"host_key"`
	Port        int
	User        string
	DataDir     string  `json:"data_dir"`
	IsReachable bool    `json:"is_reachable"`
	IsUsable    bool    `json:"is_usable"`
	ValidatedAt *string `json:"validated_at"`
	Resources   []struct{ UUID, Type, Status string }
}

// Shown reads a server.
func (w *World) Shown(t *testing.T, server, query string) shownServer {
	t.Helper()
	return Want[shownServer](t, w, http.StatusOK, Request{
		Operation: "getServer", PathUUID: server, Query: query,
	})
}

// Get sends the GET operation for the uuid, which must succeed.
func (w *World) Get(t *testing.T, operation, uuid string) Object {
	t.Helper()
	return Want[Object](t, w, http.StatusOK, Request{Operation: operation, PathUUID: uuid})
}

// Stored is Get without what the time decides: whether the windows are open, and when they will
// be. Only the answer about one entity has that.
func (w *World) Stored(t *testing.T, operation, uuid string) Object {
	t.Helper()
	got := w.Get(t, operation, uuid)
	if open, is := got["window_open"].(bool); !is || !open || got["next_opening"] != nil {
		t.Errorf("%s of %s: window_open = %v, next_opening = %v, want an open window", operation, uuid,
			got["window_open"], got["next_opening"])
	}
	delete(got, "window_open")
	delete(got, "next_opening")
	return got
}

// Change sends the PATCH operation for the uuid, which must answer with the status.
func (w *World) Change(t *testing.T, status int, id, uuid string, body Object) Object {
	t.Helper()
	return Want[Object](t, w, status, Request{Operation: id, PathUUID: uuid, Body: body})
}

// Refused wants a change to be refused, with a sentence about the field.
func (w *World) Refused(t *testing.T, id, uuid string, body Object, field, says string) {
	t.Helper()
	got := Want[Problem](t, w, http.StatusUnprocessableEntity, Request{
		Operation: id, PathUUID: uuid, Body: body,
	})
	if said := strings.Join(got.Errors[field], " "); len(got.Errors) != 1 || !strings.Contains(said, says) ||
		said == "" {
		t.Errorf("errors = %v, want one of %s with %q", got.Errors, field, says)
	}
}
