package e2e_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"waybill/internal/remote/remotetest"
)

// TestP10RareCalls makes the calls of functions that no other test makes, so that each of their
// grants is seen in use: what reads and deletes the details, the excerpt and the configuration of
// deployments, and what revokes, repeats and changes.
func TestP10RareCalls(t *testing.T) {
	t.Parallel()
	w := stack(t)
	send := func(method, path string, body any) {
		t.Helper()
		if err := w.api.Do(t.Context(), method, path, body, nil); err != nil {
			t.Errorf("%s %s: %v", method, path, err)
		}
	}
	token, _ := w.mintWith(t, map[string]any{"name": "rare", "abilities": []string{"read"}})
	send(http.MethodDelete, fmt.Sprint("/security/tokens/", token.ID), nil)
	ssh := remotetest.Best(t)
	server := w.register(t, ssh)
	key := w.create(t, "/security/keys", map[string]any{"name": "rare", "private_key": ssh.ClientKeyPEM()})
	send(http.MethodDelete, "/security/keys/"+key, nil)
	inbox := newInbox(t, func(w http.ResponseWriter, _ *http.Request, _ int) { w.WriteHeader(http.StatusOK) })
	notification := w.notification(t, inbox, map[string]any{"events": []string{"failed"}})
	send(http.MethodPatch, "/notifications/"+notification,
		map[string]any{"secret": "whsec_YW5vdGhlci1zaWduaW5nLXNlY3JldC1oZXJl"})

	app := w.shell(t, server, "echo broken; exit 1")
	failed, entries := w.deploy(t, app)
	wantStatus(t, failed, entries, "failed", "exit")
	again, entries := w.deploy(t, app)
	wantStatus(t, again, entries, "failed", "exit")
	send(http.MethodPatch, "/applications/"+app, map[string]any{"start": "echo repaired"})
	held, entries := w.deploy(t, app)
	wantStatus(t, held, entries, "finished", "")
	// A hold is among the details of a record. These read a page of records with details.
	send(http.MethodPost, "/deployments/"+held.DeploymentUUID+"/hold", map[string]any{"reason": "rare"})
	w.get(t, "/deployments/applications/"+app+"/latest", nil)
	unknown := map[string]any{"commit": "0a1b2c3"}
	wantAnswer(t, w.api.Post(t.Context(), "/applications/"+app+"/rollback", unknown, nil), 422, "commit")
	var scrub struct {
		DeploymentUUID string `json:"deployment_uuid"`
	}
	if err := w.api.Post(t.Context(), "/deployments/scrub",
		map[string]any{"resource_uuid": app}, &scrub); err != nil {
		t.Fatal(err)
	}
	w.await(t, scrub.DeploymentUUID)
	// With the records of the first configuration, it and the excerpts go.
	for _, one := range []string{failed.DeploymentUUID, again.DeploymentUUID} {
		w.remove(t, app, one)
		until(t, "the log of a removed record is gone", func() bool { return w.objects(t, app, one) == 0 })
	}
	send(http.MethodDelete, "/applications/"+app, nil)
	send(http.MethodDelete, "/applications/"+app, nil)
	until(t, "a sweep has deleted the secrets of the key", func() bool {
		found, err := w.cloud.Session().SSM().DescribeParameters(t.Context(), &ssm.DescribeParametersInput{
			ParameterFilters: []types.ParameterStringFilter{{Key: aws.String("Name"),
				Option: aws.String("BeginsWith"), Values: []string{"/waybill-e2e/keys/" + key}}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.Parameters) == 0
	})
}
