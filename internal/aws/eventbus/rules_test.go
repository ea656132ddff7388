package eventbus_test

import (
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"go.yaml.in/yaml/v4"

	"waybill/internal/aws/awstest"
	"waybill/internal/aws/eventbus"
	"waybill/internal/deployment"
)

// example is one rule of docs/examples/event-rules.yaml. The emulator's CloudFormation has no
// API destinations, so the tests make the rules by the calls that CloudFormation would make.
type example struct {
	EventPattern map[string]any `yaml:"EventPattern"`
	Targets      []struct {
		InputPath        string `yaml:"InputPath"`
		InputTransformer *struct {
			Paths    map[string]string `yaml:"InputPathsMap"`
			Template string            `yaml:"InputTemplate"`
		} `yaml:"InputTransformer"`
	} `yaml:"Targets"`
}

// examples reads the rules of the template, for the team shop.
func examples(t *testing.T) map[string]example {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "examples", "event-rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	named := strings.ReplaceAll(string(text), `{"Fn::Sub": "waybill.${Team}"}`, "waybill.shop")
	var template struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal([]byte(named), &template); err != nil {
		t.Fatal(err)
	}
	rules := map[string]example{}
	for name, resource := range template.Resources {
		if resource.Type != "AWS::Events::Rule" {
			continue
		}
		var rule example
		if err := resource.Properties.Decode(&rule); err != nil {
			t.Fatal(err)
		}
		rules[name] = rule
	}
	return rules
}

// try makes the rule on a bus of its own with the target, and publishes the changes.
func (e example) try(t *testing.T, target types.Target, changes ...deployment.Change) {
	t.Helper()
	session := awstest.Session(t)
	client, name := session.EventBridge(), "waybill-rules-"+rand.Text()
	pattern, err := json.Marshal(e.EventPattern)
	if err != nil {
		t.Fatal(err)
	}
	if path := e.Targets[0].InputPath; path != "" {
		target.InputPath = &path
	}
	if transformer := e.Targets[0].InputTransformer; transformer != nil {
		target.InputTransformer = &types.InputTransformer{InputPathsMap: transformer.Paths,
			InputTemplate: &transformer.Template}
	}
	target.Id = aws.String("target")
	_, err = client.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: &name})
	if err == nil {
		_, err = client.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: &name, EventBusName: &name,
			EventPattern: aws.String(string(pattern))})
	}
	if err == nil {
		_, err = client.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: &name, EventBusName: &name,
			Targets: []types.Target{target}})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range changes {
		if err := eventbus.Open(session.Config(), name, shop).Publish(t.Context(), change); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTheSlackExample posts a failure to a server that stands for Slack, and nothing else.
func TestTheSlackExample(t *testing.T) {
	client := awstest.Session(t).EventBridge()
	got := make(chan string, 10)
	slack := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
	}))
	defer slack.Close()
	name := aws.String("slack-" + rand.Text())
	connection, err := client.CreateConnection(t.Context(), &eventbridge.CreateConnectionInput{Name: name,
		AuthorizationType: types.ConnectionAuthorizationTypeApiKey,
		AuthParameters: &types.CreateConnectionAuthRequestParameters{
			ApiKeyAuthParameters: &types.CreateConnectionApiKeyAuthRequestParameters{
				ApiKeyName: aws.String("X-Waybill-Team"), ApiKeyValue: aws.String("shop")}}})
	if err != nil {
		t.Fatal(err)
	}
	destination, err := client.CreateApiDestination(t.Context(), &eventbridge.CreateApiDestinationInput{
		Name: name, ConnectionArn: connection.ConnectionArn, InvocationEndpoint: &slack.URL,
		HttpMethod: types.ApiDestinationHttpMethodPost})
	if err != nil {
		t.Fatal(err)
	}
	examples(t)["SlackRule"].try(t, types.Target{Arn: destination.ApiDestinationArn,
		RoleArn: aws.String("arn:aws:iam::000000000000:role/any")}, lives()["finished"], failed())
	select {
	case body := <-got:
		for _, want := range []string{`"type": "plain_text"`, "restart of shop on web-1 failed: signal",
			"https://api.test/api/v1/deployments/" + string(id)} {
			if !strings.Contains(body, want) {
				t.Errorf("Slack got %s, want %s in it", body, want)
			}
		}
	case <-time.After(time.Minute):
		t.Fatal("Slack got nothing in a minute")
	}
}

// TestTheBusExample sends every change to a second bus, whose rule sends it to a queue.
func TestTheBusExample(t *testing.T) {
	session := awstest.Session(t)
	other := "waybill-other-" + rand.Text()
	queue := ruled(t, session, other, `{"source": ["waybill.shop"]}`)
	described, err := session.EventBridge().DescribeEventBus(t.Context(),
		&eventbridge.DescribeEventBusInput{Name: &other})
	if err != nil {
		t.Fatal(err)
	}
	examples(t)["OtherBusRule"].try(t, types.Target{Arn: described.Arn,
		RoleArn: aws.String("arn:aws:iam::000000000000:role/any")}, failed())
	if event := received(t, session.SQS(), queue); !strings.Contains(event, string(id)) {
		t.Errorf("the other bus got %s", event)
	}
}

// TestTheQueueExample and the next one use a queue as the target. The one that stands for a
// function shows what its input is.
func TestTheQueueExample(t *testing.T) {
	session := awstest.Session(t)
	queue, arn := newQueue(t, session, "waybill-ends-"+rand.Text())
	database := failed()
	database.Record.ID = "dbs" + database.Record.ID[3:]
	examples(t)["QueueRule"].try(t, types.Target{Arn: &arn}, failed(), database)
	event := received(t, session.SQS(), queue)
	if !strings.Contains(event, string(database.Record.ID)) {
		t.Errorf("the queue got %s, want the database's", event)
	}
}

func TestTheFunctionExample(t *testing.T) {
	session := awstest.Session(t)
	queue, arn := newQueue(t, session, "waybill-function-"+rand.Text())
	examples(t)["FunctionRule"].try(t, types.Target{Arn: &arn}, failed(), lives()["finished"])
	detail := decoded(t, received(t, session.SQS(), queue)).(map[string]any)
	if detail["id"] != string(id)+".finished" {
		t.Errorf("the function got %v, want the detail of what finished", detail)
	}
}
