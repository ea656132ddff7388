package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest/resttest"
)

// TestInstantValidate creates servers of all sorts. Each is created, and no key is pinned that
// the request does not name.
func TestInstantValidate(t *testing.T) {
	for _, c := range []struct {
		name                 string
		hostKey              any
		unseen, shut         error
		reached, used, login bool
		// warns is a part of the one warning, or "" for none.
		warns string
	}{
		{
			name:    "with the host key that it shows",
			hostKey: resttest.FirstKey.Line,
			reached: true, used: true, login: true,
		},
		{
			name:    "with the host key, without docker",
			hostKey: resttest.FirstKey.Line,
			shut:    catalog.NewServerError("The server has no docker."),
			reached: true, used: true, login: true,
			warns: "The server has no docker.",
		},
		{
			name:    "with another host key",
			hostKey: "ssh-ed25519 AAAAother",
			used:    true,
			warns:   "which is not the pinned one",
		},
		{
			name:  "without a host key",
			warns: resttest.FirstKey.Fingerprint + ". Compare it with the server's own and validate again",
		},
		{
			name:    "of an address that does not answer",
			hostKey: resttest.FirstKey.Line,
			unseen:  catalog.NewServerError("The server does not answer."),
			used:    true,
			warns:   "The server does not answer.",
		},
		{
			name:    "while the inspection is away",
			hostKey: resttest.FirstKey.Line,
			unseen:  fault.New(fault.Unavailable, "away"),
			used:    true,
			warns:   "the server was not validated",
		},
		{
			name:    "while the inspection has a fault",
			hostKey: resttest.FirstKey.Line,
			shut:    fault.New(fault.Internal, "secret cause"),
			reached: true, used: true, login: true,
			warns: "the server was not validated",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := resttest.New(t)
			body := resttest.Object{"ip": "10.0.0.1", "private_key_uuid": w.Key(t), "instant_validate": true}
			if c.hostKey != nil {
				body["host_key"] = c.hostKey
			}
			w.Inspector.Unseen, w.Inspector.Shut, w.Inspector.Opened = c.unseen, c.shut, ""
			got := resttest.Want[struct {
				UUID        string
				IsReachable bool    `json:"is_reachable"`
				IsUsable    bool    `json:"is_usable"`
				HostKey     *string `json:"host_key"`
				Warnings    []string
			}](t, w, http.StatusCreated, resttest.Request{Operation: "createServer", Body: body})
			if got.IsReachable != c.reached || got.IsUsable != c.used ||
				(got.HostKey == nil) != (c.hostKey == nil) {
				t.Errorf("reachable %v, usable %v, host key %v", got.IsReachable, got.IsUsable, got.HostKey)
			}
			if login := w.Inspector.Opened != ""; login != c.login {
				t.Errorf("there was a login: %v, want %v", login, c.login)
			}
			warning := strings.Join(got.Warnings, "; ")
			if (warning == "") != (c.warns == "") || !strings.Contains(warning, c.warns) ||
				warning != "" && !strings.HasPrefix(warning, "instant_validate: ") ||
				strings.Contains(warning, "secret cause") {
				t.Errorf("warnings = %q, want one with %q", warning, c.warns)
			}
			if stored := w.Shown(t, got.UUID, ""); stored.IsReachable != c.reached {
				t.Errorf("stored as reachable: %v", stored.IsReachable)
			}
		})
	}
}
