package catalogapi_test

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// webhookSecret is the answer that has a secret.
type webhookSecret struct {
	UUID   string `json:"resource_uuid"`
	Secret string
	URLs   map[string]string
}

func TestAWebhookSecretIsShownOnceAndReplaced(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, make := range w.Makers() {
		uuid, other := make(t, server), make(t, server)
		ask := func(uuid string) webhookSecret {
			t.Helper()
			return resttest.Want[webhookSecret](t, w, http.StatusCreated, resttest.Request{
				Operation: "create" + kind + "WebhookSecret", PathUUID: uuid,
				Header: map[string]string{"X-Waybill-Base": "https://api.example.com/live"}})
		}
		first, second, others := ask(uuid), ask(uuid), ask(other)
		if first.Secret == second.Secret || second.Secret == others.Secret {
			t.Errorf("%s: secrets are the same", kind)
		}
		for _, provider := range []string{"github", "gitlab", "gitea", "bitbucket", "generic"} {
			want := "https://api.example.com/live/api/v1/webhooks/" + provider + "/" + uuid
			if got := first.URLs[provider]; got != want {
				t.Errorf("the address for %s is %s, want %s", provider, got, want)
			}
		}
		if first.UUID != uuid || len(first.URLs) != 5 {
			t.Errorf("%s: %+v", kind, slices.Sorted(maps.Keys(first.URLs)))
		}
		// What was given out is what the stored key and the resource's generation make.
		key, err := w.Memory.WebhookKeys().Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		resource, err := catalog.FindHead[catalog.Deployable](t.Context(), w.Memory.Catalog(),
			catalog.ID(uuid))
		if err != nil {
			t.Fatal(err)
		}
		generation := resource.Shared().WebhookGeneration
		if got := key.Secret(catalog.ID(uuid), generation).Text(); got != second.Secret || generation != 2 {
			t.Errorf("%s: generation %d makes another secret than the last one", kind, generation)
		}
		body := string(w.Ask(t, resttest.Request{Operation: "get" + kind, PathUUID: uuid}).Body)
		if strings.Contains(body, "whsec_") {
			t.Errorf("%s shows the secret again: %s", kind, body)
		}
	}
}

func TestAWebhookSecretIsAudited(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Application(t, w.Server(t))
	made := resttest.Want[webhookSecret](t, w, http.StatusCreated,
		resttest.Request{Operation: "createApplicationWebhookSecret", PathUUID: uuid})
	if made.URLs["github"] != "/api/v1/webhooks/github/"+uuid {
		t.Errorf("without an address of the gateway: %s", made.URLs["github"])
	}
	listed := w.Ask(t, resttest.Request{Operation: "listAudit"})
	if body := string(listed.Body); !strings.Contains(body, `"webhook_secret"`) || strings.Contains(body,
		"whsec_") {
		t.Errorf("the audit is %s, want the field without its value", body)
	}
}

func TestAWebhookSecretNeedsWrite(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Application(t, w.Server(t))
	for ability, want := range map[access.Ability]int{access.Write: http.StatusCreated,
		access.Read: http.StatusForbidden, access.Deploy: http.StatusForbidden,
		access.ReadSensitive: http.StatusForbidden} {
		answer := w.Ask(t, resttest.Request{Operation: "createApplicationWebhookSecret", PathUUID: uuid,
			Token: w.Mint(t, ability)})
		if answer.Status != want {
			t.Errorf("with %s: %d %s, want %d", ability, answer.Status, answer.Body, want)
		}
	}
}

// TestAChangeKeepsTheWebhookSecret: an update of anything else makes no secret void.
func TestAChangeKeepsTheWebhookSecret(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Application(t, w.Server(t))
	w.Ask(t, resttest.Request{Operation: "createApplicationWebhookSecret", PathUUID: uuid})
	w.Change(t, http.StatusOK, "updateApplication", uuid, resttest.Object{"description": "changed"})
	resource, err := catalog.FindHead[catalog.Deployable](t.Context(), w.Memory.Catalog(), catalog.ID(uuid))
	if err != nil {
		t.Fatal(err)
	}
	if got := resource.Shared().WebhookGeneration; got != 1 {
		t.Errorf("the generation is %d after a change, want 1", got)
	}
}
