package rest_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"waybill/internal/access"
	"waybill/internal/rest"
)

// FuzzMemberAt cuts texts anywhere: there is always a name, short enough to
// show, and a whole object never makes trouble.
func FuzzMemberAt(f *testing.F) {
	for _, seed := range []string{`{"a":1,"docker_compose":"x`, `{"a":{"b":[1,`, `[1,2`, `{`, ``, `{"a`, `{"a":1}`, "\xff", `{"":"`, `{"a":1 "b"`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, cut []byte) {
		if name := rest.MemberAt(cut); len(name) > 64*3 { // a bad byte becomes the three of U+FFFD
			t.Errorf("name of %d bytes", len(name))
		}
	})
}

// FuzzComposeText holds that base64 of a text is that text, and that a text
// with a colon is never taken for base64.
func FuzzComposeText(f *testing.F) {
	for _, seed := range []string{exampleCompose, "", "a", "abcd", "a: b", "\x00", "YWJj"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, ":") && rest.ComposeText(text) != text {
			t.Errorf("%q was taken for base64", text)
		}
		if !utf8.ValidString(text) || text == "" {
			return
		}
		for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
			if got := rest.ComposeText(encoding.EncodeToString([]byte(text))); got != text {
				t.Errorf("base64 of %q became %q", text, got)
			}
		}
	})
}

// FuzzBody gives a function any body: it answers, never with a failure of its
// own, and what it keeps it can show.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"name":"a","server_uuid":"s","start":"true"}`, `{"name":"a","timeout":1e400}`, `{"environment":[{"key":"A","value":null}]}`,
		`{"name":"a","server_uuid":"s","start":"true","environment":[{"key":"A","value":"hunter22","is_secret":true}]}`, `[]`, `{`, ``, "\xff",
		`{"name":"\u0000","start":"\ud800","server_uuid":""}`,
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		// The server's uuid cannot be guessed, so it is put in for "s".
		body = strings.ReplaceAll(body, `"server_uuid":"s"`, `"server_uuid":"`+w.server(t)+`"`)
		answer := w.ask(t, request{id: "createShellApplication", body: body})
		switch answer.status {
		case http.StatusCreated:
			w.ask(t, request{id: "getApplication", uuid: into[struct{ UUID string }](t, answer).UUID})
		case http.StatusUnprocessableEntity:
		default:
			t.Errorf("answer = %d %s", answer.status, answer.body)
		}
		if !json.Valid(bytes.TrimSpace(answer.body)) {
			t.Errorf("the answer is no JSON: %q", answer.body)
		}
	})
}

// FuzzChange makes any change of a resource: it is made or refused, and the
// resource can be shown after it.
func FuzzChange(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"environment":[{"key":"PASSWORD","is_secret":true}]}`, `{"environment":[{"key":"A","value":"zQ7x-Ppa55","is_secret":true}]}`,
		`{"postgres_password":"zQ7x-Ppa55"}`, `{"postgres_password":null,"image":null,"timeout":null}`, `{"enable_ssl":false}`,
		`{"is_public":true,"public_port":1}`, `{"init_scripts":[{"content":"a"}]}`, `{"start":"true","kind":"shell"}`, `{"name":null}`,
		`{"\u0000":"a"}`, `{"server_uuid":"s"}`, `[]`, `{`, ``, "\xff",
	} {
		f.Add(seed)
	}
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		server := w.server(t)
		reader := w.mint(t, access.Read, access.Write)
		for id, uuid := range map[string]string{"Application": w.application(t, server), "Database": w.database(t, server), "Service": w.service(t, server)} {
			answer := w.ask(t, request{id: "update" + id, uuid: uuid, body: body, token: reader})
			if answer.status != http.StatusOK && answer.status != http.StatusUnprocessableEntity {
				t.Errorf("%s: answer = %d %s", id, answer.status, answer.body)
			}
			want[object](t, w, http.StatusOK, request{id: "get" + id, uuid: uuid})
		}
	})
}
