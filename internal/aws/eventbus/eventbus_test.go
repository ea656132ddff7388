package eventbus_test

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/eventbus"
	"waybill/internal/aws/session"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
)

// shop is the stack that publishes.
var shop = eventbus.Stack{Team: "shop", URL: "https://api.test"}

const id = deployment.ID("svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")

// failed is a deployment that has just failed.
func failed() deployment.Change {
	at := time.Date(2026, 11, 24, 6, 15, 0, 4000, time.UTC)
	code := 137
	return deployment.Change{Previous: deployment.InProgress, Record: deployment.Record{
		ID: id, Status: deployment.Failed, Operation: deployment.Restart,
		Options: deployment.Options{PullLatestImages: true, Commit: "c0ffee0", DockerTag: "1.4",
			Configuration: "0a1b", DeleteVolumes: true},
		ConfigurationHash: "0a1b",
		ResourceName:      "shop", ServerID: "srv8c1n6h3d0p5q2m7x4k9v1", ServerName: "web-1",
		Trigger:   deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci"},
		CreatedAt: at, QueuedAt: at, StartedAt: at.Add(time.Second), FinishedAt: at.Add(time.Minute),
		UpdatedAt: at.Add(time.Minute),
		Lease:     deployment.Lease{Owner: "a runner", Attempt: 2},
		Progress: deployment.Progress{
			Log: logbook.Mark{Last: 12, Bytes: 3000, Complete: true,
				At: logbook.Position{Out: 900, Err: 100}}},
		Outcome: deployment.Outcome{Status: deployment.Failed, Reason: deployment.ReasonSignal,
			ExitCode: &code, Signal: "SIGKILL",
			Source: deployment.Source{Commit: "c0ffee0123", Message: "Serve tea"}},
	}}
}

const failedDetail = `{
	"version": 1,
	"team": "shop",
	"reason": "signal",
	"duration_ms": 59000,
	"links": {
		"deployment": "https://api.test/api/v1/deployments/svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m",
		"log": "https://api.test/api/v1/deployments/svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m/logs?format=text"
	},
	"id": "svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m.failed",
	"kind": "service",
	"previous_status": "in_progress",
	"deployment": {
		"id": 1795500900000004,
		"deployment_uuid": "svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m",
		"status": "failed", "reason": "signal", "reason_text": null, "operation": "restart",
		"resource_uuid": "svc4q7m2x9k1v8c3n6h0d5p2", "resource_type": "service", "resource_name": "shop",
		"server_uuid": "srv8c1n6h3d0p5q2m7x4k9v1", "server_name": "web-1",
		"pull_latest_images": true, "stop_before_start": false, "force": false,
		"rollback": true, "delete_volumes": true, "configuration_hash": "0a1b",
		"commit": "c0ffee0123", "commit_message": "Serve tea", "docker_registry_image_tag": "1.4",
		"is_api": true, "trigger": {"kind": "api", "name": "ci"},
		"attempt": 2, "exit_code": 137, "signal": "SIGKILL",
		"log": {"entries": 12, "bytes": 3000, "output_bytes": 1000, "complete": true},
		"created_at": "2026-11-24T06:15:00.000004Z", "queued_at": "2026-11-24T06:15:00.000004Z",
		"started_at": "2026-11-24T06:15:01.000004Z", "finished_at": "2026-11-24T06:16:00.000004Z",
		"updated_at": "2026-11-24T06:16:00.000004Z"
	}
}`

func decoded(t *testing.T, text string) (value any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return value
}

// TestARuleMatchesTheEvent publishes to a bus with a rule as a team would write
// it, and reads what the rule's target got.
func TestARuleMatchesTheEvent(t *testing.T) {
	session := awstest.Session(t)
	bus := "waybill-test-" + rand.Text()
	queue := ruled(t, session, bus, `{
		"source": ["waybill.shop"],
		"detail-type": ["Deployment Status Changed"],
		"detail": {"kind": ["service"], "deployment": {"status": ["failed"]}}
	}`)
	if err := eventbus.Open(session.Config(), bus, shop).Publish(t.Context(),
		failed()); err != nil {
		t.Fatal(err)
	}
	var event struct {
		Source string          `json:"source"`
		Type   string          `json:"detail-type"`
		Detail json.RawMessage `json:"detail"`
	}
	if err := json.Unmarshal([]byte(received(t, session.SQS(), queue)), &event); err != nil {
		t.Fatal(err)
	}
	if event.Source != "waybill.shop" || event.Type != eventbus.DetailType {
		t.Errorf("event from %q of type %q", event.Source, event.Type)
	}
	if diff := cmp.Diff(decoded(t, string(event.Detail)), decoded(t, failedDetail)); diff != "" {
		t.Errorf("detail (-got +want):\n%s", diff)
	}
}

