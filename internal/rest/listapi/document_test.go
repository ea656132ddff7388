package listapi_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
)

func TestTheDocumentIsThereForEveryone(t *testing.T) {
	w := resttest.New(t)
	answer := w.Ask(t, resttest.Request{Operation: "getDocument", Token: resttest.NoToken})
	var document struct {
		Servers []struct{ URL string }
		Paths   map[string]map[string]any
	}
	if err := json.Unmarshal(answer.Body, &document); err != nil || answer.Status != http.StatusOK {
		t.Fatalf("%d, %v", answer.Status, err)
	}
	// Below a stage it is at /live/api/v1/openapi.json, and the API at /live/api/v1.
	if got := document.Servers; len(got) != 1 || got[0].URL != "../../api/v1" {
		t.Errorf("servers = %v, want one that is relative to the document", got)
	}
	get, _ := document.Paths["/services/{uuid}"]["get"].(map[string]any)
	if get["description"] == nil || get["responses"] == nil {
		t.Errorf("GET /services/{uuid} is described by %v", get)
	}
}

// loads matches what makes a browser ask for something else.
var loads = regexp.MustCompile(`(?i)<(script|img|iframe|object|embed|form|base|video|audio)|\bsrc=|` +
	`@import|url\(|\bon[a-z]+=|\bstyle=`)

// links matches the targets of all links.
var links = regexp.MustCompile(`href="([^"]*)"`)

func TestThePageNeedsNothingElse(t *testing.T) {
	w := resttest.New(t)
	answer := w.Ask(t, resttest.Request{Operation: "getDocs", Token: resttest.NoToken})
	page := string(answer.Body)
	if found := loads.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
	if policy := answer.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy,
		"default-src 'none'; style-src 'sha256-") {
		t.Errorf("the policy is %q", policy)
	}
	targets := links.FindAllStringSubmatch(page, -1)
	for _, target := range targets {
		anchor, inside := strings.CutPrefix(target[1], "#")
		if inside && strings.Contains(page, `id="`+anchor+`"`) || target[1] == "openapi.json" ||
			target[1] == "data:," {
			continue
		}
		t.Errorf("the page links to %q", target[1])
	}
	if len(targets) < len(openapi.Routes()) {
		t.Errorf("the page has %d links, want one for each operation", len(targets))
	}
	for _, route := range openapi.Routes() {
		if !strings.Contains(page, `id="`+route.ID+`"`) {
			t.Errorf("the page does not show %s", route.ID)
		}
	}
}
