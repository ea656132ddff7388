package rest_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

type shownResource struct {
	UUID             string
	Status           string
	DockerCompose    string `json:"docker_compose"`
	DockerComposeRaw string `json:"docker_compose_raw"`
	Start            *string
	Timeout          int
	Environment      []struct {
		Key      string
		Value    *string
		IsSecret bool `json:"is_secret"`
	}
}

func TestServices(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	packed := base64.StdEncoding.EncodeToString([]byte(exampleCompose))
	for name, body := range map[string]object{
		"plain":                    {"docker_compose": exampleCompose},
		"base64":                   {"docker_compose": packed},
		"base64 in lines":          {"docker_compose": packed[:20] + "\n" + packed[20:] + "\n"},
		"base64 without padding":   {"docker_compose": strings.TrimRight(packed, "=")},
		"under its old name":       {"docker_compose_raw": exampleCompose},
		"base64 and the old name":  {"docker_compose_raw": packed},
		"base64 for use in a path": {"docker_compose": base64.URLEncoding.EncodeToString([]byte(exampleCompose))},
	} {
		t.Run("a compose file may be given "+name, func(t *testing.T) {
			body["name"], body["server_uuid"] = "db", server
			got := want[shownResource](t, w, http.StatusOK, request{id: "getService", uuid: w.create(t, "createService", body)})
			if got.DockerCompose != exampleCompose || got.DockerComposeRaw != exampleCompose || got.Status != "exited" {
				t.Errorf("service = %+v", got)
			}
		})
	}
	t.Run("what the recipe refuses is refused, and nothing is left behind", func(t *testing.T) {
		before := w.count(t, catalog.KindService)
		w.check = func(_ context.Context, r catalog.Deployable, _ *catalog.Server) error {
			if r.Shared().Environment[0].Value != "" {
				t.Error("the recipe was shown a secret")
			}
			return fault.New(fault.Invalid, "Validation failed.").WithField("docker_compose", "line 3: no image")
		}
		defer func() { w.check = func(context.Context, catalog.Deployable, *catalog.Server) error { return nil } }()
		got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createService", body: object{
			"name": "db", "server_uuid": server, "docker_compose": exampleCompose,
			"environment": []object{{"key": "A", "value": secretValue, "is_secret": true}}}})
		if diff := cmp.Diff(got.Errors, map[string][]string{"docker_compose": {"line 3: no image"}}); diff != "" {
			t.Errorf("errors (-got +want)\n%s", diff)
		}
		if after := w.count(t, catalog.KindService); after != before {
			t.Errorf("%d services, were %d", after, before)
		}
	})
	for name, body := range map[string]object{
		"no compose file":  {},
		"both names":       {"docker_compose": "a: b", "docker_compose_raw": "a: b"},
		"an empty one":     {"docker_compose": ""},
		"white space only": {"docker_compose": " \n"},
		"one over 256 KiB": {"docker_compose": "a: " + strings.Repeat("#", 256<<10)},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			body["name"], body["server_uuid"] = "db", server
			want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createService", body: body})
		})
	}
}

