package sqsqueue_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/sqsqueue"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/notify"
)

// TestAJobArrivesWhole sends a job with a value in every field that a message can have.
func TestAJobArrivesWhole(t *testing.T) {
	var job notify.Job
	catalogtest.Fill(t, &job)
	// A message says who asked for the deployment, and no more of its trigger.
	job.Facts.Trigger = deployment.Trigger{Kind: job.Facts.Trigger.Kind, Name: job.Facts.Trigger.Name}
	text, err := sqsqueue.EncodeJob(job, "a reason")
	if err != nil {
		t.Fatal(err)
	}
	got, err := sqsqueue.ReadJob(text)
	if diff := cmp.Diff(got, job); diff != "" || err != nil {
		t.Errorf("read (%v), -got +sent:\n%s", err, diff)
	}
}

func TestAnotherMessageIsNoJob(t *testing.T) {
	for _, text := range []string{"", "{}", `{"v":1}`, `{"v":2,"id":"a"}`, `{"deployment_uuid":"svc"}`} {
		if job, err := sqsqueue.ReadJob(text); !errors.Is(err, fault.Invalid) {
			t.Errorf("%q: %+v, %v; want Invalid", text, job, err)
		}
	}
}
