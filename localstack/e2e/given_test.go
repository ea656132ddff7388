package e2e_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"waybill/internal/remote/remotetest"
	"waybill/localstack/client"
)

// TestATokenSeesWhatItWasGiven has tokens with the ability deploy only: one starts what
// waits for its server, and another one is answered with the same deployment.
func TestATokenSeesWhatItWasGiven(t *testing.T) {
	w := stack(t)
	server := w.registerWithConcurrency(t, remotetest.Best(t), 1)
	w.start(t, w.shell(t, server, "sleep 6"))
	app := w.shell(t, server, "echo the output")
	var uuid string
	tokens := map[string]*client.Client{}
	for _, name := range []string{"maker", "merged", "stranger"} {
		tokens[name] = client.New(w.url, w.mint(t, name, "deploy"))
		if name == "stranger" {
			continue
		}
		var queued struct {
			UUID     string `json:"deployment_uuid"`
			Repeated bool
		}
		if err := tokens[name].Post(t.Context(), "/applications/"+app+"/start", nil, &queued); err != nil {
			t.Fatal(err)
		}
		if uuid == "" {
			uuid = queued.UUID
		}
		if queued.UUID != uuid || queued.Repeated != (name == "merged") {
			t.Fatalf("%s was answered with %+v, want %s", name, queued, uuid)
		}
	}
	if record := w.await(t, uuid); record.Status != "finished" {
		t.Fatalf("status %s", record.Status)
	}
	for name, api := range tokens {
		var record client.Deployment
		var log string
		errs := []error{
			api.Get(t.Context(), "/deployments/"+uuid, &record),
			api.Get(t.Context(), "/deployments/"+uuid+"/logs?format=text", &log),
		}
		for _, err := range errs {
			refused, _ := errors.AsType[*client.Error](err)
			denied := refused != nil && refused.Status == http.StatusForbidden
			if denied != (name == "stranger") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if name != "stranger" && (record.Status != "finished" || !strings.Contains(log, "the output")) {
			t.Errorf("%s sees %s and the log %q", name, record.Status, log)
		}
	}
}
