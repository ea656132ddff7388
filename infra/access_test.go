package main_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// unscoped are the actions that may be allowed on every resource, and why.
var unscoped = map[string]string{
	"scheduler:ListSchedules": "AWS knows no resource for it.",
	"dynamodb:ListStreams":    "AWS knows no resource for it, and Lambda needs it to read a stream.",
	// With the option tracing.
	"xray:PutTraceSegments":    "AWS knows no resource for it.",
	"xray:PutTelemetryRecords": "AWS knows no resource for it.",
	// With the option vpc. A statement denies each of them to the function's own code.
	"ec2:CreateNetworkInterface":     "Lambda makes it before anything can name it.",
	"ec2:DescribeNetworkInterfaces":  "AWS knows no resource for it.",
	"ec2:DescribeSubnets":            "AWS knows no resource for it.",
	"ec2:DeleteNetworkInterface":     "Its id is not known before.",
	"ec2:AssignPrivateIpAddresses":   "The id of the interface is not known before.",
	"ec2:UnassignPrivateIpAddresses": "The id of the interface is not known before.",
}

// managed are the policies of AWS's own that a role may have, and why.
var managed = map[string]string{
	"AmazonAPIGatewayPushToCloudWatchLogs": "API Gateway's own role for access logs; AWS names no " +
		"other for it.",
}

// statement is one statement of a policy, with the resource that it is part of.
type statement struct {
	in   string
	tree any
}

func (s statement) allows() bool { return at(s.tree, "Effect") == "Allow" }

// statements lists every statement of the stack: of roles, and of policies on
// buckets and queues.
func statements(t *testing.T, m template) []statement {
	t.Helper()
	var found []statement
	for id, r := range m.Resources {
		documents := []any{r.get("PolicyDocument"), r.get("AssumeRolePolicyDocument"), r.get("KeyPolicy")}
		for _, policy := range list(r.get("Policies")) {
			documents = append(documents, at(policy, "PolicyDocument"))
		}
		for _, document := range documents {
			for _, tree := range list(at(document, "Statement")) {
				if tree != nil {
					found = append(found, statement{in: id, tree: tree})
				}
			}
		}
	}
	if len(found) < 20 {
		t.Fatalf("found %d statements in the stack, expected many more: are they where the test looks?",
			len(found))
	}
	return found
}

// statementsOfRoles leaves out the policies of keys, which speak of their key as "*" and give it
// to the account. TestTheStacksKey has them.
func statementsOfRoles(t *testing.T, m template) []statement {
	t.Helper()
	return slices.DeleteFunc(statements(t, m), func(s statement) bool {
		return m.Resources[s.in].Type == "AWS::KMS::Key"
	})
}

func TestNoActionIsAPattern(t *testing.T) {
	for _, s := range statementsOfRoles(t, parse(t, full)) {
		if at(s.tree, "NotAction") != nil || at(s.tree, "NotResource") != nil {
			t.Errorf("%s: a statement says what it does not mean", s.in)
		}
		for _, action := range list(at(s.tree, "Action")) {
			if s.allows() && strings.Contains(fmt.Sprint(action), "*") {
				t.Errorf("%s allows %s", s.in, action)
			}
		}
	}
}

func TestStatementsNameTheirResources(t *testing.T) {
	for _, s := range statementsOfRoles(t, parse(t, full)) {
		for _, on := range list(at(s.tree, "Resource")) {
			if !s.allows() || on != "*" {
				continue
			}
			for _, action := range list(at(s.tree, "Action")) {
				if unscoped[fmt.Sprint(action)] == "" {
					t.Errorf("%s allows %s on everything, and no reason is written down", s.in, action)
				}
			}
		}
	}
}

func TestNoPolicyAllowsOtherAccounts(t *testing.T) {
	for _, s := range statementsOfRoles(t, parse(t, full)) {
		if principal := at(s.tree, "Principal"); s.allows() && principal != nil &&
			at(principal, "Service") == nil {
			t.Errorf("%s allows something to %v, which is no service of AWS", s.in, principal)
		}
	}
}

