package sqsqueue_test

import (
	"crypto/rand"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/sqsqueue"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

const id = deployment.ID("svc4q7m2x9k1v8c3n6h0d5p21k0zygnd884k4x7m")

// opened makes a queue on the emulator.
func opened(t *testing.T) (*sqsqueue.Queue, *sqs.Client, *string) {
	t.Helper()
	client := awstest.Session(t).SQS()
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("waybill-test-" +
		rand.Text())})
	if err != nil {
		t.Fatal(err)
	}
	return sqsqueue.New(client, *made.QueueUrl), client, made.QueueUrl
}

// receive waits for a message, or returns nil if none is visible in time.
func receive(t *testing.T, client *sqs.Client, url *string, wait int32) *types.Message {
	t.Helper()
	got, err := client.ReceiveMessage(t.Context(),
		&sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: wait, VisibilityTimeout: 600})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Messages) == 0 {
		return nil
	}
	return &got.Messages[0]
}

func TestWhatIsSentReadsBack(t *testing.T) {
	queue, client, url := opened(t)
	if err := queue.Send(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	message := receive(t, client, url, 10)
	if message == nil {
		t.Fatal("no message came")
	}
	if want := `{"deployment_uuid":"` + string(id) + `"}`; *message.Body != want {
		t.Errorf("body %s, want %s", *message.Body, want)
	}
	if got, parking, err := sqsqueue.Read(*message.Body); got != id || parking != 0 || err != nil {
		t.Errorf("Read: %s, %v; want %s", got, err, id)
	}
}

func TestAWakeUpComesAfterItsDelay(t *testing.T) {
	queue, client, url := opened(t)
	if err := queue.Wake(t.Context(), id, 3, 1100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if early := receive(t, client, url, 0); early != nil {
		t.Fatal("the message came at once")
	}
	message := receive(t, client, url, 10)
	if message == nil {
		t.Fatal("no message came")
	}
	if got, parking, err := sqsqueue.Read(*message.Body); got != id || parking != 3 || err != nil {
		t.Errorf("Read: %s, %d, %v; want the third parking of %s", got, parking, err, id)
	}
}

func TestHoldDecidesWhenAMessageComesBack(t *testing.T) {
	queue, client, url := opened(t)
	if err := queue.Send(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	first := receive(t, client, url, 10)
	if first == nil {
		t.Fatal("no message came")
	}
	if again := receive(t, client, url, 0); again != nil {
		t.Fatal("the message was not hidden from the start")
	}
	if err := queue.Hold(t.Context(), *first.ReceiptHandle, time.Second); err != nil {
		t.Fatal(err)
	}
	second := receive(t, client, url, 10)
	if second == nil || *second.MessageId != *first.MessageId {
		t.Fatal("the message did not come back after a second")
	}
}

func TestHoldOfNothingIsAnError(t *testing.T) {
	queue, _, _ := opened(t)
	if err := queue.Hold(t.Context(), "no such receipt", time.Minute); !errors.Is(err, fault.Internal) {
		t.Errorf("Hold: %v, want Internal", err)
	}
}

func TestSendToNoQueueIsAnError(t *testing.T) {
	_, client, url := opened(t)
	err := sqsqueue.New(client, *url+"-not-there").Send(t.Context(), id)
	if !errors.Is(err, fault.Internal) {
		t.Errorf("Send: %v, want Internal", err)
	}
}

func TestReadOfForeignTextIsInvalid(t *testing.T) {
	for _, text := range []string{"", "{}", "null", "[]", `"x"`, "not JSON", `{"deployment_uuid":7}`,
		`{"deployment_uuid":"srv000000000000000000001"}`,
		`{"deployment_uuid":"` + string(id) + `x"}`} {
		if got, _, err := sqsqueue.Read(text); !errors.Is(err, fault.Invalid) || got != "" {
			t.Errorf("Read of %q: %q, %v; want Invalid", text, got, err)
		}
	}
}
