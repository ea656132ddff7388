package inspection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/inspection"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/memory"
	"waybill/internal/remote/sshkey"
)

const (
	hostKey    = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHQvYkJd6bVnQ3hWuqvEcJ8eOAS8NlKZRXYkHYrGbXkT"
	privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0LWtleS1tYXRlcmlhbA==\n" +
		"-----END OPENSSH PRIVATE KEY-----\n"
)

var server = &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000001"}, Address: "web-1",
	Port: 2222, User: "deploy", HostKey: hostKey, DataDir: "/data/waybill"}

// login goes through a jump host.
var login = catalog.Login{PrivateKey: privateKey, Jump: &catalog.Jump{
	PrivateKey: strings.ReplaceAll(privateKey, "c2Vj", "b2Zq"),
	Server: &catalog.Server{Meta: catalog.Meta{ID: "srv000000000000000000002"}, Address: "bastion", Port: 22,
		User: "jump", HostKey: hostKey},
}}

// inspector is a [catalog.Inspector] without servers. It notes what it was asked.
type inspector struct {
	server      catalog.Server
	fingerprint string
	privateKey  string
	jump        *catalog.Jump
	err         error
	waits       bool
}

func (i *inspector) HostKey(
	ctx context.Context, server *catalog.Server, login catalog.Login, fingerprint string,
) (catalog.PublicKey, error) {
	i.server, i.fingerprint, i.jump = *server, fingerprint, login.Jump
	if i.waits {
		<-ctx.Done()
		return catalog.PublicKey{}, ctx.Err()
	}
	return catalog.PublicKey{Line: hostKey, Fingerprint: "SHA256:of another key"}, i.err
}

func (i *inspector) Login(_ context.Context, server *catalog.Server, login catalog.Login) error {
	i.server, i.privateKey, i.jump = *server, login.PrivateKey, login.Jump
	return i.err
}

func (i *inspector) Usable(
	_ context.Context, server *catalog.Server, login catalog.Login,
) (catalog.Health, error) {
	i.server, i.privateKey, i.jump = *server, login.PrivateKey, login.Jump
	return health, i.err
}

var health = catalog.Health{MeasuredAt: time.Date(2026, 8, 22, 10, 0, 0, 1000, time.UTC), DataBytes: 1 << 40,
	ClockOffset: -time.Second}

// lambdaOf is a Lambda whose one function has the handlers, and its log.
type lambdaOf struct {
	handlers gateway.Handlers
	log      strings.Builder
}

func (l *lambdaOf) Do(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.URL.Path, "/functions/waybill-shop-inspect/invocations") {
		return nil, fmt.Errorf("invoked %s", r.URL.Path)
	}
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	function := gateway.New(slog.New(slog.NewTextHandler(&l.log, nil)), l.handlers)
	answer, err := function.Invoke(r.Context(), payload)
	response := awstest.Answer(r, http.StatusOK, "application/json", string(answer))
	if err != nil {
		response = awstest.Answer(r, http.StatusOK, "application/json", `{"errorMessage":"trust me"}`)
		response.Header.Set("X-Amz-Function-Error", "Unhandled")
	}
	return response, nil
}

func client(t *testing.T, function *lambdaOf) *inspection.Client {
	t.Helper()
	return inspection.Open(awstest.Offline(function), "waybill-shop-inspect", sshkey.Reader{})
}

// functionOf is the inspect function with the inspector.
func functionOf(i *inspector, sessions catalog.Sessions) *lambdaOf {
	return &lambdaOf{handlers: gateway.Handlers{
		Inspect: inspection.NewDesk(i, sessions, time.Now).Answer}}
}

// TestQuestionsReachTheInspector has both sides of the wire.
func TestQuestionsReachTheInspector(t *testing.T) {
	i := &inspector{}
	c := client(t, functionOf(i, memory.New(memory.Options{}).Sessions()))
	check := func(t *testing.T, want inspector) {
		t.Helper()
		want.server, want.jump = *server, login.Jump
		if diff := cmp.Diff(*i, want, cmp.AllowUnexported(inspector{})); diff != "" {
			t.Errorf("the inspector was asked (-got +want)\n%s", diff)
		}
		*i = inspector{}
	}
	t.Run("HostKey", func(t *testing.T) {
		got, err := c.HostKey(t.Context(), server, login, "SHA256:wanted")
		if err != nil || got.Line != hostKey || !strings.HasPrefix(got.Fingerprint, "SHA256:") {
			t.Errorf("%+v, %v; want the key", got, err)
		}
		if got.Fingerprint == "SHA256:of another key" {
			t.Error("the fingerprint was taken from the answer, not from the key")
		}
		check(t, inspector{fingerprint: "SHA256:wanted"})
	})
	t.Run("Login", func(t *testing.T) {
		if err := c.Login(t.Context(), server, login); err != nil {
			t.Error(err)
		}
		check(t, inspector{privateKey: privateKey})
	})
	t.Run("Usable", func(t *testing.T) {
		got, err := c.Usable(t.Context(), server, login)
		if err != nil || got != health {
			t.Errorf("%+v (%v), want %+v", got, err, health)
		}
		check(t, inspector{privateKey: privateKey})
	})
}

