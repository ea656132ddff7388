package rest_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/wire"
)

// unaudited are the operations with POST, PATCH or DELETE that leave no entry in the audit,
// with the reasons.
func unaudited() map[string]string {
	all := map[string]string{}
	for _, id := range []string{
		"startService", "stopService", "restartService",
		"startApplication", "stopApplication", "restartApplication",
		"startDatabase", "stopDatabase", "restartDatabase",
		"deploy", "scrub", "rollbackApplication", "rollbackDeployment",
	} {
		all[id] = "it is a deployment, and its record has the token"
	}
	for _, id := range []string{"validateService", "validateApplication", "validateDatabase"} {
		all[id] = "it looks at the server and changes nothing"
	}
	for _, id := range []string{"planService", "planApplication", "planDatabase"} {
		all[id] = "it shows what a start would do"
	}
	for _, id := range []string{"receiveGitHub", "receiveGitLab", "receiveGitea", "receiveBitbucket",
		"receiveGeneric"} {
		all[id] = "it becomes an event, which has results of its own"
	}
	all["testNotification"] = "it sends a message and changes nothing"
	all["cancelDeployment"] = "the record has who cancelled it"
	return all
}

// changes has a request of every operation that changes something. Some have another one than
// in resttest, because that one changes nothing or only queues a deployment.
func changes(t *testing.T) (*resttest.World, map[string]resttest.Request) {
	t.Helper()
	s := resttest.NewScene(t)
	all := map[string]resttest.Request{}
	for id, good := range s.Successes(t) {
		good.Operation = id
		all[id] = good.Request
	}
	for _, kind := range []string{"Service", "Application", "Database"} {
		id := "update" + kind + "Variables"
		r := all[id]
		r.Body = resttest.Object{"data": []resttest.Object{
			{"key": "SHOWN", "value": resttest.ShownSecret + "-2"}, {"key": "MORE", "value": "7"}}}
		all[id] = r
	}
	all["deleteService"] = resttest.Request{Operation: "deleteService",
		PathUUID: s.World.Service(t, s.Server)}
	all["validateServer"] = resttest.Request{Operation: "validateServer", PathUUID: s.UnpinnedServer(t),
		Body: resttest.Object{"pin": true}}
	hold := all["holdDeployment"]
	hold.PathUUID = s.Waiting
	if answer := s.Ask(t, hold); answer.Status != http.StatusOK {
		t.Fatalf("hold answers %d %s", answer.Status, answer.Body)
	}
	registry := all["updateRegistry"]
	registry.Body = resttest.Object{"url": "quay.io", "password": resttest.RegistryPassword + "-2"}
	all["updateRegistry"] = registry
	for id := range all {
		if s.Route(t, id).Method == http.MethodGet {
			delete(all, id)
		}
	}
	return s.World, all
}

// entries are all entries until the time, the newest first.
func entries(t *testing.T, w *resttest.World, until time.Time) []audit.Entry {
	t.Helper()
	query := audit.Query{Since: until.AddDate(0, -3, 0), Until: until, Limit: 1000}
	page, err := audit.List(t.Context(), w.Memory.Audit(), query)
	if err != nil {
		t.Fatal(err)
	}
	if page.Next != "" {
		t.Fatal("there are more entries than the test reads")
	}
	return page.Entries
}

// TestEveryChangeIsAudited walks openapi.yaml. Each operation that changes something leaves
// exactly one entry, with the token that did it, also when the request comes twice with the
// same Idempotency-Key. No entry has a secret.
func TestEveryChangeIsAudited(t *testing.T) {
	w, requests := changes(t)
	exempt := unaudited()
	root, _, _ := strings.Cut(w.Root, "|")
	for _, route := range openapi.Routes() {
		r, listed := requests[route.ID]
		if !listed {
			if route.Method != http.MethodGet {
				t.Errorf("%s has no request here", route.ID)
			}
			continue
		}
		before := len(entries(t, w, time.Now()))
		sent := 1
		if route.TakesKey {
			r.Header = map[string]string{openapi.IdempotencyKey: "key of " + route.ID}
			sent = 2
		}
		for range sent {
			if answer := w.Ask(t, r); answer.Status >= 300 && route.ID != "createToken" {
				t.Errorf("%s answers %d %s", route.ID, answer.Status, answer.Body)
			}
		}
		all := entries(t, w, time.Now())
		added := all[:len(all)-before]
		want := 1
		if exempt[route.ID] != "" {
			want = 0
		}
		if len(added) != want {
			t.Errorf("%s leaves %d entries, want %d: %+v", route.ID, len(added), want, added)
			continue
		}
		for _, entry := range added {
			if entry.Actor != (audit.Actor{TokenID: root, Name: "tester"}) || entry.Target.ID == "" ||
				entry.Target.Kind == "" || entry.ExpiresAt.Sub(entry.At) != 180*24*time.Hour ||
				entry.Action == audit.Update && len(entry.Fields) == 0 {
				t.Errorf("%s leaves %+v", route.ID, entry)
			}
		}
		delete(exempt, route.ID)
	}
	for id := range exempt {
		t.Errorf("%s is exempt and no operation that changes something", id)
	}
	noSecrets(t, w)
}

