package rest_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"waybill/internal/access"
	"waybill/internal/openapi"
	"waybill/internal/rest/resttest"
)

// TestEveryOperationAnswersAsDescribed walks openapi.yaml. Each answer is held
// against it in ask.
func TestEveryOperationAnswersAsDescribed(t *testing.T) {
	s := resttest.NewScene(t)
	successes := s.Successes(t)
	for _, route := range openapi.Routes() {
		good, listed := successes[route.ID]
		if !listed {
			t.Errorf("%s has no request here", route.ID)
			continue
		}
		good.Operation = route.ID
		t.Run(route.ID, func(t *testing.T) {
			if answer := s.Ask(t, good.Request); answer.Status != good.Status {
				t.Errorf("answer = %d %s, want %d", answer.Status, answer.Body, good.Status)
			}
			s.Errors(t, good.Request)
		})
		delete(successes, route.ID)
	}
	for id := range successes {
		t.Errorf("%s is no operation of openapi.yaml", id)
	}
}

// TestP9AbilitiesAreChecked asks for every operation with every ability alone:
// the one that openapi.yaml names and root pass, and no other.
func TestP9AbilitiesAreChecked(t *testing.T) {
	s := resttest.NewScene(t)
	tokens := map[access.Ability]string{}
	for _, ability := range access.Abilities() {
		tokens[ability] = s.Mint(t, ability)
	}
	passed := 0
	for _, route := range openapi.Routes() {
		for ability, token := range tokens {
			// A uuid that is not there tells a request that passed from one that
			// did not, and changes nothing.
			answer := s.Ask(t, resttest.Request{
				Operation: route.ID, PathUUID: "nonsense", OtherUUID: "nonsense", Token: token, Body: "{}",
			})
			may := slices.Contains([]access.Ability{access.Root, route.Ability}, ability) ||
				route.Ability == "" || route.Ability == access.Any
			if denied := answer.Status == http.StatusForbidden; denied == may {
				t.Errorf("%s with %s alone: %d %s", route.ID, ability, answer.Status, answer.Body)
			}
			if !may {
				want := "Missing required permissions: " + string(route.Ability)
				if got := answer.Problem(t).Message; got != want {
					t.Errorf("%s with %s alone: message %q, want %q", route.ID, ability, got, want)
				}
				continue
			}
			passed++
		}
	}
	if passed == 0 {
		t.Error("no request passed: the test looks at nothing")
	}
}

// TestP9ForeignIdsAnswerAlike gives each operation the uuids of things that are
// there and of another kind: the answer is that for a uuid that nobody has.
func TestP9ForeignIdsAnswerAlike(t *testing.T) {
	s := resttest.NewScene(t)
	for id, good := range s.Successes(t) {
		if path := s.Route(t, id).Path; !strings.Contains(path, "{uuid}") && !strings.Contains(path, "{id}") {
			continue
		}
		prefix := good.PathUUID[:3]
		unknown := prefix + strings.Repeat("0", len(good.PathUUID)-3)
		wanted := s.Ask(t, resttest.Request{
			Operation: id, PathUUID: unknown, OtherUUID: good.OtherUUID, Body: good.Body,
		})
		status := http.StatusNotFound
		if s.Route(t, id).Raw { // what matters is the signature, and it is wrong for every other uuid
			status = http.StatusUnauthorized
		}
		if wanted.Status != status {
			t.Errorf("%s of a uuid that nobody has: %d %s", id, wanted.Status, wanted.Body)
		}
		for _, other := range []string{
			s.Server, s.Key, s.Application, s.Service, s.Database, s.Token, s.Running, s.Waiting, "nonsense",
		} {
			// Both operations on deployments take those of any kind.
			if len(other) == len(good.PathUUID) && (strings.HasPrefix(other, prefix) || len(other) > 24) {
				continue
			}
			got := s.Ask(t, resttest.Request{
				Operation: id, PathUUID: other, OtherUUID: good.OtherUUID, Body: good.Body,
			})
			if got.Status != status || got.Problem(t).Message != wanted.Problem(t).Message {
				t.Errorf("%s of %s: %d %s, want %s", id, other, got.Status, got.Body, wanted.Body)
			}
		}
	}
}

// TestP9SecretsAreInNoAnswer asks every operation that reads, with every token,
// and looks for what was given as a secret, and for what only read:sensitive may
// see.
func TestP9SecretsAreInNoAnswer(t *testing.T) {
	s := resttest.NewScene(t)
	s.Logged(t, s.Running)
	reader, sensitive := s.Mint(t, access.Read), s.Mint(t, access.Read, access.ReadSensitive)
	// One that may do all but see what is sensitive.
	writer := s.Mint(t, access.Read, access.Write, access.Deploy)
	s.Built(t, s.Server)
	secrets := []string{
		resttest.LockedValue, resttest.RegistryPassword,
		"c2VjcmV0LWtleS1tYXRlcmlhbA==", strings.SplitN(s.Root, "|", 2)[1],
		resttest.GitPassword, "PRIVATE KEY-----",
	}
	hidden := []string{
		"plain-value", "echo start", "redis:7.0", `"logs":"[`, resttest.DatabasePassword, "p%40ss",
		"max_connections", "init-script", "hidden-command", resttest.ShownSecret, resttest.SecretValue,
	}
	seen := map[string]bool{}
	for id, good := range s.Successes(t) {
		if id == "getDocument" || id == "getDocs" {
			continue // constant texts with examples of keys
		}
		good.Operation = id
		for _, token := range []string{reader, writer, sensitive, s.Root} {
			r := good.Request
			r.Token = token
			body := string(s.Ask(t, r).Body)
			for _, secret := range secrets {
				if strings.Contains(body, secret) {
					t.Errorf("%s answers a secret: %s", id, body)
				}
			}
			for _, text := range hidden {
				if !strings.Contains(body, text) {
					continue
				}
				if seen[text] = true; token == reader || token == writer {
					t.Errorf("%s shows %s without read:sensitive", id, text)
				}
			}
		}
	}
	for _, text := range hidden {
		if !seen[text] {
			t.Errorf("nobody was shown %s: the test looks at nothing", text)
		}
	}
	for _, secret := range append(secrets, resttest.DatabasePassword, "p%40ss") {
		if strings.Contains(s.Log.String(), secret) {
			t.Error("a secret is in the operator's log")
		}
	}
}
