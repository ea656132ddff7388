package main_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// reach is a thing that few functions may reach: which of the actions on it, and who.
type reach struct {
	what    string
	actions []string
	// on is the end of the thing's ARN, as place renders it. kind is the partition key of an item.
	on, kind string
	by       []string
}

var (
	readParameter = []string{"ssm:GetParameter", "ssm:GetParameters", "ssm:GetParametersByPath",
		"ssm:GetParameterHistory"}
	readItem  = []string{"dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query", "dynamodb:Scan"}
	writeItem = []string{"dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem",
		"dynamodb:BatchWriteItem"}
	rewriteItem = []string{"dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}
	readObject  = []string{"s3:GetObject", "s3:GetObjectVersion"}
	writeObject = []string{"s3:PutObject"}
	deleteAny   = []string{"s3:DeleteObject", "s3:DeleteObjectVersion"}
)

// reaches lists who may reach a thing; no other function may.
var reaches = []reach{
	{"the secrets of a resource", readParameter, "/waybill-golden/resources/app1/gen/1", "",
		[]string{"catalog", "inspect", "runner"}},
	{"an SSH key", readParameter, "/waybill-golden/keys/key1/gen/1", "",
		[]string{"catalog", "inspect", "runner"}},
	{"the login of a registry", readParameter, "/waybill-golden/registries/reg1/gen/1", "",
		[]string{"catalog", "runner"}},
	{"the secret of a notification", readParameter, "/waybill-golden/notifications/not1/gen/1", "",
		[]string{"catalog", "notify"}},
	{"the key of webhooks", readParameter, "/waybill-golden/webhooks/key", "",
		[]string{"catalog", "trigger"}},
	{"a secret of another team", readParameter, "/waybill-golden-2/resources/app1/gen/1", "", nil},
	{"a secret beside the known places", readParameter, "/waybill-golden/other", "", nil},
	{"to write a secret", []string{"ssm:PutParameter"}, "/waybill-golden/resources/app1/gen/1", "",
		[]string{"catalog"}},

	{"a token", readItem, "TablesTokens", "", []string{"catalog", "deploy", "inspect", "list", "show"}},
	{"all tokens", []string{"dynamodb:Query", "dynamodb:Scan"}, "TablesTokens", "", []string{"catalog"}},
	{"to write a token", writeItem, "TablesTokens", "", []string{"catalog"}},
	{"the audit", readItem, "TablesAudit", "", []string{"catalog"}},
	{"to rewrite the audit", rewriteItem, "TablesAudit", "", nil},

	{"a definition", readItem, "TablesCatalog", "application",
		[]string{"catalog", "deploy", "dispatch", "inspect", "list", "runner", "show", "trigger"}},
	{"to write a definition", writeItem, "TablesCatalog", "application",
		[]string{"catalog", "deploy", "dispatch", "trigger"}},
	{"to delete a definition", []string{"dynamodb:DeleteItem", "dynamodb:BatchWriteItem"}, "TablesCatalog",
		"application", []string{"catalog", "dispatch"}},
	{"to write a state", writeItem, "TablesCatalog", "application-state",
		[]string{"catalog", "deploy", "dispatch", "inspect", "runner", "trigger"}},
	{"all of a kind", []string{"dynamodb:Query", "dynamodb:Scan"}, "TablesCatalog", "private-key",
		[]string{"catalog", "deploy", "dispatch", "list", "trigger"}},

	{"a chunk of a log", readObject, "/logs/application/app1/dep1/000001.jsonl.gz", "",
		[]string{"runner", "show"}},
	{"to write a chunk of a log", writeObject, "/logs/application/app1/dep1/000001.jsonl.gz", "",
		[]string{"runner"}},
	{"to delete a chunk of a log", deleteAny, "/logs/application/app1/dep1/000001.jsonl.gz", "",
		[]string{"dispatch", "runner"}},
	{"an excerpt of a failure", readObject, "/faults/dep1", "", []string{"notify"}},
	{"a configuration", readObject, "/configurations/app1/hash.json", "",
		[]string{"deploy", "dispatch", "inspect", "runner", "show"}},
	{"an object beside the known places", slices.Concat(readObject, writeObject, deleteAny),
		"/other/object", "", nil},

	{"to hand a deployment to a runner", []string{"sqs:SendMessage"}, "QueuesRunner", "",
		[]string{"dispatch", "runner"}},
	{"to take a deployment", []string{"sqs:ReceiveMessage", "sqs:DeleteMessage"}, "QueuesRunner", "",
		[]string{"runner"}},
	{"to publish an event", []string{"events:PutEvents"}, "Bus", "", []string{"dispatch"}},
	{"to send mail", []string{"sns:Publish"}, ":waybill-golden_mail_not1", "", []string{"notify"}},
	{"to invoke the function that makes tokens", []string{"lambda:InvokeFunction"},
		":function:waybill-golden-catalog", "", nil},
}

// TestP10NoFunctionReachesMoreThanItMust evaluates requests that would show or change something
// against the policies of every function, with the names of resources and the keys of items.
func TestP10NoFunctionReachesMoreThanItMust(t *testing.T) {
	m := parse(t, onAWS)
	rights := map[string][]string{}
	for _, name := range functionNames {
		rights[name] = rightsOf(t, m, name)
	}
	for _, thing := range reaches {
		var by []string
		for _, name := range functionNames {
			if slices.ContainsFunc(thing.actions, func(action string) bool {
				return allows(rights[name], action, thing.on, thing.kind)
			}) {
				by = append(by, name)
			}
		}
		slices.Sort(by)
		if diff := cmp.Diff(by, thing.by); diff != "" {
			t.Errorf("%s is for (-got +want)\n%s", thing.what, diff)
		}
	}
}

// allows reports whether one of the rights, as rightsOf lists them, allows the action on the thing.
func allows(rights []string, action, on, kind string) bool {
	return slices.ContainsFunc(rights, func(right string) bool {
		right, condition, _ := strings.Cut(right, " if ")
		allowed, pattern, _ := strings.Cut(right, " ")
		if allowed != action || !matches(pattern, on) {
			return false
		}
		_, kinds, limited := strings.Cut(condition, "dynamodb:LeadingKeys is one of ")
		return !limited || slices.Contains(strings.Fields(strings.Trim(kinds, "[]")), kind)
	})
}

// matches reports whether the pattern of a policy, in which * is any text, matches.
func matches(pattern, text string) bool {
	expression := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	return pattern == "" || regexp.MustCompile("^"+expression+"$").MatchString(text)
}

// TestAllows: a pattern ends where its path ends, and a condition limits the kinds.
func TestAllows(t *testing.T) {
	rights := []string{"ssm:GetParameters /waybill-a/keys/*",
		"dynamodb:GetItem Tables if ForAllValues:StringEquals dynamodb:LeadingKeys is one of [server team]"}
	for _, c := range []struct {
		action, on, kind string
		want             bool
	}{
		{"ssm:GetParameters", "/waybill-a/keys/key1/1", "", true},
		{"ssm:GetParameter", "/waybill-a/keys/key1/1", "", false},
		{"ssm:GetParameters", "/waybill-ab/keys/key1/1", "", false},
		{"ssm:GetParameters", "/waybill-a/keysets/1", "", false},
		{"dynamodb:GetItem", "Tables", "team", true},
		{"dynamodb:GetItem", "Tables", "token", false},
		{"dynamodb:GetItem", "TablesTokens", "team", false},
	} {
		if got := allows(rights, c.action, c.on, c.kind); got != c.want {
			t.Errorf("%s on %s %s: %v, want %v", c.action, c.on, c.kind, got, c.want)
		}
	}
}
