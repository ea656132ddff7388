package main_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	infra "waybill/infra"
	"waybill/internal/openapi"
	"waybill/internal/settings"
	"waybill/internal/trigger"
)

func TestTablesHaveBackupsAndExpiry(t *testing.T) {
	m := parse(t, onAWS)
	tables := m.all(t, "AWS::DynamoDB::GlobalTable")
	keys := map[string][2]any{
		"waybill-golden-catalog-1":                 {"kind", "uuid"},
		"waybill-golden-tokens-1":                  {"id", nil},
		"waybill-golden-triggers-1":                {"part", "id"},
		"waybill-golden-deliveries-1":              {"part", "id"},
		"waybill-golden-token-use-1":               {"id", nil},
		"waybill-golden-audit-1":                   {"month", "id"},
		"waybill-golden-application-deployments-1": {"resource_uuid", "deployment_uuid"},
		"waybill-golden-service-deployments-1":     {"resource_uuid", "deployment_uuid"},
		"waybill-golden-database-deployments-1":    {"resource_uuid", "deployment_uuid"},
	}
	got := map[string][2]any{}
	for id, table := range tables {
		for _, want := range []struct {
			value any
			path  []any
		}{
			{"PAY_PER_REQUEST", []any{"BillingMode"}},
			{true, []any{"SSESpecification", "SSEEnabled"}},
			{true, []any{"TimeToLiveSpecification", "Enabled"}},
			{infra.ExpiryAttribute, []any{"TimeToLiveSpecification", "AttributeName"}},
			{true, []any{"Replicas", 0, "PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled"}},
			{true, []any{"Replicas", 0, "DeletionProtectionEnabled"}},
		} {
			if got := table.get(want.path...); got != want.value {
				t.Errorf("%s: %v is %v, want %v", id, want.path, got, want.value)
			}
		}
		if table.DeletionPolicy != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
		name := fmt.Sprint(table.get("TableName"))
		got[name] = [2]any{table.get("KeySchema", 0, "AttributeName"),
			table.get("KeySchema", 1, "AttributeName")}
		var stream any
		if strings.Contains(name, "-deployments-") {
			stream = "NEW_AND_OLD_IMAGES"
		}
		if got := table.get("StreamSpecification", "StreamViewType"); got != stream {
			t.Errorf("%s has the stream %v, want %v", name, got, stream)
		}
	}
	if diff := cmp.Diff(got, keys); diff != "" {
		t.Errorf("tables and keys (-got +want):\n%s", diff)
	}
}

func TestTheLogBucketIsPrivateAndWrittenOnce(t *testing.T) {
	m := parse(t, onAWS)
	for id, bucket := range m.all(t, "AWS::S3::Bucket") {
		for _, block := range []string{
			"BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets",
		} {
			if bucket.get("PublicAccessBlockConfiguration", block) != true {
				t.Errorf("%s: %s is not on", id, block)
			}
		}
		if bucket.get("BucketEncryption", "ServerSideEncryptionConfiguration", 0) == nil {
			t.Errorf("%s is not encrypted", id)
		}
		for _, rule := range list(bucket.get("LifecycleConfiguration", "Rules")) {
			// A log and a configuration are kept as long as a record uses them.
			if days := at(rule, "ExpirationInDays"); days != nil {
				t.Errorf("%s removes objects after %v days", id, days)
			}
		}
		if bucket.DeletionPolicy != "Retain" {
			t.Errorf("%s goes with the stack", id)
		}
		var secure bool
		once := map[any]any{} // what a write must say, by its place
		for _, s := range statements(t, m) {
			if target(m.Resources[s.in].get("Bucket")) == id && at(s.tree, "Effect") == "Deny" {
				if at(s.tree, "Action") == "s3:PutObject" {
					once[at(s.tree, "Resource", "Fn::Join", 1, 1)] = at(s.tree, "Condition", "Null")
				}
				secure = secure || at(s.tree, "Condition", "Bool", "aws:SecureTransport") == "false"
			}
		}
		// What all of these are absent from is refused: a chunk may be replaced by
		// who says what it is, a configuration by nobody.
		want := map[any]any{"/logs/*": map[string]any{"s3:if-none-match": "true", "s3:if-match": "true"},
			"/configurations/*": map[string]any{"s3:if-none-match": "true"}}
		if diff := cmp.Diff(once, want); diff != "" {
			t.Errorf("%s refuses a second write, -got +want:\n%s", id, diff)
		}
		if !secure {
			t.Errorf("%s takes plain HTTP", id)
		}
	}
}

