package rest_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/memory"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/deployapi"
	"waybill/internal/rest/inspectapi"
	"waybill/internal/rest/listapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
	"waybill/internal/rest/triggerapi"
	"waybill/internal/trigger"
)

// TestP14AParkedRecordOnTheWire: parked_at is in the record, and no wake-up is an attempt.
func TestP14AParkedRecordOnTheWire(t *testing.T) {
	record := resttest.FullRecord("svc")
	record.Status, record.Outcome = deployment.InProgress, deployment.Outcome{}
	record.FinishedAt = time.Time{}
	record.ParkedAt = record.StartedAt.Add(time.Minute)
	record.Lease.Attempt, record.Progress.Parkings = 9, 9
	w := resttest.New(t, resttest.WithRecord(record))
	got := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "getDeployment", PathUUID: string(record.ID), Token: w.Mint(t, access.Read),
	})
	want := record.ParkedAt.Format("2006-01-02T15:04:05.000000Z")
	if got["parked_at"] != want || got["attempt"] != 1.0 || got["status"] != "in_progress" {
		t.Errorf("parked_at %v, attempt %v, %v; want %s, the first, in_progress", got["parked_at"],
			got["attempt"], got["status"], want)
	}
}

// TestARecordOnTheWire is every field and its exact form.
func TestARecordOnTheWire(t *testing.T) {
	shared := func(resource, kind string) resttest.Object {
		return resttest.Object{
			"id": 1.0, "deployment_uuid": resource + "00000000001zzzzz", "status": "failed",
			"operation":     "restart",
			"resource_uuid": resource, "resource_type": kind, "resource_name": "shop", "server_uuid": "srv1",
			"server_name":        "web",
			"pull_latest_images": true, "stop_before_start": true, "force": true, "rollback": true,
			"delete_volumes": true, "is_api": true,
			"trigger": map[string]any{"kind": "api", "name": "ci", "token_id": "42",
				"chain": 0.0, "caused_by": nil},
			"configuration_hash": "abc", "image_digest": nil, "docker_registry_image_tag": "1.4",
			"deployment_url":     "/api/v1/deployments/" + resource + "00000000001zzzzz",
			"current_process_id": "12 boot",
			"exit_code":          3.0, "signal": "SIGKILL", "reason": "signal", "attempt": 2.0,
			"reason_text": nil, "waiting_for": []any{}, "window_override": nil,
			"after": []any{
				map[string]any{"resource_uuid": "dbs1", "deployment_uuid": "dbs1one", "status": "finished"},
				map[string]any{"resource_uuid": "svc1", "deployment_uuid": nil, "status": "finished"},
			},
			"steps": []any{
				map[string]any{
					"name": "Start", "started_at": "2026-08-22T10:00:03.000000Z",
					"finished_at": "2026-08-22T10:00:04.000000Z", "exit_code": 3.0,
					"first_order": 2.0,
				},
				map[string]any{
					"name": "Health", "started_at": "2026-08-22T10:00:04.000000Z", "finished_at": nil,
					"exit_code": nil, "first_order": nil,
				},
			},
			"log": map[string]any{
				"entries": 9.0, "bytes": 10.0, "chunks": 1.0, "output_bytes": 15.0, "digest": "def",
				"original_digest": "abd", "complete": true,
			},
			"created_at": "2026-08-22T10:00:00.000000Z", "queued_at": "2026-08-22T10:00:01.000000Z",
			"started_at":          "2026-08-22T10:00:03.000000Z",
			"cancel_requested_at": "2026-08-22T10:00:02.000000Z", "cancel_requested_by": "ops",
			"superseded_by": nil, "application_name": "shop",
			"scrubbed_at": "2026-08-22T10:00:06.000000Z", "scrubbed_by": "the root",
			"scrubbed_entries": 4.0,
			"hold":             nil, "expires_at": nil,
			"finished_at": "2026-08-22T10:00:04.000000Z", "updated_at": "2026-08-22T10:00:05.000000Z",
			"parked_at": nil,
		}
	}
	for prefix, own := range map[string]resttest.Object{
		"app": {
			"application_id":  "app" + strings.Repeat("0", 21),
			"pull_request_id": 0.0,
			"force_rebuild":   true, "commit": "c0ffee0c0ffee0c0ffee0c0ffee0c0ffee0c0ffee",
			"commit_message": "Greet everybody", "is_webhook": false,
			"restart_only": true, "only_this_server": false, "git_type": nil},
		"svc": {"service_id": "svc" + strings.Repeat("0", 21), "service_name": "shop"},
		// What kind of database it was is not known once it is deleted.
		"dbs": {"database_id": "dbs" + strings.Repeat("0", 21), "database_name": "shop"},
	} {
		t.Run(prefix, func(t *testing.T) {
			record := resttest.FullRecord(prefix)
			w := resttest.New(t, resttest.WithRecord(record))
			wanted := shared(string(record.ID.Resource()), string(record.ID.Kind()))
			for key, value := range own {
				wanted[key] = value
			}
			got := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
				Operation: "getDeployment", PathUUID: string(record.ID), Token: w.Mint(t, access.Read),
			})
			if diff := cmp.Diff(got, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
		})
	}
}

