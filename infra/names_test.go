package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	infra "waybill/infra"
)

// placeholder stands for AWS::AccountId and AWS::Region in names.
var placeholder = strings.NewReplacer(
	"AWS::AccountId", "123456789012",
	"AWS::Region", "us-isof-south-1", // the longest region
)

// plainName returns a name of the template as text. A name with the account or the
// region in it is a Fn::Join.
func plainName(value any) string {
	var name strings.Builder
	for _, part := range append(list(at(value, "Fn::Join", 1)), value) {
		if ref, ok := at(part, "Ref").(string); ok {
			part = placeholder.Replace(ref)
		}
		if text, ok := part.(string); ok {
			name.WriteString(text)
		}
	}
	return name.String()
}

// TestNamesFitTheirServices checks the names of a team of the greatest length. The
// limits are those of each service's API reference.
func TestNamesFitTheirServices(t *testing.T) {
	m, every := parse(t, onAWS), parse(t, full)
	for id, r := range every.Resources {
		m.Resources[id] = r
	}
	for _, kind := range []struct {
		resource, property string
		limit              int
	}{
		{"AWS::DynamoDB::GlobalTable", "TableName", 255},
		{"AWS::SQS::Queue", "QueueName", 80},
		{"AWS::Events::EventBus", "Name", 256},
		{"AWS::Events::Rule", "Name", 64},
		{"AWS::Lambda::Function", "FunctionName", 64},
		{"AWS::Logs::LogGroup", "LogGroupName", 512},
		{"AWS::CloudWatch::Dashboard", "DashboardName", 255},
		{"AWS::CloudWatch::Alarm", "AlarmName", 255},
		{"AWS::SNS::Topic", "TopicName", 256},
		{"AWS::EC2::SecurityGroup", "GroupName", 255},
		{"AWS::S3::Bucket", "BucketName", 63},
	} {
		for id, r := range m.all(t, kind.resource) {
			name := plainName(r.get(kind.property))
			if !strings.Contains(name, "waybill-golden") {
				t.Errorf("%s has the name %q, want one with waybill-TEAM", id, name)
			}
			if longest := len(name) - len("golden") + infra.MaxTeamLength; longest > kind.limit {
				t.Errorf("%s: with the longest team its name has %d characters, at most %d are allowed",
					id, longest, kind.limit)
			}
		}
	}
}

// pattern matches a pattern of names that another team's names match too. No name of a team has
// an underscore, so a pattern with one is safe.
var pattern = regexp.MustCompile(`waybill-golden[^/"_]*\*`)

// TestP10NoPolicyMatchesAnotherTeam: the pattern "waybill-a-*" would match team a-b.
func TestP10NoPolicyMatchesAnotherTeam(t *testing.T) {
	for _, s := range statements(t, parse(t, onAWS)) {
		text, err := json.Marshal(s.tree)
		if err != nil {
			t.Fatal(err)
		}
		if found := pattern.FindString(string(text)); found != "" {
			t.Errorf("%s allows %s, which matches names of other teams", s.in, found)
		}
	}
}

func TestGenerationsOfTables(t *testing.T) {
	for _, test := range []struct {
		given       any
		catalog, of int // of tokens
	}{{nil, 1, 1}, {"2", 2, 2}, {3, 3, 3}, {"catalog=2", 2, 1}, {"catalog=2, tokens=3", 2, 3}} {
		got, err := readOptions(t, map[string]any{"team": "blue", "generation": test.given})
		catalog, tokens := infra.GenerationOf(got, "catalog"), infra.GenerationOf(got, "tokens")
		if err != nil ||
			catalog != test.catalog || tokens != test.of {
			t.Errorf("generation=%v: %d and %d, %v", test.given, catalog, tokens, err)
		}
	}
	for _, given := range []string{"0", "-1", "1000", "two", "1.5", "catalog=0", "catalog=", "users=2"} {
		_, err := readOptions(t, map[string]any{"team": "blue", "generation": given})
		if want := fmt.Sprintf("generation=%s: a number from 1 to 999", given); err == nil ||
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("generation=%s: %v, want %s", given, err, want)
		}
	}
}