func TestDroppedSchedulesHaveAnAlarm(t *testing.T) {
	m := parse(t, onAWS)
	for _, alarm := range m.all(t, "AWS::CloudWatch::Alarm") {
		if alarm.get("MetricName") == "InvocationDroppedCount" && alarm.get("Namespace") == "AWS/Scheduler" &&
			alarm.get("Dimensions", 0, "Value") == "waybill-golden" {
			return
		}
	}
	t.Error("no alarm counts them for the group of the stack")
}

func TestEveryQueueHasADeadLetterQueueWithAnAlarm(t *testing.T) {
	m := parse(t, onAWS)
	dead := map[string]bool{} // the queues that others end in
	note := func(arn any) {
		if arn != nil {
			dead[target(arn)] = true
		}
	}
	for id, r := range m.Resources {
		switch r.Type {
		case "AWS::SQS::Queue":
			note(r.get("RedrivePolicy", "deadLetterTargetArn"))
		case "AWS::Events::Rule":
			if r.get("Targets", 0, "DeadLetterConfig", "Arn") == nil {
				t.Errorf("the rule %s drops what it cannot deliver", id)
			}
			note(r.get("Targets", 0, "DeadLetterConfig", "Arn"))
		case "AWS::Lambda::EventSourceMapping":
			onFailure := r.get("DestinationConfig", "OnFailure", "Destination")
			if strings.Contains(fmt.Sprint(r.get("EventSourceArn")), "StreamArn") && onFailure == nil {
				t.Errorf("the stream of %s drops what cannot be handled", id)
			}
			note(onFailure)
		case "AWS::Lambda::EventInvokeConfig":
			note(r.get("DestinationConfig", "OnFailure", "Destination"))
		}
	}
	alarmed := map[string]bool{}
	for _, alarm := range m.all(t, "AWS::CloudWatch::Alarm") {
		if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible" {
			alarmed[target(alarm.get("Dimensions", 0, "Value"))] = true
		}
	}
	for id, queue := range m.all(t, "AWS::SQS::Queue") {
		if queue.get("RedrivePolicy") == nil && !dead[id] {
			t.Errorf("%s neither has a dead-letter queue nor is one", id)
		}
		if dead[id] && !alarmed[id] {
			t.Errorf("nobody is told of messages in %s", id)
		}
		if queue.get("MessageRetentionPeriod") != 14.0*24*3600 {
			t.Errorf("%s keeps messages for %v s, want 14 days", id, queue.get("MessageRetentionPeriod"))
		}
		if queue.get("SqsManagedSseEnabled") != true {
			t.Errorf("%s is not encrypted", id)
		}
	}
}

func TestVisibilityTimeoutCoversARunner(t *testing.T) {
	m := parse(t, onAWS)
	id, runner := m.function(t, "runner")
	for _, mapping := range m.all(t, "AWS::Lambda::EventSourceMapping") {
		if mapping.get("FunctionResponseTypes", 0) != "ReportBatchItemFailures" {
			t.Errorf("a source of %s has what was done already come again",
				target(mapping.get("FunctionName")))
		}
		if target(mapping.get("FunctionName")) != id {
			continue
		}
		queue := m.Resources[target(mapping.get("EventSourceArn"))]
		if visibility, limit := queue.get("VisibilityTimeout").(float64),
			runner.get("Timeout").(float64); visibility < limit {
			t.Errorf("a message is hidden for %g s, the runner may take %g s", visibility, limit)
		}
		if got := mapping.get("BatchSize"); got != 1.0 {
			t.Errorf("a runner is given %v deployments at once, want 1", got)
		}
	}
	if got := runner.get("RecursiveLoop"); got != "Allow" {
		t.Errorf("Lambda ends a job that was handed over sixteen times: RecursiveLoop is %v", got)
	}
}

