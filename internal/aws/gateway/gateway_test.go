package gateway_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"waybill/internal/aws/gateway"
	"waybill/internal/fault"
	"waybill/internal/oplog"
)

// logged is an operator's log that a test reads.
type logged struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}

func (l *logged) logger() *slog.Logger { return oplog.New(l, slog.LevelInfo) }

func (l *logged) lines(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for text := range strings.Lines(l.String()) {
		var line map[string]any
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		all = append(all, line)
	}
	return all
}

func encoded(t *testing.T, value any) []byte {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// everything handles all events and counts which handler was meant.
func everything(calls map[string]int) gateway.Handlers {
	var mu sync.Mutex
	count := func(name string) { mu.Lock(); defer mu.Unlock(); calls[name]++ }
	return gateway.Handlers{
		HTTP:    http.HandlerFunc(func(http.ResponseWriter, *http.Request) { count("http") }),
		Message: func(context.Context, gateway.Message) error { count("message"); return nil },
		Change:  func(context.Context, gateway.Change) error { count("change"); return nil },
		Tick:    func(context.Context) error { count("tick"); return nil },
		Mint: func(context.Context, string, []string) (string,
			error) {
			count("mint")
			return "tok1|secret", nil
		},
		Inspect: func(context.Context, json.RawMessage) (any, error) { count("inspect"); return nil, nil },
	}
}

// shapes has one event of each kind, as small as it gets.
var shapes = map[string]string{
	"http":    `{"httpMethod":"GET","path":"/","requestContext":{"requestId":"r"},"body":null}`,
	"message": `{"Records":[{"eventSource":"aws:sqs","messageId":"1","body":"{}"}]}`,
	"change":  `{"Records":[{"eventSource":"aws:dynamodb","dynamodb":{"SequenceNumber":"1"}}]}`,
	"tick": `{"version": "0", "id": "e", "detail-type": "Scheduled Event", "source": "aws.events",
		"time": "2026-11-24T06:15:00Z", "resources": [], "detail": {}}`,
	"inspect": `{"inspect_server":{"ask":"login"}}`,
	"mint":    `{"mint_token":{"name":"first","abilities":["root"]}}`,
}

func TestTheShapeOfAnEventSaysWhatHandlesIt(t *testing.T) {
	for want, event := range shapes {
		calls := map[string]int{}
		if _, err := gateway.New(slog.New(slog.DiscardHandler), everything(calls)).Invoke(t.Context(),
			[]byte(event)); err != nil {
			t.Errorf("%s: %v", want, err)
		}
		if calls[want] != 1 || len(calls) != 1 {
			t.Errorf("%s was handled by %v", want, calls)
		}
	}
}

func TestAnEventThatNothingHandlesIsAnError(t *testing.T) {
	events := map[string]string{"no JSON": "{", "no object": "[]", "nothing": "{}",
		"an empty batch": `{"Records":[]}`,
		"another source": `{"Records":[{"eventSource":"aws:s3"}]}`, "another shape": `{"httpMethod":7}`}
	for name, event := range shapes {
		events["unhandled "+name] = event
	}
	for name, event := range events {
		log := &logged{}
		answer, err := gateway.New(log.logger(), gateway.Handlers{}).Invoke(t.Context(), []byte(event))
		if err == nil || answer != nil {
			t.Errorf("%s: answer %s, error %v; want an error alone", name, answer, err)
		}
		if lines := log.lines(t); len(lines) != 1 || lines[0]["level"] != "ERROR" {
			t.Errorf("%s: logged %v, want one error", name, lines)
		}
	}
}

func TestATokenIsMintedByDirectInvocation(t *testing.T) {
	log := &logged{}
	handlers := gateway.Handlers{Mint: func(_ context.Context, name string, abilities []string) (string,
		error) {
		return name + "|" + strings.Join(abilities, "+"), nil
	}}
	answer, err := gateway.New(log.logger(), handlers).Invoke(t.Context(),
		[]byte(`{"mint_token":{"name":"ci","abilities":["read","deploy"]}}`))
	if err != nil || string(answer) != `{"token":"ci|read+deploy"}` {
		t.Errorf("answer %s, %v", answer, err)
	}
	if log.String() != "" {
		t.Errorf("logged %s", log)
	}
}

func TestARefusedTokenSaysWhatIsWrong(t *testing.T) {
	log := &logged{}
	cause := errors.New("a cause for the operator")
	handlers := gateway.Handlers{Mint: func(context.Context, string, []string) (string, error) {
		return "", fault.Wrap(cause, fault.Invalid, "Validation failed.").WithField("abilities",
			"must have at least one").WithField("name", "is missing")
	}}
	_, err := gateway.New(log.logger(), handlers).Invoke(t.Context(), []byte(shapes["mint"]))
	if want := "Validation failed. abilities: must have at least one. name: is missing."; err == nil ||
		err.Error() != want {
		t.Errorf("error %v, want %q", err, want)
	}
	if lines := log.lines(t); len(lines) != 1 || lines[0]["level"] != "INFO" ||
		!strings.Contains(log.String(), cause.Error()) {
		t.Errorf("logged %s, want one line with the cause at level INFO", log)
	}
}

func TestAFailedTickIsAnErrorWithoutItsCause(t *testing.T) {
	log := &logged{}
	handlers := gateway.Handlers{Tick: func(context.Context) error { return errors.New("the table is gone") }}
	_, err := gateway.New(log.logger(), handlers).Invoke(t.Context(), []byte(shapes["tick"]))
	if err == nil || strings.Contains(err.Error(), "table") {
		t.Errorf("error %v, want one without the cause", err)
	}
	if !strings.Contains(log.String(), "the table is gone") {
		t.Errorf("the log %s has no cause", log)
	}
}

// TestEveryLineNamesItsRequest logs from inside of the handlers.
func TestEveryLineNamesItsRequest(t *testing.T) {
	for name, event := range shapes {
		log := &logged{}
		logger := log.logger()
		say := func(ctx context.Context) { logger.InfoContext(ctx, "at work") }
		handlers := gateway.Handlers{
			HTTP:    http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { say(r.Context()) }),
			Message: func(ctx context.Context, _ gateway.Message) error { say(ctx); return nil },
			Change:  func(ctx context.Context, _ gateway.Change) error { say(ctx); return nil },
			Tick:    func(ctx context.Context) error { say(ctx); return nil },
			Mint: func(ctx context.Context, _ string, _ []string) (string, error) {
				say(ctx)
				return "t", nil
			},
			Inspect: func(ctx context.Context, _ json.RawMessage) (any, error) { say(ctx); return nil, nil },
		}
		ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "lambda-1"})
		if _, err := gateway.New(logger, handlers).Invoke(ctx, []byte(event)); err != nil {
			t.Fatal(err)
		}
		want := "lambda-1"
		if name == "http" {
			want = "r" // the one that the client is told
		}
		if lines := log.lines(t); len(lines) != 1 || lines[0]["request_id"] != want {
			t.Errorf("%s logged %v, want one line with request_id %s", name, lines, want)
		}
	}
}

func TestEachTakesAllStepsWhateverTheirErrors(t *testing.T) {
	first, second := errors.New("one"), errors.New("two")
	err := gateway.Each(func(context.Context) error { return first },
		func(context.Context) error { return second })(t.Context())
	if !errors.Is(err, first) || !errors.Is(err, second) {
		t.Errorf("%v, want both errors", err)
	}
}
