package e2e_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/localstack/client"
)

// deliver puts a message into the queue of events.
func (w *world) deliver(t *testing.T, body string) {
	t.Helper()
	_, err := w.cloud.Session().SQS().SendMessage(t.Context(), &sqs.SendMessageInput{
		QueueUrl: aws.String(w.cloud.Outputs().TriggerQueueURL), MessageBody: &body})
	if err != nil {
		t.Fatal(err)
	}
}

// rawEvent is an event as a rule of EventBridge sends it to the queue.
func rawEvent(id, detailType, source string, detail any) string {
	text, _ := json.Marshal(map[string]any{"version": "0", "id": id, "detail-type": detailType,
		"source": source, "account": "000000000000", "region": "us-east-1", "resources": []string{},
		"time": time.Now().UTC().Format(time.RFC3339), "detail": detail})
	return string(text)
}

// publish puts an event on a bus.
func (w *world) publish(t *testing.T, bus, detailType, source string, detail any) {
	t.Helper()
	text, err := json.Marshal(detail)
	if err != nil {
		t.Fatal(err)
	}
	put, err := w.cloud.Session().EventBridge().PutEvents(t.Context(), &eventbridge.PutEventsInput{
		Entries: []types.PutEventsRequestEntry{{EventBusName: &bus, DetailType: &detailType, Source: &source,
			Detail: aws.String(string(text))}}})
	if err != nil || put.FailedEntryCount > 0 {
		t.Fatalf("PutEvents: %v, %+v", err, put)
	}
}

// triggered waits for a deployment of the resource that has the kind of trigger, and returns all
// of them.
func (w *world) triggered(t *testing.T, kind, resource string) []client.Deployment {
	t.Helper()
	path := "/deployments/applications/" + resource + "?take=100&trigger=" + kind
	deadline := time.Now().Add(patience)
	for ; time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		var page struct{ Deployments []client.Deployment }
		w.get(t, path, &page)
		if len(page.Deployments) > 0 {
			return page.Deployments
		}
	}
	t.Fatalf("no deployment of %s has the trigger %s", resource, kind)
	return nil
}

// buried waits for the dead letter of an event, and returns its reason.
func (w *world) buried(t *testing.T, text string) string {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		got, err := w.cloud.Session().SQS().ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{
			QueueUrl:        aws.String(w.cloud.Outputs().TriggerDeadQueueURL),
			WaitTimeSeconds: 1, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range got.Messages {
			if strings.Contains(*message.Body, text) {
				return aws.ToString(message.MessageAttributes["reason"].StringValue)
			}
		}
	}
	t.Fatalf("no dead letter has %q", text)
	return ""
}

func TestP11ARequestOnTheBusStartsADeployment(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo started")
	detail := map[string]any{"team": "e2e", "resource_uuid": app, "operation": "deploy"}
	t.Run("through the rule of the stack", func(t *testing.T) {
		w.publish(t, "waybill-e2e", "Deployment Requested", "any.source", detail)
		started := w.triggered(t, "bus", app)
		w.await(t, started[0].DeploymentUUID)
	})
	t.Run("once when it is delivered three times", func(t *testing.T) {
		once := w.shell(t, w.server(t), "echo started")
		detail["resource_uuid"] = once
		id := fmt.Sprint("three-times-", time.Now().UnixNano())
		for range 3 {
			w.deliver(t, rawEvent(id, "Deployment Requested", "any.source", detail))
		}
		started := w.triggered(t, "bus", once)
		w.await(t, started[0].DeploymentUUID)
		// A later event shows that the repeats have been handled.
		w.deliver(t, rawEvent(id+"-bad", "Deployment Requested", "any.source", map[string]any{"team": "e2e"}))
		if reason := w.buried(t, id+"-bad"); !strings.Contains(reason, "detail.operation is required") {
			t.Errorf("the reason of the dead letter is %q", reason)
		}
		if all := w.triggered(t, "bus", once); len(all) != 1 {
			t.Errorf("%d deployments, want 1", len(all))
		}
	})
}
