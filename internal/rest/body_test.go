package rest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/rest"
	"waybill/internal/rest/resttest"
)

func TestZeroFractionsAreRemoved(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":20.0,"b":[-1.00,0.0]}`: `{"a":20,"b":[-1,0]}`,
		`{"a":"20.0","b\".0":"x\\"}`: `{"a":"20.0","b\".0":"x\\"}`,
		`{"a":20.05,"b":1.0e3}`:      `{"a":20.05,"b":1.0e3}`,
		`{"a":1.50}`:                 `{"a":1.50}`,
		`20.0`:                       `20`,
	} {
		got := rest.WithoutZeroFractions([]byte(body))
		if string(got) != want || !json.Valid(got) {
			t.Errorf("%s = %s, want %s", body, got, want)
		}
	}
}

// TestTwentyPointZeroIsAnInteger changes a server with numbers that have a fraction.
func TestTwentyPointZeroIsAnInteger(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for body, want := range map[string]int{
		`{"concurrency":20.0,"description":"2.0"}`: http.StatusCreated,
		`{"concurrency":20.5}`:                     http.StatusUnprocessableEntity,
		`{"concurrency":2e1}`:                      http.StatusUnprocessableEntity,
		`{"concurrency":1000.0}`:                   http.StatusUnprocessableEntity,
	} {
		answer := w.Ask(t, resttest.Request{Operation: "updateServer", PathUUID: server, Body: body})
		if answer.Status != want {
			t.Errorf("%s: %d %s, want %d", body, answer.Status, answer.Body, want)
		}
	}
	got := resttest.Want[struct {
		Concurrency int
		Description string
	}](t, w, http.StatusOK, resttest.Request{Operation: "getServer", PathUUID: server})
	if got.Concurrency != 20 || got.Description != "2.0" {
		t.Errorf("server = %+v", got)
	}
}

func TestAFormIsToldToBeJSON(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const urlencoded = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, contentType, body string
		want                    int
	}{
		{"a form", urlencoded, "concurrency=3", http.StatusUnprocessableEntity},
		{"a form with a charset", urlencoded + "; charset=utf-8", "concurrency=3",
			http.StatusUnprocessableEntity},
		{"a form of parts", "multipart/form-data; boundary=x", "--x\r\n", http.StatusUnprocessableEntity},
		{"JSON as curl sends it", urlencoded, `{"concurrency":3}`, http.StatusCreated},
	} {
		answer := w.Ask(t, resttest.Request{Operation: "updateServer", PathUUID: server, Body: c.body,
			Header: map[string]string{"Content-Type": c.contentType}})
		if answer.Status != c.want {
			t.Errorf("%s: %d %s, want %d", c.name, answer.Status, answer.Body, c.want)
		}
		names := strings.Contains(string(answer.Body), "JSON object")
		if c.want == http.StatusUnprocessableEntity && !names {
			t.Errorf("%s: %s does not name JSON", c.name, answer.Body)
		}
	}
}
