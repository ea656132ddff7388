package e2e_test

import (
	"crypto/rand"
	"errors"
	"strings"
	"sync"
	"testing"

	"waybill/localstack/client"
)

// TestAKeyMakesRequestsOne repeats requests under an Idempotency-Key, at once and later.
func TestAKeyMakesRequestsOne(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	app := map[string]any{"name": "once", "server_uuid": server, "start": "echo once"}

	t.Run("one resource, however often it is asked for", func(t *testing.T) {
		uuids := w.atOnce(t, "/applications/shell", app, 8)
		if len(uuids) != 1 {
			t.Fatalf("created %v, want one", uuids)
		}
	})
	t.Run("a start gets the answer of the first, also when that has ended", func(t *testing.T) {
		keyed, uuid := w.api.Under(rand.Text()), w.shell(t, server, "echo once")
		var first, again asked
		for _, answer := range []*asked{&first, &again} {
			if err := keyed.Post(t.Context(), "/applications/"+uuid+"/start", nil, answer); err != nil {
				t.Fatal(err)
			}
			w.await(t, answer.UUID)
		}
		if first.Repeated || !again.Repeated || first.UUID != again.UUID || w.history(t, uuid) != 1 {
			t.Errorf("answered %+v and %+v, want one deployment", first, again)
		}
	})
	t.Run("another body is refused, and a refused request frees its key", func(t *testing.T) {
		keyed := w.api.Under(rand.Text())
		wrong := map[string]any{
			"name": "once", "server_uuid": "srv" + strings.Repeat("0", 21), "start": "true",
		}
		wantAnswer(t, keyed.Post(t.Context(), "/applications/shell", wrong, nil), 422, "")
		if err := keyed.Post(t.Context(), "/applications/shell", app, nil); err != nil {
			t.Error(err)
		}
		wantAnswer(t, keyed.Post(t.Context(), "/applications/shell", wrong, nil), 422, "Validation failed.")
	})
	t.Run("a token's secret is shown once", func(t *testing.T) {
		keyed, body := w.api.Under(rand.Text()), map[string]any{"name": "ci", "abilities": []string{"read"}}
		var token struct {
			ID    int64
			Token string
		}
		if err := keyed.Post(t.Context(), "/security/tokens", body, &token); err != nil {
			t.Fatal(err)
		}
		err := keyed.Post(t.Context(), "/security/tokens", body, nil)
		wantAnswer(t, err, 409, "shown once")
		if strings.Contains(err.Error(), token.Token) {
			t.Error("the repeat shows the secret")
		}
	})
}

// atOnce makes n equal requests with one key at the same time, and another one after them.
// Each gets a uuid, or 409 while the first runs. It returns the uuids.
func (w *world) atOnce(t *testing.T, path string, body any, n int) map[string]bool {
	t.Helper()
	keyed := w.api.Under(rand.Text())
	created := make([]struct{ UUID string }, n+1)
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() {
			err := keyed.Post(t.Context(), path, body, &created[i])
			var answer *client.Error
			if err != nil && (!errors.As(err, &answer) || answer.Status != 409) {
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if err := keyed.Post(t.Context(), path, body, &created[n]); err != nil {
		t.Fatal(err)
	}
	uuids := map[string]bool{}
	for _, one := range created {
		if one.UUID != "" {
			uuids[one.UUID] = true
		}
	}
	return uuids
}
