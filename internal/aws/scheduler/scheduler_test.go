package scheduler_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsscheduler "github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/scheduler"
	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/schedule"
	"waybill/internal/schedule/scheduletest"
)

const role = "arn:aws:iam::000000000000:role/clock"

// group makes a schedule group for a test, which deletes it at its end.
func group(t *testing.T) (client *awsscheduler.Client, name string) {
	t.Helper()
	client = awsscheduler.NewFromConfig(awstest.Session(t).Config())
	suffix, err := catalog.RandomText(10, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name = "test-" + suffix
	if _, err := client.CreateScheduleGroup(t.Context(),
		&awsscheduler.CreateScheduleGroupInput{Name: &name}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = client.DeleteScheduleGroup(context.WithoutCancel(t.Context()),
			&awsscheduler.DeleteScheduleGroupInput{Name: &name})
	})
	return client, name
}

func TestClock(t *testing.T) {
	scheduletest.TestClock(t, func(t *testing.T) schedule.Clock {
		client, name := group(t)
		return scheduler.New(client, scheduler.Place{Group: name, Role: role,
			Queue: "arn:aws:sqs:us-east-1:000000000000:trigger"})
	})
}

func TestNamesTellWhenACopyWasMade(t *testing.T) {
	client, name := group(t)
	clock := scheduler.New(client, scheduler.Place{Group: name, Role: role,
		Queue: "arn:aws:sqs:us-east-1:000000000000:trigger"})
	before := time.Now().Add(-time.Second)
	if err := clock.Set(t.Context(), scheduletest.ExampleCopy(t)); err != nil {
		t.Fatal(err)
	}
	names, _, err := clock.Names(t.Context(), "")
	if err != nil || len(names) != 1 || names[0].MadeAt.Before(before) || names[0].MadeAt.After(time.Now()) {
		t.Errorf("Names: %v, %v", names, err)
	}
}

// TestACopyFires lets a copy fire on an emulator that does that. Its message says for which schedule,
// and when it was due or the name of the attribute that AWS replaces by that.
func TestACopyFires(t *testing.T) {
	client, name := group(t)
	queues := awstest.Session(t).SQS()
	queue, err := queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name})
	if err != nil {
		t.Fatal(err)
	}
	clock := scheduler.New(client, scheduler.Place{Group: name, Role: role,
		Queue: "arn:aws:sqs:us-east-1:000000000000:" + name})
	one := scheduletest.ExampleCopy(t)
	due := time.Now().UTC().Truncate(time.Second)
	one.Expression, one.Timezone = "at("+due.Format("2006-01-02T15:04:05")+")", "UTC"
	if err := clock.Set(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		found, err := queues.ReceiveMessage(ctx,
			&sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, WaitTimeSeconds: 5})
		if ctx.Err() != nil {
			t.Skip("this emulator does not fire schedules")
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, message := range found.Messages {
			text := []byte(aws.ToString(message.Body))
			read, err := schedule.ReadMessage(text)
			if err != nil || !schedule.IsMessage(text) || read.Schedule != one.Schedule ||
				read.Resource != one.Resource {
				t.Errorf("message %s: %+v, %v", text, read, err)
			}
			if want := due.Truncate(time.Minute).Format(time.RFC3339); read.Due != schedule.DueAttribute &&
				read.Due != want {
				t.Errorf("due = %s", read.Due)
			}
			return
		}
	}
}

// service answers every call in the same way, and keeps the last one.
type service struct {
	status int
	code   string
	answer string
	path   string
	body   map[string]any
}

func (s *service) Do(r *http.Request) (*http.Response, error) {
	s.path = r.Method + " " + r.URL.RequestURI()
	s.body = nil
	if r.Body != nil {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		if len(text) > 0 {
			if err := json.Unmarshal(text, &s.body); err != nil {
				return nil, err
			}
		}
	}
	answer := awstest.Answer(r, s.status, "application/json", s.answer)
	answer.Header.Set("X-Amzn-ErrorType", s.code)
	return answer, nil
}

