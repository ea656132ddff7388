package main_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
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
		given any
		want  int
	}{{nil, 1}, {"2", 2}, {3, 3}} {
		got, err := readOptions(t, map[string]any{"team": "blue", "generation": test.given})
		if err != nil || got.Generation != test.want {
			t.Errorf("generation=%v: %d, %v; want %d", test.given, got.Generation, err, test.want)
		}
	}
	for _, given := range []string{"0", "-1", "1000", "two", "1.5"} {
		_, err := readOptions(t, map[string]any{"team": "blue", "generation": given})
		if want := fmt.Sprintf("generation=%s: a number from 1 to 999", given); err == nil ||
			err.Error() != want {
			t.Errorf("generation=%s: %v, want %s", given, err, want)
		}
	}
}

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
