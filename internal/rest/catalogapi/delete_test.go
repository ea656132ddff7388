package catalogapi_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest/resttest"
)

type removed struct {
	Message        string
	UUID           string
	DeploymentUUID string `json:"deployment_uuid"`
	Position       *int
	Superseded     string `json:"superseded_deployment_uuid"`
}

// TestDeletesOfEveryKind holds that what may be on a server is taken off it by
// a deployment, and what never was is gone at once.
func TestDeletesOfEveryKind(t *testing.T) {
	w := resttest.New(t)
	for kind, make := range w.Makers() {
		t.Run(kind, func(t *testing.T) {
			server := w.Server(t)
			uuid := make(t, server)
			w.Run(t, "start"+kind, uuid)
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid,
				Query: "?delete_configurations=true&docker_cleanup=x",
			})
			if got.Message != kind+" deletion request queued." || got.UUID != uuid || got.Position == nil ||
				*got.Position != 1 {
				t.Errorf("answer = %+v", got)
			}
			record := w.Show(t, got.DeploymentUUID)
			if record["operation"] != "delete" || record["status"] != "queued" ||
				record["delete_volumes"] != false {
				t.Errorf("record = %v", record)
			}
			if again := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid,
			}); again.DeploymentUUID != got.DeploymentUUID {
				t.Errorf("again it is %s, was %s", again.DeploymentUUID, got.DeploymentUUID)
			}
			w.Get(t, "get"+kind, uuid) // until it is done
			refused := resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
				Operation: "start" + kind, PathUUID: uuid, Query: "?force=true",
			})
			if !strings.Contains(refused.Message, got.DeploymentUUID) {
				t.Errorf("message = %q, want the queued delete", refused.Message)
			}
			other := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Query: "?delete_volumes=true",
			})
			if other.Superseded != got.DeploymentUUID {
				t.Errorf("answer = %+v, want one in place of %s", other, got.DeploymentUUID)
			}
		})
		t.Run(kind+" with its volumes", func(t *testing.T) {
			uuid := make(t, w.Server(t))
			w.Run(t, "start"+kind, uuid)
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Query: "?delete_volumes=true",
			})
			if record := w.Show(t, got.DeploymentUUID); record["delete_volumes"] != true {
				t.Errorf("record = %v", record)
			}
		})
		t.Run(kind+" that never ran", func(t *testing.T) {
			uuid := make(t, w.Server(t))
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Token: w.Mint(t, access.Write),
			})
			if diff := cmp.Diff(got, removed{Message: kind + " deleted.", UUID: uuid}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
				Operation: "get" + kind, PathUUID: uuid,
			})
			w.WantDiscarded(t, uuid)
		})
		t.Run(kind+" that runs right now, after that", func(t *testing.T) {
			server := w.Server(t)
			uuid := make(t, server)
			resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
				Operation: "start" + kind, PathUUID: uuid,
			})
			running := w.Begin(t, server)
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid,
			})
			if _, err := w.Memory.Ledger().Claim(t.Context(), catalog.ID(server),
				time.Now()); !errors.Is(err, fault.NotFound) {
				t.Errorf("it is claimed beside the one that runs: %v", err)
			}
			w.Finish(t, running)
			if next := w.Begin(t, server); string(next.ID) != got.DeploymentUUID ||
				next.Operation != deployment.Delete {
				t.Errorf("then %s (%s) runs, want %s", next.ID, next.Operation, got.DeploymentUUID)
			}
		})
		t.Run(kind+" whose server is gone for good is forgotten", func(t *testing.T) {
			server := w.Server(t)
			uuid := make(t, server)
			w.Run(t, "start"+kind, uuid)
			w.Run(t, "stop"+kind, uuid)
			both := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Query: "?forget=true&delete_volumes=true",
			})
			if len(both.Errors["delete_volumes"]) != 1 {
				t.Errorf("errors = %v, want one of delete_volumes", both.Errors)
			}
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Query: "?forget=true",
				Token: w.Mint(t, access.Write),
			})
			wanted := removed{
				Message: kind + " forgotten. What it has on its server is left there.", UUID: uuid,
				DeploymentUUID: got.DeploymentUUID,
			}
			if diff := cmp.Diff(got, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			record := w.Show(t, got.DeploymentUUID)
			if record["operation"] != "forget" || record["status"] != "finished" ||
				record["configuration_hash"] == nil || record["finished_at"] == nil {
				t.Errorf("record = %v", record)
			}
			resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
				Operation: "get" + kind, PathUUID: uuid,
			})
			w.WantDiscarded(t, uuid)
			resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "deleteServer", PathUUID: server,
			})
		})
		t.Run(kind+" of which something runs is not forgotten", func(t *testing.T) {
			server := w.Server(t)
			uuid := make(t, server)
			resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
				Operation: "start" + kind, PathUUID: uuid,
			})
			resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid, Query: "?forget=true",
			})
			w.Finish(t, w.Begin(t, server))
			if record := w.Get(t, "get"+kind, uuid); record["deployments_count"] != 1.0 {
				t.Errorf("it has %v deployments, want only the start", record["deployments_count"])
			}
		})
		t.Run(kind+" whose first deployment is queued: the delete supersedes it", func(t *testing.T) {
			uuid := make(t, w.Server(t))
			waiting := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
				Operation: "start" + kind, PathUUID: uuid,
			}).DeploymentUUID
			got := resttest.Want[removed](t, w, http.StatusOK, resttest.Request{
				Operation: "delete" + kind, PathUUID: uuid,
			})
			if record := w.Show(t, waiting); got.Superseded != waiting ||
				record["superseded_by"] != got.DeploymentUUID {
				t.Errorf("answer = %+v, record = %v", got, record)
			}
		})
	}
	t.Run("one whose server shows no pinned key is refused, and stays", func(t *testing.T) {
		uuid := w.Application(t,
			w.UnpinnedServer(t))
		if err := w.Memory.Catalog().Observe(t.Context(), catalog.ID(uuid), "running:healthy"); err != nil {
			t.Fatal(err)
		}
		resttest.Want[resttest.Problem](t, w, http.StatusConflict, resttest.Request{
			Operation: "deleteApplication", PathUUID: uuid,
		})
		w.Get(t, "getApplication", uuid)
	})
}