func TestEveryFunctionHasItsLimitsAndALog(t *testing.T) {
	m := parse(t, onAWS)
	for id, function := range m.all(t, "AWS::Lambda::Function") {
		for _, limit := range []string{"MemorySize", "Timeout"} {
			if value, _ := function.get(limit).(float64); value < 10 {
				t.Errorf("%s: %s is %v", id, limit, function.get(limit))
			}
		}
		if function.get("ReservedConcurrentExecutions") != nil {
			t.Errorf("%s takes concurrency from the other functions of the account", id)
		}
		if got := function.get("Architectures", 0); got != "arm64" {
			t.Errorf("%s is for %v, want arm64", id, got)
		}
		group := m.Resources[target(function.get("LoggingConfig", "LogGroup"))]
		if days, _ := group.get("RetentionInDays").(float64); days < 1 {
			t.Errorf("the log of %s is kept for %v days", id, group.get("RetentionInDays"))
		}
	}
	for id, group := range m.all(t, "AWS::Logs::LogGroup") {
		if group.get("RetentionInDays") == nil {
			t.Errorf("%s is kept for ever", id)
		}
	}
}

// asked finds the settings that a function's code names.
var asked = regexp.MustCompile(`settings\.([A-Z]\w+)`)

func TestFunctionsHaveOnlyTheSettingsThatTheyRead(t *testing.T) {
	m := parse(t, onAWS)
	names := map[string][]string{
		"Team": {settings.Team}, "CatalogTable": {settings.CatalogTable}, "LogBucket": {settings.LogBucket},
		"RunnerQueueURL": {settings.RunnerQueueURL}, "EventBus": {settings.EventBus},
		"APIURL":         {settings.APIURL},
		"NotifyQueueURL": {settings.NotifyQueueURL}, "NotifyDeadQueueURL": {settings.NotifyDeadQueueURL},
		"DeliveriesTable": {settings.DeliveriesTable}, "MailTopics": {settings.MailTopics},
		"NotifyLoopback":  nil, // only on a local stack
		"Metrics":         {settings.Metrics},
		"TraceEndpoint":   nil, // only with a collector
		"SecretsPath":     {settings.SecretsPath},
		"SecretsKey":      nil, // only with a key of the team
		"TokensTable":     {settings.TokensTable},
		"TokenUseTable":   {settings.TokenUseTable},
		"AuditTable":      {settings.AuditTable},
		"InspectFunction": {settings.InspectFunction},
		"TriggersTable":   {settings.TriggersTable}, "TriggerQueueURL": {settings.TriggerQueueURL},
		"TriggerDeadQueueURL": {settings.TriggerDeadQueueURL},
		"ForDeployments":      settings.ForDeployments(), "ForRequests": settings.ForRequests(),
		"ForSchedules": settings.ForSchedules(),
		"Settings":     nil,
	}
	for _, name := range functionNames {
		want := map[string]bool{settings.Team: true}
		if name == "catalog" { // by rest.ReadOptions
			want[settings.Images], want[settings.Buckets] = true, true
		}
		for _, word := range asked.FindAllStringSubmatch(source(t, name), -1) {
			variables, known := names[word[1]]
			if !known {
				t.Errorf("%s names settings.%s, which this test does not know", name, word[1])
			}
			for _, variable := range variables {
				want[variable] = true
			}
		}
		_, function := m.function(t, name)
		got := map[string]bool{}
		for variable, value := range function.get("Environment", "Variables").(map[string]any) {
			got[variable] = value != ""
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("the environment of %s, -got +want:\n%s", name, diff)
		}
	}
}

// source is the code of a function, its tests apart.
func source(t *testing.T, name string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "functions", name, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no code of the function %s: %v", name, err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(code)
	}
	return all.String()
}