// TestARestoredTableIsAnotherResource: CloudFormation takes in a table only under an id that the stack does
// not have, and leaves the former one alone.
func TestARestoredTableIsAnotherResource(t *testing.T) {
	now, next := parse(t, onAWS), parse(t, restored)
	was := now.all(t, "AWS::DynamoDB::GlobalTable")
	streams := map[string]string{}
	for id, mapping := range next.all(t, "AWS::Lambda::EventSourceMapping") {
		streams[target(mapping.get("EventSourceArn"))] = id
	}
	names := map[string]bool{}
	for id, table := range next.all(t, "AWS::DynamoDB::GlobalTable") {
		name := fmt.Sprint(table.get("TableName"))
		names[name] = true
		_, same := was[id]
		isNext := name == "waybill-golden-catalog-2" || name == "waybill-golden-service-deployments-3"
		if same == isNext {
			t.Errorf("%s has the id %s, which the stack has already: %v", name, id, same)
		}
		if mapping := streams[id]; name == "waybill-golden-service-deployments-3" &&
			(mapping == "" || now.Resources[mapping].Type != "") {
			t.Errorf("%s is read by %q, want a mapping of its own", name, mapping)
		}
	}
	_, dispatch := next.function(t, "dispatch")
	if got := target(dispatch.get("Environment", "Variables", "WAYBILL_CATALOG_TABLE")); len(names) != 9 ||
		next.Resources[got].get("TableName") != "waybill-golden-catalog-2" {
		t.Errorf("dispatch reads %s of %v", got, names)
	}
}

var restored = sync.OnceValues(func() ([]byte, error) {
	return synthesize(func() infra.Options {
		opts := golden()
		opts.Generations = infra.Generations{"catalog": 2, "service-deployments": 3}
		return opts
	})
})

// TestAdoptedDataHasPlainNames: CloudFormation takes in what exists only by a name that is a plain text, and
// only if the stack would keep it. Otherwise the template is the same one.
func TestAdoptedDataHasPlainNames(t *testing.T) {
	m, usual := parse(t, adopting), parse(t, onAWS)
	for kind, property := range map[string]string{
		"AWS::DynamoDB::GlobalTable": "TableName", "AWS::S3::Bucket": "BucketName",
	} {
		for id, r := range m.all(t, kind) {
			name, plain := r.get(property).(string)
			if !plain || !strings.HasPrefix(name, "waybill-golden-") {
				t.Errorf("%s has the name %v", id, r.get(property))
			}
			if r.DeletionPolicy != "Retain" {
				t.Errorf("%s goes with the stack: %s", id, r.DeletionPolicy)
			}
			if usual.Resources[id].Type != kind {
				t.Errorf("%s is not in the usual template", id)
			}
		}
	}
	if len(m.Resources) != len(usual.Resources) {
		t.Errorf("%d resources, usually %d", len(m.Resources), len(usual.Resources))
	}
	for id, bucket := range m.all(t, "AWS::S3::Bucket") {
		if got := bucket.get("BucketName"); got != "waybill-golden-123456789012-eu-central-1" {
			t.Errorf("%s is %v", id, got)
		}
	}
}

var adopting = sync.OnceValues(func() ([]byte, error) {
	return synthesize(func() infra.Options {
		opts := golden()
		opts.Adopt, opts.ID, opts.Region = true, "123456789012", "eu-central-1"
		return opts
	})
})

// readOptions reads the context with built functions.
func readOptions(t *testing.T, context map[string]any) (infra.Options, error) {
	t.Helper()
	folder := t.TempDir()
	if err := placeholders(folder); err != nil {
		t.Fatal(err)
	}
	return infra.ReadOptions(func(name string) any {
		if name == "functions" {
			return folder
		}
		return context[name]
	})
}
