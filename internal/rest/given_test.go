package rest_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

// given are the operations that a token with only deploy may use for what it was given.
var given = []string{"getDeployment", "getApplicationDeployment", "getResult", "readLog"}

// sees reports whether the token may see the deployment. It must see all or nothing of it.
func sees(t *testing.T, w *resttest.World, token, uuid string) bool {
	t.Helper()
	seen := 0
	for _, operation := range given {
		answer := w.Ask(t, resttest.Request{Operation: operation, PathUUID: uuid, Token: token})
		switch {
		case answer.Status == http.StatusOK, answer.Status == http.StatusSeeOther,
			answer.Status == http.StatusFailedDependency:
			seen++
		case answer.Status != http.StatusForbidden,
			answer.Problem(t).Message != "Missing required permissions: read":
			t.Errorf("%s: %d %s", operation, answer.Status, answer.Body)
		}
	}
	if seen != 0 && seen != len(given) {
		t.Errorf("the token may use %d of %d operations", seen, len(given))
	}
	return seen > 0
}

func TestP9ATokenSeesWhatItWasGiven(t *testing.T) {
	w := resttest.New(t)
	application := w.Application(t, w.Server(t))
	asks := func(operation, token string) string {
		return resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
			Operation: operation, PathUUID: application, Token: token,
		}).DeploymentUUID
	}
	maker, merged, replacing := w.Mint(t, access.Deploy), w.Mint(t, access.Deploy), w.Mint(t, access.Deploy)
	stranger, writer := w.Mint(t, access.Deploy), w.Mint(t, access.Write)
	first := asks("startApplication", maker)
	if second := asks("startApplication", merged); second != first {
		t.Fatal("the second request was not answered with the deployment of the first")
	}
	last := asks("stopApplication", replacing)
	for _, c := range []struct {
		name, token, uuid string
		want              bool
	}{
		{"what it started", maker, first, true},
		{"what it was answered with", merged, first, true},
		{"the successor of what it started", maker, last, true},
		{"the successor of what it was answered with", merged, last, true},
		{"what superseded another one", replacing, last, true},
		{"what its own request superseded", replacing, first, false},
		{"what others were given", stranger, last, false},
		{"what it was not given, with write", writer, first, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := sees(t, w, c.token, c.uuid); got != c.want {
				t.Errorf("it sees it: %v, want %v", got, c.want)
			}
		})
	}
}

// TestP9ATokenLearnsNothingOfTheRest compares the answers for a deployment that was not
// given to the token with those for ones that do not exist.
func TestP9ATokenLearnsNothingOfTheRest(t *testing.T) {
	s := resttest.NewScene(t)
	token := s.Mint(t, access.Deploy)
	own := resttest.Want[resttest.Queued](t, s.World, http.StatusOK, resttest.Request{
		Operation: "startService", PathUUID: s.World.Service(t, s.Server), Token: token,
	}).DeploymentUUID
	unknown := s.Running[:24] + strings.Repeat("z", 16)
	expired := s.Running[:24] + strings.Repeat("0", 16)
	for _, operation := range given {
		for _, uuid := range []string{unknown, expired, s.Waiting, s.Running, "nonsense", "app" + own[3:]} {
			answer := s.Ask(t, resttest.Request{Operation: operation, PathUUID: uuid, Token: token})
			if answer.Status != http.StatusForbidden ||
				answer.Problem(t).Message != "Missing required permissions: read" {
				t.Errorf("%s of %s: %d %s", operation, uuid, answer.Status, answer.Body)
			}
		}
	}
	for id, good := range s.Successes(t) {
		route := s.Route(t, id)
		if route.Ability != access.Read || slices.Contains(given, id) || route.GivenAbility != "" {
			continue
		}
		good.Operation, good.Token = id, token
		if strings.Contains(route.Path, "/deployments/") && !strings.Contains(route.Path, "/latest") {
			good.PathUUID = own
		}
		if answer := s.Ask(t, good.Request); answer.Status != http.StatusForbidden {
			t.Errorf("%s: %d %s", id, answer.Status, answer.Body)
		}
	}
}

// TestP9AGivenLogHasNoHiddenEntries also looks for the log that is part of a record.
func TestP9AGivenLogHasNoHiddenEntries(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	token, reader := w.Mint(t, access.Deploy, access.ReadSensitive), w.Mint(t, access.Read)
	uuid := resttest.Want[resttest.Queued](t, w, http.StatusOK, resttest.Request{
		Operation: "startApplication", PathUUID: w.Application(t, server), Token: token,
	}).DeploymentUUID
	w.WriteHidden(t, w.Begin(t, server), "shown one", "hidden one", "shown two")
	for query, want := range map[string][2]bool{
		"":               {true, false},
		"?format=ndjson": {true, false},
		"?format=text":   {false, false},
	} {
		for i, bearer := range []string{reader, token} {
			answer := w.Ask(t, resttest.Request{
				Operation: "readLog", PathUUID: uuid, Query: query, Token: bearer,
			})
			body := string(answer.Body)
			if !strings.Contains(body, "shown two") || strings.Contains(body, "hidden one") != want[i] {
				t.Errorf("token %d reads %s: %s", i, query, body)
			}
		}
	}
	shown := w.Ask(t, resttest.Request{Operation: "getDeployment", PathUUID: uuid, Token: token})
	var record map[string]json.RawMessage
	if err := json.Unmarshal(shown.Body, &record); err != nil || record["logs"] != nil {
		t.Errorf("the record has %s, %v", record["logs"], err)
	}
}