func TestEveryFunctionHasARoleOfItsOwn(t *testing.T) {
	m := parse(t, full)
	owner := map[string]string{}
	for id, r := range m.all(t, "AWS::Lambda::Function") {
		role := target(r.get("Role"))
		if m.Resources[role].Type != "AWS::IAM::Role" {
			t.Errorf("%s has the role %q, which is none of the stack's", id, role)
		}
		if owner[role] != "" {
			t.Errorf("%s and %s share a role", id, owner[role])
		}
		owner[role] = id
	}
	for id, r := range m.all(t, "AWS::IAM::Role") {
		for _, policy := range list(r.get("ManagedPolicyArns")) {
			if text, _ := json.Marshal(policy); policy != nil &&
				!slices.ContainsFunc(keys(managed), func(name string) bool {
					return strings.Contains(string(text), "/"+name+`"`)
				}) {
				t.Errorf("%s has the policy %s, and no reason is written down", id, text)
			}
		}
	}
	for _, kind := range []string{"AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"} {
		for id, r := range m.Resources {
			if r.Type == kind {
				t.Errorf("%s was added to a role that should be complete as it is", id)
			}
		}
	}
}

// TestP10 holds the rights that are easiest to widen by accident. That each role also is
// enough is shown by the end-to-end suite, which runs with IAM enforced.
func TestP10OnlyTheCatalogWritesTokensAndOnlyFourOpenSecrets(t *testing.T) {
	m := parse(t, onAWS)
	opens := map[string][]string{
		"catalog":  {"ssm:GetParameters", "ssm:PutParameter"},
		"inspect":  {"ssm:GetParameters"},
		"notify":   {"ssm:GetParameters"}, // of notifications, and for a collector
		"runner":   {"ssm:GetParameters"},
		"trigger":  {"ssm:GetParameters"},    // of webhooks only
		"dispatch": {"ssm:DeleteParameters"}, // of sets that no entity names
	}
	tokens := ""
	for id := range m.all(t, "AWS::DynamoDB::GlobalTable") {
		if strings.HasPrefix(id, "TablesTokens") {
			tokens = id
		}
	}
	for _, name := range functionNames {
		_, function := m.function(t, name)
		role := target(function.get("Role"))
		for _, s := range statements(t, m) {
			if s.in != role {
				continue
			}
			for _, action := range list(at(s.tree, "Action")) {
				action := fmt.Sprint(action)
				writes := slices.Contains([]string{"dynamodb:PutItem", "dynamodb:UpdateItem",
					"dynamodb:DeleteItem"}, action)
				if writes && name != "catalog" && target(at(s.tree, "Resource")) == tokens {
					t.Errorf("%s may %s a token", name, action)
				}
				if strings.HasPrefix(action, "ssm:") && !slices.Contains(opens[name], action) {
					t.Errorf("%s may %s", name, action)
				}
			}
		}
	}
}

// TestP10WhoUsesTheTablesOfTokens: a function of the API may note the use of a token, and
// nothing else there.
func TestP10WhoUsesTheTablesOfTokens(t *testing.T) {
	note := []string{"dynamodb:PutItem"}
	want := map[string][]string{"deploy": note, "inspect": note, "list": note, "show": note,
		"catalog": {"dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Scan"}}
	if diff := cmp.Diff(rightsOn(t, parse(t, onAWS), "TablesTokenUse"), want); diff != "" {
		t.Errorf("rights on the uses of tokens, -got +want:\n%s", diff)
	}
}

// TestP10NothingRewritesTheAudit: the functions whose changes are audited may add entries, and
// only catalog reads them.
func TestP10NothingRewritesTheAudit(t *testing.T) {
	add := []string{"dynamodb:PutItem"}
	want := map[string][]string{"deploy": add, "dispatch": add, "trigger": add,
		"catalog": {"dynamodb:PutItem", "dynamodb:Query"}}
	if diff := cmp.Diff(rightsOn(t, parse(t, onAWS), "TablesAudit"), want); diff != "" {
		t.Errorf("rights on the audit, -got +want:\n%s", diff)
	}
}

// rightsOn returns the actions that each function may take on the table whose id begins
// with the text.
func rightsOn(t *testing.T, m template, prefix string) map[string][]string {
	t.Helper()
	table := ""
	for id := range m.all(t, "AWS::DynamoDB::GlobalTable") {
		if strings.HasPrefix(id, prefix) {
			table = id
		}
	}
	names := func(one any) bool { return target(one) == table }
	rights := map[string][]string{}
	for _, name := range functionNames {
		_, function := m.function(t, name)
		for _, s := range statements(t, m) {
			on := list(at(s.tree, "Resource"))
			if s.in != target(function.get("Role")) || !slices.ContainsFunc(on, names) {
				continue
			}
			for _, action := range list(at(s.tree, "Action")) {
				rights[name] = append(rights[name], fmt.Sprint(action))
			}
		}
		slices.Sort(rights[name])
	}
	return rights
}