func TestAnUnfitServerIsAVerdict(t *testing.T) {
	i := &inspector{err: catalog.NewServerError("The server refused\x1b[2J the key %s.", privateKey)}
	function := functionOf(i, memory.New(memory.Options{}).Sessions())
	err := client(t, function).Login(t.Context(), server, login)
	if !errors.Is(err, catalog.ErrServer) || !strings.Contains(fault.Public(err), "The server refused") {
		t.Errorf("error = %v, want ErrServer with the reason", err)
	}
	if text := fault.Public(err); strings.Contains(text, "c2VjcmV0") || strings.Contains(text, "\x1b") {
		t.Errorf("%q has a secret or a control character", text)
	}
	if strings.Contains(function.log.String(), "c2VjcmV0") {
		t.Error("the log has the key")
	}
}

// TestAFailureOfTheFunctionIsNoVerdict: it says nothing about the server, and its text is not
// to be trusted.
func TestAFailureOfTheFunctionIsNoVerdict(t *testing.T) {
	for name, c := range map[string]struct {
		handlers gateway.Handlers
		want     fault.Kind
	}{
		"an error of ours": {functionOf(&inspector{err: errors.New("the inner workings")},
			memory.New(memory.Options{}).Sessions()).handlers, fault.Internal},
		"an outage of its tables": {functionOf(&inspector{err: fault.New(fault.Unavailable, "away")},
			memory.New(memory.Options{}).Sessions()).handlers, fault.Unavailable},
		"an answer of another form": {gateway.Handlers{
			Inspect: func(context.Context, json.RawMessage) (any, error) { return "fine", nil },
		}, fault.Internal},
		"a host key that is none": {gateway.Handlers{
			Inspect: func(context.Context, json.RawMessage) (any, error) {
				return map[string]string{"host_key": "command=\"x\" " + hostKey}, nil
			},
		}, fault.Internal},
	} {
		t.Run(name, func(t *testing.T) {
			asked := client(t, &lambdaOf{handlers: c.handlers})
			_, err := asked.HostKey(t.Context(), server, login, "")
			if fault.KindOf(err) != c.want || errors.Is(err, catalog.ErrServer) ||
				strings.Contains(fmt.Sprint(err), "trust me") {
				t.Errorf("error = %v, want %s", err, c.want)
			}
		})
	}
}

type away struct{}

func (away) Do(r *http.Request) (*http.Response, error) {
	return awstest.Answer(r, http.StatusServiceUnavailable, "application/json", "{}"), nil
}

func TestAnOutageOfLambdaIsUnavailable(t *testing.T) {
	err := inspection.Open(awstest.Offline(away{}), "waybill-shop-inspect", sshkey.Reader{}).
		Login(t.Context(), server, login)
	if !errors.Is(err, fault.Unavailable) || errors.Is(err, catalog.ErrServer) {
		t.Errorf("error = %v, want Unavailable, which is no verdict", err)
	}
}

func TestABusyServerIsExhausted(t *testing.T) {
	sessions := memory.New(memory.Options{}).Sessions()
	for i := range catalog.MaxSessions {
		if err := sessions.Take(t.Context(), server.ID, fmt.Sprint(i), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	i := &inspector{}
	err := client(t, functionOf(i, sessions)).Login(t.Context(), server, login)
	if !errors.Is(err, fault.Exhausted) || i.privateKey != "" {
		t.Errorf("error = %v, want Exhausted without a try", err)
	}
}

// TestAnAnswerTakesLimitedTime: two questions must fit into the 29 s of API Gateway.
func TestAnAnswerTakesLimitedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sessions := memory.New(memory.Options{}).Sessions()
		begun := time.Now()
		asked := client(t, functionOf(&inspector{waits: true}, sessions))
		_, err := asked.HostKey(t.Context(), server, login, "")
		if took := time.Since(begun); !errors.Is(err, catalog.ErrServer) || took > 12*time.Second {
			t.Errorf("error = %v after %s, want ErrServer within 12 s", err, took)
		}
		for i := range catalog.MaxSessions {
			if err := sessions.Take(t.Context(), server.ID, fmt.Sprint(i), time.Now()); err != nil {
				t.Errorf("a place is still taken: %v", err)
			}
		}
	})
}

func TestAQuestionOfNoKnownFormIsInvalid(t *testing.T) {
	desk := inspection.NewDesk(&inspector{}, memory.New(memory.Options{}).Sessions(), time.Now)
	for _, text := range []string{`{"ask":"everything","private_key":"c2VjcmV0"}`, `"c2VjcmV0"`} {
		_, err := desk.Answer(t.Context(), json.RawMessage(text))
		if !errors.Is(err, fault.Invalid) || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("error = %v, want Invalid that quotes nothing", err)
		}
	}
}
