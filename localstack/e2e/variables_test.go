package e2e_test

import (
	"errors"
	"testing"

	"waybill/localstack/client"
)

// listedVariable is a variable of `/envs`.
type listedVariable struct {
	UUID  string
	Key   string
	Value *string
}

// TestVariablesOfEachKind sets variables as existing clients do, on a resource of each kind.
func TestVariablesOfEachKind(t *testing.T) {
	w := stack(t)
	server := w.server(t)
	resources := []string{
		w.shell(t, server, `echo "token $TOKEN, greeting $GREETING, once ${ONCE-gone}"`),
		w.service(t, server, "services:\n  web:\n    image: nginx:1\n"),
		w.create(t, "/databases/redis", words{"name": "cache", "server_uuid": server}),
	}
	reader := client.New(w.url, w.mint(t, "reader", "read"))
	for _, resource := range resources {
		t.Run(at(resource), func(t *testing.T) {
			envs := at(resource) + "/envs"
			w.sets(t, "POST", envs, words{"key": "TOKEN", "value": "correct horse battery"})
			w.sets(t, "POST", envs,
				words{"key": "ONCE", "value": "staple of the horse", "is_shown_once": true})
			w.sets(t, "PATCH", envs+"/bulk", words{"data": []words{
				{"key": "GREETING", "value": "hello", "is_secret": false},
				{"key": "TOKEN", "value": "a new battery"},
			}})
			w.sets(t, "PATCH", envs, words{"key": "GREETING", "value": "good day", "is_secret": false})
			want := map[string]string{"TOKEN": "a new battery", "ONCE": "", "GREETING": "good day"}
			for _, v := range w.variables(t, w.api, envs) {
				if value := shownValue(v); want[v.Key] != value {
					t.Errorf("%s is %q, want %q", v.Key, value, want[v.Key])
				}
			}
			for _, v := range w.variables(t, reader, envs) {
				if v.Value != nil {
					t.Errorf("a token with read alone is shown %s", v.Key)
				}
			}
			err := w.api.Post(t.Context(), envs, words{"key": "TOKEN", "value": "x"}, nil)
			if refused := new(client.Error); !errors.As(err, &refused) || refused.Status != 409 {
				t.Errorf("a second TOKEN: %v, want 409", err)
			}
		})
	}
	t.Run("the next deployment has them", func(t *testing.T) {
		app := resources[0]
		_, entries := w.deploy(t, app)
		wantLog(t, entries, "token <REDACTED:TOKEN>, greeting good day, once <REDACTED:ONCE>")
		for _, v := range w.variables(t, w.api, at(app)+"/envs") {
			if v.Key == "ONCE" {
				w.removes(t, at(app)+"/envs/"+v.UUID)
			}
		}
		_, entries = w.deploy(t, app)
		wantLog(t, entries, "token <REDACTED:TOKEN>, greeting good day, once gone")
	})
}

// sets sends variables.
func (w *world) sets(t *testing.T, method, path string, body any) {
	t.Helper()
	if err := w.api.Do(t.Context(), method, path, body, nil); err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
}

func (w *world) removes(t *testing.T, path string) {
	t.Helper()
	if err := w.api.Do(t.Context(), "DELETE", path, nil, nil); err != nil {
		t.Fatalf("DELETE %s: %v", path, err)
	}
}

func (w *world) variables(t *testing.T, as *client.Client, envs string) []listedVariable {
	t.Helper()
	var all []listedVariable
	if err := as.Get(t.Context(), envs, &all); err != nil || len(all) != 3 {
		t.Fatalf("GET %s: %d variables, %v", envs, len(all), err)
	}
	return all
}

// shownValue is the value of a variable, or "" if it is not shown.
func shownValue(v listedVariable) string {
	if v.Value == nil {
		return ""
	}
	return *v.Value
}