// TestP10InspectWritesNoDefinitions lists all that the function may do that parses what servers
// send for a request. The kinds of items are those that package dynamostore gives what it writes.
func TestP10InspectWritesNoDefinitions(t *testing.T) {
	m := parse(t, onAWS)
	may := rightsOf(t, m, "inspect")
	want := []string{
		"dynamodb:GetItem TablesTokens", "dynamodb:PutItem TablesTokenUse",
		"dynamodb:BatchGetItem TablesCatalog",
		"dynamodb:UpdateItem TablesCatalog if ForAllValues:StringEquals dynamodb:LeadingKeys is one of " +
			"[application-state service-state database-state server-sessions]",
		"dynamodb:Query TablesCatalog if ForAllValues:StringEquals dynamodb:LeadingKeys is one of [registry]",
		"dynamodb:BatchGetItem TablesApplicationDeployments", "dynamodb:Query TablesApplicationDeployments",
		"dynamodb:BatchGetItem TablesServiceDeployments", "dynamodb:Query TablesServiceDeployments",
		"dynamodb:BatchGetItem TablesDatabaseDeployments", "dynamodb:Query TablesDatabaseDeployments",
		"s3:GetObject /configurations/*", "s3:ListBucket Logs",
		"ssm:GetParameters /waybill-golden/resources/*", "ssm:GetParameters /waybill-golden/keys/*",
		"logs:CreateLogStream FunctionsInspectLog", "logs:PutLogEvents FunctionsInspectLog",
	}
	slices.Sort(may)
	slices.Sort(want)
	if diff := cmp.Diff(may, want); diff != "" {
		t.Errorf("inspect may (-got +want)\n%s", diff)
	}
}

// TestP10TheKeyOfWebhooksIsForTwoFunctions: catalog creates it, and trigger checks signatures by it.
// Of the secrets of resources, registries and servers, trigger can read none.
func TestP10TheKeyOfWebhooksIsForTwoFunctions(t *testing.T) {
	m := parse(t, onAWS)
	got := map[string][]string{}
	for _, name := range functionNames {
		for _, right := range rightsOf(t, m, name) {
			action, on, _ := strings.Cut(right, " ")
			if strings.HasPrefix(action, "ssm:") && (name == "trigger" || strings.Contains(on, "webhooks")) {
				got[name] = append(got[name], right)
			}
		}
		slices.Sort(got[name])
	}
	const key = " /waybill-golden/webhooks/*"
	want := map[string][]string{"catalog": {"ssm:GetParameters" + key, "ssm:PutParameter" + key},
		"trigger": {"ssm:GetParameters" + key}}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("rights on the key of webhooks, -got +want:\n%s", diff)
	}
}

// TestP10SchedulesCanOnlySendEvents: EventBridge Scheduler may do nothing with its role but send
// to the queue of events, for schedules of the stack. Two functions keep schedules, of the stack's
// group alone, and can give them no other role.
func TestP10SchedulesCanOnlySendEvents(t *testing.T) {
	m := parse(t, onAWS)
	role, group := "", ""
	for id := range m.all(t, "AWS::Scheduler::ScheduleGroup") {
		group = id
	}
	for _, s := range statements(t, m) {
		if at(s.tree, "Principal", "Service") == "scheduler.amazonaws.com" {
			role = s.in
			if got := target(at(s.tree, "Condition", "StringEquals", "aws:SourceArn")); got != group {
				t.Errorf("the role is for schedules of %q, want the group %s", got, group)
			}
			if at(s.tree, "Condition", "StringEquals", "aws:SourceAccount") == nil {
				t.Error("the role is for schedules of every account")
			}
		}
	}
	var got []string
	for _, s := range statements(t, m) {
		if s.in == role && at(s.tree, "Principal") == nil {
			for _, action := range list(at(s.tree, "Action")) {
				got = append(got, fmt.Sprint(action, " ", place(at(s.tree, "Resource"))))
			}
		}
	}
	if diff := cmp.Diff(got, []string{"sqs:SendMessage QueuesTrigger"}); diff != "" {
		t.Errorf("schedules may (-got +want)\n%s", diff)
	}
	keep := []string{
		"iam:PassRole SchedulesRole if StringEquals iam:PassedToService is one of scheduler.amazonaws.com",
		"scheduler:CreateSchedule :schedule/waybill-golden/*",
		"scheduler:DeleteSchedule :schedule/waybill-golden/*",
	}
	for _, name := range functionNames {
		may := slices.DeleteFunc(rightsOf(t, m, name), func(right string) bool {
			return !strings.HasPrefix(right, "scheduler:") && !strings.HasPrefix(right, "iam:")
		})
		slices.Sort(may)
		want := map[string][]string{"catalog": keep,
			"dispatch": append(slices.Clone(keep), "scheduler:ListSchedules ")}[name]
		if diff := cmp.Diff(may, want); diff != "" && len(may)+len(want) > 0 {
			t.Errorf("%s may (-got +want)\n%s", name, diff)
		}
	}
}

