// Package functions_test holds each function's sample event to what the
// function makes of it.
package functions_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/dynamostore"
	"waybill/internal/aws/gateway"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/notify"
	"waybill/internal/openapi"
	"waybill/internal/openapi/schema"
	"waybill/internal/trigger"
	"waybill/internal/trigger/requested"
)

// The deployment that all the samples are about.
const sample = deployment.ID("svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")

// deliver gives a function's sample event to handlers, and returns the answer.
func deliver(t *testing.T, function string, handlers gateway.Handlers) string {
	t.Helper()
	event, err := os.ReadFile(filepath.Join(function, "event.json"))
	if err != nil {
		t.Fatal(err)
	}
	answer, err := gateway.New(slog.New(slog.NewTextHandler(io.Discard, nil)),
		handlers).Invoke(t.Context(), event)
	if err != nil {
		t.Fatalf("%s does not take its own sample event: %v", function, err)
	}
	return string(answer)
}

func TestSampleRequestsAreForTheirFunction(t *testing.T) {
	for function, want := range map[string]string{
		"catalog": "createShellApplication",
		"deploy":  "startService",
		"inspect": "validateService",
		"list":    "listServiceDeployments",
		"show":    "readLog",
	} {
		t.Run(function, func(t *testing.T) {
			served := false
			deliver(t, function, gateway.Handlers{HTTP: http.HandlerFunc(func(
				_ http.ResponseWriter, r *http.Request,
			) {
				served = true
				checkRequest(t, function, want, r)
			})})
			if !served {
				t.Error("the sample is no HTTP request")
			}
		})
	}
}

// checkRequest holds a request to openapi.yaml.
func checkRequest(t *testing.T, function, route string, r *http.Request) {
	t.Helper()
	for _, known := range openapi.Routes() {
		if known.ID != route {
			continue
		}
		if known.Function != function || known.Method != r.Method {
			t.Errorf("the sample is a %s for %s; openapi.yaml gives %s as a %s to %s",
				r.Method, function, route, known.Method, known.Function)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if err := known.CheckQuery(r.URL.Query()); err != nil {
			t.Errorf("query: %v", err)
		}
		if !known.TakesBody {
			return
		}
		if err := schema.NewBodies().Check(route, body); err != nil {
			t.Errorf("body: %v", err)
		}
		return
	}
	t.Errorf("openapi.yaml has no route %s", route)
}

func TestSampleOfDispatchIsAClaim(t *testing.T) {
	var got deployment.Change
	answer := deliver(t, "dispatch", gateway.Handlers{Change: func(
		_ context.Context, item gateway.Change,
	) error {
		change, moved, err := dynamostore.ReadChange(item.New, item.Old)
		if !moved {
			t.Error("the sample changes no status")
		}
		got = change
		return err
	}})
	if want := `{"batchItemFailures":[]}`; answer != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
	if got.Record.ID != sample || got.Record.Status != deployment.InProgress ||
		got.Previous != deployment.Queued {
		t.Errorf("read %s from %q to %q, want %s from queued to in_progress",
			got.Record.ID, got.Previous, got.Record.Status, sample)
	}
}

func TestSampleOfRunnerNamesADeployment(t *testing.T) {
	var got deployment.ID
	answer := deliver(t, "runner", gateway.Handlers{Message: func(
		_ context.Context, message gateway.Message,
	) (err error) {
		if message.Receives != 1 || message.Receipt == "" {
			t.Errorf("message %+v, want a receipt and the first delivery", message)
		}
		got, _, err = sqsqueue.Read(message.Body)
		return err
	}})
	if diff := cmp.Diff(got, sample); diff != "" {
		t.Errorf("deployment (-got +want):\n%s", diff)
	}
	if want := `{"batchItemFailures":[]}`; answer != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
}

func TestSampleOfTriggerIsARequest(t *testing.T) {
	var got trigger.Event
	answer := deliver(t, "trigger", gateway.Handlers{Message: func(
		_ context.Context, message gateway.Message,
	) (err error) {
		got, err = trigger.Read([]byte(message.Body), requested.Check)
		return err
	}})
	if got.Request == nil || got.Request.ResourceID != sample.Resource() ||
		got.Request.Operation != deployment.Deploy {
		t.Errorf("read %+v, want a deploy of %s", got.Request, sample.Resource())
	}
	if want := `{"batchItemFailures":[]}`; answer != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
}

func TestSampleOfNotifyIsAJob(t *testing.T) {
	var got notify.Job
	answer := deliver(t, "notify", gateway.Handlers{Message: func(
		_ context.Context, message gateway.Message,
	) (err error) {
		got, err = sqsqueue.ReadJob(message.Body)
		return err
	}})
	if got.Facts.Deployment != sample || got.Event != catalog.EventFailed ||
		!strings.HasPrefix(got.ID, string(sample)+"_failed_") {
		t.Errorf("read %+v, want the failure of %s", got, sample)
	}
	if want := `{"batchItemFailures":[]}`; answer != want {
		t.Errorf("answer %s, want %s", answer, want)
	}
}
