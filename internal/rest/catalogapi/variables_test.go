package catalogapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/rest/resttest"
)

// variable is an answer of the routes of variables.
type variable struct {
	UUID        string
	Key         string
	Value       *string
	RealValue   *string `json:"real_value"`
	IsSecret    bool    `json:"is_secret"`
	IsShownOnce bool    `json:"is_shown_once"`
	IsPreview   bool    `json:"is_preview"`
	IsLiteral   bool    `json:"is_literal"`
	IsMultiline bool    `json:"is_multiline"`
	IsBuildtime bool    `json:"is_buildtime"`
	IsBuildTime bool    `json:"is_build_time"`
	IsRuntime   bool    `json:"is_runtime"`
	Comment     *string
	Warnings    []string
	Deployment  *string `json:"deployment_uuid"`
}

// text is the value, or "<hidden>".
func (v variable) text() string {
	if v.Value == nil {
		return "<hidden>"
	}
	return *v.Value
}

// variables is a world with a resource whose variables a test changes.
type variables struct {
	*resttest.World
	kind, uuid string
}

func (v variables) list(t *testing.T, token string) []variable {
	t.Helper()
	return resttest.Want[[]variable](t, v.World, http.StatusOK, resttest.Request{
		Operation: "list" + v.kind + "Variables", PathUUID: v.uuid, Token: token,
	})
}

// find returns the variable of the key, of pull requests if preview.
func (v variables) find(t *testing.T, key string, preview bool) variable {
	t.Helper()
	all := v.list(t, "")
	i := slices.IndexFunc(all, func(one variable) bool { return one.Key == key && one.IsPreview == preview })
	if i < 0 {
		t.Fatalf("there is no %s among %d variables", key, len(all))
	}
	return all[i]
}

func (v variables) request(what string, body any) resttest.Request {
	return resttest.Request{Operation: what[:6] + v.kind + what[6:], PathUUID: v.uuid, Body: body}
}

func (v variables) create(t *testing.T, body resttest.Object) variable {
	t.Helper()
	return resttest.Want[variable](t, v.World, http.StatusCreated, v.request("createVariable", body))
}

func (v variables) update(t *testing.T, body resttest.Object) variable {
	t.Helper()
	return resttest.Want[variable](t, v.World, http.StatusCreated, v.request("updateVariable", body))
}

func (v variables) setAll(t *testing.T, data ...resttest.Object) []variable {
	t.Helper()
	return resttest.Want[[]variable](t, v.World, http.StatusCreated,
		v.request("updateVariables", resttest.Object{"data": data}))
}

// refused wants 422 with one sentence about the field.
func (v variables) refused(t *testing.T, what string, body resttest.Object, field, says string) {
	t.Helper()
	v.Refused(t, v.request(what, nil).Operation, v.uuid, body, field, says)
}

// eachKind runs the test for a fresh resource of every kind.
func eachKind(t *testing.T, test func(t *testing.T, v variables)) {
	w := resttest.New(t)
	server := w.Server(t)
	for kind, make := range w.Makers() {
		t.Run(kind, func(t *testing.T) { test(t, variables{w, kind, make(t, server)}) })
	}
}

// application is the variables of an application.
func application(t *testing.T) variables {
	w := resttest.New(t)
	return variables{w, "Application", w.Application(t, w.Server(t))}
}

