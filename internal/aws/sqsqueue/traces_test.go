package sqsqueue_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/notify"
)

// traces are traces for a collector, or for none if the endpoint is "".
func (s *service) traces(endpoint string) *sqsqueue.Traces {
	s.start = time.Now()
	return sqsqueue.OpenTraces(awstest.Offline(s), sqsqueue.TracePlace{Endpoint: endpoint, Team: "blue",
		Queue: "https://sqs.eu-central-1.amazonaws.com/000000000000/notify"})
}

func TestATraceIsQueuedWithItsDeployment(t *testing.T) {
	ended := deployment.Record{ID: "app0000000000000000000010123456789abcdef", Operation: deployment.Start,
		Status: deployment.Finished}
	running, updated := ended, ended
	running.Status, updated.Operation = deployment.InProgress, deployment.Update
	for name, c := range map[string]struct {
		endpoint string
		record   deployment.Record
		want     int
	}{
		"it has ended":                 {"https://otlp.example.org/v1/traces", ended, 1},
		"it runs":                      {"https://otlp.example.org/v1/traces", running, 0},
		"it did nothing on its server": {"https://otlp.example.org/v1/traces", updated, 0},
		"there is no collector for it": {"", ended, 0},
	} {
		s := &service{}
		if err := s.traces(c.endpoint).Ended(t.Context(), c.record); err != nil || len(s.sent) != c.want {
			t.Errorf("%s: %v, sent %v", name, err, s.sent)
			continue
		}
		if c.want == 0 {
			continue
		}
		body := s.sent[0].MessageBody
		trace, is := sqsqueue.ReadTrace(body)
		if !is || !strings.Contains(string(trace), `"resourceSpans":[`) ||
			!strings.Contains(body, `"deployment_uuid":"`+string(ended.ID)+`"`) {
			t.Errorf("sent %s", body)
		}
		if _, err := sqsqueue.ReadJob(body); !errors.Is(err, fault.Invalid) {
			t.Errorf("a trace is taken for a job: %v", err)
		}
	}
	if _, is := sqsqueue.ReadTrace(`{"v":1,"id":"a","deployment_uuid":"b"}`); is {
		t.Error("a job is taken for a trace")
	}
}

func TestATraceComesAgainAfterItsPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &service{}
		again := &notify.Again{After: time.Minute, Cause: fault.New(fault.Conflict, "not taken")}
		err := s.traces("https://otlp.example.org/v1/traces").Handle(t.Context(),
			sqsqueue.Message{Receipt: "receipt", Receives: 2}, []byte("{}"),
			func(_ context.Context, trace []byte, receives int) error {
				if string(trace) != "{}" || receives != 2 {
					t.Errorf("export of %s after %d", trace, receives)
				}
				return again
			})
		if !errors.Is(err, fault.Conflict) {
			t.Errorf("Handle: %v", err)
		}
		if diff := cmp.Diff(s.holds, []hold{{0, 25 * time.Second}, {0, time.Minute}}); diff != "" {
			t.Errorf("holds (-got +want):\n%s", diff)
		}
	})
}
