package inspectapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/rest/resttest"
)

// shown is the answer with a log.
type shown struct {
	Logs      string
	Truncated bool
}

// only is the log of the only container.
func only(text string) inspect.Logs {
	return inspect.Logs{Services: []string{"web"},
		Containers: []inspect.ContainerLog{{Name: "web-1", Text: text}}}
}

// prints makes every server answer the logs.
func prints(w *resttest.World, logs inspect.Logs) (asked *inspect.LogQuery) {
	asked = &inspect.LogQuery{}
	w.ReadLogs = func(query inspect.LogQuery) (inspect.Logs, error) {
		*asked = query
		return logs, nil
	}
	return asked
}

func read(t *testing.T, w *resttest.World, uuid, query string) shown {
	t.Helper()
	return resttest.Want[shown](t, w, http.StatusOK,
		resttest.Request{Operation: "serviceLogs", PathUUID: uuid, Query: query})
}

func TestLogsAreTheLastLines(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Service(t, w.Server(t))
	var all strings.Builder
	for i := range 300 {
		fmt.Fprintln(&all, "line", i+1)
	}
	asked := prints(w, only(all.String()))
	for _, c := range []struct {
		query string
		lines int
	}{
		{"", 100}, {"?lines=1", 1}, {"?lines=250", 250}, {"?lines=300", 300}, {"?lines=1000", 300},
	} {
		got := read(t, w, uuid, c.query)
		lines := strings.Split(strings.TrimSuffix(got.Logs, "\n"), "\n")
		if len(lines) != c.lines || lines[0] != fmt.Sprint("line ", 300-c.lines+1) ||
			lines[len(lines)-1] != "line 300" || got.Truncated {
			t.Errorf("%s: %d lines from %q to %q, want %d", c.query, len(lines), lines[0],
				lines[len(lines)-1], c.lines)
		}
	}
	if read(t, w, uuid, "?lines=900000"); asked.Lines > 10_200 {
		t.Errorf("the server is asked for %d lines", asked.Lines)
	}
	read(t, w, uuid, "?show_timestamps=true&sub_service_name=web")
	if !asked.Timestamps || asked.Service != "web" {
		t.Errorf("asked the server for %+v", *asked)
	}
}

// TestServiceNameOfApplications: coolify-cli has another name for sub_service_name there.
func TestServiceNameOfApplications(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Create(t, "createImageApplication", resttest.Object{"name": "web", "server_uuid": w.Server(t),
		"docker_registry_image_name": "web"})
	asked := prints(w, only("ready\n"))
	for query, want := range map[string]string{
		"?service_name=web":                      "web",
		"?service_name=db&sub_service_name=web":  "web",
		"?service_name=&sub_service_name=worker": "worker",
	} {
		resttest.Want[shown](t, w, http.StatusOK,
			resttest.Request{Operation: "applicationLogs", PathUUID: uuid, Query: query})
		if asked.Service != want {
			t.Errorf("%s asked for %q, want %q", query, asked.Service, want)
		}
	}
}

func TestLogsOfSeveralContainersHaveHeadings(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Service(t, w.Server(t))
	prints(w, inspect.Logs{Services: []string{"db", "web"}, Containers: []inspect.ContainerLog{
		{Name: "web-1", Text: "a\nb\nc\n"}, {Name: "web-2", Text: ""}, {Name: "web-3", Text: "no line end"},
	}})
	want := "==> web-1 <==\nb\nc\n==> web-2 <==\n==> web-3 <==\nno line end\n"
	if got := read(t, w, uuid, "?lines=6&sub_service_name=web"); got.Logs != want {
		t.Errorf("%q, want %q", got.Logs, want)
	}
}

// TestP3LogsAreRedacted has what a container may print: a present secret, the former one from
// before a rotation, a connection string, the key of the server, and credentials that nobody
// has told Waybill of.
func TestP3LogsAreRedacted(t *testing.T) {
	const present, former = "Zq7-pa55word-now", "Xk2-pa55word-before"
	w := resttest.New(t)
	uuid := w.Create(t, "createService", resttest.Object{"name": "db", "server_uuid": w.Server(t),
		"docker_compose": resttest.ExampleCompose,
		"environment":    []resttest.Object{{"key": "TOKEN", "value": former, "is_secret": true}}})
	resttest.Want[resttest.Object](t, w, http.StatusOK, resttest.Request{
		Operation: "updateService", PathUUID: uuid, Body: resttest.Object{
			"environment": []resttest.Object{{"key": "TOKEN", "value": present, "is_secret": true}}}})
	unknownKey := "-----BEGIN RSA PRIVATE KEY-----\n" +
		strings.Repeat("MIIEowIBAAKCAQEAx0cMIIEowIBAAKCAQEAx0cMIIEowIBAAKCAQEAx0cMIIEowIB\n", 24) +
		"-----END RSA PRIVATE KEY-----\n"
	stamp := "2026-11-30T12:00:00.123456789Z "
	split := strings.Repeat("x", 16<<10-5) + present[:5] + stamp + present[5:]
	for name, c := range map[string]struct{ text, hidden, has string }{
		"a present value": {"got " + present, present, "got <REDACTED:TOKEN>\n"},
		"a former value":  {"got " + former, former, "got <REDACTED:TOKEN>\n"},
		"a value with a control sequence inside": {"got " + present[:5] + "\x1b[2K" + present[5:], present,
			"<REDACTED:TOKEN>\n"},
		"a value around the time inside of a long line": {stamp + split, present[5:], "<REDACTED:TOKEN>\n"},
		"the server's key":    {resttest.ExamplePEM, "c2VjcmV0", "REDACTED"},
		"an unknown password": {"postgres://shop:hunter2secret@db/shop", "hunter2", "REDACTED"},
		"the end of a key that began before": {unknownKey + strings.Repeat("after\n", 50), "MIIEow",
			"after\n"},
	} {
		t.Run(name, func(t *testing.T) {
			prints(w, only(c.text))
			got := read(t, w, uuid, "?lines=60").Logs // of a key, the first line is before them
			if strings.Contains(got, c.hidden) || !strings.Contains(got, c.has) {
				t.Errorf("shown are %d bytes that end in %q; want %q and not %q", len(got),
					got[max(len(got)-200, 0):], c.has, c.hidden)
			}
		})
	}
	t.Run("a name in a refusal", func(t *testing.T) {
		prints(w, inspect.Logs{Services: []string{"db", present}})
		got := w.Ask(t, resttest.Request{Operation: "serviceLogs", PathUUID: uuid})
		if strings.Contains(string(got.Body), present) || got.Status != http.StatusBadRequest {
			t.Errorf("%d %s", got.Status, got.Body)
		}
	})
}

