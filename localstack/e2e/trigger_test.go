package e2e_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
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

// deliveries is a bucket whose new objects are events.
const deliveries = "e2e-deliveries"

// declare declares a trigger of the application.
func (w *world) declare(t *testing.T, app string, rule map[string]any) {
	t.Helper()
	err := w.api.Do(t.Context(), "PATCH", "/applications/"+app, map[string]any{"triggers": []any{rule}}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// wantOneDeployment delivers the event three times and checks that it makes one deployment.
func (w *world) wantOneDeployment(t *testing.T, kind, app, event string) client.Deployment {
	t.Helper()
	for range 3 {
		w.deliver(t, event)
	}
	w.triggered(t, kind, app)
	// A dead letter that is sent later shows that the repeats have been handled.
	id := fmt.Sprint("after-", time.Now().UnixNano())
	w.deliver(t, id)
	w.buried(t, id)
	all := w.triggered(t, kind, app)
	if len(all) != 1 {
		t.Errorf("%d deployments, want 1 for an event that was delivered three times", len(all))
	}
	return w.await(t, all[0].DeploymentUUID)
}

func TestP11APushedImageStartsADeployment(t *testing.T) {
	w := stack(t)
	app := w.create(t, "/applications/dockerimage", map[string]any{"name": "web", "server_uuid": w.server(t),
		"docker_registry_image_name": "team/web", "docker_registry_image_tag": "v1.0.0"})
	w.declare(t, app, map[string]any{"kind": "image", "repository": "team/web", "tag": "^1.1"})
	digest := "sha256:" + strings.Repeat("0a", 32)
	detail := map[string]any{"result": "SUCCESS", "repository-name": "team/web", "image-digest": digest,
		"action-type": "PUSH", "image-tag": "v1.1.0"}
	w.wantOneDeployment(t, "image", app,
		rawEvent(fmt.Sprint("image-", time.Now().UnixNano()), "ECR Image Action", "aws.ecr", detail))
	var record struct {
		Tag    string `json:"docker_registry_image_tag"`
		Digest string `json:"image_digest"`
	}
	w.get(t, "/deployments/"+w.triggered(t, "image", app)[0].DeploymentUUID, &record)
	if record.Tag != "v1.1.0" || record.Digest != digest {
		t.Errorf("the record has %+v, want the pushed tag and digest", record)
	}
	var application struct {
		Tag string `json:"docker_registry_image_tag"`
	}
	w.get(t, "/applications/"+app, &application)
	if application.Tag != "v1.1.0" {
		t.Errorf("the tag of the application is %q, want the pushed one", application.Tag)
	}
}

func TestP11ANewObjectStartsADeployment(t *testing.T) {
	w := stack(t)
	app := w.shell(t, w.server(t), "echo delivered")
	w.declare(t, app, map[string]any{"kind": "object", "bucket": deliveries, "prefix": "web/",
		"suffix": ".zip", "operation": "restart"})
	detail := map[string]any{"bucket": map[string]any{"name": deliveries},
		"object": map[string]any{"key": "web/a.zip", "size": 5, "version-id": "v7"}}
	ended := w.wantOneDeployment(t, "object", app,
		rawEvent(fmt.Sprint("object-", time.Now().UnixNano()), "Object Created", "aws.s3", detail))
	if ended.Status != "finished" {
		t.Errorf("it has ended as %s", ended.Status)
	}
	t.Run("written to the bucket", func(t *testing.T) {
		client := w.cloud.Session().S3()
		_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(deliveries)})
		if err == nil {
			_, err = client.PutBucketNotificationConfiguration(t.Context(),
				&s3.PutBucketNotificationConfigurationInput{Bucket: aws.String(deliveries),
					NotificationConfiguration: &s3types.NotificationConfiguration{
						EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
		}
		if err != nil {
			t.Fatal(err)
		}
		written := w.shell(t, w.server(t), "echo delivered")
		w.declare(t, written, map[string]any{"kind": "object", "bucket": deliveries, "prefix": "real/"})
		_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(deliveries),
			Key: aws.String("real/a b.zip"), Body: strings.NewReader("hello")})
		if err != nil {
			t.Fatal(err)
		}
		w.await(t, w.triggered(t, "object", written)[0].DeploymentUUID)
	})
}

// TestRulesOfOthersStartDeployments tries the rules of docs/examples/start-rules.json with the
// samples of their events, on a bus of its own: the sources of AWS are reserved.
func TestRulesOfOthersStartDeployments(t *testing.T) {
	w := stack(t)
	text, err := os.ReadFile("../../docs/examples/start-rules.json")
	if err != nil {
		t.Fatal(err)
	}
	var rules []struct {
		Name, Template string
		Pattern        map[string]any
		Paths          map[string]string
		Sample         struct {
			DetailType string `json:"detail-type"`
			Detail     map[string]any
		}
	}
	if err := json.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	events, bus := w.cloud.Session().EventBridge(), fmt.Sprint("others-", time.Now().UnixNano())
	_, err = events.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &bus})
	if err != nil {
		t.Fatal(err)
	}
	put := func(name string, pattern any, target types.Target) {
		t.Helper()
		encoded, err := json.Marshal(pattern)
		if err == nil {
			_, err = events.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &bus,
				EventPattern: aws.String(string(encoded))})
		}
		if err == nil {
			_, err = events.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name,
				EventBusName: &bus, Targets: []types.Target{target}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	queue := "arn:aws:sqs:us-east-1:000000000000:waybill-e2e-trigger"
	for _, rule := range rules {
		t.Run(rule.Name, func(t *testing.T) {
			app := w.shell(t, w.server(t), "echo started")
			template := strings.NewReplacer("TEAM", "e2e", "RESOURCE", app).Replace(rule.Template)
			delete(rule.Pattern, "source")
			put(rule.Name+"-to-waybill-e2e", rule.Pattern, types.Target{Id: aws.String("waybill"),
				Arn: &queue, InputTransformer: &types.InputTransformer{InputTemplate: &template,
					InputPathsMap: rule.Paths}})
			w.publish(t, bus, rule.Sample.DetailType, "test", rule.Sample.Detail)
			w.await(t, w.triggered(t, "bus", app)[0].DeploymentUUID)
		})
	}
	t.Run("from another bus", func(t *testing.T) {
		app := w.shell(t, w.server(t), "echo started")
		put("requests", map[string]any{"detail-type": []string{"Deployment Requested"}}, types.Target{
			Id:  aws.String("waybill"),
			Arn: aws.String("arn:aws:events:us-east-1:000000000000:event-bus/waybill-e2e")})
		w.publish(t, bus, "Deployment Requested", "test", map[string]any{"team": "e2e", "resource_uuid": app,
			"operation": "deploy"})
		w.await(t, w.triggered(t, "bus", app)[0].DeploymentUUID)
	})
}

