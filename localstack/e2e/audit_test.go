package e2e_test

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"testing"
	"time"

	"waybill/localstack/progress"
)

// TestTheAuditHasEachChange changes a resource from its creation to its deletion, by three
// functions, so that the role of each must allow the entry.
func TestTheAuditHasEachChange(t *testing.T) {
	w := stack(t)
	made, api := w.mintWith(t, nil)
	server := w.server(t)
	var app struct{ UUID string }
	body := map[string]any{"name": "audited", "server_uuid": server, "start": "true", "stop": "true"}
	if err := api.Post(t.Context(), "/applications/shell", body, &app); err != nil {
		t.Fatal(err)
	}
	ran := w.start(t, app.UUID)
	w.await(t, ran)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", "/applications/" + app.UUID,
			map[string]any{"start": "echo again", "tags": []string{"blue"}}},
		{"PATCH", "/applications/" + app.UUID, map[string]any{"start": "echo again"}}, // changes nothing
		{"POST", "/deployments/" + ran + "/hold", map[string]any{"reason": "case 7"}},
		{"DELETE", "/deployments/" + ran + "/hold", nil},
		{"DELETE", "/applications/" + app.UUID, nil},
	} {
		if err := api.Do(t.Context(), c.method, c.path, c.body, nil); err != nil {
			t.Fatalf("%s %s: %v", c.method, c.path, err)
		}
	}
	want := []string{
		"delete " + app.UUID, "release " + ran, "hold " + ran, "update " + app.UUID + " start tags",
		"create " + app.UUID,
	}
	var got []string
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := progress.Poll(ctx, time.Second/2, func() (bool, error) {
		got = w.audited(t, made.ID)
		return slices.Equal(got, want), nil
	})
	if err != nil {
		t.Errorf("the audit has %q, want %q: %v", got, want, err)
	}
	if all := w.audited(t, 0); !slices.Contains(all, "create "+strconv.FormatInt(made.ID, 10)) {
		t.Error("the audit lacks the token")
	}
}

// audited lists the changes of a token, newest first, in pages of two; 0 is for all tokens.
func (w *world) audited(t *testing.T, token int64) []string {
	t.Helper()
	query := url.Values{"take": {"2"}}
	if token != 0 {
		query.Set("token", strconv.FormatInt(token, 10))
	}
	var all []string
	for {
		var page struct {
			Entries []struct {
				Action string
				Target struct{ ID string }
				Fields []string
			}
			Next *string
		}
		w.get(t, "/audit?"+query.Encode(), &page)
		for _, entry := range page.Entries {
			line := entry.Action + " " + entry.Target.ID
			for _, field := range entry.Fields {
				line += " " + field
			}
			all = append(all, line)
		}
		if page.Next == nil {
			return all
		}
		query.Set("cursor", *page.Next)
	}
}
