package catalogapi_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/access"
	"waybill/internal/rest/resttest"
)

func TestUpdateServer(t *testing.T) {
	w := resttest.New(t)
	server := w.Create(t, "createServer", resttest.Object{
		"name": "web", "ip": "10.0.0.1", "private_key_uuid": w.Key(t), "host_key": resttest.FirstKey.Line,
		"port": 2222, "concurrency": 7,
	})
	show := func(t *testing.T) resttest.Object {
		return w.Stored(t, "getServer", server)
	}
	for _, c := range []struct {
		name          string
		body, differs resttest.Object
	}{
		{"nothing", resttest.Object{}, resttest.Object{}},
		{"what is the same",
			resttest.Object{"ip": "10.0.0.1", "forbid_host_access": false}, resttest.Object{},
		},
		{"its policy",
			resttest.Object{"forbid_host_access": true}, resttest.Object{"forbid_host_access": true},
		},
		{"its name",
			resttest.Object{"name": " other ", "description": "for people"},
			resttest.Object{"name": "other", "description": "for people"},
		},
		{"what has a default",
			resttest.Object{"port": nil, "description": nil, "forbid_host_access": nil},
			resttest.Object{"port": 22.0, "description": nil, "forbid_host_access": false},
		},
		{"its host key",
			resttest.Object{"host_key": resttest.SecondKey.Line + " root@web"},
			resttest.Object{"host_key": resttest.SecondKey.Line},
		},
		{"no host key",
			resttest.Object{"host_key": nil}, resttest.Object{"host_key": nil, "is_usable": false},
		},
		{"its service_domain",
			resttest.Object{"service_domain": "Apps.example.com"},
			resttest.Object{"service_domain": "apps.example.com"},
		},
		{"no service_domain",
			resttest.Object{"service_domain": nil}, resttest.Object{"service_domain": nil},
		},
		{"its data_dir",
			resttest.Object{"data_dir": "/srv/waybill"}, resttest.Object{"data_dir": "/srv/waybill"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := show(t)
			got := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
				Operation: "updateServer", PathUUID: server, Body: c.body,
			})
			wanted := merge(before, c.differs, resttest.Object{
				"updated_at": got["updated_at"], "settings": got["settings"],
			})
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
	for _, c := range []struct {
		name        string
		body        resttest.Object
		field, says string
	}{
		{"another key",
			resttest.Object{"private_key_uuid": "key" + strings.Repeat("0", 21)}, "private_key_uuid",
			"must be the uuid of a key",
		},
		{"no name", resttest.Object{"name": nil}, "name", "must be text, not null"},
		{"an address with a scheme", resttest.Object{"ip": "ssh://web"}, "ip", "must be a host name"},
		{"a port out of range", resttest.Object{"port": 0}, "port", "from 1 to 65535"},
		{"a host key that is none", resttest.Object{"host_key": "nonsense"}, "host_key", "authorized_keys"},
		{"a field that nobody knows",
			resttest.Object{"validated_at": "now"}, "validated_at", "is not known here",
		},
	} {
		t.Run(c.name+" is refused", func(t *testing.T) {
			w.Refused(t, "updateServer", server, c.body, c.field, c.says)
		})
	}
	t.Run("its data_dir stays while resources are on it", func(t *testing.T) {
		w.Application(t, server)
		w.Refused(t, "updateServer", server, resttest.Object{"data_dir": "/elsewhere"}, "data_dir",
			"cannot be changed while")
	})
	t.Run("its address is not the validated one any more", func(t *testing.T) {
		validated := w.Server(t)
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "validateServer", PathUUID: validated,
		})
		if got := w.Shown(t, validated, ""); !got.IsReachable {
			t.Fatalf("server = %+v", got)
		}
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServer", PathUUID: validated, Body: resttest.Object{"concurrency": 3},
		})
		if got := w.Shown(t, validated, ""); !got.IsReachable {
			t.Error("another limit makes it unreachable")
		}
		resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
			Operation: "updateServer", PathUUID: validated, Body: resttest.Object{"ip": "10.0.0.2"},
		})
		if got := w.Shown(t, validated, ""); got.IsReachable || !got.IsUsable {
			t.Errorf("server = %+v", got)
		}
	})
	t.Run("its policy is what the recipe is asked with", func(t *testing.T) {
		strict := w.Create(t, "createServer", resttest.Object{
			"name": "strict", "ip": "10.0.0.3", "private_key_uuid": w.Key(t), "forbid_host_access": true,
		})
		if got := w.Get(t, "getServer", strict); got["forbid_host_access"] != true {
			t.Errorf("server = %v", got)
		}
	})
}

func TestOnlyRootLiftsAServersPolicy(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	writer := w.Mint(t, access.Write)
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "updateServer", PathUUID: server, Token: writer,
		Body: resttest.Object{"forbid_host_access": true},
	})
	for _, value := range []any{false, nil} {
		resttest.Want[resttest.Problem](t, w, http.StatusForbidden, resttest.Request{
			Operation: "updateServer", PathUUID: server, Token: writer,
			Body: resttest.Object{"forbid_host_access": value},
		})
	}
	resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "updateServer", PathUUID: server, Token: writer, Body: resttest.Object{"concurrency": 3},
	})
	lifted := resttest.Want[resttest.Object](t, w, http.StatusCreated, resttest.Request{
		Operation: "updateServer", PathUUID: server, Token: w.Mint(t, access.Root),
		Body: resttest.Object{"forbid_host_access": false},
	})
	if lifted["forbid_host_access"] != false {
		t.Errorf("root gets %v", lifted["forbid_host_access"])
	}
}
