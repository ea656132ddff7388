package rest_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
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
	w := newWorld(t)
	for kind, make := range map[string]func(*testing.T, string) string{"Service": w.service, "Application": w.application, "Database": w.database} {
		t.Run(kind, func(t *testing.T) {
			server := w.server(t)
			uuid := make(t, server)
			w.run(t, "start"+kind, uuid)
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid, query: "?delete_configurations=true&docker_cleanup=x"})
			if got.Message != kind+" deletion request queued." || got.UUID != uuid || got.Position == nil || *got.Position != 1 {
				t.Errorf("answer = %+v", got)
			}
			record := w.show(t, got.DeploymentUUID)
			if record["operation"] != "delete" || record["status"] != "queued" || record["delete_volumes"] != false {
				t.Errorf("record = %v", record)
			}
			if again := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid}); again.DeploymentUUID != got.DeploymentUUID {
				t.Errorf("again it is %s, was %s", again.DeploymentUUID, got.DeploymentUUID)
			}
			want[object](t, w, http.StatusOK, request{id: "get" + kind, uuid: uuid}) // until it is done
			refused := want[problem](t, w, http.StatusConflict, request{id: "start" + kind, uuid: uuid, query: "?force=true"})
			if !strings.Contains(refused.Message, got.DeploymentUUID) {
				t.Errorf("message = %q, want the queued delete", refused.Message)
			}
			other := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid, query: "?delete_volumes=true"})
			if other.Superseded != got.DeploymentUUID {
				t.Errorf("answer = %+v, want one in place of %s", other, got.DeploymentUUID)
			}
		})
		t.Run(kind+" with its volumes", func(t *testing.T) {
			uuid := make(t, w.server(t))
			w.run(t, "start"+kind, uuid)
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid, query: "?delete_volumes=true"})
			if record := w.show(t, got.DeploymentUUID); record["delete_volumes"] != true {
				t.Errorf("record = %v", record)
			}
		})
		t.Run(kind+" that never ran", func(t *testing.T) {
			uuid := make(t, w.server(t))
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid, token: w.mint(t, access.Write)})
			if diff := cmp.Diff(got, removed{Message: kind + " deleted.", UUID: uuid}); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			want[problem](t, w, http.StatusNotFound, request{id: "get" + kind, uuid: uuid})
			if _, err := w.memory.Vault().Get(t.Context(), catalog.ID(uuid)); !errors.Is(err, fault.NotFound) {
				t.Errorf("its secrets are still there: %v", err)
			}
		})
		t.Run(kind+" that runs right now, after that", func(t *testing.T) {
			server := w.server(t)
			uuid := make(t, server)
			want[queued](t, w, http.StatusOK, request{id: "start" + kind, uuid: uuid})
			running := w.begin(t, server)
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid})
			if _, err := w.memory.Ledger().Claim(t.Context(), catalog.ID(server), time.Now()); !errors.Is(err, fault.NotFound) {
				t.Errorf("it is claimed beside the one that runs: %v", err)
			}
			w.finish(t, running)
			if next := w.begin(t, server); string(next.ID) != got.DeploymentUUID || next.Operation != catalog.Delete {
				t.Errorf("then %s (%s) runs, want %s", next.ID, next.Operation, got.DeploymentUUID)
			}
		})
		t.Run(kind+" whose server is gone for good is forgotten", func(t *testing.T) {
			server := w.server(t)
			uuid := make(t, server)
			w.run(t, "start"+kind, uuid)
			w.run(t, "stop"+kind, uuid)
			both := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "delete" + kind, uuid: uuid, query: "?forget=true&delete_volumes=true"})
			if len(both.Errors["delete_volumes"]) != 1 {
				t.Errorf("errors = %v, want one of delete_volumes", both.Errors)
			}
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid, query: "?forget=true", token: w.mint(t, access.Write)})
			wanted := removed{Message: kind + " forgotten. What it has on its server is left there.", UUID: uuid, DeploymentUUID: got.DeploymentUUID}
			if diff := cmp.Diff(got, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			record := w.show(t, got.DeploymentUUID)
			if record["operation"] != "forget" || record["status"] != "finished" || record["configuration_hash"] == nil || record["finished_at"] == nil {
				t.Errorf("record = %v", record)
			}
			want[problem](t, w, http.StatusNotFound, request{id: "get" + kind, uuid: uuid})
			if _, err := w.memory.Vault().Get(t.Context(), catalog.ID(uuid)); !errors.Is(err, fault.NotFound) {
				t.Errorf("its secrets are still there: %v", err)
			}
			want[object](t, w, http.StatusOK, request{id: "deleteServer", uuid: server})
		})
		t.Run(kind+" of which something runs is not forgotten", func(t *testing.T) {
			server := w.server(t)
			uuid := make(t, server)
			want[queued](t, w, http.StatusOK, request{id: "start" + kind, uuid: uuid})
			want[problem](t, w, http.StatusConflict, request{id: "delete" + kind, uuid: uuid, query: "?forget=true"})
			w.finish(t, w.begin(t, server))
			if record := want[object](t, w, http.StatusOK, request{id: "get" + kind, uuid: uuid}); record["deployments_count"] != 1.0 {
				t.Errorf("it has %v deployments, want only the start", record["deployments_count"])
			}
		})
		t.Run(kind+" whose first deployment is queued: the delete supersedes it", func(t *testing.T) {
			uuid := make(t, w.server(t))
			waiting := want[queued](t, w, http.StatusOK, request{id: "start" + kind, uuid: uuid}).DeploymentUUID
			got := want[removed](t, w, http.StatusOK, request{id: "delete" + kind, uuid: uuid})
			if record := w.show(t, waiting); got.Superseded != waiting || record["superseded_by"] != got.DeploymentUUID {
				t.Errorf("answer = %+v, record = %v", got, record)
			}
		})
	}
	t.Run("one whose server shows no pinned key is refused, and stays", func(t *testing.T) {
		uuid := w.application(t, w.create(t, "createServer", object{"name": "bare", "ip": "10.0.0.9", "private_key_uuid": w.key(t)}))
		if err := w.memory.Catalog().Observe(t.Context(), catalog.ID(uuid), "running:healthy"); err != nil {
			t.Fatal(err)
		}
		want[problem](t, w, http.StatusConflict, request{id: "deleteApplication", uuid: uuid})
		want[object](t, w, http.StatusOK, request{id: "getApplication", uuid: uuid})
	})
}
