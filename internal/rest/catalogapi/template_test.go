package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/recipe"
	"waybill/internal/rest/resttest"
	"waybill/internal/template/templatetest"
)

const shop = `services:
  shop:
    image: shop:1
    environment:
      - SERVICE_URL_SHOP_3000
      - DB=postgres://${SERVICE_USER_DB}:${SERVICE_PASSWORD_DB}@db/shop
      - ZONE=${TZ:-UTC}
      - KEY=${API_KEY:?}
    volumes: [data:/data]
`

// templates is a world in which services go through the real recipes, with a server.
func templates(t *testing.T) (*resttest.World, string) {
	t.Helper()
	w := resttest.New(t)
	w.Expand, w.Check, w.Warn = recipe.Expand, recipe.Check, recipe.Warnings
	return w, w.Server(t)
}

// plainly returns the values of the service's plain variables, and "secret" for the others.
func plainly(t *testing.T, w *resttest.World, uuid string) map[string]string {
	t.Helper()
	entity, err := w.Memory.Catalog().Get(t.Context(), catalog.ID(uuid))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, v := range entity.(*catalog.Service).Environment {
		if values[v.Name] = v.Value; v.Secret {
			values[v.Name] = "secret"
		}
	}
	return values
}

func TestServiceFromATemplate(t *testing.T) {
	w, server := templates(t)
	created := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "createService",
		Body:      resttest.Object{"name": "shop", "server_uuid": server, "docker_compose": shop},
	})
	uuid := created["uuid"].(string)
	host := "shop-" + uuid + ".127.0.0.1.sslip.io"
	wanted := map[string]string{
		"SERVICE_URL_SHOP": "http://" + host, "SERVICE_FQDN_SHOP": host,
		"SERVICE_URL_SHOP_3000": "http://" + host + ":3000", "SERVICE_FQDN_SHOP_3000": host + ":3000",
		"SERVICE_PASSWORD_DB": "secret", "TZ": "UTC", "API_KEY": "",
	}
	first := plainly(t, w, uuid)
	password := w.Vault(t, uuid)["SERVICE_PASSWORD_DB"]
	wanted["SERVICE_USER_DB"] = first["SERVICE_USER_DB"]
	t.Run("gets the variables that its file needs", func(t *testing.T) {
		if diff := cmp.Diff(first, wanted); diff != "" {
			t.Errorf("(-got +want):\n%s", diff)
		}
		if len(first["SERVICE_USER_DB"]) != 16 || len(password) != 32 {
			t.Errorf("the user is %q, the password has %d characters", first["SERVICE_USER_DB"],
				len(password))
		}
	})
	t.Run("says what was applied, and keeps its file", func(t *testing.T) {
		use := created["template"].(map[string]any)
		if diff := cmp.Diff(use, map[string]any{
			"variables": []any{"SERVICE_URL_SHOP_3000", "SERVICE_USER_DB", "SERVICE_PASSWORD_DB"},
			"defaults":  []any{"TZ"}, "required": []any{"API_KEY"}, "volumes": []any{"data"},
			"files": []any{}, "directories": []any{}, "excluded": []any{}, "restarted": []any{"shop"},
		}); diff != "" {
			t.Errorf("template (-got +want):\n%s", diff)
		}
		if created["is_template"] != true || created["docker_compose_raw"] != shop {
			t.Errorf("is_template is %v, docker_compose_raw %q", created["is_template"],
				created["docker_compose_raw"])
		}
		said := created["warnings"].([]any)
		if len(said) != 1 || !strings.Contains(said[0].(string), "API_KEY") {
			t.Errorf("warnings: %v", said)
		}
	})
	unchanged := func(t *testing.T) {
		t.Helper()
		if diff := cmp.Diff(plainly(t, w, uuid), wanted); diff != "" {
			t.Errorf("variables (-got +want):\n%s", diff)
		}
		if w.Vault(t, uuid)["SERVICE_PASSWORD_DB"] != password {
			t.Error("the password is another one")
		}
	}
	t.Run("keeps them if something else changes", func(t *testing.T) {
		w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"description": "new"})
		unchanged(t)
		w.Change(t, http.StatusOK, "updateService", uuid,
			resttest.Object{"docker_compose": strings.Replace(shop, "shop:1", "shop:2", 1)})
		unchanged(t)
	})
	t.Run("keeps them if a list of variables leaves them out", func(t *testing.T) {
		changed := w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"environment": []any{
			resttest.Object{"key": "API_KEY", "value": "given"}}})
		wanted["API_KEY"] = "given"
		unchanged(t)
		said := changed["warnings"].([]any)
		if !strings.Contains(said[0].(string), "is not removed, because the compose file needs it") {
			t.Errorf("warnings: %v", said)
		}
	})
	t.Run("takes edited values", func(t *testing.T) {
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServiceVariable", PathUUID: uuid,
			Body: resttest.Object{"key": "SERVICE_URL_SHOP", "value": "https://shop.example",
				"is_secret": false},
		})
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServiceVariable", PathUUID: uuid,
			Body: resttest.Object{"key": "SERVICE_PASSWORD_DB", "value": "another-password-4711"},
		})
		wanted["SERVICE_URL_SHOP"], password = "https://shop.example", "another-password-4711"
		unchanged(t)
	})
	t.Run("stays plain once its file is plain", func(t *testing.T) {
		changed := w.Change(t, http.StatusOK, "updateService", uuid,
			resttest.Object{"docker_compose": "services: {web: {image: web}}"})
		if changed["is_template"] != false || changed["template"] != nil {
			t.Errorf("is_template is %v, template %v", changed["is_template"], changed["template"])
		}
	})
}