// ruled makes a bus with a rule whose target is a queue, and returns its URL.
func ruled(t *testing.T, session *session.Session, bus, pattern string) *string {
	t.Helper()
	client := session.EventBridge()
	queue, arn := newQueue(t, session, bus)
	_, err := client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &bus})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &bus, EventBusName: &bus,
		EventPattern: &pattern})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &bus, EventBusName: &bus,
		Targets: []types.Target{{Id: aws.String("queue"), Arn: &arn}}})
	if err != nil {
		t.Fatal(err)
	}
	return queue
}

// newQueue makes a queue and returns its URL and its ARN.
func newQueue(t *testing.T, session *session.Session, name string) (url *string, arn string) {
	t.Helper()
	queues := session.SQS()
	made, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	known, err := queues.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: made.QueueUrl,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameQueueArn}})
	if err != nil {
		t.Fatal(err)
	}
	return made.QueueUrl, known.Attributes[string(sqstypes.QueueAttributeNameQueueArn)]
}

// received waits for the queue's first message.
func received(t *testing.T, client *sqs.Client, queue *string) string {
	t.Helper()
	for range 6 {
		got, err := client.ReceiveMessage(t.Context(),
			&sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 10})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Messages) > 0 {
			return *got.Messages[0].Body
		}
	}
	t.Fatal("the rule's target got nothing in a minute")
	return ""
}

// service is an EventBridge that answers every call alike.
type service struct {
	status int
	body   string
	sent   []byte
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	s.sent, _ = io.ReadAll(r.Body)
	return awstest.Answer(r, s.status, awstest.JSON11, s.body), nil
}

func (s *service) bus() *eventbus.Bus {
	return eventbus.Open(awstest.Offline(s), "waybill-shop", shop)
}

func TestARefusedEventIsAnError(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
	}{
		{
			// The call succeeds and the event is lost all the same.
			name:   "an answer with an error",
			status: 200,
			body: `{"FailedEntryCount": 1, "Entries": [
				{"ErrorCode": "ThrottlingException", "ErrorMessage": "later"}
			]}`,
		},
		{
			name:   "an answer with an error without a message",
			status: 200,
			body:   `{"FailedEntryCount":1,"Entries":[{}]}`,
		},
		{
			name:   "a call that is refused",
			status: 400,
			body:   `{"__type":"AccessDeniedException","message":"no"}`,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := &service{status: c.status, body: c.body}
			err := s.bus().Publish(t.Context(), failed())
			if !errors.Is(err, fault.Internal) || !strings.Contains(err.Error(), string(id)) {
				t.Errorf("%v, want Internal that names the deployment", err)
			}
		})
	}
}

// published returns the detail of the event that is sent for the change.
func published(t *testing.T, change deployment.Change) string {
	t.Helper()
	s := &service{status: 200, body: `{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}`}
	if err := s.bus().Publish(t.Context(), change); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Entries []struct{ EventBusName, Source, Detail string }
	}
	if err := json.Unmarshal(s.sent, &sent); err != nil || len(sent.Entries) != 1 {
		t.Fatalf("sent %s, %v; want one entry", s.sent, err)
	}
	if entry := sent.Entries[0]; entry.EventBusName != "waybill-shop" || entry.Source != "waybill.shop" {
		t.Errorf("sent to %q from %q", entry.EventBusName, entry.Source)
	}
	return sent.Entries[0].Detail
}

func TestUnknownFieldsAreNull(t *testing.T) {
	change := deployment.Change{Record: deployment.Record{ID: id, Status: deployment.Queued}}
	detail := decoded(t, published(t, change)).(map[string]any)
	record := detail["deployment"].(map[string]any)
	for _, name := range []string{"previous_status", "reason", "duration_ms"} {
		if value, has := detail[name]; !has || value != nil {
			t.Errorf("%s is %v, want null", name, value)
		}
	}
	for _, name := range []string{"reason", "exit_code", "signal", "started_at", "finished_at",
		"configuration_hash", "commit", "commit_message", "docker_registry_image_tag"} {
		if record[name] != nil {
			t.Errorf("%s is %v, want null", name, record[name])
		}
	}
}

func TestTheCommitIsTheOneAskedForUntilOneIsBuilt(t *testing.T) {
	change := failed()
	change.Record.Outcome.Source = deployment.Source{}
	if sent := published(t, change); !strings.Contains(sent, `"commit":"c0ffee0"`) {
		t.Errorf("%s does not name the commit", sent)
	}
}
