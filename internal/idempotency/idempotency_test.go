package idempotency_test

import (
	"net/url"
	"testing"

	"waybill/internal/idempotency"
)

// parts are what a request is made of.
type parts struct {
	key, token, method, path, query, body string
}

func (p parts) request(t *testing.T) idempotency.Request {
	t.Helper()
	query, err := url.ParseQuery(p.query)
	if err != nil {
		t.Fatal(err)
	}
	request, err := idempotency.NewRequest(p.key, p.token, p.method, p.path, query, []byte(p.body))
	if err != nil {
		t.Fatal(err)
	}
	return request
}

func TestNewRequest(t *testing.T) {
	plain := parts{"k", "1", "POST", "/a", "x=1", "{}"}
	for _, c := range []struct {
		name                  string
		parts                 parts
		sameHash, sameContent bool
	}{
		{"the same", plain, true, true},
		{"another token", parts{"k", "2", "POST", "/a", "x=1", "{}"}, false, true},
		{"another method", parts{"k", "1", "DELETE", "/a", "x=1", "{}"}, false, true},
		{"another path", parts{"k", "1", "POST", "/b", "x=1", "{}"}, false, true},
		{"another query", parts{"k", "1", "POST", "/a", "x=2", "{}"}, true, false},
		{"another body", parts{"k", "1", "POST", "/a", "x=1", "{ }"}, true, false},
		// A reader of the table cannot try values of a secret in the body.
		{"another key", parts{"k2", "1", "POST", "/a", "x=1", "{}"}, false, false},
		{"parts that meet elsewhere", parts{"k", "1P", "OST", "/a", "x=1", "{}"}, false, true},
	} {
		got, first := c.parts.request(t), plain.request(t)
		if same := got.Hash == first.Hash; same != c.sameHash {
			t.Errorf("%s: same hash %v, want %v", c.name, same, c.sameHash)
		}
		if same := got.Content == first.Content; same != c.sameContent {
			t.Errorf("%s: same content %v, want %v", c.name, same, c.sameContent)
		}
	}
}
