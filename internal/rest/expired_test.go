package rest_test

import (
	"crypto/rand"
	"errors"
	"net/http"
	"testing"
	"time"

	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
)

const day = 24 * time.Hour

func newDeploymentID(t *testing.T, resource catalog.ID, at time.Time) deployment.ID {
	t.Helper()
	id, err := deployment.NewID(resource, at, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestAnExpiredDeploymentIsGone has a resource that is a thousand days old.
func TestAnExpiredDeploymentIsGone(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	now := time.Now().UTC()
	add := func(retention catalog.Retention) catalog.ID {
		t.Helper()
		id, err := catalog.NewID(catalog.KindService, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		created := now.Add(-1000 * day)
		if err := w.Memory.Catalog().Create(t.Context(), &catalog.Service{Resource: catalog.Resource{
			Meta:     catalog.Meta{ID: id, Name: "old", CreatedAt: created, UpdatedAt: created},
			ServerID: catalog.ID(server), Retention: retention}}, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		return id
	}
	standard, short := add(catalog.Retention{}), add(catalog.Retention{Failed: 2})
	unknown, err := catalog.NewID(catalog.KindService, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name     string
		resource catalog.ID
		age      time.Duration
		want     int
	}{
		{"older than the shortest retention", standard, 31 * day, http.StatusGone},
		{"younger", standard, 29 * day, http.StatusNotFound},
		{"older than the shortest of its resource", short, 3 * day, http.StatusGone},
		{"younger than that", short, 1 * day, http.StatusNotFound},
		{"older than its resource", standard, 1001 * day, http.StatusNotFound},
		{"of the future", standard, -day, http.StatusNotFound},
		{"of no resource", unknown, 31 * day, http.StatusNotFound},
	} {
		id := string(newDeploymentID(t, c.resource, now.Add(-c.age)))
		for _, operation := range []string{"getDeployment", "getServiceDeployment", "readLog", "verifyLog",
			"getConfiguration", "cancelDeployment", "rollbackDeployment"} {
			got := resttest.Want[resttest.Object](t, w, c.want,
				resttest.Request{Operation: operation, PathUUID: id})
			if got["message"] == "" {
				t.Errorf("%s: %s answers no message", c.name, operation)
			}
		}
	}
}

func TestWrapMissingLeavesOtherErrors(t *testing.T) {
	w := resttest.New(t)
	other := fault.New(fault.Unavailable, "away")
	opts := rest.Options{}.WithDefaults()
	for _, err := range []error{nil, other} {
		if got := opts.WrapMissing(t.Context(), w.Memory.Catalog(), "", err); !errors.Is(got, err) {
			t.Errorf("got %v, want %v", got, err)
		}
	}
}