func (w *world) count(t *testing.T, kind catalog.Kind) int {
	t.Helper()
	all, err := catalog.All(t.Context(), w.memory.Catalog(), kind)
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestSecretsOfResources(t *testing.T) {
	w := newWorld(t)
	application := w.application(t, w.server(t))

	t.Run("lie in the vault under their names, and nowhere else", func(t *testing.T) {
		got, err := w.memory.Vault().Get(t.Context(), catalog.ID(application))
		key := got[catalog.MarkKeySecret]
		if diff := cmp.Diff(got, map[string]string{"PASSWORD": secretValue, catalog.MarkKeySecret: key}); err != nil || len(key) != 64 || diff != "" {
			t.Errorf("%v (-got +want)\n%s", err, diff)
		}
		entity, err := w.memory.Catalog().Get(t.Context(), catalog.ID(application))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(entity.(*catalog.Application).Environment,
			[]catalog.Variable{{Name: "PLAIN", Value: "plain-value"}, {Name: "PASSWORD", Secret: true}}); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("are shown to nobody, and plain values with read:sensitive only", func(t *testing.T) {
		for _, c := range []struct {
			token     string
			sensitive bool
		}{{w.mint(t, access.Read), false}, {w.mint(t, access.Read, access.ReadSensitive), true}, {w.root, true}} {
			got := want[shownResource](t, w, http.StatusOK, request{id: "getApplication", uuid: application, token: c.token})
			if (got.Start != nil) != c.sensitive || (got.Environment[0].Value != nil) != c.sensitive || got.Environment[1].Value != nil {
				t.Errorf("sensitive %v: application = %+v", c.sensitive, got)
			}
		}
	})
	t.Run("go with the resource", func(t *testing.T) {
		want[object](t, w, http.StatusOK, request{id: "deleteApplication", uuid: application})
		if got, err := w.memory.Vault().Get(t.Context(), catalog.ID(application)); !errors.Is(err, fault.NotFound) {
			t.Errorf("the vault still has %d, %v", len(got), err)
		}
		want[problem](t, w, http.StatusNotFound, request{id: "deleteApplication", uuid: application})
	})
	t.Run("that are weak are refused by name, beside all else that is wrong", func(t *testing.T) {
		got := want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createShellApplication", body: object{
			"name": " ", "server_uuid": "srv" + strings.Repeat("0", 21), "start": "true",
			"environment": []object{{"key": "PIN", "value": "042", "is_secret": true}, {"key": "BLANK", "value": "  x  ", "is_secret": true}, {"key": "SHORT", "value": "1"}}}})
		if len(got.Errors) != 3 || got.Errors["name"] == nil || got.Errors["environment.PIN"] == nil || got.Errors["environment.BLANK"] == nil {
			t.Errorf("errors = %v", got.Errors)
		}
		if strings.Contains(strings.Join(got.Errors["environment.PIN"], " "), "042") {
			t.Error("the value is in the refusal")
		}
	})
}

// brittle is a vault and a store that fail when told to, and remember what the
// vault was asked.
type brittle struct {
	catalog.Store
	catalog.Vault
	createFails, deleteFails error
	// created says that a failing Create writes all the same, as a request
	// whose answer was lost does.
	created bool
	put     []catalog.ID
}

func (b *brittle) Create(ctx context.Context, entity catalog.Entity) error {
	if b.createFails == nil || b.created {
		if err := b.Store.Create(ctx, entity); err != nil {
			return err
		}
	}
	return b.createFails
}

func (b *brittle) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	return b.Store.Get(ctx, id)
}

func (b *brittle) Delete(ctx context.Context, id catalog.ID) error { return b.Store.Delete(ctx, id) }

// brittleVault gives brittle's other half its own method names.
type brittleVault struct{ *brittle }

func (v brittleVault) Put(ctx context.Context, id catalog.ID, secrets map[string]string) error {
	v.put = append(v.put, id)
	return v.Vault.Put(ctx, id, secrets)
}

func (v brittleVault) Get(ctx context.Context, id catalog.ID) (map[string]string, error) {
	return v.Vault.Get(ctx, id)
}

func (v brittleVault) Delete(ctx context.Context, id catalog.ID) error {
	if v.deleteFails != nil {
		return v.deleteFails
	}
	return v.Vault.Delete(ctx, id)
}

func TestNothingIsLeftOfWhatCouldNotBeKept(t *testing.T) {
	b := &brittle{}
	w := newWorld(t, func(c *rest.CatalogPorts, _ *rest.ShowPorts) {
		b.Store, b.Vault = c.Store, c.Vault
		c.Store, c.Vault = b, brittleVault{b}
	})
	server := w.server(t)
	body := object{"name": "a", "server_uuid": server, "start": "true",
		"environment": []object{{"key": "A", "value": secretValue, "is_secret": true}}}
	for name, created := range map[string]bool{"a store that fails": false, "a store whose answer is lost": true} {
		t.Run(name, func(t *testing.T) {
			b.createFails, b.created = errors.New("the table is away"), created
			defer func() { b.createFails = nil }()
			before := w.count(t, catalog.KindApplication)
			want[problem](t, w, http.StatusInternalServerError, request{id: "createShellApplication", body: body})
			if after := w.count(t, catalog.KindApplication); after != before {
				t.Errorf("%d applications, were %d", after, before)
			}
			if _, err := b.Vault.Get(t.Context(), b.put[len(b.put)-1]); !errors.Is(err, fault.NotFound) {
				t.Errorf("secrets are left behind: %v", err)
			}
		})
	}
	t.Run("a delete that died between entity and secrets is finished by its repetition", func(t *testing.T) {
		application := w.application(t, server)
		b.deleteFails = errors.New("the parameter store is away")
		want[problem](t, w, http.StatusInternalServerError, request{id: "deleteApplication", uuid: application})
		b.deleteFails = nil
		want[problem](t, w, http.StatusNotFound, request{id: "deleteApplication", uuid: application})
		if _, err := b.Vault.Get(t.Context(), catalog.ID(application)); !errors.Is(err, fault.NotFound) {
			t.Errorf("secrets are left behind: %v", err)
		}
	})
	t.Run("an unknown server is refused before a secret is written", func(t *testing.T) {
		writes := len(b.put)
		want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createShellApplication",
			body: object{"name": "a", "server_uuid": "srv" + strings.Repeat("0", 21), "start": "true"}})
		if len(b.put) != writes {
			t.Error("the vault was written")
		}
	})
}