// triggerProcesses are the running processes of the function trigger of this test's emulator.
func (w *world) triggerProcesses() []int {
	var all []int
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "environ"))
		name := "AWS_LAMBDA_FUNCTION_NAME=waybill-e2e-trigger\x00"
		if err == nil && strings.Contains(string(environ), name) &&
			strings.Contains(string(environ), "AWS_ENDPOINT_URL="+w.meter.URL()) {
			all = append(all, pid)
		}
	}
	return all
}

// triggerKills is how often the function is killed.
const triggerKills = 50

// TestP11NoDeathOfTriggerLosesAnEvent kills the function at random instants while it handles
// events. In the end each event has a result, and the deployments are those of the results.
func TestP11NoDeathOfTriggerLosesAnEvent(t *testing.T) {
	w := stack(t)
	if os.Getenv("EMULATOR") != "ministack" {
		t.Skip("LocalStack handles one message at a time, and gives a killed one back after a minute")
	}
	const events, resources = 95, 10 // GET /triggers/recent lists 100
	server := w.server(t)
	var apps []string
	for range resources {
		apps = append(apps, w.shell(t, server, "true"))
	}
	sent := map[string]string{}
	next, kills := 0, 0
	send := func() {
		id, app := fmt.Sprintf("kill-%d-%d", next, time.Now().UnixNano()), apps[next%resources]
		sent["bus/"+id] = app
		w.deliver(t, rawEvent(id, "Deployment Requested", "test", map[string]any{"team": "e2e",
			"resource_uuid": app, "operation": "deploy"}))
		next++
	}
	for deadline := time.Now().Add(patience); kills < triggerKills && time.Now().Before(deadline); {
		if next < events {
			send()
		}
		for soon := time.Now().Add(time.Second); len(w.triggerProcesses()) == 0 && time.Now().Before(soon); {
			time.Sleep(10 * time.Millisecond)
		}
		// This is the random instant, not a wait for a state.
		time.Sleep(time.Duration(rand.Int64N(int64(100 * time.Millisecond))))
		for _, pid := range w.triggerProcesses() {
			if syscall.Kill(pid, syscall.SIGKILL) == nil {
				kills++
			}
		}
	}
	for next < events {
		send()
	}
	fmt.Printf("figure: trigger was killed %d times while it handled %d events\n", kills, events)
	if kills < triggerKills {
		t.Errorf("%d kills, want %d", kills, triggerKills)
	}
	w.wantSettled(t, sent)
}

// wantSettled waits until each event has a result that does not change any more, and compares the
// results with the deployments.
func (w *world) wantSettled(t *testing.T, sent map[string]string) {
	t.Helper()
	results := map[string]string{}
	for deadline := time.Now().Add(3 * patience); len(results) < len(sent) && time.Now().Before(deadline); {
		var recent struct {
			Events []struct {
				ID      string
				Results []struct{ Result string }
			}
		}
		w.get(t, "/triggers/recent", &recent)
		for _, event := range recent.Events {
			_, ours := sent[event.ID]
			if ours && len(event.Results) == 1 && event.Results[0].Result != "waiting" {
				results[event.ID] = event.Results[0].Result
			}
		}
		time.Sleep(500 * time.Millisecond)
	}
	made := map[string]int{}
	for _, app := range sent {
		var page struct {
			Deployments []struct {
				Trigger struct{ Name string }
			}
		}
		w.get(t, "/deployments/applications/"+app+"?take=100&trigger=bus", &page)
		counted := map[string]int{}
		for _, one := range page.Deployments {
			counted["bus/"+one.Trigger.Name]++
		}
		maps.Copy(made, counted)
	}
	counts := map[string]int{}
	for id := range sent {
		result := results[id]
		counts[result]++
		if started := result == "started"; made[id] > 1 || (made[id] == 1) != started {
			t.Errorf("the event %s is %q and has %d deployments", id, result, made[id])
		}
	}
	fmt.Printf("figure: results %v, %d deployments\n", counts, len(made))
	if counts["started"]+counts["merged"] != len(sent) {
		t.Errorf("the results are %v, want started or merged for each of %d", counts, len(sent))
	}
}