func TestVariablesAreThoseOfTheResource(t *testing.T) {
	eachKind(t, func(t *testing.T, v variables) {
		made := v.create(t, resttest.Object{"key": "TOKEN", "value": "a-new-secret"})
		if !made.IsSecret || made.Deployment == nil {
			t.Errorf("created %+v, want a secret and a record", made)
		}
		if got := v.Vault(t, v.uuid)["TOKEN"]; got != "a-new-secret" {
			t.Errorf("the vault has %q", got)
		}
		plain := v.create(t, resttest.Object{"key": "GREETING", "value": "hello", "is_secret": false})
		if plain.IsSecret || plain.text() != "hello" {
			t.Errorf("created %+v, want a plain one", plain)
		}
		page := v.Get(t, "get"+v.kind, v.uuid)
		environment, _ := page["environment"].([]any)
		want := []any{
			map[string]any{"key": "TOKEN", "value": nil, "is_secret": true},
			map[string]any{"key": "GREETING", "value": "hello", "is_secret": false},
		}
		if diff := cmp.Diff(environment[len(environment)-2:], want); diff != "" {
			t.Errorf("the page of the resource (-got +want)\n%s", diff)
		}
		if got := v.find(t, "TOKEN", false); got.UUID != made.UUID || got.text() != "a-new-secret" ||
			got.RealValue == nil {
			t.Errorf("listed %+v, want %s", got, made.UUID)
		}
		removed := resttest.Want[resttest.Object](t, v.World, http.StatusOK, resttest.Request{
			Operation: "delete" + v.kind + "Variable", PathUUID: v.uuid, OtherUUID: made.UUID,
		})
		if removed["message"] != "Environment variable deleted." || removed["deployment_uuid"] == nil {
			t.Errorf("removed: %v", removed)
		}
		secrets, err := v.Memory.Secrets(t.Context(), catalog.ID(v.uuid))
		if err != nil {
			t.Fatal(err)
		}
		former := catalog.RetiredSecret{Name: "TOKEN", Value: "a-new-secret"}
		if _, there := secrets.Values["TOKEN"]; there || len(secrets.Retired) != 1 ||
			secrets.Retired[0].Value != former.Value {
			t.Errorf("the vault has TOKEN: %v, and %d former secrets", there, len(secrets.Retired))
		}
		again := v.create(t, resttest.Object{"key": "TOKEN", "value": "a-new-secret"})
		if again.UUID != made.UUID {
			t.Errorf("added again, it is %s, want %s", again.UUID, made.UUID)
		}
	})
}

func TestVariablesAnswerAsUpstreamDoes(t *testing.T) {
	eachKind(t, func(t *testing.T, v variables) {
		v.create(t, resttest.Object{"key": "A", "value": "a-new-secret"})
		for _, c := range []struct {
			what, message string
			status        int
			request       resttest.Request
		}{
			{
				"one that exists", "Environment variable already exists. Use PATCH request to update it.",
				http.StatusConflict,
				v.request("createVariable", resttest.Object{"key": "A", "value": "a-new-secret"}),
			},
			{
				"one that does not", "Environment variable not found.", http.StatusNotFound,
				v.request("updateVariable", resttest.Object{"key": "B", "value": "x"}),
			},
			{
				"one of pull requests that does not", "Environment variable not found.", http.StatusNotFound,
				v.request("updateVariable", resttest.Object{"key": "A", "value": "x", "is_preview": true}),
			},
			{
				"no uuid of one", "Environment variable not found.", http.StatusNotFound,
				resttest.Request{
					Operation: "delete" + v.kind + "Variable", PathUUID: v.uuid, OtherUUID: "env",
				},
			},
		} {
			got := resttest.Want[resttest.Problem](t, v.World, c.status, c.request)
			if got.Message != c.message {
				t.Errorf("%s: %q, want %q", c.what, got.Message, c.message)
			}
		}
	})
}

