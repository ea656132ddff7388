package firsttoken_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"waybill/internal/aws/firsttoken"
	"waybill/internal/aws/gateway"
	"waybill/internal/fault"
)

// client reaches a Lambda whose one function is the handler.
func client(t *testing.T, handler http.HandlerFunc) *lambda.Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return lambda.New(lambda.Options{
		Region:       "eu-central-1",
		BaseEndpoint: &server.URL,
		Retryer:      aws.NopRetryer{},
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: "id", SecretAccessKey: "key"}, nil
		}),
	})
}

// catalog is the catalog function, which mints with what is given.
func catalog(t *testing.T, mint func(context.Context, string, []string) (string, error)) http.HandlerFunc {
	function := gateway.New(slog.New(slog.DiscardHandler), gateway.Handlers{Mint: mint})
	return func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/functions/waybill-shop-catalog/invocations") {
			t.Errorf("invoked %s", r.URL.Path)
		}
		payload, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		answer, err := function.Invoke(r.Context(), payload)
		if err != nil {
			w.Header().Set("X-Amz-Function-Error", "Unhandled")
			answer = []byte(`{"errorMessage":"` + err.Error() + `","errorType":"errorString"}`)
		}
		_, _ = w.Write(answer)
	}
}

// TestTheCatalogFunctionAnswersWhatInvokeAsks has both sides of the wire.
func TestTheCatalogFunctionAnswersWhatInvokeAsks(t *testing.T) {
	c := client(t, catalog(t, func(_ context.Context, name string, abilities []string) (string, error) {
		if name != "ci" || strings.Join(abilities, ",") != "read,deploy" {
			t.Errorf("asked for %q with %v", name, abilities)
		}
		return "tok1|secret", nil
	}))
	got, err := firsttoken.Invoke(t.Context(), c, "waybill-shop-catalog", "ci", []string{"read", "deploy"})
	if err != nil || got != "tok1|secret" {
		t.Errorf("Invoke: %q, %v; want the token", got, err)
	}
}

func TestARefusalHasTheFunctionsMessage(t *testing.T) {
	c := client(t, catalog(t, func(context.Context, string, []string) (string, error) {
		return "", fault.New(fault.Invalid, "Validation failed.").WithField("abilities",
			"must have at least one")
	}))
	_, err := firsttoken.Invoke(t.Context(), c, "waybill-shop-catalog", "ci", nil)
	if !errors.Is(err, fault.Denied) || !strings.Contains(fault.Public(err),
		"abilities: must have at least one") {
		t.Errorf("Invoke: %v, want Denied with the function's own words", err)
	}
}

func TestAnAnswerWithoutATokenIsAnError(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		failed bool
		body   string
		want   fault.Kind
	}{
		{"IAM refuses", 403, false, `{"Message":"not authorized"}`, fault.Denied},
		{"no such function", 404, false, `{"Message":"not found"}`, fault.Denied},
		{"an error unsaid", 200, true, `{}`, fault.Denied},
		{"an error not JSON", 200, true, `<html>`, fault.Denied},
		{"an empty token", 200, false, `{"token":""}`, fault.Internal},
		{"an answer not JSON", 200, false, `tok1|secret`, fault.Internal},
		{"an answer to others", 200, false, `{"statusCode":200}`, fault.Internal},
	} {
		c := client(t, func(w http.ResponseWriter, _ *http.Request) {
			if tc.failed {
				w.Header().Set("X-Amz-Function-Error", "Unhandled")
			}
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		})
		got, err := firsttoken.Invoke(t.Context(), c, "waybill-shop-catalog", "ci", []string{"read"})
		if got != "" || err == nil || fault.KindOf(err) != tc.want {
			t.Errorf("%s: %q, kind %v of %v; want %v", tc.name, got, fault.KindOf(err), err, tc.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error quotes the answer", tc.name)
		}
	}
}
