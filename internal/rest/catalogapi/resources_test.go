package catalogapi_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/audit"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/rest/catalogapi"
	"waybill/internal/rest/resttest"
	"waybill/internal/rest/showapi"
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
	w := resttest.New(t)
	server := w.Server(t)
	packed := base64.StdEncoding.EncodeToString([]byte(resttest.ExampleCompose))
	for name, body := range map[string]resttest.Object{
		"plain":                   {"docker_compose": resttest.ExampleCompose},
		"base64":                  {"docker_compose": packed},
		"base64 in lines":         {"docker_compose": packed[:20] + "\n" + packed[20:] + "\n"},
		"base64 without padding":  {"docker_compose": strings.TrimRight(packed, "=")},
		"under its old name":      {"docker_compose_raw": resttest.ExampleCompose},
		"base64 and the old name": {"docker_compose_raw": packed},
		"base64 for use in a path": {
			"docker_compose": base64.URLEncoding.EncodeToString([]byte(resttest.ExampleCompose)),
		},
	} {
		t.Run("a compose file may be given "+name, func(t *testing.T) {
			body["name"], body["server_uuid"] = "db", server
			got := resttest.Want[shownResource](t, w, http.StatusOK, resttest.Request{
				Operation: "getService", PathUUID: w.Create(t, "createService", body),
			})
			if got.DockerCompose != resttest.ExampleCompose ||
				got.DockerComposeRaw != resttest.ExampleCompose || got.Status != "exited" {
				t.Errorf("service = %+v", got)
			}
		})
	}
	t.Run("what the recipe refuses is refused, and nothing is left behind", func(t *testing.T) {
		before := w.Count(t, catalog.KindService)
		w.Check = func(_ context.Context, r catalog.Deployable, _ *catalog.Server) error {
			if r.Shared().Environment[0].Value != "" {
				t.Error("the recipe was shown a secret")
			}
			return fault.New(fault.Invalid, "Validation failed.").WithField("docker_compose",
				"line 3: no image")
		}
		defer func() {
			w.Check = func(context.Context, catalog.Deployable,
				*catalog.Server) error {
				return nil
			}
		}()
		got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "createService", Body: resttest.Object{
				"name": "db", "server_uuid": server, "docker_compose": resttest.ExampleCompose,
				"environment": []resttest.Object{
					{"key": "A", "value": resttest.SecretValue, "is_secret": true},
				}}})
		if diff := cmp.Diff(got.Errors, map[string][]string{
			"docker_compose": {"line 3: no image"},
		}); diff != "" {
			t.Errorf("errors (-got +want)\n%s", diff)
		}
		if after := w.Count(t, catalog.KindService); after != before {
			t.Errorf("%d services, were %d", after, before)
		}
	})
	for name, body := range map[string]resttest.Object{
		"no compose file":  {},
		"both names":       {"docker_compose": "a: b", "docker_compose_raw": "a: b"},
		"an empty one":     {"docker_compose": ""},
		"white space only": {"docker_compose": " \n"},
		"one over 256 KiB": {"docker_compose": "a: " + strings.Repeat("#", 256<<10)},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			body["name"], body["server_uuid"] = "db", server
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "createService", Body: body,
			})
		})
	}
}