// TestP10TriggerReadsOneKeyAndNoLog lists all that the function may do that everything outside
// of the stack can send events to.
func TestP10TriggerReadsOneKeyAndNoLog(t *testing.T) {
	may := rightsOf(t, parse(t, onAWS), "trigger")
	want := []string{
		"dynamodb:PutItem TablesAudit", "s3:PutObject /configurations/*",
		"sqs:ReceiveMessage QueuesTrigger", "sqs:DeleteMessage QueuesTrigger",
		"sqs:GetQueueAttributes QueuesTrigger", "sqs:SendMessage QueuesTrigger",
		"sqs:SendMessage QueuesTriggerDead", "sqs:SendMessage QueuesSchedulesDead",
		"ssm:GetParameters /waybill-golden/webhooks/*",
		"logs:CreateLogStream FunctionsTriggerLog", "logs:PutLogEvents FunctionsTriggerLog",
	}
	for table, actions := range map[string][]string{
		"Triggers": {"GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem"},
		"Catalog":  {"GetItem", "BatchGetItem", "Query", "UpdateItem"},

		"ApplicationDeployments": {"GetItem", "Query", "PutItem", "UpdateItem"},
		"ServiceDeployments":     {"GetItem", "Query", "PutItem", "UpdateItem"},
		"DatabaseDeployments":    {"GetItem", "Query", "PutItem", "UpdateItem"},
	} {
		for _, action := range actions {
			want = append(want, "dynamodb:"+action+" Tables"+table)
		}
	}
	slices.Sort(may)
	slices.Sort(want)
	if diff := cmp.Diff(may, want); diff != "" {
		t.Errorf("trigger may (-got +want)\n%s", diff)
	}
}

// TestP10OnlyTheCatalogInvokesInspect: the answer is a verdict, and nothing may invoke the
// function that creates tokens.
// TestP10NotifyReadsNoOtherSecretAndNoLog lists all that the function may do that sends requests
// to addresses of users.
func TestP10NotifyReadsNoOtherSecretAndNoLog(t *testing.T) {
	may := rightsOf(t, parse(t, onAWS), "notify")
	const notifications = " TablesCatalog if ForAllValues:StringEquals dynamodb:LeadingKeys " +
		"is one of [notification]"
	want := []string{
		"dynamodb:BatchGetItem" + notifications,
		"dynamodb:GetItem TablesDeliveries", "dynamodb:PutItem TablesDeliveries",
		"ssm:GetParameters /waybill-golden/notifications/*", "s3:GetObject /faults/*",
		"sns:Publish :waybill-golden_mail_*", "sqs:SendMessage QueuesNotifyDead",
		"sqs:ReceiveMessage QueuesNotify", "sqs:DeleteMessage QueuesNotify",
		"sqs:GetQueueAttributes QueuesNotify", "sqs:ChangeMessageVisibility QueuesNotify",
		"logs:CreateLogStream FunctionsNotifyLog", "logs:PutLogEvents FunctionsNotifyLog",
	}
	slices.Sort(may)
	slices.Sort(want)
	if diff := cmp.Diff(may, want); diff != "" {
		t.Errorf("notify may (-got +want)\n%s", diff)
	}
}

