package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"waybill/localstack/client"
	"waybill/localstack/progress"
)

// minted is a token as the API shows it.
type minted struct {
	ID         int64
	Token      string
	Expired    bool
	LastUsedAt *string `json:"last_used_at"`
}

// mintWith makes a token and a client that sends it.
func (w *world) mintWith(t *testing.T, terms map[string]any) (minted, *client.Client) {
	t.Helper()
	body := map[string]any{"name": "ci", "abilities": []string{"root"}}
	for name, value := range terms {
		body[name] = value
	}
	var made minted
	if err := w.api.Post(t.Context(), "/security/tokens", body, &made); err != nil {
		t.Fatal(err)
	}
	return made, client.New(w.url, made.Token)
}

// tokens lists the tokens by id.
func (w *world) tokens(t *testing.T) map[int64]minted {
	t.Helper()
	var all []minted
	w.get(t, "/security/tokens", &all)
	found := map[int64]minted{}
	for _, one := range all {
		found[one.ID] = one
	}
	return found
}

// TestEveryFunctionNotesTheUseOfATokenOnce uses one token for each function, so that the
// role of each must allow the note.
func TestEveryFunctionNotesTheUseOfATokenOnce(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo hello")
	uuid := w.start(t, app)
	w.await(t, uuid)
	for name, use := range map[string]func(*client.Client) error{
		"catalog": func(api *client.Client) error { return api.Get(t.Context(), "/token", nil) },
		"list":    func(api *client.Client) error { return api.Get(t.Context(), "/deployments", nil) },
		"show":    func(api *client.Client) error { return api.Get(t.Context(), "/deployments/"+uuid, nil) },
		"inspect": func(api *client.Client) error {
			return api.Post(t.Context(), "/applications/"+app+"/validate", nil, nil)
		},
		"deploy": func(api *client.Client) error {
			return api.Post(t.Context(), "/applications/"+app+"/restart", nil, nil)
		},
	} {
		made, api := w.mintWith(t, nil)
		if err := use(api); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if w.tokens(t)[made.ID].LastUsedAt == nil {
			t.Errorf("%s did not note the use of its token", name)
		}
	}
}

// TestATokenExpires waits until its token is refused like an unknown one.
func TestATokenExpires(t *testing.T) {
	w := stack(t)
	made, api := w.mintWith(t, map[string]any{
		"expires_at": time.Now().Add(5 * time.Second).UTC().Format(time.RFC3339),
	})
	if err := api.Get(t.Context(), "/token", nil); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var last error
	if err := progress.Poll(ctx, time.Second/2, func() (bool, error) {
		var answer *client.Error
		last = api.Get(ctx, "/token", nil)
		return errors.As(last, &answer) && answer.Status == 401, nil
	}); err != nil {
		t.Fatalf("%v, want 401: %v", last, err)
	}
	if !w.tokens(t)[made.ID].Expired {
		t.Error("the token is not in the list as expired")
	}
}

// TestP9ATokenIsLimitedToItsScope asks each function about something else.
func TestP9ATokenIsLimitedToItsScope(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	mine, other := w.shell(t, server, "echo mine"), w.shell(t, server, "echo other")
	hers := w.start(t, other)
	w.await(t, hers)
	_, one := w.mintWith(t, map[string]any{"scope": map[string]any{"resources": []string{mine}}})
	_, all := w.mintWith(t, map[string]any{"scope": map[string]any{"servers": []string{server}}})

	var listed []struct{ UUID string }
	if err := one.Get(t.Context(), "/applications", &listed); err != nil || len(listed) != 1 ||
		listed[0].UUID != mine {
		t.Errorf("the list of its applications is %v, %v", listed, err)
	}
	for _, path := range []string{
		"/applications/" + other, "/deployments/applications/" + other, "/deployments/" + hers,
		"/servers/" + server,
	} {
		wantAnswer(t, one.Get(t.Context(), path, nil), 404, "not found")
		if err := all.Get(t.Context(), path, nil); err != nil {
			t.Errorf("with the server in its scope: %v", err)
		}
	}
	wantAnswer(t, one.Post(t.Context(), "/applications/"+other+"/restart", nil, nil), 404, "not found")
	wantAnswer(t, one.Get(t.Context(), "/security/tokens", nil), 403, "limited")
	var started struct {
		UUID string `json:"deployment_uuid"`
	}
	if err := one.Post(t.Context(), "/applications/"+mine+"/start", nil, &started); err != nil {
		t.Fatal(err)
	}
	w.await(t, started.UUID)
}

// TestFailedSignInsAreThrottled tries a wrong secret until it gets 429. Another token works.
func TestFailedSignInsAreThrottled(t *testing.T) {
	w := stack(t)
	made, _ := w.mintWith(t, nil)
	wrong := client.New(w.url, fmt.Sprintf("%d|wrong", made.ID))
	for range 5 {
		wantAnswer(t, wrong.Get(t.Context(), "/token", nil), 401, "unauthenticated")
	}
	wantAnswer(t, wrong.Get(t.Context(), "/token", nil), 429, "too many failed")
	_, other := w.mintWith(t, nil)
	if err := other.Get(t.Context(), "/token", nil); err != nil {
		t.Error(err)
	}
}
