package e2e_test

import (
	"net/http"
	"strings"
	"testing"

	"waybill/localstack/client"
)

// TestTheDescriptionIsThereForEveryone has no token, and asks below the stage.
func TestTheDescriptionIsThereForEveryone(t *testing.T) {
	w := stack(t)
	stranger := client.New(w.url, "")
	var document struct{ Servers []struct{ URL string } }
	if err := stranger.Get(t.Context(), "/openapi.json", &document); err != nil {
		t.Fatal(err)
	}
	at, err := http.NewRequest(http.MethodGet, w.url+"/api/v1/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := at.URL.Parse(document.Servers[0].URL)
	if err != nil || server.String() != w.url+"/api/v1" {
		t.Errorf("the document's server is %v (%v), want %s/api/v1", server, err, w.url)
	}
	var page string
	if err := stranger.Get(t.Context(), "/docs", &page); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(page, "<!DOCTYPE html>") || !strings.HasSuffix(page, "</html>\n") {
		t.Errorf("the page is not whole: %d bytes", len(page))
	}
}