// noSecrets checks the stored entries and the answers of GET /audit.
func noSecrets(t *testing.T, w *resttest.World) {
	t.Helper()
	stored, err := json.Marshal(entries(t, w, time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	answer := w.Ask(t, resttest.Request{Operation: "listAudit", Query: "?take=100"})
	if answer.Status != http.StatusOK || len(answer.Body) < 1000 {
		t.Fatalf("listAudit answers %d %s", answer.Status, answer.Body)
	}
	_, secret, _ := strings.Cut(w.Root, "|")
	key := strings.Split(resttest.ExamplePEM, "\n")[1]
	for _, secret := range []string{
		secret, key, resttest.SecretValue, resttest.ShownSecret, resttest.LockedValue,
		resttest.DatabasePassword, resttest.GitPassword, resttest.RegistryPassword,
		resttest.NotificationTarget, resttest.SigningSecret,
	} {
		for where, text := range map[string][]byte{"the table": stored, "the answer": answer.Body} {
			if strings.Contains(string(text), secret) {
				t.Errorf("%s has the secret %q", where, secret)
			}
		}
	}
}

// TestARefusedChangeIsNotAudited sends each change of TestEveryChangeIsAudited without the
// right to make it, with an unknown uuid and with a bad body.
func TestARefusedChangeIsNotAudited(t *testing.T) {
	w, requests := changes(t)
	reader := w.Mint(t, "read")
	before := len(entries(t, w, time.Now()))
	for _, id := range slices.Sorted(maps.Keys(requests)) {
		good := requests[id]
		denied, unknown, bad := good, good, good
		denied.Token = reader
		bad.Body = "{"
		refused := []resttest.Request{bad}
		if route := w.Route(t, id); route.Ability != access.Read && !route.Raw {
			refused = append(refused, denied)
		}
		if good.PathUUID != "" {
			unknown.PathUUID = strings.Repeat("z", 24)
			refused = append(refused, unknown)
		}
		for _, r := range refused {
			if r.Body == "{" && !w.Route(t, id).TakesBody {
				continue
			}
			if answer := w.Ask(t, r); answer.Status < 400 {
				t.Errorf("%s answers %d %s", id, answer.Status, answer.Body)
			}
		}
	}
	if added := len(entries(t, w, time.Now())) - before; added != 0 {
		t.Errorf("refused requests leave %d entries", added)
	}
}

// TestAChangeOfNothingIsNotAudited repeats each change with PATCH, without a key.
func TestAChangeOfNothingIsNotAudited(t *testing.T) {
	w, requests := changes(t)
	for _, id := range slices.Sorted(maps.Keys(requests)) {
		if w.Route(t, id).Method != http.MethodPatch {
			continue
		}
		w.Ask(t, requests[id])
		before := len(entries(t, w, time.Now()))
		if answer := w.Ask(t, requests[id]); answer.Status >= 300 {
			t.Errorf("%s answers %d %s", id, answer.Status, answer.Body)
		}
		if added := len(entries(t, w, time.Now())) - before; added != 0 {
			t.Errorf("%s changes nothing and leaves %d entries", id, added)
		}
	}
}

// TestTheAuditNamesWhatChanged has the entry of one change after the other.
func TestTheAuditNamesWhatChanged(t *testing.T) {
	s := resttest.NewScene(t)
	registry := s.Registry(t, s.Server)
	database := s.World.Database(t, s.Server)
	for _, c := range []struct {
		name   string
		r      resttest.Request
		action audit.Action
		kind   catalog.Kind
		fields []string
	}{
		{
			name: "a server",
			r: resttest.Request{Operation: "updateServer", PathUUID: s.Server,
				Body: resttest.Object{"concurrency": 7, "forbid_host_access": true}},
			action: audit.Update, kind: catalog.KindServer,
			fields: []string{"concurrency", "forbid_host_access"},
		},
		{
			name: "a key",
			r: resttest.Request{Operation: "updateKey", PathUUID: s.Key,
				Body: resttest.Object{"description": "new"}},
			action: audit.Update, kind: catalog.KindPrivateKey, fields: []string{"description"},
		},
		{
			name: "the password of a registry",
			r: resttest.Request{Operation: "updateRegistry", PathUUID: registry,
				Body: resttest.Object{"password": "another-password-of-it"}},
			action: audit.Update, kind: catalog.KindRegistry, fields: []string{"password"},
		},
		{
			name: "variables and tags",
			r: resttest.Request{Operation: "updateService", PathUUID: s.Service, Body: resttest.Object{
				"tags": []string{"blue"}, "description": "new",
				"environment": []resttest.Object{
					{"key": "PORT", "value": "8080"},
					{"key": "TOKEN", "value": resttest.SecretValue, "is_secret": true},
				},
			}},
			action: audit.Update, kind: catalog.KindService,
			fields: []string{"description", "environment.PORT", "environment.TOKEN", "tags"},
		},
		{
			name: "the value of a secret variable",
			r: resttest.Request{Operation: "updateServiceVariable", PathUUID: s.Service,
				Body: resttest.Object{"key": "TOKEN", "value": "another-secret-value"}},
			action: audit.Update, kind: catalog.KindService, fields: []string{"environment.TOKEN"},
		},
		{
			name: "the password of a database",
			r: resttest.Request{Operation: "updateDatabase", PathUUID: database,
				Body: resttest.Object{"postgres_password": "another-database-password"}},
			action: audit.Update, kind: catalog.KindDatabase, fields: []string{"postgres_password"},
		},
		{
			name:   "a deletion",
			r:      resttest.Request{Operation: "deleteDatabase", PathUUID: database},
			action: audit.Delete, kind: catalog.KindDatabase,
		},
		{
			name: "what a server is left with",
			r: resttest.Request{Operation: "deleteApplication", PathUUID: s.World.Application(t, s.Server),
				Query: "?forget=true"},
			action: audit.Forget, kind: catalog.KindApplication,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			if answer := s.Ask(t, c.r); answer.Status >= 300 {
				t.Fatalf("it answers %d %s", answer.Status, answer.Body)
			}
			got := entries(t, s.World, time.Now())[0]
			if got.Action != c.action || got.Target.Kind != string(c.kind) ||
				got.Target.ID != c.r.PathUUID || got.Target.Name == "" ||
				!slices.Equal(got.Fields, c.fields) {
				t.Errorf("the entry is %+v, want %s of a %s with %q", got, c.action, c.kind, c.fields)
			}
		})
	}
}

// TestTheAuditIsListed reads it as a client does: in pages, and by its filters.
func TestTheAuditIsListed(t *testing.T) {
	s := resttest.NewScene(t)
	other := s.Mint(t, "write", "root")
	otherID, _, _ := strings.Cut(other, "|")
	server := s.Ask(t, resttest.Request{Operation: "updateServer", PathUUID: s.Server, Token: other,
		Body: resttest.Object{"concurrency": 7}})
	if server.Status != http.StatusCreated {
		t.Fatalf("the change is answered %d %s", server.Status, server.Body)
	}
	read := func(query string) (found []wire.AuditEntry, next *string) {
		t.Helper()
		page := resttest.Want[wire.AuditPage](t, s.World, http.StatusOK,
			resttest.Request{Operation: "listAudit", Query: query})
		return page.Entries, page.Next
	}
	all, _ := read("?take=100")
	if len(all) < 10 || all[0].Token.ID.String() != otherID || all[0].Target.ID != s.Server ||
		*all[0].Target.Name != "web" || !slices.Equal(all[0].Fields, []string{"concurrency"}) {
		t.Fatalf("%d entries, and the newest is %+v; want the change of the server", len(all), all[0])
	}
	var paged []wire.AuditEntry
	for query := "?take=3"; ; {
		page, next := read(query)
		paged = append(paged, page...)
		if next == nil {
			break
		}
		query = "?take=3&cursor=" + *next
	}
	if diff := cmp.Diff(paged, all); diff != "" {
		t.Errorf("the pages (-got +want)\n%s", diff)
	}
	for query, want := range map[string]int{
		"?token=" + otherID:                  1,
		"?token=" + otherID + "&target=none": 0,
		"?target=" + s.Server:                2,
		"?since=" + all[0].At:                1,
		"?take=100&until=" + all[0].At:       len(all) - 1,
		"?since=2999-01-01T00:00:00Z":        0,
		"?until=2020-01-01T00:00:00Z":        0,
	} {
		if found, next := read(query); len(found) != want || next != nil {
			t.Errorf("%s has %d entries, want %d and no next", query, len(found), want)
		}
	}
	for _, query := range []string{"?cursor=x", "?take=0", "?token=ci", "?since=yesterday", "?limit=3"} {
		if answer := s.Ask(t, resttest.Request{Operation: "listAudit", Query: query}); answer.Status != 422 {
			t.Errorf("%s answers %d %s, want 422", query, answer.Status, answer.Body)
		}
	}
}

// TestAnExpiredEntryIsNotListed has entries that DynamoDB has not removed yet.
func TestAnExpiredEntryIsNotListed(t *testing.T) {
	w := resttest.New(t)
	for _, age := range []time.Duration{179 * 24 * time.Hour, 181 * 24 * time.Hour} {
		entry, err := audit.New(audit.Entry{At: time.Now().Add(-age), Action: audit.Create,
			Target: audit.Target{Kind: audit.KindToken, ID: "7"}}, 180*24*time.Hour, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		token := access.Token{ID: fmt.Sprint(int(age.Hours()))}
		if err := w.Memory.Tokens().Create(t.Context(), token, entry); err != nil {
			t.Fatal(err)
		}
	}
	page := resttest.Want[wire.AuditPage](t, w, http.StatusOK,
		resttest.Request{Operation: "listAudit", Query: "?target=7&since=2020-01-01T00:00:00Z"})
	if len(page.Entries) != 1 {
		t.Errorf("%d entries are listed, want only the younger one", len(page.Entries))
	}
}
