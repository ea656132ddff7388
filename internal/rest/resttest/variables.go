package resttest

import (
	"net/http"
	"testing"

	"waybill/internal/catalog"
)

// What the variables of a scene are.
const (
	// LockedValue is the value of a variable that no answer may show.
	LockedValue = "a-value-that-nobody-sees"
	// ShownSecret is the value of a secret that only read:sensitive sees.
	ShownSecret = "a-secret-of-envs"
)

// variableSuccesses has a request of every operation on the variables of a resource.
func (s scene) variableSuccesses(t *testing.T, kind, uuid string) map[string]success {
	t.Helper()
	for _, body := range []Object{
		{"key": "SHOWN", "value": ShownSecret},
		{"key": "LOCKED", "value": LockedValue, "is_shown_once": true},
		{"key": "SHOWN", "value": ShownSecret, "is_preview": true},
		{"key": "REMOVED", "value": ShownSecret},
	} {
		Want[Object](t, s.World, http.StatusCreated, Request{
			Operation: "create" + kind + "Variable", PathUUID: uuid, Body: body,
		})
	}
	created := func(body any) success {
		return success{http.StatusCreated, Request{PathUUID: uuid, Body: body}}
	}
	again := Object{"data": []Object{{"key": "SHOWN", "value": ShownSecret}}}
	removed := catalog.VariableUUID(catalog.ID(uuid), "REMOVED", false)
	return map[string]success{
		"list" + kind + "Variables":   get(uuid, ""),
		"create" + kind + "Variable":  created(Object{"key": "NEW", "value": ShownSecret}),
		"update" + kind + "Variable":  created(Object{"key": "LOCKED", "comment": "checked"}),
		"update" + kind + "Variables": created(again),
		"delete" + kind + "Variable":  {http.StatusOK, Request{PathUUID: uuid, OtherUUID: removed}},

		"create" + kind + "WebhookSecret": {http.StatusCreated, Request{PathUUID: uuid}},
	}
}
