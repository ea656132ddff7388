package inspectapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/recipe"
	"waybill/internal/rest/resttest"
)

// lookedPlan is the part of an answer that depends on the server.
type lookedPlan struct {
	Images []struct {
		Image   string
		Present *bool
	}
	Look *struct {
		Message, Status *string
		Containers      []struct {
			Service, Effect string
			Name, State     *string
		}
	}
}

func TestPlanWithALook(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Create(t, "createService", resttest.Object{"name": "shop", "server_uuid": server,
		"docker_compose_raw": "services:\n  web: {image: 'web:${TAG}'}\n  db: {image: 'db:${PASSWORD}'}\n",
		"environment": []resttest.Object{{"key": "TAG", "value": "1"},
			{"key": "PASSWORD", "value": resttest.SecretValue, "is_secret": true}}})
	w.Run(t, "startService", uuid)
	id := "sha256:" + strings.Repeat("0", 64)
	var asked []string
	w.Survey = func(images []string) (inspect.Survey, error) {
		asked = images
		return inspect.Survey{Status: "running:" + resttest.SecretValue, Present: recipe.Present{
			Images: map[string]string{"web:1": id},
			Containers: []recipe.PresentContainer{
				{Service: "old", Name: "old-" + resttest.SecretValue, State: "exited", Image: id},
				{Service: "web", Name: "web-1", State: "running", Image: id},
			}}}, nil
	}
	before := stored(w)
	ask := resttest.Request{Operation: "planService", PathUUID: uuid, Query: "?look=true"}
	answer := w.Ask(t, ask)
	got := resttest.Into[lookedPlan](t, answer)
	if answer.Status != http.StatusOK || got.Look == nil || got.Look.Message != nil {
		t.Fatalf("%d %s", answer.Status, answer.Body)
	}
	effects := map[string]string{}
	for _, container := range got.Look.Containers {
		effects[container.Service] = container.Effect
	}
	if diff := cmp.Diff(effects, map[string]string{
		"old": "removed", "web": "kept", "db": "created"}); diff != "" {
		t.Errorf("effects (-got +want)\n%s", diff)
	}
	if !slices.Equal(asked, []string{"web:1"}) {
		t.Errorf("the server was asked for %q, want only names without secrets", asked)
	}
	for _, image := range got.Images {
		if known := image.Image == "web:1"; (image.Present != nil) != known || known && !*image.Present {
			t.Errorf("%s is present: %v", image.Image, image.Present)
		}
	}
	if strings.Contains(string(answer.Body), resttest.SecretValue) {
		t.Errorf("the answer has a secret that the server said: %s", answer.Body)
	}
	if w.Inspector.Opened != resttest.ExamplePEM {
		t.Error("the server was asked without its private key")
	}
	if diff := cmp.Diff(stored(w), before); diff != "" {
		t.Errorf("the look has changed something (-got +want):\n%s", diff)
	}
}

func TestPlanWithALookNeedsDeploy(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Application(t, w.Server(t))
	w.Survey = func([]string) (inspect.Survey, error) {
		t.Error("the server was asked")
		return inspect.Survey{}, nil
	}
	for _, abilities := range [][]access.Ability{{access.Read}, {access.Read, access.ReadSensitive}} {
		resttest.Want[resttest.Problem](t, w, http.StatusForbidden, resttest.Request{
			Operation: "planApplication", PathUUID: uuid, Query: "?look=true",
			Token: w.Mint(t, abilities...)})
	}
	w.Survey = func([]string) (inspect.Survey, error) { return inspect.Survey{Status: "exited"}, nil }
	resttest.Want[lookedPlan](t, w, http.StatusOK, resttest.Request{
		Operation: "planApplication", PathUUID: uuid, Query: "?look=true",
		Token: w.Mint(t, access.Read, access.Deploy)})
}

// TestPlanOfAServerThatDoesNotAnswer: the rest of the plan is known all the same.
func TestPlanOfAServerThatDoesNotAnswer(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	w.Survey = func([]string) (inspect.Survey, error) {
		return inspect.Survey{}, fault.New(fault.Unavailable, "Nothing listens on 127.0.0.1:22.")
	}
	wants := func(uuid, message string) {
		t.Helper()
		got := resttest.Want[lookedPlan](t, w, http.StatusOK, resttest.Request{
			Operation: "planService", PathUUID: uuid, Query: "?look=true"})
		if got.Look == nil || got.Look.Message == nil || *got.Look.Message != message ||
			got.Look.Containers != nil || len(got.Images) != 1 || got.Images[0].Present != nil {
			t.Errorf("%+v, want %q", got, message)
		}
	}
	wants(w.Service(t, server), "Nothing listens on 127.0.0.1:22.")
	wants(w.Service(t, w.UnpinnedServer(t)),
		"The host key of server bare is not pinned. Validate the server first.")
}

func TestPlanWithALookTakesAPlaceOfTheServer(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Service(t, server)
	for _, holder := range []string{"a", "b", "c"} {
		if err := w.Memory.Sessions().Take(t.Context(), catalog.ID(server), holder, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	ask := resttest.Request{Operation: "planService", PathUUID: uuid, Query: "?look=true"}
	resttest.Want[resttest.Problem](t, w, http.StatusTooManyRequests, ask)
	ask.Query = ""
	resttest.Want[lookedPlan](t, w, http.StatusOK, ask)
}
