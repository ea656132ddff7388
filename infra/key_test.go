package main_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheTeamsKeyEncryptsItsData: every place where the data of a team lies, with a new key and with
// an existing one.
func TestTheTeamsKeyEncryptsItsData(t *testing.T) {
	for name, form := range map[string]func() ([]byte, error){"new": full, "existing": existing} {
		m := parse(t, form)
		for kind, path := range map[string][]any{
			"AWS::DynamoDB::GlobalTable": {"Replicas", 0, "SSESpecification", "KMSMasterKeyId"},
			"AWS::S3::Bucket": {"BucketEncryption", "ServerSideEncryptionConfiguration", 0,
				"ServerSideEncryptionByDefault", "KMSMasterKeyID"},
			"AWS::SQS::Queue":     {"KmsMasterKeyId"},
			"AWS::Logs::LogGroup": {"KmsKeyId"},
		} {
			for id, r := range m.all(t, kind) {
				key := r.get(path...)
				if name == "new" && m.Resources[target(key)].Type != "AWS::KMS::Key" ||
					name == "existing" && key != teamKey {
					t.Errorf("%s, %s has the key %v", name, id, key)
				}
			}
		}
		for id, queue := range m.all(t, "AWS::SQS::Queue") {
			if queue.get("SqsManagedSseEnabled") == true {
				t.Errorf("%s, %s has two kinds of encryption", name, id)
			}
		}
		_, catalog := m.function(t, "catalog")
		key := catalog.get("Environment", "Variables", "WAYBILL_SECRETS_KEY")
		if name == "new" && m.Resources[target(key)].Type != "AWS::KMS::Key" ||
			name == "existing" && key != teamKey {
			t.Errorf("%s, catalog encrypts secrets with %v", name, key)
		}
	}
}

// TestP10ARoleUsesTheKeyThroughItsServicesAlone: no function can decrypt what it has by other ways.
func TestP10ARoleUsesTheKeyThroughItsServicesAlone(t *testing.T) {
	m := parse(t, existing)
	want := map[string]string{
		"catalog": "dynamodb s3 sqs ssm", "deploy": "dynamodb s3", "dispatch": "dynamodb s3 sqs ssm",
		"inspect": "dynamodb s3 ssm", "list": "dynamodb", "notify": "dynamodb s3 sqs ssm",
		"runner": "dynamodb s3 sqs ssm", "show": "dynamodb s3", "trigger": "dynamodb s3 sqs ssm",
		"SchedulesRole": "sqs",
	}
	got := map[string]string{}
	for _, s := range statements(t, m) {
		if !strings.Contains(fmt.Sprint(at(s.tree, "Action")), "kms:") {
			continue
		}
		if at(s.tree, "Resource") != teamKey || strings.Contains(fmt.Sprint(at(s.tree, "Action")), "*") {
			t.Errorf("%s may %v on %v", s.in, at(s.tree, "Action"), at(s.tree, "Resource"))
		}
		var services []string
		for _, via := range list(at(s.tree, "Condition", "StringEquals", "kms:ViaService")) {
			service, _ := at(via, "Fn::Join", 1, 0).(string)
			services = append(services, strings.TrimSuffix(service, "."))
		}
		slices.Sort(services)
		who := strings.TrimRight(s.in, "0123456789ABCDEF")
		for _, name := range functionNames {
			if _, function := m.function(t, name); target(function.get("Role")) == s.in {
				who = name
			}
		}
		got[who] += strings.Join(services, " ")
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("services, -got +want:\n%s", diff)
	}
}

// TestTheStacksKey: besides the roles of the account, only rules of the account and the log groups of
// the team use it. It stays as long as the data does.
func TestTheStacksKey(t *testing.T) {
	m := parse(t, full)
	got := map[string]string{}
	for id, key := range m.all(t, "AWS::KMS::Key") {
		if key.get("EnableKeyRotation") != true || key.DeletionPolicy != "Delete" { // removal=destroy
			t.Errorf("%s is %s, rotated %v", id, key.DeletionPolicy, key.get("EnableKeyRotation"))
		}
		for _, s := range list(key.get("KeyPolicy", "Statement")) {
			who := place(at(s, "Principal", "AWS"))
			if service := at(s, "Principal", "Service"); service != nil {
				who = fmt.Sprint(at(service, "Fn::Join", 1, 0))
				if text, ok := service.(string); ok {
					who = text
				}
			}
			account := target(at(s, "Condition", "StringEquals", "aws:SourceAccount"))
			logs := place(at(s, "Condition", "ArnLike", "kms:EncryptionContext:aws:logs:arn"))
			got[who] = strings.TrimSpace(account + " " + logs)
		}
	}
	want := map[string]string{":root": "", "events.amazonaws.com": "AWS::AccountId",
		"logs.": ":log-group:/waybill-golden/*"}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("who uses it, -got +want:\n%s", diff)
	}
	for _, alias := range m.all(t, "AWS::KMS::Alias") {
		if alias.get("AliasName") != "alias/waybill-golden" {
			t.Errorf("its alias is %v", alias.get("AliasName"))
		}
	}
}

// TestWithoutAKeyAWSManagesThem: no role has a right on a key.
func TestWithoutAKeyAWSManagesThem(t *testing.T) {
	for _, s := range statements(t, parse(t, onAWS)) {
		if strings.Contains(fmt.Sprint(at(s.tree, "Action")), "kms:") {
			t.Errorf("%s may %v", s.in, at(s.tree, "Action"))
		}
	}
}
