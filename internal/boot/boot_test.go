package boot_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"waybill/internal/aws/gateway"
	"waybill/internal/boot"
	"waybill/internal/settings"
)

// childVariable makes this test binary run as the Lambda function that it
// names: a function is a process and ends with an exit status.
const childVariable = "WAYBILL_BOOT_CHILD"

// secret must never be logged.
const secret = "correct-horse-battery-staple"

func TestMain(m *testing.M) {
	kind := os.Getenv(childVariable)
	if kind == "" {
		os.Exit(m.Run())
	}
	boot.Run("list", builds[kind], settings.Team)
}

var builds = map[string]boot.Build{
	"good": func(_ settings.Settings, log *slog.Logger) (gateway.Handlers, error) {
		return gateway.Handlers{
			HTTP: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				log.InfoContext(r.Context(), "at work")
				fmt.Fprint(w, "served")
			}),
			Tick: func(context.Context) error { return errors.New("the table is gone") },
		}, nil
	},
	"refusing": func(settings.Settings, *slog.Logger) (gateway.Handlers, error) {
		return gateway.Handlers{}, errors.New("no such region")
	},
	"panicking": func(settings.Settings, *slog.Logger) (gateway.Handlers, error) { panic(secret) },
}

// runtime is Lambda's Runtime API: it hands out events one after the other, and
// then fails, which ends the function.
type runtime struct {
	mu      sync.Mutex
	events  []string
	answers []string
	failed  int
	done    chan struct{}
}

func (r *runtime) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	body, _ := io.ReadAll(request.Body)
	switch {
	case strings.HasSuffix(request.URL.Path, "/next") && len(r.events) > 0:
		w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprint("lambda-", len(r.events)))
		w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		fmt.Fprint(w, r.events[0])
		r.events = r.events[1:]
	case strings.HasSuffix(request.URL.Path, "/next"):
		close(r.done)
		w.WriteHeader(http.StatusInternalServerError)
	default:
		r.answers = append(r.answers, string(body))
		if strings.HasSuffix(request.URL.Path, "/error") {
			r.failed++
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// start runs a function to its end, and returns its exit status and log.
func start(t *testing.T, kind string, environment ...string) (int, []map[string]any) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, os.Args[0])
	command.Env = append(environment, childVariable+"="+kind)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	err := command.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	if errs.Len() > 0 {
		t.Errorf("stderr has %s; everything belongs into the log", &errs)
	}
	if strings.Contains(out.String(), secret) {
		t.Error("the log shows the secret")
	}
	var lines []map[string]any
	for text := range strings.Lines(out.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q is not a line of JSON: %v", text, err)
		}
		lines = append(lines, line)
	}
	return command.ProcessState.ExitCode(), lines
}

func TestAFunctionThatCannotStartSaysWhyInOneLine(t *testing.T) {
	for _, tc := range []struct {
		name        string
		kind        string
		environment []string
		want        string
	}{
		{name: "a missing setting",
			kind: "good",
			want: settings.Team,
		},
		{name: "a wrong setting",
			kind:        "good",
			environment: []string{settings.Team + "=shop", settings.LogLevel + "=loud"},
			want:        settings.LogLevel,
		},
		{name: "a build that fails",
			kind:        "refusing",
			environment: []string{settings.Team + "=shop"},
			want:        "no such region",
		},
		{name: "a panic",
			kind:        "panicking",
			environment: []string{settings.Team + "=shop"},
			want:        "panicked with a value of type string",
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, lines := start(t, tc.kind, tc.environment...)
			if status != 1 {
				t.Errorf("exit status %d, want 1", status)
			}
			if len(lines) != 1 {
				t.Fatalf("logged %d lines, want one: %v", len(lines), lines)
			}
			text, _ := lines[0]["error"].(string)
			if lines[0]["level"] != "ERROR" || lines[0]["function"] != "list" ||
				!strings.Contains(text, tc.want) {
				t.Errorf("logged %v, want an error that says %q", lines[0], tc.want)
			}
		})
	}
}

func TestAFunctionServesUntilLambdaEndsIt(t *testing.T) {
	api := &runtime{done: make(chan struct{}), events: []string{
		`{"httpMethod":"GET","path":"/","requestContext":{"requestId":"request-1"}}`,
		`{"detail-type":"Scheduled Event"}`,
	}}
	server := httptest.NewServer(api)
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	status, lines := start(t, "good", settings.Team+"=shop", "AWS_LAMBDA_RUNTIME_API="+address)
	<-api.done
	if status == 0 {
		t.Error("exit status 0 though Lambda went away")
	}
	if len(api.answers) != 2 || api.failed != 1 || !strings.Contains(api.answers[0], "served") {
		t.Fatalf("answers %q with %d errors, want one served and one failed", api.answers, api.failed)
	}
	if strings.Contains(api.answers[1], "table") {
		t.Errorf("the failure %s shows its cause to the caller", api.answers[1])
	}
	var said []string
	for _, line := range lines {
		said = append(said, fmt.Sprint(line["level"], " ", line["msg"], " ", line["request_id"]))
	}
	want := "INFO at work request-1, ERROR event failed lambda-1, ERROR the Lambda runtime ended <nil>"
	if got := strings.Join(said, ", "); got != want {
		t.Errorf("logged %s\nwant %s: each failure once", got, want)
	}
}