func TestSecretsOfResources(t *testing.T) {
	w := resttest.New(t)
	application := w.Application(t, w.Server(t))

	t.Run("lie in the vault under their names, and nowhere else", func(t *testing.T) {
		got, err := w.Memory.Secrets(t.Context(), catalog.ID(application))
		key := got.Values[catalog.DigestKeySecret]
		if diff := cmp.Diff(got.Values, map[string]string{
			"PASSWORD": resttest.SecretValue, catalog.DigestKeySecret: key,
		}); err != nil || len(key) != 64 || diff != "" {
			t.Errorf("%v (-got +want)\n%s", err, diff)
		}
		entity, err := w.Memory.Catalog().Get(t.Context(), catalog.ID(application))
		if err != nil {
			t.Fatal(err)
		}
		want := []catalog.Variable{{Name: "PLAIN", Value: "plain-value"}, {Name: "PASSWORD", Secret: true}}
		if diff := cmp.Diff(entity.(*catalog.Application).Environment, want); diff != "" {
			t.Errorf("(-got +want)\n%s", diff)
		}
	})
	t.Run("are shown to nobody, and plain values with read:sensitive only", func(t *testing.T) {
		for _, c := range []struct {
			token     string
			sensitive bool
		}{
			{w.Mint(t, access.Read), false},
			{w.Mint(t, access.Read, access.ReadSensitive), true},
			{w.Root, true},
		} {
			got := resttest.Want[shownResource](t, w, http.StatusOK, resttest.Request{
				Operation: "getApplication", PathUUID: application, Token: c.token,
			})
			if (got.Start != nil) != c.sensitive || (got.Environment[0].Value != nil) != c.sensitive ||
				got.Environment[1].Value != nil {
				t.Errorf("sensitive %v: application = %+v", c.sensitive, got)
			}
		}
	})
	t.Run("go with the resource", func(t *testing.T) {
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "deleteApplication", PathUUID: application,
		})
		w.WantDiscarded(t, application)
		resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
			Operation: "deleteApplication", PathUUID: application,
		})
	})
	t.Run("that are weak are refused by name, beside all else that is wrong", func(t *testing.T) {
		got := resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
			Operation: "createShellApplication", Body: resttest.Object{
				"name": " ", "server_uuid": "srv" + strings.Repeat("0", 21), "start": "true",
				"environment": []resttest.Object{
					{"key": "PIN", "value": "042", "is_secret": true},
					{"key": "BLANK", "value": "  x  ", "is_secret": true},
					{"key": "SHORT", "value": "1"},
				}}})
		if len(got.Errors) != 3 || got.Errors["name"] == nil || got.Errors["environment.PIN"] == nil ||
			got.Errors["environment.BLANK"] == nil {
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
	createFails error
	// created says that a failing Create writes all the same, as a request
	// whose answer was lost does.
	created bool
	put     []catalog.ID
}

func (b *brittle) Create(ctx context.Context, entity catalog.Entity, entry audit.Entry) error {
	if b.createFails == nil || b.created {
		if err := b.Store.Create(ctx, entity, entry); err != nil {
			return err
		}
	}
	return b.createFails
}

func (b *brittle) Get(ctx context.Context, id catalog.ID) (catalog.Entity, error) {
	return b.Store.Get(ctx, id)
}

func (b *brittle) Delete(ctx context.Context, id catalog.ID, entry audit.Entry) error {
	return b.Store.Delete(ctx, id, entry)
}

// brittleVault gives brittle's other half its own method names.
type brittleVault struct{ *brittle }

func (v brittleVault) Put(ctx context.Context, id catalog.ID, generation catalog.Generation,
	secrets catalog.Secrets) error {
	v.put = append(v.put, id)
	return v.Vault.Put(ctx, id, generation, secrets)
}

func (v brittleVault) Get(ctx context.Context, id catalog.ID,
	generation catalog.Generation) (catalog.Secrets, error) {
	return v.Vault.Get(ctx, id, generation)
}

func (v brittleVault) GetAll(ctx context.Context,
	sets map[catalog.ID]catalog.Generation) (map[catalog.ID]catalog.Secrets, error) {
	return v.Vault.GetAll(ctx, sets)
}

func (v brittleVault) Delete(ctx context.Context, id catalog.ID, generation catalog.Generation) error {
	return v.Vault.Delete(ctx, id, generation)
}

func TestAFailedCreationLeavesNothing(t *testing.T) {
	b := &brittle{}
	w := resttest.New(t, func(c *catalogapi.Ports, _ *showapi.Ports) {
		b.Store, b.Vault = c.Store, c.Vault
		c.Store, c.Vault = b, brittleVault{b}
	})
	server := w.Server(t)
	body := resttest.Object{"name": "a", "server_uuid": server, "start": "true",
		"environment": []resttest.Object{{"key": "A", "value": resttest.SecretValue, "is_secret": true}}}
	for name, created := range map[string]bool{
		"a store that fails": false, "a store whose answer is lost": true,
	} {
		t.Run(name, func(t *testing.T) {
			b.createFails, b.created = errors.New("the table is away"), created
			defer func() { b.createFails = nil }()
			before := w.Count(t, catalog.KindApplication)
			resttest.Want[resttest.Problem](t, w, http.StatusInternalServerError, resttest.Request{
				Operation: "createShellApplication", Body: body,
			})
			if after := w.Count(t, catalog.KindApplication); after != before {
				t.Errorf("%d applications, were %d", after, before)
			}
			w.WantDiscarded(t, string(b.put[len(b.put)-1]))
		})
	}
	t.Run("an unknown server is refused before a secret is written", func(t *testing.T) {
		writes := len(b.put)
		resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity,
			resttest.Request{Operation: "createShellApplication",
				Body: resttest.Object{
					"name": "a", "server_uuid": "srv" + strings.Repeat("0", 21), "start": "true",
				}})
		if len(b.put) != writes {
			t.Error("the vault was written")
		}
	})
}

