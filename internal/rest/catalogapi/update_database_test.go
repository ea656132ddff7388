package catalogapi_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/rest/resttest"
)

// A port stays open until the container that publishes it is replaced, so the answer to
// the change says so.
func TestWarningOfAPortThatStaysOpen(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for _, c := range []struct {
		name   string
		change resttest.Object
		says   string
	}{
		{"is_public", resttest.Object{"is_public": false}, "public_port: 7000 stays open"},
		{"public_port", resttest.Object{"public_port": 7001}, "public_port: 7000 stays open"},
		{"ports_mappings", resttest.Object{"ports_mappings": nil}, "ports_mappings: 7002:5432 stays open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			made := resttest.Want[resttest.Object](t, w, http.StatusCreated,
				database("postgresql", resttest.Object{"name": "a", "server_uuid": server,
					"is_public": true, "public_port": 7000, "ports_mappings": "7002:5432"}))
			uuid := made["uuid"].(string)
			open := func(answer resttest.Object) bool {
				warnings, _ := answer["warnings"].([]any)
				return slices.ContainsFunc(warnings, func(one any) bool {
					return strings.Contains(one.(string), c.says) && strings.Contains(one.(string), "restart")
				})
			}
			if answer := w.Change(t, http.StatusOK, "updateDatabase", uuid, resttest.Object{
				"description": "never started",
			}); open(answer) {
				t.Errorf("nothing runs, and the warnings are %v", answer["warnings"])
			}
			w.Run(t, "startDatabase", uuid)
			if answer := w.Change(t, http.StatusOK, "updateDatabase", uuid, c.change); !open(answer) {
				t.Errorf("the warnings are %v, want one that says %q", answer["warnings"], c.says)
			}
		})
	}
}

// TestAChangeOfTheImageLeavesTheDataWhereItIs holds that the data never moves
// without a word: no version of the image looks for it in another place.
func TestAChangeOfTheImageLeavesTheDataWhereItIs(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	for image, folder := range map[string]string{
		"postgres:16-alpine": "/var/lib/postgresql/data", "postgres:stable": "/var/lib/postgresql/data",
		"pgvector/pgvector:0.8.1-pg18": "/var/lib/postgresql/18/docker",
	} {
		made := resttest.Want[resttest.Object](t, w, http.StatusCreated,
			database("postgresql", resttest.Object{"name": "a", "server_uuid": server, "image": image}))
		if made["data_folder"] != folder {
			t.Errorf("%s has its data in %v, want %s", image, made["data_folder"], folder)
		}
		uuid := made["uuid"].(string)
		for _, next := range []any{"postgres:18", "postgres:17", "team/postgres:prod", nil} {
			changed := w.Change(t, http.StatusOK, "updateDatabase", uuid, resttest.Object{"image": next})
			if changed["data_folder"] != folder {
				t.Errorf("%s, changed to %v, has its data in %v, want %s", image, next,
					changed["data_folder"], folder)
			}
		}
		w.Refused(t, "updateDatabase", uuid, resttest.Object{"data_folder": "/elsewhere"}, "data_folder",
			"is not known here")
		w.Refused(t, "updateDatabase", uuid, resttest.Object{
			"environment": []resttest.Object{{"key": "PGDATA", "value": "/elsewhere"}},
		},
			"environment.PGDATA", "is set for the engine already")
	}
}

// The change is made, with a warning that names the field: a connection string with the
// new value would not work.
func TestWarningOfSettingsThatExistingDataIgnores(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	const password = "another-password-of-it"
	for _, c := range []struct {
		name   string
		engine string
		ran    bool
		body   resttest.Object
		want   []string
	}{
		{"a password",
			"postgresql", true, resttest.Object{"postgres_password": password}, []string{"postgres_password"},
		},
		{"a user, and a password made anew",
			"mysql", true, resttest.Object{"mysql_password": nil, "mysql_user": "shop"},
			[]string{"mysql_user", "mysql_password"},
		},
		{"what is read at each start",
			"postgresql", true, resttest.Object{"postgres_conf": "max_connections = 9"}, nil,
		},
		{"a password before there is data",
			"postgresql", false, resttest.Object{"postgres_password": password}, nil,
		},
		{"a password that data does not have",
			"redis", true, resttest.Object{"redis_password": password}, nil,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			uuid := resttest.Want[struct{ UUID string }](t, w, http.StatusCreated, resttest.Request{
				Operation: "createDatabase", PathUUID: c.engine,
				Body: resttest.Object{"name": "orders", "server_uuid": server},
			}).UUID
			if c.ran {
				w.Run(t, "startDatabase", uuid)
			}
			got := resttest.Want[struct{ Warnings []string }](t, w, http.StatusOK, resttest.Request{
				Operation: "updateDatabase", PathUUID: uuid, Body: c.body,
			})
			var fields []string
			for _, warning := range got.Warnings {
				field, _, _ := strings.Cut(warning, ": ")
				fields = append(fields, field)
				if strings.Contains(warning, password) {
					t.Error("the warning has the password in it")
				}
			}
			if diff := cmp.Diff(fields, c.want); diff != "" {
				t.Errorf("warned of (-got +want)\n%s", diff)
			}
		})
	}
}