func TestEveryFolderOfAFunctionIsInTheStack(t *testing.T) {
	folders, err := filepath.Glob(filepath.Join("..", "functions", "*", "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, folder := range folders {
		got = append(got, filepath.Base(filepath.Dir(folder)))
	}
	slices.Sort(got)
	if diff := cmp.Diff(got, functionNames); diff != "" {
		t.Errorf("-in functions/ +in the stack:\n%s", diff)
	}
}

func TestOutputs(t *testing.T) {
	m := parse(t, onAWS)
	for _, name := range []string{
		"ApiId", "Stage", "Url", "CatalogFunction", "CatalogTable", "LogBucket", "RunnerQueueUrl",
		"TriggerQueueUrl", "TriggerDeadQueueUrl", "NotifyDeadQueueUrl", "EventBus",
	} {
		if at(m.Outputs[name], "Value") == nil {
			t.Errorf("the stack has no output %s", name)
		}
	}
}

func TestARouteOfNoFunctionIsRefused(t *testing.T) {
	text(t, onAWS) // skips where there is no CDK
	folder := t.TempDir()
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	_, err := infra.New(infra.NewApp(t.TempDir()), infra.Options{
		Team:         "blue",
		Shards:       1,
		Architecture: "arm64",
		Functions:    folder,
	},
		[]openapi.Route{{Method: "GET", Path: "/api/v1/tea", Function: "kettle"}})
	if err == nil || !strings.Contains(err.Error(), `GET /api/v1/tea names the function "kettle"`) {
		t.Errorf("got error %v, want one that names the route and its function", err)
	}
}

// TestEventsReachTheQueueOfEvents: each rule with a pattern sends the whole event, and what cannot
// be sent is a dead letter.
func TestEventsReachTheQueueOfEvents(t *testing.T) {
	m := parse(t, onAWS)
	patterns := map[string]string{}
	for id, rule := range m.all(t, "AWS::Events::Rule") {
		if rule.get("EventPattern") == nil {
			continue
		}
		pattern, err := json.Marshal(rule.get("EventPattern"))
		if err != nil {
			t.Fatal(err)
		}
		patterns[fmt.Sprint(rule.get("Name"))] = string(pattern)
		to := rule.get("Targets", 0)
		if !strings.HasPrefix(target(at(to, "Arn")), "QueuesTrigger") ||
			!strings.HasPrefix(target(at(to, "DeadLetterConfig", "Arn")), "QueuesTriggerDead") ||
			at(to, "InputTransformer") != nil || at(to, "Input") != nil ||
			len(list(rule.get("Targets"))) != 1 {
			t.Errorf("%s has the targets %v", id, rule.get("Targets"))
		}
		if onBus := rule.get("EventBusName") != nil; onBus != strings.HasPrefix(id, "Requested") {
			t.Errorf("%s is a rule of the bus %v", id, rule.get("EventBusName"))
		}
	}
	want := map[string]string{
		"waybill-golden-requested": `{"detail-type":["Deployment Requested"]}`,
		"waybill-golden-pushed": `{"detail":{"action-type":["PUSH"],"repository-name":[{"prefix":"team/"},` +
			`{"prefix":"shared/web"}],"result":["SUCCESS"]},"detail-type":["ECR Image Action"],` +
			`"source":["aws.ecr"]}`,
		"waybill-golden-created": `{"detail":{"bucket":{"name":["acme-deliveries"]}},` +
			`"detail-type":["Object Created"],"source":["aws.s3"]}`,
	}
	if diff := cmp.Diff(patterns, want); diff != "" {
		t.Errorf("patterns (-got +want):\n%s", diff)
	}
}

// TestUnmatchedEventsAreCounted: the metric counts the line that package trigger logs.
func TestUnmatchedEventsAreCounted(t *testing.T) {
	for _, filter := range parse(t, onAWS).all(t, "AWS::Logs::MetricFilter") {
		if filter.get("MetricTransformations", 0, "MetricName") != "unmatched-events" {
			continue
		}
		if want := `{ $.msg = "` + trigger.Unmatched + `" }`; filter.get("FilterPattern") != want {
			t.Errorf("the pattern is %v, want %s", filter.get("FilterPattern"), want)
		}
		return
	}
	t.Error("no filter counts the events that no resource declares")
}