// TestP10RunnerWritesNoDefinitions lists all that runner may do with the catalog table. It
// parses what servers send, too.
func TestP10RunnerWritesNoDefinitions(t *testing.T) {
	may := slices.DeleteFunc(rightsOf(t, parse(t, onAWS), "runner"), func(right string) bool {
		return !strings.Contains(right, "TablesCatalog")
	})
	want := []string{
		"dynamodb:BatchGetItem TablesCatalog", "dynamodb:GetItem TablesCatalog",
		"dynamodb:Query TablesCatalog if ForAllValues:StringEquals dynamodb:LeadingKeys is one of [registry]",
		"dynamodb:UpdateItem TablesCatalog if ForAllValues:StringEquals dynamodb:LeadingKeys is one of " +
			"[application-state service-state database-state server-queue]",
	}
	slices.Sort(may)
	if diff := cmp.Diff(may, want); diff != "" {
		t.Errorf("runner may (-got +want)\n%s", diff)
	}
}

func TestP10OnlyTheCatalogInvokesInspect(t *testing.T) {
	m := parse(t, onAWS)
	for _, name := range functionNames {
		for _, right := range rightsOf(t, m, name) {
			if strings.HasPrefix(right, "lambda:") &&
				(name != "catalog" || right != "lambda:InvokeFunction :function:waybill-golden-inspect") {
				t.Errorf("%s may %s", name, right)
			}
		}
	}
}

// rightsOf lists the rights of a function's role: the action, the resource without the part
// that every resource has, and the condition.
func rightsOf(t *testing.T, m template, name string) (rights []string) {
	t.Helper()
	_, function := m.function(t, name)
	for _, s := range statements(t, m) {
		if s.in != target(function.get("Role")) || at(s.tree, "Principal") != nil {
			continue
		}
		condition := ""
		for operator, keys := range object(at(s.tree, "Condition")) {
			for key, values := range object(keys) {
				condition += fmt.Sprintf(" if %s %s is one of %v", operator, key, values)
			}
		}
		for _, action := range list(at(s.tree, "Action")) {
			for _, on := range list(at(s.tree, "Resource")) {
				rights = append(rights, fmt.Sprint(action, " ", place(on), condition))
			}
		}
	}
	return rights
}

// place is the end of an ARN that is put together, or else the resource without its hash.
func place(on any) string {
	parts := list(at(on, "Fn::Join", 1))
	if len(parts) > 1 {
		text := fmt.Sprint(parts[len(parts)-1])
		return strings.TrimPrefix(text, ":parameter")
	}
	return strings.TrimRight(target(on), "0123456789ABCDEF")
}

func object(tree any) map[string]any {
	fields, _ := tree.(map[string]any)
	return fields
}

// TestAccessToObjects: a log is written by the runner alone, and what a
// deployment runs with by those who queue it.
func TestAccessToObjects(t *testing.T) {
	m := parse(t, onAWS)
	want := map[string][]string{
		"s3:PutObject logs/*":           {"runner"},
		"s3:PutObject configurations/*": {"catalog", "deploy", "dispatch", "trigger"},
		"s3:GetObject logs/*":           {"runner", "show"},
		"s3:GetObject configurations/*": {"deploy", "dispatch", "inspect", "runner", "show"},
		"s3:GetObject faults/*":         {"notify"},
		"s3:PutObject faults/*":         {"runner"}, "s3:DeleteObject faults/*": {"dispatch", "runner"},
		// Of records that were removed.
		"s3:DeleteObject logs/*": {"dispatch"}, "s3:DeleteObject configurations/*": {"dispatch"},
		// Whoever reads an object must be told when there is none.
		"s3:ListBucket ": {"deploy", "dispatch", "inspect", "runner", "show"},
		// What was rewritten must not be kept as an older version.
		"s3:ListBucketVersions ": {"runner"}, "s3:DeleteObjectVersion logs/*": {"runner"},
	}
	got := map[string][]string{}
	for _, name := range functionNames {
		_, function := m.function(t, name)
		for _, s := range statements(t, m) {
			for _, action := range list(at(s.tree, "Action")) {
				if s.in != target(function.get("Role")) || !strings.HasPrefix(fmt.Sprint(action), "s3:") {
					continue
				}
				for _, on := range list(at(s.tree, "Resource")) {
					place, _ := at(on, "Fn::Join", 1, 1).(string)
					right := fmt.Sprint(action, " ", strings.TrimPrefix(place, "/"))
					got[right] = append(got[right], name)
				}
			}
		}
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("rights on objects, -got +want:\n%s", diff)
	}
}

func keys(of map[string]string) []string {
	var all []string
	for key := range of {
		all = append(all, key)
	}
	return all
}