// brokenStore is a catalog that does not answer.
type brokenStore struct{ catalog.Store }

func (brokenStore) Get(context.Context, catalog.ID) (catalog.Entity, error) {
	return nil, resttest.ErrAway
}

func (brokenStore) Head(context.Context, catalog.ID) (catalog.Entity, error) {
	return nil, resttest.ErrAway
}

func (brokenStore) Create(context.Context, catalog.Entity, audit.Entry) error {
	return resttest.ErrAway
}

func (brokenStore) Delete(context.Context, catalog.ID, audit.Entry) error { return resttest.ErrAway }

func (brokenStore) List(context.Context, catalog.Kind, catalog.Page) (catalog.Listing, error) {
	return catalog.Listing{}, resttest.ErrAway
}

func (brokenStore) Team(context.Context) (catalog.Team, error) {
	return catalog.Team{}, resttest.ErrAway
}

func (brokenStore) ServerAndTeam(
	context.Context, catalog.ID,
) (*catalog.Server, catalog.Team, error) {
	return nil, catalog.Team{}, resttest.ErrAway
}

// brokenAudit is an audit that does not answer.
type brokenAudit struct{ audit.Log }

func (brokenAudit) Read(context.Context, audit.Span, int) ([]audit.Entry, error) {
	return nil, resttest.ErrAway
}

// brokenLedger is one that is not there either.
type brokenLedger struct{ deployment.Ledger }

func (brokenLedger) Cancel(context.Context, deployment.ID, string, time.Time) (deployment.Record, error) {
	return deployment.Record{}, resttest.ErrAway
}

func (brokenLedger) Hold(context.Context, deployment.ID, deployment.Hold,
	audit.Entry) (deployment.Record, error) {
	return deployment.Record{}, resttest.ErrAway
}

func (brokenLedger) Release(context.Context, deployment.ID, audit.Entry) (deployment.Record, error) {
	return deployment.Record{}, resttest.ErrAway
}

type brokenHistory struct{ deployment.History }

func (brokenHistory) Get(context.Context, deployment.ID) (deployment.Record, error) {
	return deployment.Record{}, errors.New("nobody classified this")
}

func (brokenHistory) List(context.Context, catalog.ID, deployment.Page) (deployment.Listing, error) {
	return deployment.Listing{}, resttest.ErrAway
}

func (brokenHistory) Team(context.Context, deployment.Page) (deployment.Listing, error) {
	return deployment.Listing{}, resttest.ErrAway
}

// brokenFeed is a feed that cannot be read.
type brokenFeed struct{}

func (brokenFeed) Since(context.Context, time.Time, int) ([]deployment.Listed, error) {
	return nil, resttest.ErrAway
}

// brokenStorage is a storage whose sums cannot be read.
type brokenStorage struct{}

func (brokenStorage) Storage(context.Context) ([]deployment.Storage, error) {
	return nil, resttest.ErrAway
}

type brokenTriggers struct{}

func (brokenTriggers) Recent(context.Context, int) ([]trigger.Received, error) {
	return nil, resttest.ErrAway
}