// TestPlainServiceStaysPlain changes a service that was stored before Waybill knew
// templates.
func TestPlainServiceStaysPlain(t *testing.T) {
	w, server := templates(t)
	w.Expand = func(catalog.TemplateInput) (*catalog.TemplateUse, error) { return nil, nil }
	uuid := w.Create(t, "createService", resttest.Object{"name": "old", "server_uuid": server,
		"docker_compose": "services: {web: {image: web, environment: [\"P=${SERVICE_PASSWORD_DB}\"]}}"})
	w.Expand = recipe.Expand
	changed := w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{"name": "older"})
	if changed["is_template"] != false || len(plainly(t, w, uuid)) != 0 {
		t.Errorf("it has become a template: %v", changed)
	}
	changed = w.Change(t, http.StatusOK, "updateService", uuid, resttest.Object{
		"docker_compose": "services: {web: {image: other, environment: [\"P=${SERVICE_PASSWORD_DB}\"]}}"})
	if changed["is_template"] != true || plainly(t, w, uuid)["SERVICE_PASSWORD_DB"] != "secret" {
		t.Errorf("it has not become a template: %v", changed)
	}
}

// TestP9GeneratedSecretsAreInNoAnswer registers every file of the corpus, and looks for the
// generated secrets in everything that a token without read:sensitive can read, in all
// answers but those of the variables, and in the operator's log.
func TestP9GeneratedSecretsAreInNoAnswer(t *testing.T) {
	w, server := templates(t)
	reader := w.Mint(t, access.Read, access.Write)
	for _, c := range templatetest.Corpus(t) {
		t.Run(c.Name, func(t *testing.T) {
			answers := []resttest.Response{w.Ask(t, resttest.Request{Operation: "createService",
				Body: resttest.Object{"name": c.Name, "server_uuid": server, "docker_compose": c.Text}})}
			uuid := resttest.Into[struct{ UUID string }](t, answers[0]).UUID
			ask := func(operation, token string, body any) {
				answers = append(answers, w.Ask(t, resttest.Request{
					Operation: operation, PathUUID: uuid, Token: token, Body: body,
				}))
			}
			ask("getService", reader, nil)
			ask("listServiceVariables", reader, nil)
			ask("getService", "", nil)
			ask("updateService", "", resttest.Object{"description": "x"})
			ask("updateService", reader, resttest.Object{"environment": []any{}})
			ask("updateService", "", resttest.Object{"docker_compose": "services: {web: {image: 1}}"})
			for name, secret := range w.Vault(t, uuid) {
				for _, answer := range answers {
					if strings.Contains(string(answer.Body), secret) {
						t.Errorf("%s is in the answer %d %s", name, answer.Status, answer.Body)
					}
				}
				if strings.Contains(w.Log.String(), secret) {
					t.Errorf("%s is in the log", name)
				}
			}
		})
	}
}

func TestATemplateWithoutMeaningIsRefused(t *testing.T) {
	w, server := templates(t)
	got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
		Operation: "createService", Body: resttest.Object{"name": "shop", "server_uuid": server,
			"docker_compose": "services:\n  web:\n    image: web\n    volumes:\n" +
				"      - {type: bind, source: ./a, target: /a, content: x, mode: u+x}\n"},
	})
	want := "line 5: services.web.volumes: mode: must be an octal number, such as 0644"
	if said := got.Errors["docker_compose"]; len(said) != 1 || said[0] != want {
		t.Errorf("%v, want %s", said, want)
	}
	if n := w.Count(t, catalog.KindService); n != 0 {
		t.Errorf("there are %d services", n)
	}
}
