package e2e_test

import (
	"maps"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"waybill/internal/aws/redrive"
	"waybill/internal/settings"
	"waybill/localstack/emulator"
)

// TestRedrive breaks dispatch until it gives changes up, and repairs it. A redrive then handles
// these changes, and leaves no letter. MiniStack alone gives changes up by their age; the test
// makes that two seconds instead of ten minutes.
func TestRedrive(t *testing.T) {
	w := stack(t)
	if emulated() != string(emulator.MiniStack) {
		return
	}
	client, function := w.cloud.Session().Lambda(), aws.String("waybill-e2e-dispatch")
	mappings, err := client.ListEventSourceMappings(t.Context(),
		&lambda.ListEventSourceMappingsInput{FunctionName: function})
	if err != nil {
		t.Fatal(err)
	}
	age := func(seconds int32) {
		for _, one := range mappings.EventSourceMappings {
			_, err := client.UpdateEventSourceMapping(t.Context(), &lambda.UpdateEventSourceMappingInput{
				UUID: one.UUID, MaximumRecordAgeInSeconds: &seconds})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	configured, err := client.GetFunctionConfiguration(t.Context(),
		&lambda.GetFunctionConfigurationInput{FunctionName: function})
	if err != nil {
		t.Fatal(err)
	}
	variables := configured.Environment.Variables
	set := func(variables map[string]string) {
		_, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{
			FunctionName: function, Environment: &types.Environment{Variables: variables}})
		if err != nil {
			t.Fatal(err)
		}
	}
	app := w.shell(t, w.server(t), "true")
	broken := maps.Clone(variables)
	delete(broken, settings.EventBus)
	age(2)
	set(broken)
	uuid := w.ask(t, app, "start")
	until(t, "the change is a dead letter", func() bool { return w.letters(t) > 0 })
	set(variables)
	changes := 0
	until(t, "a redrive leaves no letter", func() bool {
		err := w.cloud.Redrive(t.Context(), func(one redrive.Letter) {
			changes += one.Changes
			if one.Err != nil {
				t.Logf("letter %s: %v", one.ID, one.Err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		return w.letters(t) == 0
	})
	if record := w.await(t, uuid); changes == 0 || record.Status != "finished" {
		t.Errorf("%d changes were handled, and the start is %s %s", changes, record.Status, record.Reason)
	}
	age(600)
}

// letters returns the number of dead letters of the streams.
func (w *world) letters(t *testing.T) int {
	t.Helper()
	client := w.cloud.Session().SQS()
	queue, err := client.GetQueueUrl(t.Context(),
		&sqs.GetQueueUrlInput{QueueName: aws.String("waybill-e2e-streams-dead")})
	if err != nil {
		t.Fatal(err)
	}
	one, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl})
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range one.Messages {
		_, err := client.ChangeMessageVisibility(t.Context(), &sqs.ChangeMessageVisibilityInput{
			QueueUrl: queue.QueueUrl, ReceiptHandle: message.ReceiptHandle, VisibilityTimeout: 0})
		if err != nil {
			t.Fatal(err)
		}
	}
	return len(one.Messages)
}
