package rest_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"

	"waybill/internal/rest/resttest"
)

func TestALogIsCompressedForAClientThatTakesIt(t *testing.T) {
	w := resttest.New(t)
	record := w.Write(t, w.Running(t), strings.Repeat("a line of the log ", 500))
	short := w.Running(t)
	for _, c := range []struct {
		name, uuid string
		header     map[string]string
		want       bool
	}{
		{"a browser", string(record.ID), map[string]string{
			"Accept": "*/*", "Accept-Encoding": "gzip, deflate, br",
		}, true},
		{"one with weights", string(record.ID), map[string]string{
			"Accept": "*/*", "Accept-Encoding": "br;q=1, GZIP; q=0.5",
		}, true},
		{"one that refuses it", string(record.ID), map[string]string{
			"Accept": "*/*", "Accept-Encoding": "gzip;q=0",
		}, false},
		{"one that says nothing", string(record.ID), map[string]string{"Accept": "*/*"}, false},
		{"one without Accept", string(record.ID), map[string]string{"Accept-Encoding": "gzip"}, false},
		{"one whose Accept may be the gateway's", string(record.ID), map[string]string{
			"Accept": "application/json", "Accept-Encoding": "gzip",
		}, false},
		{"a short log", string(short.ID), map[string]string{
			"Accept": "*/*", "Accept-Encoding": "gzip",
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := "/api/v1/deployments/" + c.uuid + "/logs"
			plain := w.Send(t, "show", "GET", target, resttest.Request{})
			answer := w.Send(t, "show", "GET", target, resttest.Request{Header: c.header})
			body := answer.Body
			if is := answer.Header.Get("Content-Encoding") == "gzip"; is != c.want {
				t.Fatalf("Content-Encoding = %q", answer.Header.Get("Content-Encoding"))
			}
			if c.want {
				zip, err := gzip.NewReader(bytes.NewReader(answer.Body))
				if err != nil {
					t.Fatal(err)
				}
				if body, err = io.ReadAll(zip); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(body, plain.Body) || answer.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("Vary %q, body = %s, want %s", answer.Header.Get("Vary"), body, plain.Body)
			}
		})
	}
}