func offline(status int, code, answer string) (*service, *scheduler.Clock) {
	s := &service{status: status, code: code, answer: answer}
	return s, scheduler.Open(awstest.Offline(s), scheduler.Place{Group: "waybill-blue", Role: role,
		Queue: "arn:aws:sqs:eu-central-1:000000000000:waybill-blue-trigger"})
}

func TestWhatTheServiceIsAsked(t *testing.T) {
	s, clock := offline(http.StatusOK, "", `{"ScheduleArn":"arn"}`)
	one := schedule.Copy{Name: "sch000000000000000000000-abcdefgh", Schedule: "sch000000000000000000000",
		Resource: "svc000000000000000000000", Expression: "rate(2 hours)", Timezone: "Europe/Berlin",
		Flexible: 15 * time.Minute, Start: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}
	if err := clock.Set(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	delete(s.body, "ClientToken")
	want := map[string]any{
		"GroupName": "waybill-blue", "ScheduleExpression": "rate(2 hours)",
		"ScheduleExpressionTimezone": "Europe/Berlin", "State": "ENABLED", "ActionAfterCompletion": "NONE",
		"StartDate":          1798761600.0,
		"FlexibleTimeWindow": map[string]any{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15.0},
		"Target": map[string]any{
			"Arn": "arn:aws:sqs:eu-central-1:000000000000:waybill-blue-trigger", "RoleArn": role,
			"Input": `{"source":"waybill.schedule","schedule_uuid":"sch000000000000000000000",` +
				`"resource_uuid":"svc000000000000000000000","due":"<aws.scheduler.scheduled-time>"}`,
			"RetryPolicy": map[string]any{"MaximumEventAgeInSeconds": 3600.0},
		},
	}
	if diff := cmp.Diff(s.body, want); diff != "" || s.path != "POST /schedules/"+one.Name {
		t.Errorf("%s\n%s", s.path, diff)
	}
	if err := clock.Clear(t.Context(), one.Name); err != nil ||
		!strings.HasPrefix(s.path, "DELETE /schedules/"+one.Name+"?") ||
		!strings.Contains(s.path, "groupName=waybill-blue") {
		t.Errorf("Clear: %s, %v", s.path, err)
	}
}

func TestErrorsAreClassified(t *testing.T) {
	for code, c := range map[string]struct {
		status           int
		set, clear, list error
	}{
		"ConflictException":             {409, nil, fault.Internal, fault.Internal},
		"ResourceNotFoundException":     {404, fault.Internal, nil, fault.Internal},
		"ValidationException":           {400, fault.Invalid, fault.Invalid, fault.Invalid},
		"ServiceQuotaExceededException": {402, fault.Exhausted, fault.Internal, fault.Internal},
		"ThrottlingException":           {429, fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"InternalServerException":       {500, fault.Unavailable, fault.Unavailable, fault.Unavailable},
		"AccessDeniedException":         {403, fault.Internal, fault.Internal, fault.Internal},
	} {
		_, clock := offline(c.status, code, `{"Message":"no"}`)
		_, _, errNames := clock.Names(t.Context(), "")
		for name, pair := range map[string][2]error{
			"Set":   {clock.Set(t.Context(), scheduletest.ExampleCopy(t)), c.set},
			"Clear": {clock.Clear(t.Context(), "sch"), c.clear}, "Names": {errNames, c.list},
		} {
			if got, want := pair[0], pair[1]; (got == nil) != (want == nil) ||
				want != nil && fault.KindOf(got) != want {
				t.Errorf("%s of %s: %v, want %v", code, name, got, want)
			}
		}
		if c.set == fault.Invalid {
			err := clock.Set(t.Context(), scheduletest.ExampleCopy(t))
			if !errors.Is(err, fault.Invalid) || len(fault.Fields(err)["expression"]) != 1 {
				t.Errorf("%s names %v", code, fault.Fields(err))
			}
		}
	}
}
