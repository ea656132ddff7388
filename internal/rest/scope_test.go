package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
)

// TestP9ScopesAreChecked asks for every operation with a token that may do everything, but
// only elsewhere.
func TestP9ScopesAreChecked(t *testing.T) {
	s := resttest.NewScene(t)
	elsewhere := s.World.Server(t)
	for name, scope := range map[string]access.Scope{
		"another server":   {Servers: []catalog.ID{catalog.ID(elsewhere)}},
		"another tag":      {Tags: []string{"elsewhere"}},
		"another resource": {Resources: []catalog.ID{catalog.ID(s.World.Application(t, elsewhere))}},
	} {
		token := s.MintFor(t, scope, access.Root)
		for id, good := range s.Successes(t) {
			route := s.Route(t, id)
			if route.Ability == "" {
				continue
			}
			good.Operation, good.Token = id, token
			answer := s.Ask(t, good.Request)
			if want := outside(route, good.Status); answer.Status != want {
				t.Errorf("%s: %s = %d %s, want %d", name, id, answer.Status, answer.Body, want)
			}
			for _, uuid := range []string{
				s.Server, s.Application, s.Service, s.Database, s.Running, s.Waiting,
			} {
				if good.PathUUID != uuid && strings.Contains(string(answer.Body), uuid) {
					t.Errorf("%s: %s answers %s: %s", name, id, uuid, answer.Body)
				}
			}
			if answer.Status != http.StatusNotFound || good.PathUUID == "" {
				continue
			}
			unknown := good.Request
			unknown.Token = s.Root
			unknown.PathUUID = good.PathUUID[:3] + strings.Repeat("0", len(good.PathUUID)-3)
			if want := s.Ask(t, unknown).Problem(t); answer.Problem(t).Message != want.Message {
				t.Errorf("%s: %s = %s, want %q as for an unknown uuid", name, id, answer.Body, want.Message)
			}
		}
	}
}

// outside returns the status of a request about something that the token does not cover.
func outside(route openapi.Route, success int) int {
	switch route.Scope {
	case openapi.ScopeNone, openapi.ScopeList:
		return success
	case openapi.ScopeStack:
		return http.StatusForbidden
	case openapi.ScopeNamed:
		if strings.HasPrefix(route.ID, "create") { // the server is a field of the body
			return http.StatusUnprocessableEntity
		}
	}
	return http.StatusNotFound
}

// TestATokenCanDoEverythingInItsScope asks for every operation with a token for the servers
// of the scene: no check refuses what the scope covers.
func TestATokenCanDoEverythingInItsScope(t *testing.T) {
	s := resttest.NewScene(t)
	token := s.MintFor(t, s.Scope(), access.Root)
	for id, good := range s.Successes(t) {
		route := s.Route(t, id)
		if route.Ability == "" || route.Scope == openapi.ScopeStack {
			continue
		}
		if id == "createKeyApplication" { // keys are in no scope
			continue
		}
		good.Operation, good.Token = id, token
		want := good.Status
		// No limited token changes tags.
		if strings.Contains(route.Path, "{uuid}/tags") && route.Method != http.MethodGet {
			want = http.StatusForbidden
		}
		if id == "createKeyApplication" { // no limited token uses another deploy key
			want = http.StatusUnprocessableEntity
		}
		if answer := s.Ask(t, good.Request); answer.Status != want {
			t.Errorf("%s = %d %s, want %d", id, answer.Status, answer.Body, want)
		}
	}
}

// TestListsHaveWhatTheScopeCovers has two resources on one server, and a token for each.
func TestListsHaveWhatTheScopeCovers(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	mine, other := w.Application(t, server), w.Application(t, server)
	tag(t, w, other, "blue")
	started := map[string]string{mine: w.Start(t, mine), other: w.Start(t, other)}
	for name, c := range map[string]struct {
		scope access.Scope
		want  []string
	}{
		"one resource":   {access.Scope{Resources: []catalog.ID{catalog.ID(mine)}}, []string{mine}},
		"another server": {access.Scope{Servers: []catalog.ID{catalog.ID(w.Server(t))}}, nil},
		"the server":     {access.Scope{Servers: []catalog.ID{catalog.ID(server)}}, []string{mine, other}},
		"a tag":          {access.Scope{Tags: []string{"blue"}}, []string{other}},
	} {
		token := w.MintFor(t, c.scope, access.Read)
		for _, operation := range []string{"listResources", "listApplications", "listDeployments"} {
			body := string(w.Ask(t, resttest.Request{Operation: operation, Token: token}).Body)
			for _, uuid := range []string{mine, other} {
				shown := uuid
				if operation == "listDeployments" {
					shown = started[uuid]
				}
				want := slices.Contains(c.want, uuid)
				if got := strings.Contains(body, shown); got != want {
					t.Errorf("%s: %s shows %s: %v, want %v", name, operation, shown, got, want)
				}
			}
		}
	}
}

