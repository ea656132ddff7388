package resttest

import (
	"fmt"
	"net/http"
	"testing"
)

// ShownRecord is a deployment as a list shows it.
type ShownRecord struct {
	ID             int64
	DeploymentUUID string `json:"deployment_uuid"`
	Status         string
	Position       int
}

// ShownHistory is a page of a history.
type ShownHistory struct {
	Count       int
	Deployments []ShownRecord
	Next        *string
}

// UUIDs are the deployments of the page, in its order.
func (h ShownHistory) UUIDs() []string {
	var uuids []string
	for _, d := range h.Deployments {
		uuids = append(uuids, d.DeploymentUUID)
	}
	return uuids
}

// HistoryOf reads a page of an application's history.
func (w *World) HistoryOf(t *testing.T, application, query string) ShownHistory {
	t.Helper()
	return Want[ShownHistory](t, w, http.StatusOK, Request{
		Operation: "listApplicationDeployments", PathUUID: application, Query: query,
	})
}

// Past starts and finishes n deployments and returns their uuids, newest first.
func (w *World) Past(t *testing.T, server, application string, n int) []string {
	t.Helper()
	var uuids []string
	for i := range n {
		// Each has a key of its own, or they would all be one.
		r := Request{
			Operation: "startApplication", PathUUID: application,
			Header: map[string]string{"Idempotency-Key": fmt.Sprint("past", i)},
		}
		uuids = append([]string{Want[Queued](t, w, http.StatusOK, r).DeploymentUUID}, uuids...)
		w.Finish(t, w.Begin(t, server))
	}
	return uuids
}