func TestResourceStatus(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	status := func() string {
		return resttest.Want[shownResource](t, w, http.StatusOK, resttest.Request{
			Operation: "getApplication", PathUUID: application,
		}).Status
	}
	got := []string{status()}
	w.Start(t, application)
	got = append(got, status())
	record := w.Begin(t, server)
	got = append(got, status())
	w.Finish(t, record)
	got = append(got, status())
	if diff := cmp.Diff(got, []string{
		"exited", "starting:unhealthy", "starting:unhealthy", "running:healthy",
	}); diff != "" {
		t.Errorf("before, queued, running, ended (-got +want)\n%s", diff)
	}
}

func TestTokensAndKeys(t *testing.T) {
	w := resttest.New(t)
	t.Run("a minted token works, and a revoked one is gone from the list", func(t *testing.T) {
		minted := resttest.Want[struct {
			ID    int64
			Token string
		}](t, w, http.StatusCreated,
			resttest.Request{
				Operation: "createToken", Body: resttest.Object{"name": "ci", "abilities": []string{"read"}},
			})
		resttest.Want[[]resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "listServers", Token: minted.Token,
		})
		id := strconv.FormatInt(minted.ID, 10)
		resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
			Operation: "deleteToken", PathUUID: id,
		})
		for _, token := range resttest.Want[[]struct{ ID int64 }](t, w, http.StatusOK, resttest.Request{
			Operation: "listTokens",
		}) {
			if token.ID == minted.ID {
				t.Error("the token is still listed")
			}
		}
		resttest.Want[resttest.Problem](t, w, http.StatusNotFound, resttest.Request{
			Operation: "deleteToken", PathUUID: id,
		})
	})
	for name, body := range map[string]resttest.Object{
		"an ability that is none": {"name": "a", "abilities": []string{"admin"}},
		"no abilities":            {"name": "a", "abilities": []string{}},
		"a blank name":            {"name": "", "abilities": []string{"read"}},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			resttest.Want[resttest.Problem](t, w, http.StatusUnprocessableEntity, resttest.Request{
				Operation: "createToken", Body: body,
			})
		})
	}
	t.Run("a text that is no private key is refused without being quoted", func(t *testing.T) {
		answer := w.Ask(t, resttest.Request{
			Operation: "createKey", Body: resttest.Object{"name": "a", "private_key": "my-other-secret"},
		})
		if answer.Status != http.StatusUnprocessableEntity ||
			strings.Contains(string(answer.Body), "my-other-secret") {
			t.Errorf("answer = %d %s", answer.Status, answer.Body)
		}
	})
	t.Run("the version and health are bare texts", func(t *testing.T) {
		for id, text := range map[string]string{"version": rest.Version, "health": "OK"} {
			if answer := w.Ask(t, resttest.Request{Operation: id}); string(answer.Body) != text ||
				!strings.HasPrefix(answer.Header.Get("Content-Type"), "text/plain") {
				t.Errorf("%s = %q %v", id, answer.Body, answer.Header)
			}
		}
	})
}

func TestACreationAndAChangeAnswerTheWarningsOfTheRecipe(t *testing.T) {
	w := resttest.New(t)
	const warning = "docker_compose: line 3: services.web.image: the variable TAG has no value"
	w.Warn = func(context.Context, catalog.Deployable) []string { return []string{warning} }
	made := resttest.Want[resttest.Object](t, w, http.StatusCreated,
		resttest.Request{Operation: "createService",
			Body: resttest.Object{"name": "web", "server_uuid": w.Server(t),
				"docker_compose": "services: {web: {image: a}}"}})
	changed := resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateService", PathUUID: made["uuid"].(string),
		Body: resttest.Object{"health_timeout": 60},
	})
	for _, got := range []resttest.Object{made, changed} {
		if diff := cmp.Diff(got["warnings"], any([]any{warning})); diff != "" {
			t.Errorf("warnings (-got +want)\n%s", diff)
		}
	}
}
