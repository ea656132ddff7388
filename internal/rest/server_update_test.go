package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
)

func TestUpdateServer(t *testing.T) {
	w := newWorld(t)
	server := w.create(t, "createServer", object{"name": "web", "ip": "10.0.0.1", "private_key_uuid": w.key(t), "host_key": firstKey.Line, "port": 2222, "concurrency": 7})
	show := func(t *testing.T) object {
		return want[object](t, w, http.StatusOK, request{id: "getServer", uuid: server})
	}
	for name, c := range map[string]struct{ body, differs object }{
		"nothing":            {object{}, object{}},
		"what is the same":   {object{"ip": "10.0.0.1", "forbid_host_access": false}, object{}},
		"its policy":         {object{"forbid_host_access": true}, object{"forbid_host_access": true}},
		"its name":           {object{"name": " other ", "description": "for people"}, object{"name": "other", "description": "for people"}},
		"what has a default": {object{"port": nil, "description": nil, "forbid_host_access": nil}, object{"port": 22.0, "description": nil, "forbid_host_access": false}},
		"its host key":       {object{"host_key": secondKey.Line + " root@web"}, object{"host_key": secondKey.Line}},
		"no host key":        {object{"host_key": nil}, object{"host_key": nil, "is_usable": false}},
		"its data_dir":       {object{"data_dir": "/srv/waybill"}, object{"data_dir": "/srv/waybill"}},
	} {
		t.Run(name, func(t *testing.T) {
			before := show(t)
			got := want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: server, body: c.body})
			wanted := merge(before, c.differs, object{"updated_at": got["updated_at"], "settings": got["settings"]})
			if usable := got["host_key"] != nil; usable != got["is_usable"] {
				t.Errorf("host key %v and usable %v", got["host_key"], got["is_usable"])
			}
			wanted["is_usable"] = got["is_usable"]
			if diff := cmp.Diff(got, wanted); diff != "" {
				t.Errorf("(-got +want)\n%s", diff)
			}
			if diff := cmp.Diff(show(t), got); diff != "" {
				t.Errorf("GET and PATCH show it differently (-GET +PATCH)\n%s", diff)
			}
			if len(c.differs) == 0 && got["updated_at"] != before["updated_at"] {
				t.Error("it was written")
			}
		})
	}
	for name, c := range map[string]struct {
		body        object
		field, says string
	}{
		"another key":               {object{"private_key_uuid": "key" + strings.Repeat("0", 21)}, "private_key_uuid", "must be the uuid of a key"},
		"no name":                   {object{"name": nil}, "name", "must be text, not null"},
		"an address with a scheme":  {object{"ip": "ssh://web"}, "ip", "must be a host name"},
		"a port out of range":       {object{"port": 0}, "port", "from 1 to 65535"},
		"a host key that is none":   {object{"host_key": "nonsense"}, "host_key", "authorized_keys"},
		"a field that nobody knows": {object{"validated_at": "now"}, "validated_at", "is not known here"},
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			w.refused(t, "updateServer", server, c.body, c.field, c.says)
		})
	}
	t.Run("its data_dir stays while resources are on it", func(t *testing.T) {
		w.application(t, server)
		w.refused(t, "updateServer", server, object{"data_dir": "/elsewhere"}, "data_dir", "cannot be changed while")
	})
	t.Run("its address is not the validated one any more", func(t *testing.T) {
		validated := w.server(t)
		want[object](t, w, http.StatusCreated, request{id: "validateServer", uuid: validated})
		if got := w.shown(t, validated, ""); !got.IsReachable {
			t.Fatalf("server = %+v", got)
		}
		want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: validated, body: object{"concurrency": 3}})
		if got := w.shown(t, validated, ""); !got.IsReachable {
			t.Error("another limit makes it unreachable")
		}
		want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: validated, body: object{"ip": "10.0.0.2"}})
		if got := w.shown(t, validated, ""); got.IsReachable || !got.IsUsable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("its policy is what the recipe is asked with", func(t *testing.T) {
		strict := w.create(t, "createServer", object{"name": "strict", "ip": "10.0.0.3", "private_key_uuid": w.key(t), "forbid_host_access": true})
		if got := want[object](t, w, http.StatusOK, request{id: "getServer", uuid: strict}); got["forbid_host_access"] != true {
			t.Errorf("server = %v", got)
		}
	})
}

func TestOnlyRootLiftsAServersPolicy(t *testing.T) {
	w := newWorld(t)
	server := w.server(t)
	writer := w.mint(t, access.Write)
	want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: server, token: writer, body: object{"forbid_host_access": true}})
	for _, value := range []any{false, nil} {
		want[problem](t, w, http.StatusForbidden, request{id: "updateServer", uuid: server, token: writer, body: object{"forbid_host_access": value}})
	}
	want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: server, token: writer, body: object{"concurrency": 3}})
	lifted := want[object](t, w, http.StatusOK, request{id: "updateServer", uuid: server, token: w.mint(t, access.Root), body: object{"forbid_host_access": false}})
	if lifted["forbid_host_access"] != false {
		t.Errorf("root gets %v", lifted["forbid_host_access"])
	}
}