func TestResourceStatus(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	application := w.application(t, server)
	status := func() string {
		return want[shownResource](t, w, http.StatusOK, request{id: "getApplication", uuid: application}).Status
	}
	got := []string{status()}
	w.start(t, application)
	got = append(got, status())
	record := w.begin(t, server)
	got = append(got, status())
	w.finish(t, record)
	got = append(got, status())
	if diff := cmp.Diff(got, []string{"exited", "starting:unhealthy", "starting:unhealthy", "running:healthy"}); diff != "" {
		t.Errorf("before, queued, running, ended (-got +want)\n%s", diff)
	}
}

func TestTokensAndKeys(t *testing.T) {
	w := newWorld(t)
	t.Run("a minted token works, and a revoked one is gone from the list", func(t *testing.T) {
		minted := want[struct{ UUID, Token string }](t, w, http.StatusCreated,
			request{id: "createToken", body: object{"name": "ci", "abilities": []string{"read"}}})
		want[[]object](t, w, http.StatusOK, request{id: "listServers", token: minted.Token})
		want[object](t, w, http.StatusOK, request{id: "deleteToken", uuid: minted.UUID})
		for _, token := range want[[]struct{ UUID string }](t, w, http.StatusOK, request{id: "listTokens"}) {
			if token.UUID == minted.UUID {
				t.Error("the token is still listed")
			}
		}
		want[problem](t, w, http.StatusNotFound, request{id: "deleteToken", uuid: minted.UUID})
	})
	for name, body := range map[string]object{
		"an ability that is none": {"name": "a", "abilities": []string{"admin"}},
		"no abilities":            {"name": "a", "abilities": []string{}},
		"a blank name":            {"name": "", "abilities": []string{"read"}},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			want[problem](t, w, http.StatusUnprocessableEntity, request{id: "createToken", body: body})
		})
	}
	t.Run("a text that is no private key is refused without being quoted", func(t *testing.T) {
		answer := w.ask(t, request{id: "createKey", body: object{"name": "a", "private_key": "my-other-secret"}})
		if answer.status != http.StatusUnprocessableEntity || strings.Contains(string(answer.body), "my-other-secret") {
			t.Errorf("answer = %d %s", answer.status, answer.body)
		}
	})
	t.Run("the version and health are bare texts", func(t *testing.T) {
		for id, text := range map[string]string{"version": rest.Version, "health": "OK"} {
			if answer := w.ask(t, request{id: id}); string(answer.body) != text || !strings.HasPrefix(answer.header.Get("Content-Type"), "text/plain") {
				t.Errorf("%s = %q %v", id, answer.body, answer.header)
			}
		}
	})
}

func TestACreationAndAChangeAnswerTheWarningsOfTheRecipe(t *testing.T) {
	w := newWorld(t)
	const warning = "docker_compose: line 3: services.web.image: the variable TAG has no value"
	w.warn = func(context.Context, catalog.Deployable) []string { return []string{warning} }
	made := want[object](t, w, http.StatusCreated, request{id: "createService",
		body: object{"name": "web", "server_uuid": w.server(t), "docker_compose": "services: {web: {image: a}}"}})
	changed := want[object](t, w, http.StatusOK, request{id: "updateService", uuid: made["uuid"].(string), body: object{"health_timeout": 60}})
	for _, got := range []object{made, changed} {
		if diff := cmp.Diff([]any{warning}, got["warnings"]); diff != "" {
			t.Errorf("warnings (-want +got)\n%s", diff)
		}
	}
}
