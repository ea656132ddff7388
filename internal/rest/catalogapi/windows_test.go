package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
	"waybill/internal/window"
)

func noWindows() map[string]any {
	return map[string]any{"allow": []any{}, "freeze": []any{}, "outside": "wait"}
}

func longFreeze() resttest.Object {
	return resttest.Object{"from": "1999-12-31 UTC", "to": "2010-01-01 UTC", "reason": "closed"}
}

// inBubble runs the test in a bubble, whose time begins on Saturday, 2000-01-01 00:00 UTC.
func inBubble(t *testing.T, test func(t *testing.T, w *resttest.World)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, resttest.New(t)) })
}

func TestTheWindowsOfAResource(t *testing.T) {
	for kind := range resttest.New(t).Makers() {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, func(t *testing.T, w *resttest.World) {
				uuid := w.Makers()[kind](t, w.Server(t))
				if got := w.Stored(t, "get"+kind, uuid); !cmp.Equal(got["windows"], any(noWindows())) {
					t.Errorf("windows = %v, want none", got["windows"])
				}
				for _, c := range []struct {
					given any
					want  map[string]any
					next  any
				}{
					{resttest.Object{"allow": "Mo-Fr 07:00-17:00 Europe/Berlin"},
						map[string]any{"allow": []any{"Mo-Fr 07:00-17:00 Europe/Berlin"}, "freeze": []any{},
							"outside": "wait"}, "2000-01-03T06:00:00.000000Z"},
					{resttest.Object{"outside": "drop", "allow": []string{"Su UTC", "Mo UTC"},
						"freeze": []resttest.Object{{"from": "2000-01-01 UTC", "to": "2000-01-01 UTC"}}},
						map[string]any{"allow": []any{"Su UTC", "Mo UTC"}, "outside": "drop", "freeze": []any{
							map[string]any{"from": "2000-01-01 UTC", "to": "2000-01-01 UTC", "reason": ""}}},
						"2000-01-02T00:00:00.000000Z"},
					{resttest.Object{"freeze": []resttest.Object{longFreeze()}},
						map[string]any{"allow": []any{}, "outside": "wait",
							"freeze": []any{map[string]any(longFreeze())}}, nil},
				} {
					changed := w.Change(t, http.StatusOK, "update"+kind, uuid,
						resttest.Object{"windows": c.given})
					got := w.Get(t, "get"+kind, uuid)
					if diff := cmp.Diff(got["windows"], any(c.want)); diff != "" {
						t.Errorf("windows (-got +want)\n%s", diff)
					}
					if changed["deployment_uuid"] != nil {
						t.Errorf("a change of windows is recorded as %v", changed["deployment_uuid"])
					}
					if got["window_open"] != false || got["next_opening"] != c.next {
						t.Errorf("window_open = %v, next_opening = %v, want a closed one and %v",
							got["window_open"], got["next_opening"], c.next)
					}
				}
				before := w.Get(t, "get"+kind, uuid)["updated_at"]
				time.Sleep(time.Second)
				w.Change(t, http.StatusOK, "update"+kind, uuid, resttest.Object{"description": "new"})
				got := w.Get(t, "get"+kind, uuid)
				if got["window_open"] != false || got["updated_at"] == before {
					t.Errorf("another change leaves %v", got["windows"])
				}
				w.Change(t, http.StatusOK, "update"+kind, uuid, resttest.Object{"windows": nil})
				if got := w.Stored(t, "get"+kind, uuid); !cmp.Equal(got["windows"], any(noWindows())) {
					t.Errorf("windows = %v after null, want none", got["windows"])
				}
			})
		})
	}
}

// TestWindowsGoTogether: a resource is open if it, its server and the team are.
func TestWindowsGoTogether(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World) {
		server := w.Create(t, "createServer", resttest.Object{"name": "web", "ip": "10.0.0.1",
			"private_key_uuid": w.Key(t), "windows": resttest.Object{"allow": "Sa 12:00-13:00; Mo UTC"}})
		service := w.Service(t, server)
		shows := func(operation, uuid string, open bool, next any) {
			t.Helper()
			got := w.Get(t, operation, uuid)
			if got["window_open"] != open || got["next_opening"] != next {
				t.Errorf("%s: window_open = %v, next_opening = %v, want %v and %v", operation,
					got["window_open"], got["next_opening"], open, next)
			}
		}
		noon, monday := "2000-01-01T12:00:00.000000Z", "2000-01-03T00:00:00.000000Z"
		shows("getServer", server, false, noon)
		shows("getService", service, false, noon)
		w.Change(t, http.StatusOK, "updateTeamWindows", "", resttest.Object{"freeze": []resttest.Object{
			{"from": "2000-01-01 UTC", "to": "2000-01-02 UTC", "reason": "millennium"}}})
		shows("getServer", server, false, monday)
		shows("getService", service, false, monday)
		w.Change(t, http.StatusOK, "updateService", service,
			resttest.Object{"windows": resttest.Object{"allow": "08:00-09:00 UTC"}})
		shows("getService", service, false, "2000-01-03T08:00:00.000000Z")
		time.Sleep(2*24*time.Hour + 8*time.Hour)
		shows("getService", service, true, nil)
		shows("getServer", server, true, nil)
		shows("getTeamWindows", "", true, nil)
	})
}