// TestPortsThatDoNotAnswer holds that a failure below is a failure here, with
// its own status, and never an empty list or a 404.
func TestPortsThatDoNotAnswer(t *testing.T) {
	s := resttest.NewScene(t)
	successes := s.Successes(t)
	m := s.Memory
	opts := rest.Options{}
	build := func(handler http.Handler, err error) http.Handler {
		if err != nil {
			t.Fatal(err)
		}
		return handler
	}
	store := brokenStore{m.Catalog()}
	s.Handlers = map[string]http.Handler{
		"catalog": build(catalogapi.New(catalogapi.Ports{
			Tokens: m.Tokens(), Audit: brokenAudit{}, Keys: m.IdempotencyKeys(), Store: store,
			Vault: m.Vault(), KeyReader: s.Inspector, WebhookKeys: m.WebhookKeys(), Notify: s.NotifyPorts(),
			Inspector: s.Inspector, Ledger: m.Ledger(), Check: s.Check, Warn: s.Warn,
			Expand: s.Expand,
		}, opts)),
		"deploy": build(deployapi.New(deployapi.Ports{
			Tokens: m.Tokens(), Keys: m.IdempotencyKeys(), Store: store, Ledger: brokenLedger{m.Ledger()},
			History: m.History(), Snapshots: m.Snapshots(),
		}, opts)),
		"inspect": build(inspectapi.New(inspectapi.Ports{
			Tokens: m.Tokens(), Store: store, Vault: m.Vault(), Sessions: m.Sessions(),
		}, opts)),
		"list": build(listapi.New(listapi.Ports{
			Tokens: m.Tokens(), Store: store, History: brokenHistory{m.History()}, Storage: brokenStorage{},
			Feed: brokenFeed{}, Statistics: m.Statistics(), Triggers: brokenTriggers{},
		}, opts)),
		"show": build(showapi.New(showapi.Ports{
			Tokens: m.Tokens(), Store: store, History: brokenHistory{m.History()}, Archive: m.Archive(),
			Index: m.Index(),
		}, opts)),
	}
	s.Handlers["trigger"] = build(triggerapi.New(triggerapi.Ports{Store: store, Keys: m.WebhookKeys(),
		Queue: s.Events}, opts))
	for id, good := range successes {
		switch id {
		case "health", "getDocument", "getDocs", "version", "listTeams", "getTeam", "getToken",
			"listTokens", "createToken", "deleteToken", "unversionedHealth", "getCurrentTeam", "getTeamByID",
			"listMembers", "listCurrentMembers", "listMembersByID", "listDestinations":
			continue // these need no store
		}
		good.Operation = id
		answer := s.Ask(t, good.Request)
		wanted := http.StatusServiceUnavailable
		if s.Route(t, id).Function == "show" && !strings.HasPrefix(id, "latest") {
			wanted = http.StatusInternalServerError
		}
		if answer.Status != wanted {
			t.Errorf("%s answers %d %s, want %d", id, answer.Status, answer.Body, wanted)
		}
	}
}

// It also checks the form of every time.
func TestTimesComeFromTheClockInTheOptions(t *testing.T) {
	m := memory.New(memory.Options{})
	clock := time.Date(2026, 8, 22, 10, 0, 0, 123456789, time.FixedZone("CEST", 2*3600))
	handler, err := catalogapi.New(catalogapi.Ports{
		Tokens: m.Tokens(), Keys: m.IdempotencyKeys(), Store: m.Catalog(), Vault: m.Vault(),
		KeyReader: resttest.NewInspector(),
	},
		rest.Options{Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	terms := access.Terms{Name: "t", Abilities: []access.Ability{access.Write}}
	token, bearer, err := access.Mint(terms, clock,
		strings.NewReader(strings.Repeat("r", 1000)))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Tokens().Create(t.Context(), token, audit.Entry{}); err != nil {
		t.Fatal(err)
	}
	sent := httptest.NewRequestWithContext(t.Context(),
		"POST", "/api/v1/security/keys", strings.NewReader(`{"name":"a","private_key":"PRIVATE KEY"}`))
	sent.Header.Set("Authorization", "Bearer "+bearer)
	recorder := httptest.NewRecorder()
	handler.ServeHTTP(recorder, sent)
	got := resttest.Into[struct {
		CreatedAt string `json:"created_at"`
	}](t, resttest.Response{Status: recorder.Code, Header: recorder.Header(), Body: recorder.Body.Bytes()})
	if want := "2026-08-22T08:00:00.123456Z"; got.CreatedAt != want {
		t.Errorf("created_at = %q, want %q", got.CreatedAt, want)
	}
}
