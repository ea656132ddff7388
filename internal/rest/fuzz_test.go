package rest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
)

// FuzzMemberAt cuts texts anywhere: there is always a name, short enough to
// show, and a whole object never makes trouble.
func FuzzMemberAt(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"docker_compose":"x`, `{"a":{"b":[1,`, `[1,2`, `{`, ``, `{"a`, `{"a":1}`, "\xff", `{"":"`,
		`{"a":1 "b"`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, cut []byte) {
		if name := rest.MemberAt(cut); len(name) > 64*3 { // a bad byte becomes the three of U+FFFD
			t.Errorf("name of %d bytes", len(name))
		}
	})
}

// FuzzBody gives a function any body: it answers, never with a failure of its
// own, and what it keeps it can show.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","server_uuid":"s","start":"true"}`, `{"name":"a","timeout":1e400}`,
		`{"environment":[{"key":"A","value":null}]}`,
		`{"name":"a","server_uuid":"s","start":"true","environment":[` +
			`{"key":"A","value":"hunter22","is_secret":true}]}`,
		`[]`, `{`, ``, "\xff",
		`{"name":"\u0000","start":"\ud800","server_uuid":""}`,
	} {
		f.Add(seed)
	}
	w := resttest.New(f)
	f.Fuzz(func(t *testing.T, body string) {
		// The server's uuid cannot be guessed, so it is put in for "s".
		body = strings.ReplaceAll(body, `"server_uuid":"s"`, `"server_uuid":"`+w.Server(t)+`"`)
		answer := w.Ask(t, resttest.Request{Operation: "createShellApplication", Body: body})
		switch answer.Status {
		case http.StatusCreated:
			w.Ask(t, resttest.Request{
				Operation: "getApplication", PathUUID: resttest.Into[struct{ UUID string }](t, answer).UUID,
			})
		case http.StatusUnprocessableEntity:
		default:
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
		if !json.Valid(bytes.TrimSpace(answer.Body)) {
			t.Errorf("the answer is no JSON: %q", answer.Body)
		}
	})
}

// FuzzChange makes any change of a resource: it is made or refused, and the
// resource can be shown after it.
func FuzzChange(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"environment":[{"key":"PASSWORD","is_secret":true}]}`,
		`{"environment":[{"key":"A","value":"zQ7x-Ppa55","is_secret":true}]}`,
		`{"postgres_password":"zQ7x-Ppa55"}`, `{"postgres_password":null,"image":null,"timeout":null}`,
		`{"enable_ssl":false}`,
		`{"is_public":true,"public_port":1}`, `{"init_scripts":[{"content":"a"}]}`,
		`{"start":"true","kind":"shell"}`, `{"name":null}`,
		`{"\u0000":"a"}`, `{"server_uuid":"s"}`, `[]`, `{`, ``, "\xff",
	} {
		f.Add(seed)
	}
	w := resttest.New(f)
	f.Fuzz(func(t *testing.T, body string) {
		server := w.Server(t)
		reader := w.Mint(t, access.Read, access.Write)
		for id, uuid := range map[string]string{
			"Application": w.Application(t, server), "Database": w.Database(t, server),
			"Service": w.Service(t, server),
		} {
			answer := w.Ask(t, resttest.Request{
				Operation: "update" + id, PathUUID: uuid, Body: body, Token: reader,
			})
			if answer.Status != http.StatusOK && answer.Status != http.StatusUnprocessableEntity {
				t.Errorf("%s: answer = %d %s", id, answer.Status, answer.Body)
			}
			resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "get" + id, PathUUID: uuid,
			})
		}
	})
}