// TestP9ValuesOfVariables: only read:sensitive sees a value, and nobody one that is shown
// once.
func TestP9ValuesOfVariables(t *testing.T) {
	v := application(t)
	v.create(t, resttest.Object{"key": "SECRET", "value": "a-new-secret"})
	v.create(t, resttest.Object{"key": "ONCE", "value": "another-secret", "is_shown_once": true})
	values := func(token string) map[string]string {
		all := map[string]string{}
		for _, one := range v.list(t, token) {
			all[one.Key] = one.text()
		}
		return all
	}
	hidden := map[string]string{
		"PLAIN": "<hidden>", "PASSWORD": "<hidden>", "SECRET": "<hidden>", "ONCE": "<hidden>",
	}
	if diff := cmp.Diff(values(v.Mint(t, access.Read, access.Write)), hidden); diff != "" {
		t.Errorf("without read:sensitive (-got +want)\n%s", diff)
	}
	shown := map[string]string{"PLAIN": "plain-value", "PASSWORD": resttest.SecretValue,
		"SECRET": "a-new-secret", "ONCE": "<hidden>"}
	if diff := cmp.Diff(values(v.Mint(t, access.Read, access.ReadSensitive)), shown); diff != "" {
		t.Errorf("with read:sensitive (-got +want)\n%s", diff)
	}
	t.Run("nor in the answer to a change", func(t *testing.T) {
		r := v.request("updateVariable", resttest.Object{"key": "SECRET", "value": "a-third-secret"})
		r.Token = v.Mint(t, access.Write)
		if got := resttest.Want[variable](t, v.World, http.StatusCreated, r); got.Value != nil {
			t.Errorf("a token without read:sensitive was shown %s", *got.Value)
		}
		if got := v.update(t, resttest.Object{"key": "ONCE", "value": "a-fourth"}); got.Value != nil {
			t.Errorf("root was shown %s", *got.Value)
		}
	})
	t.Run("a value that is shown once stays hidden", func(t *testing.T) {
		v.refused(t, "updateVariable", resttest.Object{"key": "ONCE", "is_shown_once": false},
			"value", "again")
		v.refused(t, "updateVariable", resttest.Object{"key": "ONCE", "is_secret": false, "value": "x"},
			"is_secret", "is_shown_once")
		keep := []resttest.Object{{"key": "ONCE", "is_secret": true}}
		v.Change(t, http.StatusOK, "updateApplication", v.uuid, resttest.Object{"environment": keep})
		if got := v.find(t, "ONCE", false); !got.IsShownOnce || got.Value != nil {
			t.Errorf("after a change of the whole environment: %+v", got)
		}
		v.refused(t, "updateVariable", resttest.Object{"key": "ONCE", "is_secret": false}, "is_secret",
			"is_shown_once")
	})
	t.Run("until it gets another value", func(t *testing.T) {
		got := v.update(t, resttest.Object{"key": "ONCE", "value": "a-fifth-secret", "is_shown_once": false})
		if got.IsShownOnce || got.text() != "a-fifth-secret" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestASecretVariableBecomesPlainOnlyWithItsValue(t *testing.T) {
	v := application(t)
	v.refused(t, "updateVariable", resttest.Object{"key": "PASSWORD", "is_secret": false}, "value", "again")
	got := v.update(t, resttest.Object{"key": "PASSWORD", "is_secret": false, "value": "hello"})
	if _, there := v.Vault(t, v.uuid)["PASSWORD"]; there || got.IsSecret {
		t.Errorf("it is secret: %v, in the vault: %v", got.IsSecret, there)
	}
	t.Run("and secret with or without it", func(t *testing.T) {
		v.update(t, resttest.Object{"key": "PLAIN", "is_secret": true})
		v.update(t, resttest.Object{"key": "PASSWORD", "value": "a-new-secret"})
		secrets := v.Vault(t, v.uuid)
		if secrets["PLAIN"] != "plain-value" || secrets["PASSWORD"] != "a-new-secret" {
			t.Errorf("the vault has %d secrets, PLAIN %q", len(secrets), secrets["PLAIN"])
		}
	})
}

func TestAWeakSecretOfAClient(t *testing.T) {
	v := application(t)
	t.Run("is refused if the client says that it is secret", func(t *testing.T) {
		v.refused(t, "createVariable", resttest.Object{"key": "PIN", "value": "123", "is_secret": true},
			"value", "fewer than 4 characters")
		v.refused(t, "updateVariables", resttest.Object{"data": []resttest.Object{
			{"key": "A", "value": "a-new-secret"}, {"key": "PIN", "value": "123", "is_secret": true},
		}}, "data.1.value", "fewer than 4 characters")
	})
	t.Run("is a warning if it says nothing", func(t *testing.T) {
		got := v.create(t, resttest.Object{"key": "PORT", "value": "80"})
		if !got.IsSecret || len(got.Warnings) != 1 ||
			!strings.HasPrefix(got.Warnings[0], "environment.PORT:") {
			t.Errorf("got %+v", got)
		}
	})
	t.Run("may be empty", func(t *testing.T) {
		v.update(t, resttest.Object{"key": "PASSWORD", "value": ""})
		if got := v.find(t, "PASSWORD", false); got.text() != "" || !got.IsSecret {
			t.Errorf("got %+v, and the former value %v", got, got.text() == resttest.SecretValue)
		}
	})
}

// TestVariablesOfPullRequestsAreOnlyStored: they change neither the configuration nor the
// variables of the same names.
func TestVariablesOfPullRequestsAreOnlyStored(t *testing.T) {
	eachKind(t, func(t *testing.T, v variables) {
		real := v.create(t, resttest.Object{"key": "TOKEN", "value": "the-real-one"})
		made := v.create(t, resttest.Object{"key": "TOKEN", "value": "for-pull-requests", "is_preview": true})
		if made.UUID == real.UUID || made.Deployment != nil || len(made.Warnings) != 1 ||
			!strings.Contains(made.Warnings[0], "is_preview") {
			t.Errorf("created %+v, want no record, and a warning", made)
		}
		if got := v.find(t, "TOKEN", false).text(); got != "the-real-one" {
			t.Errorf("the real one is %q", got)
		}
		if got := v.find(t, "TOKEN", true).text(); got != "for-pull-requests" {
			t.Errorf("the one of pull requests is %q", got)
		}
		v.Change(t, http.StatusOK, "update"+v.kind, v.uuid,
			resttest.Object{"environment": []resttest.Object{}})
		if all := v.list(t, ""); len(all) != 1 || all[0].text() != "for-pull-requests" {
			t.Errorf("after a change of the environment: %+v", all)
		}
		entity, err := v.Memory.Catalog().Get(t.Context(), catalog.ID(v.uuid))
		if err != nil {
			t.Fatal(err)
		}
		for name := range entity.(catalog.Deployable).Shared().SecretDigests {
			if strings.Contains(name, "TOKEN") {
				t.Errorf("the configuration has a digest of %s", name)
			}
		}
	})
}

func TestManyVariablesAtOnce(t *testing.T) {
	v := application(t)
	got := v.setAll(t,
		resttest.Object{"key": "PLAIN", "value": "a-new-secret"},
		resttest.Object{"key": "NEW", "value": "hello", "is_secret": false, "comment": "a note"},
		resttest.Object{"key": "PORT", "value": "80", "is_runtime": false})
	if len(got) != 3 || !got[0].IsSecret || got[1].text() != "hello" || *got[1].Comment != "a note" ||
		len(got[0].Warnings) != 0 || len(got[2].Warnings) != 2 {
		t.Errorf("got %+v", got)
	}
	if got[0].Deployment == nil || *got[0].Deployment != *got[2].Deployment {
		t.Error("they are not one change")
	}
	if left := v.find(t, "PASSWORD", false); left.text() != resttest.SecretValue {
		t.Errorf("one that was not named is %+v", left)
	}
	t.Run("all or none", func(t *testing.T) {
		v.refused(t, "updateVariables", resttest.Object{"data": []resttest.Object{
			{"key": "NEW", "value": "changed"}, {"key": "OTHER"},
		}}, "data.1.value", "must be given")
		if got := v.find(t, "NEW", false).text(); got != "hello" {
			t.Errorf("NEW is %q", got)
		}
	})
	t.Run("each once", func(t *testing.T) {
		v.refused(t, "updateVariables", resttest.Object{"data": []resttest.Object{
			{"key": "NEW", "value": "one"}, {"key": "NEW", "value": "other"},
		}}, "data.1.key", "twice")
	})
	t.Run("the same again is no change", func(t *testing.T) {
		again := v.setAll(t, resttest.Object{"key": "PLAIN", "value": "a-new-secret"})
		if again[0].Deployment != nil {
			t.Errorf("it was recorded: %+v", again[0])
		}
	})
}

// TestNotesOfVariables: clients read back what they sent, and a change of it is no change
// of the configuration.
func TestNotesOfVariables(t *testing.T) {
	v := application(t)
	sent := resttest.Object{"key": "A", "value": "a-new-secret", "is_literal": true, "is_multiline": true,
		"is_build_time": false, "is_runtime": true, "comment": "why"}
	want := variable{UUID: catalog.VariableUUID(catalog.ID(v.uuid), "A", false), Key: "A", IsSecret: true,
		IsLiteral: true, IsMultiline: true, IsRuntime: true, Comment: new("why"), Value: new("a-new-secret"),
		RealValue: new("a-new-secret")}
	v.create(t, sent)
	if diff := cmp.Diff(v.find(t, "A", false), want); diff != "" {
		t.Errorf("(-got +want)\n%s", diff)
	}
	v.update(t, resttest.Object{"key": "A", "value": "another-secret"})
	want.Value, want.RealValue = new("another-secret"), new("another-secret")
	if diff := cmp.Diff(v.find(t, "A", false), want); diff != "" {
		t.Errorf("after a change of the value (-got +want)\n%s", diff)
	}
	if got := v.update(t, resttest.Object{"key": "A", "is_literal": false, "comment": ""}); got.IsLiteral ||
		got.Comment != nil || got.Deployment != nil || got.text() != "another-secret" {
		t.Errorf("after a change of the notes: %+v", got)
	}
}

func TestSizesOfVariables(t *testing.T) {
	v := application(t)
	large := strings.Repeat("x", 64<<10)
	v.refused(t, "createVariable", resttest.Object{"key": "A", "value": large}, "value",
		"65536 bytes of secrets in all")
	v.refused(t, "createVariable", resttest.Object{"key": "A", "value": large, "is_secret": false}, "value",
		"65536 bytes in all")
	v.refused(t, "updateVariables", resttest.Object{"data": []resttest.Object{{"key": "A", "value": large}}},
		"data", "65536 bytes of secrets in all")
	v.refused(t, "createVariable", resttest.Object{"key": "1A", "value": "x"}, "key", "digit")
}
