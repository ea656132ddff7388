package deployapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

func TestHold(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Past(t, server, w.Application(t, server), 1)[0]
	hold := func(status int, token string, reason any) resttest.Object {
		t.Helper()
		return resttest.Want[resttest.Object](t, w, status, resttest.Request{Operation: "holdDeployment",
			PathUUID: uuid, Token: token, Body: resttest.Object{"reason": reason}})
	}
	shown := func() any {
		t.Helper()
		return resttest.Want[resttest.Object](t, w, http.StatusOK,
			resttest.Request{Operation: "getDeployment", PathUUID: uuid})["hold"]
	}
	for _, ability := range []access.Ability{access.Read, access.Write, access.Deploy} {
		hold(http.StatusForbidden, w.Mint(t, ability), "case 7")
	}
	for _, reason := range []any{"", nil, 7, "a\nb", strings.Repeat("a", 1001), strings.Repeat("é", 501)} {
		hold(http.StatusUnprocessableEntity, w.Root, reason)
	}
	if got := shown(); got != nil {
		t.Errorf("held: %v, want null", got)
	}
	for _, reason := range []string{"case 7", "case 8"} {
		answer := hold(http.StatusOK, w.Root, reason)
		for _, got := range []any{answer["hold"], shown()} {
			held, _ := got.(map[string]any)
			if held["reason"] != reason || held["by"] != "tester" || held["at"] == nil {
				t.Errorf("held: %v, want %s by tester", got, reason)
			}
		}
	}
	for range 2 {
		released := resttest.Want[resttest.Object](t, w, http.StatusOK,
			resttest.Request{Operation: "releaseDeployment", PathUUID: uuid})
		if got := shown(); got != nil || released["hold"] != nil {
			t.Errorf("held after the release: %v, %v", got, released["hold"])
		}
	}
	for _, operation := range []string{"holdDeployment", "releaseDeployment"} {
		request := resttest.Request{Operation: operation, PathUUID: strings.ToUpper(uuid)}
		if operation == "holdDeployment" {
			request.Body = resttest.Object{"reason": "case 7"}
		}
		resttest.Want[resttest.Object](t, w, http.StatusNotFound, request)
	}
}
