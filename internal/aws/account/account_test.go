package account_test

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"waybill/internal/aws/account"
	"waybill/internal/fault"
	"waybill/internal/settings"
)

var environment = map[string]string{
	settings.Region:          "eu-central-1",
	settings.AccessKeyID:     "AKIDEXAMPLE",
	settings.SecretAccessKey: "a secret key",
	settings.SessionToken:    "a session token",
}

// with is the environment with more variables.
func with(more map[string]string) settings.Settings {
	all := maps.Clone(environment)
	maps.Copy(all, more)
	return settings.New(func(name string) (string, bool) { value, found := all[name]; return value, found })
}

func TestNewSaysWhatIsMissing(t *testing.T) {
	for _, name := range []string{settings.Region, settings.AccessKeyID, settings.SecretAccessKey} {
		_, err := account.New(with(map[string]string{name: ""}))
		if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v, want Internal that names it", name, err)
		}
	}
	if _, err := account.New(with(map[string]string{settings.SessionToken: "",
		settings.Endpoint: ""})); err != nil {
		t.Errorf("without what may be absent: %v", err)
	}
}

func TestAnEndpointIsOnlyWhereOneIsSet(t *testing.T) {
	for endpoint, want := range map[string]*string{"": nil,
		"http://127.0.0.1:4566": aws.String("http://127.0.0.1:4566")} {
		opened, err := account.New(with(map[string]string{settings.Endpoint: endpoint}))
		if err != nil {
			t.Fatal(err)
		}
		got := opened.Config().BaseEndpoint
		if (got == nil) != (want == nil) || aws.ToString(got) != aws.ToString(want) {
			t.Errorf("endpoint %q became %q", endpoint, aws.ToString(got))
		}
	}
}

// list asks an endpoint for its tables.
func list(t *testing.T, handler http.HandlerFunc) error {
	t.Helper()
	server := httptest.NewServer(handler)
	defer server.Close()
	opened, err := account.New(with(map[string]string{settings.Endpoint: server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = opened.DynamoDB().ListTables(t.Context(), &dynamodb.ListTablesInput{})
	return err
}

func TestCallsAreSignedWithTheCredentials(t *testing.T) {
	err := list(t, func(w http.ResponseWriter, r *http.Request) {
		authorization := r.Header.Get("Authorization")
		if !strings.Contains(authorization, "AKIDEXAMPLE/") ||
			!strings.Contains(authorization, "/eu-central-1/dynamodb/") {
			t.Errorf("signed with %q", authorization)
		}
		if got := r.Header.Get("X-Amz-Security-Token"); got != "a session token" {
			t.Errorf("session token %q", got)
		}
		answer(w, http.StatusOK, `{"TableNames":[]}`)
	})
	if err != nil {
		t.Error(err)
	}
}

func TestACallIsTriedAgainButNotForEver(t *testing.T) {
	var calls atomic.Int32
	err := list(t, func(w http.ResponseWriter, _ *http.Request) {
		if calls.Add(1) == 1 {
			answer(w, http.StatusInternalServerError, `{}`)
			return
		}
		answer(w, http.StatusOK, `{"TableNames":[]}`)
	})
	if err != nil || calls.Load() != 2 {
		t.Errorf("%d calls, %v; want the second to succeed", calls.Load(), err)
	}
	opened, err := account.New(with(nil))
	if err != nil {
		t.Fatal(err)
	}
	if got := opened.Config().Retryer().MaxAttempts(); got != 4 {
		t.Errorf("tried %d times, want 4", got)
	}
}

func TestAnInvocationIsTriedOnce(t *testing.T) {
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		answer(w, http.StatusInternalServerError, `{}`)
	}))
	defer server.Close()
	opened, err := account.ForRequests(with(map[string]string{settings.Endpoint: server.URL}))
	if err != nil {
		t.Fatal(err)
	}
	_, err = dynamodb.NewFromConfig(opened.ConfigForInvocations()).ListTables(t.Context(),
		&dynamodb.ListTablesInput{})
	if err == nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v; want one and an error", calls.Load(), err)
	}
}

func TestARefusalIsNotTriedAgain(t *testing.T) {
	var calls atomic.Int32
	err := list(t, func(w http.ResponseWriter, _ *http.Request) {
		calls.Add(1)
		answer(w, http.StatusBadRequest, `{"__type":"AccessDeniedException","message":"no"}`)
	})
	if err == nil || calls.Load() != 1 {
		t.Errorf("%d calls, %v; want one and an error", calls.Load(), err)
	}
}

func answer(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}
