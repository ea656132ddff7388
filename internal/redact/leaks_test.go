package redact_test

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"waybill/internal/redact"
)

// TestP3WhatOthersLetThrough has texts that passed a redaction that is in use.
func TestP3WhatOthersLetThrough(t *testing.T) {
	const password, longer = "S3cr3t-w0rd", "S3cr3t-w0rd-Sup3r"
	pem := "-----BEGIN TEST " +
		"KEY-----\nMIIEpAIBAAKCAQEAx7wluchgewesen\nQ2hhbmdlTWVOb3RBS2V5Q2hhbmdl\n-----END TEST KEY-----"
	m := redact.NewMatcher([]redact.Secret{
		{Name: "PW", Value: password}, {Name: "LONGER", Value: longer}, {Name: "KEY", Value: pem},
		{Name: "QUOTED", Value: "it's m3"}, {Name: "SYMBOLS", Value: "p@ss/w:rd%"},
		{Name: "LETTER", Value: "e"},
	})
	encode := base64.StdEncoding.EncodeToString
	for name, text := range map[string]string{
		"cut between two writes":  "pw=" + password,
		"a beginning of another":  "pw=" + longer,
		"base64":                  encode([]byte(password)),
		"base64 of user:password": encode([]byte("app:" + password)),
		"a key with CRLF":         strings.ReplaceAll(pem, "\n", "\r\n"),
		"a key line by line":      "x | " + strings.ReplaceAll(pem, "\n", "\nx | "),
		"percent-encoded":         url.QueryEscape("p@ss/w:rd%"),
		"shell-quoted":            `'it'\''s m3'`,
		"in a URL": (&url.URL{Scheme: "postgres",
			User: url.UserPassword("app", "p@ss/w:rd%"), Host: "db"}).String(),
		"in a URL, as it is":          "postgres://app:p@ss/w:rd%@db/shop",
		"a URL without a user":        "redis://:" + password + "@cache",
		"postgresql":                  "postgresql://u:0ther-pw@h",
		"clickhouse":                  "clickhouse://u:0ther-pw@h",
		"mongodb+srv":                 "mongodb+srv://u:0ther-pw@h",
		"an unknown one without user": "redis://:0ther-pw@h",
		"POSTGRES_PASSWORD":           "POSTGRES_PASSWORD=0ther-pw",
		"--requirepass":               "--requirepass 0ther-pw",
		"an API token":                "Authorization: Bearer 12|0ther-pw",
		"a password with an @":        "https://u:a@0ther-pw@h/",
	} {
		want := stream(t, m, text)
		for _, writes := range [][]string{
			{text}, strings.Split(text, ""), {text[:len(text)/2], text[len(text)/2:]},
		} {
			out := stream(t, m, writes...)
			if d := diff(out, want); d != "" {
				t.Errorf("%s, %q: %s", name, writes, d)
			}
			for _, p := range out {
				for _, part := range []string{
					"S3cr3t", "Sup3r", "0ther", "w:rd", "Q2hhbm", "m3", "UzNjcjN0", "M2NyM3Q",
					encode([]byte(password))[4:12],
				} {
					if p.masked == 0 && strings.Contains(p.text, part) {
						t.Errorf("%s, %q: %q is left in %q", name, writes, part, p.text)
					}
				}
			}
		}
	}
	if got, want := m.Text("every letter e stays"), "every letter e stays"; got != want {
		t.Errorf("a value of one letter: got %q, want %q", got, want)
	}
}

// TestP3ConnectionStrings registers only the password. Any way to write it into an
// address or a header is one of its forms.
func TestP3ConnectionStrings(t *testing.T) {
	for _, password := range []string{
		"hunter22x", `p@ss w"o'rd$1/é#\~&<x>!`, "a+b/c=d:e,f;g", "%41%42%43", "  spaced  ",
	} {
		m := redact.Values([]redact.Secret{{Name: "PW", Value: password}})
		query := url.Values{"user": {"app"}, "password": {password}}
		for _, user := range []string{"app", "a", "admin", "us"} {
			request, _ := http.NewRequest(http.MethodGet, "http://h", nil)
			request.SetBasicAuth(user, password)
			for name, text := range map[string]string{
				"userinfo": (&url.URL{Scheme: "mysql", User: url.UserPassword(user, password),
					Host: "db:3306", Path: "/shop"}).String(),
				"by hand":   "redis://" + user + ":" + url.QueryEscape(password) + "@cache:6379/0",
				"component": "amqp://" + user + ":" + url.PathEscape(password) + "@mq",
				"query":     "jdbc:postgresql://db/shop?" + query.Encode(),
				"ADO":       "Server=db;User Id=" + user + ";Password=" + password + ";",
				"Basic":     request.Header.Get("Authorization"),
				"libpq": "host=db user=" + user + " password='" +
					strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(password) + "'",
				"user:pass": user + ":" + password,
				"docker auth": `{"auth":"` +
					base64.StdEncoding.EncodeToString([]byte(user+":"+password)) + `"}`,
			} {
				got := m.Text(text)
				if !strings.Contains(got, "<REDACTED:PW>") {
					t.Errorf("%s of %q: got %q", name, password, got)
				}
			}
		}
	}
}
