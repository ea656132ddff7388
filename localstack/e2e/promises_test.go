package e2e_test

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"waybill/localstack/client"
)

// TestP1AcceptedIsReadableRefusedLeavesNothing checks that an accepted request
// can be read at once under its uuid, and that a refused one leaves no record.
func TestP1AcceptedIsReadableRefusedLeavesNothing(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo hello")

	t.Run("the record is there in the very next request", func(t *testing.T) {
		uuid := w.start(t, app)
		var record client.Deployment
		w.get(t, "/deployments/"+uuid, &record)
		if record.DeploymentUUID != uuid || record.ResourceUUID != app {
			t.Errorf("record = %+v", record)
		}
		w.await(t, uuid)
	})
	t.Run("a refused request leaves the history as it was", func(t *testing.T) {
		before := w.history(t, app)
		for _, path := range []string{"/services/" + app + "/start", "/applications/" + app + "x/start"} {
			wantAnswer(t, w.api.Post(t.Context(), path, nil, nil), 404, "not found")
		}
		if after := w.history(t, app); after != before {
			t.Errorf("the history has %d deployments, had %d", after, before)
		}
	})
	t.Run("two identical requests at once are one deployment", func(t *testing.T) {
		app := w.shell(t, w.server(t), "echo once")
		var uuids [2]string
		var wait sync.WaitGroup
		for i := range uuids {
			wait.Go(func() { uuids[i] = w.start(t, app) })
		}
		wait.Wait()
		if uuids[0] != uuids[1] {
			t.Errorf("uuids %s and %s, want one", uuids[0], uuids[1])
		}
		w.await(t, uuids[0])
		if got := w.history(t, app); got != 1 {
			t.Errorf("the history has %d deployments, want 1", got)
		}
	})
}

// TestP3NoSecretIsKeptAnywhere prints a secret in several forms and then looks
// for it in everything that Waybill keeps.
func TestP3NoSecretIsKeptAnywhere(t *testing.T) {
	w := stack(t)
	const secret = "Zq7-pa$$word'with\"marks/42"
	app := w.create(t, "/applications/shell", map[string]any{
		"name": "teller", "server_uuid": w.server(t),
		"start": `echo "plain $DB_PASSWORD"
printf '%s' "$DB_PASSWORD" | base64
printf '%s' "user:$DB_PASSWORD" | base64 -w0; echo
i=1
while [ $i -le 30 ]; do
	printf '%s' "$DB_PASSWORD" | cut -c$i | tr -d '\n'
	sleep 0.02
	i=$((i+1))
done
echo
echo "error $DB_PASSWORD" >&2
ps -ef | cat
env | grep DB_`,
		"environment": []map[string]any{{"key": "DB_PASSWORD", "value": secret, "is_secret": true}},
	})
	record, entries := w.deploy(t, app)
	wantStatus(t, record, entries, "finished", "")
	wantLog(t, entries, `plain <REDACTED:DB_PASSWORD>`)
	wantLog(t, entries, `error <REDACTED:DB_PASSWORD>`)
	for _, form := range forms(secret) {
		for place, found := range w.search(t, form) {
			t.Errorf("%s holds the secret: …%s…", place, strings.ReplaceAll(found, form, "(here)"))
		}
	}
}

// TestP9ForeignIdsAndAbilities checks that no answer reveals whether a foreign id
// exists, and that the API checks every ability.
func TestP9ForeignIdsAndAbilities(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo hello")
	unknown := "app" + strings.Repeat("0", 21)

	t.Run("unknown, foreign and malformed ids answer alike", func(t *testing.T) {
		for _, path := range []string{
			"/services/" + unknown, "/services/" + app, "/services/nonsense", "/services/svc" + app[3:],
		} {
			wantAnswer(t, w.api.Get(t.Context(), path, nil), 404, "Service not found.")
		}
		for _, path := range []string{
			"/deployments/" + app + strings.Repeat("0", 16), "/deployments/nonsense", "/deployments/" + app,
		} {
			wantAnswer(t, w.api.Get(t.Context(), path, nil), 404, "Deployment not found.")
		}
	})
	t.Run("no token, a wrong token and a token without the ability are refused", func(t *testing.T) {
		for token, status := range map[string]int{
			"":                          401,
			"nonsense":                  401,
			otherEnd(w.token):           401,
			w.mint(t, "reader", "read"): 403,
		} {
			err := client.New(w.url, token).Post(t.Context(), "/applications/"+app+"/start", nil, nil)
			var answer *client.Error
			if !errors.As(err, &answer) || answer.Status != status {
				t.Errorf("%v, want %d", err, status)
			}
		}
	})
	t.Run("a log is in a record only with read:sensitive", func(t *testing.T) {
		record, _ := w.deploy(t, app)
		for ability, want := range map[string]bool{"write": false, "read:sensitive": true} {
			var shown map[string]any
			reader := client.New(w.url, w.mint(t, "reader", "read", ability))
			if err := reader.Get(t.Context(), "/deployments/"+record.DeploymentUUID, &shown); err != nil {
				t.Fatal(err)
			}
			if _, there := shown["logs"]; there != want {
				t.Errorf("with read and %s the record has logs: %v, want %v", ability, there, want)
			}
		}
	})
}

// otherEnd returns the text with another last character.
func otherEnd(text string) string {
	head, last := text[:len(text)-1], text[len(text)-1:]
	if last == "x" {
		return head + "y"
	}
	return head + "x"
}

func wantAnswer(t *testing.T, err error, status int, message string) {
	t.Helper()
	var answer *client.Error
	if !errors.As(err, &answer) || answer.Status != status ||
		!strings.Contains(strings.ToLower(answer.Message), strings.ToLower(message)) {
		t.Errorf("%v, want %d with %q", err, status, message)
	}
}
