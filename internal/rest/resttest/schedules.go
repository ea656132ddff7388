package resttest

import (
	"net/http"
	"testing"
)

// Schedule adds a schedule to the resource of the kind.
func (w *World) Schedule(t *testing.T, kind, resource string, body Object) string {
	t.Helper()
	return Want[struct{ UUID string }](t, w, http.StatusCreated, Request{
		Operation: "create" + kind + "Schedule", PathUUID: resource, Body: body,
	}).UUID
}

// scheduleSuccesses has a request of every operation on the schedules of a resource.
func (s scene) scheduleSuccesses(t *testing.T, kind, uuid string) map[string]success {
	t.Helper()
	kept := s.World.Schedule(t, kind, uuid, Object{"expression": "30 2 * * 1-5", "timezone": "Europe/Berlin"})
	removed := s.World.Schedule(t, kind, uuid, Object{"expression": "rate(2 days)", "enabled": false})
	return map[string]success{
		"list" + kind + "Schedules": get(uuid, ""),
		"create" + kind + "Schedule": {http.StatusCreated, Request{PathUUID: uuid, Body: Object{
			"expression": "cron(0 3 ? * MON-FRI 2090)", "timezone": "Europe/Berlin", "operation": "restart",
			"options": Object{"pull_latest_images": true}, "enabled": true, "flexible_minutes": 5}}},
		"get" + kind + "Schedule": {http.StatusOK, Request{PathUUID: uuid, OtherUUID: kept}},
		"update" + kind + "Schedule": {http.StatusOK, Request{PathUUID: uuid, OtherUUID: kept,
			Body: Object{"expression": "@daily", "operation": "stop"}}},
		"delete" + kind + "Schedule": {http.StatusOK, Request{PathUUID: uuid, OtherUUID: removed}},
	}
}
