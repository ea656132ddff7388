package grants_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"waybill/internal/aws/rawcall"
	"waybill/internal/aws/session"
	"waybill/internal/settings"
	"waybill/localstack/emulator"
	"waybill/localstack/grants"
	"waybill/localstack/stack"
)

// account starts a MiniStack that checks roles, and returns a caller that is its administrator.
func account(t *testing.T) rawcall.Caller {
	t.Helper()
	e, err := emulator.Start(t.Context(), emulator.Options{
		Kind: emulator.MiniStack, Root: root(t), State: t.TempDir(), Say: func(line string) { t.Log(line) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Stop(context.WithoutCancel(t.Context())) })
	opened, err := session.New(settings.New(func(name string) (string, bool) {
		value, found := map[string]string{settings.Endpoint: e.Endpoint(), settings.Region: stack.Region,
			settings.AccessKeyID: stack.AccessKeyID, settings.SecretAccessKey: stack.SecretAccessKey}[name]
		return value, found
	}))
	if err != nil {
		t.Fatal(err)
	}
	return rawcall.New(opened.Config())
}

// TestP10WithoutAGrantTheEmulatorRefuses removes each grant that the recording needs from its role
// in a running MiniStack, and makes one of its calls: it is refused without the grant, and not
// with it.
func TestP10WithoutAGrantTheEmulatorRefuses(t *testing.T) {
	roles, calls := recorded(t)
	found := remove(t, roles, calls)
	admin := account(t)
	for _, call := range calls {
		if name, is := strings.CutPrefix(call.Resource, "arn:aws:s3:::"); is {
			bucket, _, _ := strings.Cut(name, "/")
			if err := grants.CreateBucket(t.Context(), admin, bucket); err != nil {
				t.Fatal(err)
			}
			break // the stack has one
		}
	}
	sessions := map[string]rawcall.Caller{}
	tried := 0
	for _, grant := range found.Grants {
		if len(grant.Denied) == 0 {
			continue
		}
		as, known := sessions[grant.Role]
		if !known {
			var err error
			if as, err = grants.Assume(t.Context(), admin, grant.Role); err != nil {
				t.Fatal(err)
			}
			sessions[grant.Role] = as
		}
		call := grant.Denied[0]
		left, err := grants.Without(roles[grant.Role], grant)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			documents []json.RawMessage
			refused   bool
		}{{left, true}, {roles[grant.Role], false}} {
			if err := grants.Put(t.Context(), admin, grant.Role, c.documents); err != nil {
				t.Fatal(err)
			}
			refused, err := grants.Refused(t.Context(), as, call)
			if err != nil {
				t.Fatalf("%s: %v", call, err)
			}
			if refused != c.refused {
				t.Errorf("%s of %s is refused: %v, want %v",
					call, grants.Owner(grant.Role), refused, c.refused)
			}
		}
		tried++
	}
	t.Logf("figure: %d grants were removed on MiniStack, and a call was refused without each", tried)
}

// TestMiniStackChecksWhatAWSChecks: each name of several parameters, and the partition keys of
// items, which it does not do by itself.
func TestMiniStackChecksWhatAWSChecks(t *testing.T) {
	const role, table = "waybill-x-FunctionsRunnerRole0123ABCD-1", "waybill-x-catalog-1"
	admin := account(t)
	if err := grants.CreateTable(t.Context(), admin, table, "kind", "uuid"); err != nil {
		t.Fatal(err)
	}
	as, err := grants.Assume(t.Context(), admin, role)
	if err != nil {
		t.Fatal(err)
	}
	const own = "arn:aws:dynamodb:us-east-1:000000000000:table/" + table
	document := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [
		{"Effect": "Allow", "Action": "ssm:GetParameters",
			"Resource": "arn:aws:ssm:us-east-1:000000000000:parameter/x/keys/*"},
		{"Effect": "Allow", "Action": ["dynamodb:GetItem", "dynamodb:Query", "dynamodb:BatchGetItem",
			"dynamodb:UpdateItem"], "Resource": %q,
			"Condition": {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["server"]}}}]}`, own)
	if err := grants.Put(t.Context(), admin, role, []json.RawMessage{json.RawMessage(document)}); err != nil {
		t.Fatal(err)
	}
	key := func(kind string) string {
		return fmt.Sprintf(`{"kind": {"S": %q}, "uuid": {"S": "a"}}`, kind)
	}
	get := func(kinds ...string) string {
		text := ""
		for i, kind := range kinds {
			if i > 0 {
				text += ", "
			}
			text += key(kind)
		}
		return fmt.Sprintf(`{"RequestItems": {%q: {"Keys": [%s]}}}`, table, text)
	}
	query := func(kind string) string {
		return fmt.Sprintf(`{"TableName": %q, "KeyConditionExpression": "#k = :k and #u > :u",
			"ExpressionAttributeNames": {"#k": "kind", "#u": "uuid"},
			"ExpressionAttributeValues": {":k": {"S": %q}, ":u": {"S": "a"}}}`, table, kind)
	}
	update := func(kinds ...string) string {
		text := ""
		for i, kind := range kinds {
			if i > 0 {
				text += ", "
			}
			text += fmt.Sprintf(`{"Update": {"TableName": %q, "Key": %s, "UpdateExpression": "SET a = :a",
				"ExpressionAttributeValues": {":a": {"S": "b"}}}}`, table, key(kind))
		}
		return `{"TransactItems": [` + text + `]}`
	}
	for _, c := range []struct {
		name, target, body string
		refused            bool
	}{
		{"names that a statement has", "AmazonSSM.GetParameters",
			`{"Names": ["/x/keys/1", "/x/keys/2"]}`, false},
		{"a name that none has", "AmazonSSM.GetParameters",
			`{"Names": ["/x/keys/1", "/x/resources/2"]}`, true},
		{"an item of the kind", "DynamoDB_20120810.GetItem",
			fmt.Sprintf(`{"TableName": %q, "Key": %s}`, table, key("server")), false},
		{"an item of another kind", "DynamoDB_20120810.GetItem",
			fmt.Sprintf(`{"TableName": %q, "Key": %s}`, table, key("token")), true},
		{"a batch of the kind", "DynamoDB_20120810.BatchGetItem", get("server"), false},
		{"a batch with another kind", "DynamoDB_20120810.BatchGetItem", get("server", "token"), true},
		{"a query of the kind", "DynamoDB_20120810.Query", query("server"), false},
		{"a query of another kind", "DynamoDB_20120810.Query", query("token"), true},
		{"a transaction of the kind", "DynamoDB_20120810.TransactWriteItems", update("server"), false},
		{"a transaction with another kind", "DynamoDB_20120810.TransactWriteItems",
			update("server", "token"), true},
	} {
		refused, err := grants.RefusedTarget(t.Context(), as, c.target, c.body)
		if err != nil {
			t.Fatal(err)
		}
		if refused != c.refused {
			t.Errorf("%s is refused: %v, want %v", c.name, refused, c.refused)
		}
	}
}