func TestTheWindowsOfTheTeam(t *testing.T) {
	inBubble(t, func(t *testing.T, w *resttest.World) {
		show := func() resttest.Object { return w.Get(t, "getTeamWindows", "") }
		want := resttest.Object{"allow": []any{}, "freeze": []any{}, "outside": "wait", "window_open": true,
			"next_opening": nil, "updated_at": nil}
		if diff := cmp.Diff(show(), want); diff != "" {
			t.Errorf("at first (-got +want)\n%s", diff)
		}
		change := func(body resttest.Object, differs resttest.Object) {
			t.Helper()
			time.Sleep(time.Minute)
			got := w.Change(t, http.StatusOK, "updateTeamWindows", "", body)
			want = merge(want, differs, resttest.Object{"updated_at": got["updated_at"]})
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(show(), want); diff != "" {
				t.Errorf("GET (-got +want)\n%s", diff)
			}
		}
		change(resttest.Object{"allow": "Mo UTC"}, resttest.Object{"allow": []any{"Mo UTC"},
			"window_open": false, "next_opening": "2000-01-03T00:00:00.000000Z"})
		change(resttest.Object{"outside": "drop"}, resttest.Object{"outside": "drop"})
		was := want["updated_at"]
		change(resttest.Object{"outside": "drop", "allow": []string{"Mo UTC"}}, resttest.Object{})
		if want["updated_at"] != was {
			t.Error("a change that changes nothing is stored")
		}
		change(resttest.Object{"outside": nil, "allow": nil}, resttest.Object{"outside": "wait",
			"allow": []any{}, "window_open": true, "next_opening": nil})
		writer := w.MintFor(t, access.Scope{Tags: []string{"web"}}, access.Write, access.Read)
		resttest.Want[resttest.Problem](t, w, http.StatusForbidden, resttest.Request{
			Operation: "updateTeamWindows", Token: writer, Body: resttest.Object{"allow": "Mo UTC"}})
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "getTeamWindows", Token: writer})
	})
}

func TestWrongWindowsAreRefused(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	service := w.Service(t, server)
	for _, c := range []struct {
		windows     resttest.Object
		field, says string
	}{
		{resttest.Object{"allow": "Mo-Fr 07:00-17:00"}, "allow.0", "must end with a time zone"},
		{resttest.Object{"allow": []string{"Mo UTC", "Xx UTC"}}, "allow.1", `not "Xx"`},
		{resttest.Object{"allow": 7}, "allow", "must be null, text or a list, not a number"},
		{resttest.Object{"allow": []string{strings.Repeat("Mo,", 50) + "Tu UTC"}}, "allow.0",
			"must be a window such as"},
		{resttest.Object{"freeze": []resttest.Object{{"from": "2026-12-24 UTC", "to": "2026-12-23 UTC"}}},
			"freeze.0.to", "must be later than from"},
		{resttest.Object{"freeze": []resttest.Object{{"from": "2026-12-24 UTC"}}}, "freeze.0.to", "required"},
		{resttest.Object{"freeze": []resttest.Object{
			{"from": "2026-12-24 UTC", "to": "2026-12-24 UTC", "reason": "a\nb"}}}, "freeze.0.reason",
			"must be one line of at most 100 characters"},
		{resttest.Object{"outside": "later"}, "outside", "wait"},
		{resttest.Object{"deny": "Mo UTC"}, "deny", "not known"},
	} {
		t.Run(c.field, func(t *testing.T) {
			w.Refused(t, "updateTeamWindows", "", c.windows, c.field, c.says)
			for operation, uuid := range map[string]string{"updateServer": server, "updateService": service} {
				w.Refused(t, operation, uuid, resttest.Object{"windows": c.windows}, "windows."+c.field,
					c.says)
			}
		})
	}
	many := window.Set{Allow: make([]string, window.MaxAllow)}
	for i := range many.Allow {
		many.Allow[i] = "Mo,Tu,We,Th,Fr,Sa,Su 00:00-24:00" + strings.Repeat(",00:00-24:00", 5) + " UTC"
	}
	if many.Bytes() > catalog.MaxHeadBytes {
		t.Fatal("they are too long for any resource")
	}
	w.Change(t, http.StatusOK, "updateService", service,
		resttest.Object{"windows": resttest.Object{"allow": many.Allow}})
	w.Refused(t, "updateService", service, resttest.Object{"description": strings.Repeat("\U0001f600", 1000)},
		"description", "bytes together")
}

// TestConcurrentChangesOfTheTeamsWindowsAreAllMade changes different fields at the same time.
func TestConcurrentChangesOfTheTeamsWindowsAreAllMade(t *testing.T) {
	w := resttest.New(t)
	w.Change(t, http.StatusOK, "updateTeamWindows", "", resttest.Object{"allow": "Mo UTC"})
	done := make(chan resttest.Response)
	for _, body := range []resttest.Object{{"outside": "drop"}, {"allow": nil}} {
		go func() {
			done <- w.Ask(t, resttest.Request{Operation: "updateTeamWindows", Body: body})
		}()
	}
	for range 2 {
		if answer := <-done; answer.Status != http.StatusOK {
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
	}
	if got := w.Get(t, "getTeamWindows", ""); got["outside"] != "drop" || len(got["allow"].([]any)) > 0 {
		t.Errorf("the windows are %v, want both changes", got)
	}
}