// TestATokenIsForItsServersOnly creates resources, and names a deploy key.
func TestATokenIsForItsServersOnly(t *testing.T) {
	w := resttest.New(t)
	server, other := w.Server(t), w.Server(t)
	resource := w.Application(t, server)
	forServer := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(server)}}, access.Write)
	forResource := w.MintFor(t, access.Scope{Resources: []catalog.ID{catalog.ID(resource)}}, access.Write)
	create := func(token, server string) int {
		return w.Ask(t, resttest.Request{Operation: "createShellApplication", Token: token,
			Body: resttest.Object{"name": "new", "server_uuid": server, "start": "true"}}).Status
	}
	const absent = "srv000000000000000000000"
	for name, c := range map[string]struct {
		token, server string
		want          int
	}{
		"on the server of the scope":             {forServer, server, http.StatusCreated},
		"on another server":                      {forServer, other, http.StatusUnprocessableEntity},
		"on the server of a resource":            {forResource, server, http.StatusUnprocessableEntity},
		"on a server that does not exist":        {forServer, absent, http.StatusUnprocessableEntity},
		"on a server with an id of another kind": {forServer, resource, http.StatusUnprocessableEntity},
	} {
		if got := create(c.token, c.server); got != c.want {
			t.Errorf("create %s = %d, want %d", name, got, c.want)
		}
	}
	body := resttest.Object{"name": "new", "server_uuid": server, "private_key_uuid": w.Key(t),
		"git_repository": "git@git.example:api.git"}
	for token, want := range map[string]int{
		forServer: http.StatusUnprocessableEntity, w.Mint(t, access.Write): http.StatusCreated,
	} {
		got := w.Ask(t, resttest.Request{Operation: "createComposeApplication", Token: token, Body: body})
		if got.Status != want {
			t.Errorf("create with a deploy key = %d %s, want %d", got.Status, got.Body, want)
		}
	}
}

// TestOutOfScopeIsNeverGone has a deployment that is so old that it may have expired.
func TestOutOfScopeIsNeverGone(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	resource := w.Service(t, server)
	old := string(newDeploymentID(t, catalog.ID(resource), time.Now().Add(-31*day)))
	token := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(w.Server(t))}}, access.Root)
	for _, operation := range []string{
		"getDeployment", "getServiceDeployment", "readLog", "cancelDeployment",
	} {
		resttest.Want[resttest.Problem](t, w, http.StatusNotFound,
			resttest.Request{Operation: operation, PathUUID: old, Token: token})
	}
}

func TestTheScopeOfANewToken(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	resource := w.Application(t, server)
	type object = resttest.Object
	const created, refused = http.StatusCreated, http.StatusUnprocessableEntity
	for name, c := range map[string]struct {
		scope any
		want  int
	}{
		"none":                  {nil, created},
		"a server":              {object{"servers": []string{server}}, created},
		"a resource":            {object{"resources": []string{resource}}, created},
		"nothing":               {object{}, refused},
		"empty lists":           {object{"servers": []string{}}, refused},
		"a server as resource":  {object{"resources": []string{server}}, refused},
		"a resource as server":  {object{"servers": []string{resource}}, refused},
		"one that is not there": {object{"servers": []string{"srv000000000000000000000"}}, refused},
		"a tag":                 {object{"tags": []string{" Blue"}}, created},
		"an empty tag":          {object{"tags": []string{" "}}, refused},
		"a key":                 {object{"resources": []string{w.Key(t)}}, refused},
	} {
		answer := w.Ask(t, resttest.Request{Operation: "createToken", Body: resttest.Object{
			"name": "ci", "abilities": []string{"read"}, "scope": c.scope}})
		if answer.Status != c.want {
			t.Errorf("%s: %d %s, want %d", name, answer.Status, answer.Body, c.want)
		}
		if shown := strings.Contains(string(answer.Body), `"scope":null`); c.want == http.StatusCreated &&
			shown != (c.scope == nil) {
			t.Errorf("%s: %s", name, answer.Body)
		}
	}
}

// tag gives an application its tags.
func tag(t *testing.T, w *resttest.World, application string, tags ...string) {
	t.Helper()
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateApplication", PathUUID: application, Body: resttest.Object{"tags": tags}})
}

// TestALimitedTokenChangesNoTags creates and changes with tags, and without.
func TestALimitedTokenChangesNoTags(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	application := w.Application(t, server)
	tag(t, w, application, "blue")
	token := w.MintFor(t, access.Scope{Servers: []catalog.ID{catalog.ID(server)}, Tags: []string{"blue"}},
		access.Write)
	type object = resttest.Object
	for name, c := range map[string]struct {
		body object
		want int
	}{
		"another tag":       {object{"tags": []string{"blue", "green"}}, http.StatusForbidden},
		"no tag":            {object{"tags": []string{}}, http.StatusForbidden},
		"the same tag":      {object{"tags": []string{"BLUE"}, "description": "new"}, http.StatusOK},
		"another field":     {object{"description": "newer"}, http.StatusOK},
		"a tag at creation": {nil, http.StatusForbidden},
	} {
		r := resttest.Request{Operation: "updateApplication", PathUUID: application, Token: token,
			Body: c.body}
		if c.body == nil {
			r = resttest.Request{Operation: "createShellApplication", Token: token, Body: object{
				"name": "new", "server_uuid": server, "start": "true", "tags": []string{"green"}}}
		}
		if got := w.Ask(t, r); got.Status != c.want {
			t.Errorf("%s: %d %s, want %d", name, got.Status, got.Body, c.want)
		}
	}
}