func TestLogsHaveNoControlSequences(t *testing.T) {
	w := resttest.New(t)
	uuid := w.Service(t, w.Server(t))
	prints(w, only("\x1b[2Jred \x1b[31mtext\x1b[0m\r\n\x00bad \xff byte\n"))
	if got, want := read(t, w, uuid, "").Logs, "red \x1b[31mtext\x1b[0m\nbad \uFFFD byte\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestLogsThatCannotBeShown(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Service(t, server)
	refused := func(t *testing.T, operation, uuid, query string, status int, says string) {
		t.Helper()
		got := resttest.Want[resttest.Problem](t, w, status,
			resttest.Request{Operation: operation, PathUUID: uuid, Query: query})
		if text := fmt.Sprint(got.Message, got.Errors); !strings.Contains(text, says) {
			t.Errorf("%q, want %q", text, says)
		}
	}
	t.Run("an application by shell commands", func(t *testing.T) {
		w.ReadLogs = func(inspect.LogQuery) (inspect.Logs, error) {
			t.Error("the server was asked")
			return inspect.Logs{}, nil
		}
		refused(t, "applicationLogs", w.Application(t, server), "", http.StatusBadRequest, "no container")
	})
	t.Run("no container", func(t *testing.T) {
		prints(w, inspect.Logs{})
		refused(t, "serviceLogs", uuid, "", http.StatusBadRequest, "Service is not running")
	})
	t.Run("several services and none chosen", func(t *testing.T) {
		prints(w, inspect.Logs{Services: []string{"db", "web"}})
		refused(t, "serviceLogs", uuid, "", http.StatusBadRequest, "sub_service_name is required")
		refused(t, "serviceLogs", uuid, "", http.StatusBadRequest, "db, web")
	})
	t.Run("a service that is not there", func(t *testing.T) {
		prints(w, inspect.Logs{Services: []string{"db", "web"}})
		refused(t, "serviceLogs", uuid, "?sub_service_name=wbe", http.StatusUnprocessableEntity,
			"must be one of db, web")
	})
	t.Run("a server that is away", func(t *testing.T) {
		w.ReadLogs = func(inspect.LogQuery) (inspect.Logs, error) {
			return inspect.Logs{}, fault.New(fault.Unavailable,
				"The server was not reached: no answer in time.")
		}
		refused(t, "serviceLogs", uuid, "", http.StatusServiceUnavailable, "no answer in time")
	})
	t.Run("an error of ours", func(t *testing.T) {
		w.ReadLogs = func(inspect.LogQuery) (inspect.Logs, error) {
			return inspect.Logs{}, errors.New("the inner workings")
		}
		refused(t, "serviceLogs", uuid, "", http.StatusInternalServerError, "went wrong")
	})
	t.Run("a server without a pinned host key", func(t *testing.T) {
		w.ReadLogs = func(inspect.LogQuery) (inspect.Logs, error) {
			t.Error("the server was asked")
			return inspect.Logs{}, nil
		}
		refused(t, "serviceLogs", w.Service(t, w.UnpinnedServer(t)), "", http.StatusConflict,
			"not pinned")
	})
	t.Run("without read", func(t *testing.T) {
		got := w.Ask(t, resttest.Request{Operation: "serviceLogs", PathUUID: uuid,
			Token: w.Mint(t, access.Write, access.Deploy)})
		if got.Status != http.StatusForbidden {
			t.Errorf("%d %s, want 403", got.Status, got.Body)
		}
	})
}

// TestAServerHasThreeSessions: further requests are told to come again, and a place is free once
// its request has ended.
func TestAServerHasThreeSessions(t *testing.T) {
	w := resttest.New(t)
	server := w.Server(t)
	uuid := w.Service(t, server)
	prints(w, only("ready\n"))
	for range 2 * catalog.MaxSessions {
		read(t, w, uuid, "")
	}
	for i := range catalog.MaxSessions {
		if err := w.Memory.Sessions().Take(t.Context(), catalog.ID(server), fmt.Sprint("other-", i),
			time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	for _, operation := range []string{"serviceLogs", "validateService"} {
		got := w.Ask(t, resttest.Request{Operation: operation, PathUUID: uuid})
		if got.Status != http.StatusTooManyRequests || got.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d %s, Retry-After %q; want 429", operation, got.Status, got.Body,
				got.Header.Get("Retry-After"))
		}
	}
	if err := w.Memory.Sessions().Free(t.Context(), catalog.ID(server), "other-1"); err != nil {
		t.Fatal(err)
	}
	read(t, w, uuid, "")
}
