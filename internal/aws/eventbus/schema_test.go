package eventbus_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"waybill/internal/deployment"
)

// published1 is the schema of version 1, which receivers of events check by.
const published1 = "deployment-status-changed-1.json"

func schemaPath() string { return filepath.Join("..", "..", "..", "docs", "schemas", published1) }

// lives are the changes of deployments, as many kinds as there are.
func lives() map[string]deployment.Change {
	at := time.Date(2026, 11, 24, 6, 15, 0, 4000, time.UTC)
	queued := deployment.Record{ID: id, Status: deployment.Queued, Operation: deployment.Deploy,
		ResourceName: "shop", ServerID: "srv8c1n6h3d0p5q2m7x4k9v1", ServerName: "web-1",
		Trigger: deployment.Trigger{Kind: deployment.TriggerAPI, Name: "ci"}, CreatedAt: at, QueuedAt: at,
		UpdatedAt: at}
	claimed := queued
	claimed.Status, claimed.ClaimedAt = deployment.InProgress, at.Add(time.Second)
	finished := claimed
	finished.Status, finished.StartedAt, finished.FinishedAt = deployment.Finished, at, at.Add(time.Minute)
	finished.Outcome = deployment.Outcome{Status: deployment.Finished, ExitCode: new(0)}
	cancelled := queued
	cancelled.Status, cancelled.FinishedAt = deployment.Cancelled, at.Add(time.Hour)
	cancelled.Outcome = deployment.Outcome{Status: deployment.Cancelled, Reason: deployment.ReasonCancelled}
	return map[string]deployment.Change{
		"queued":    {Record: queued},
		"claimed":   {Record: claimed, Previous: deployment.Queued},
		"finished":  {Record: finished, Previous: deployment.InProgress},
		"failed":    failed(),
		"cancelled": {Record: cancelled, Previous: deployment.Queued},
	}
}

func TestTheSchemaDescribesEveryEvent(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaPath())
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(schemaPath())
	if err != nil {
		t.Fatal(err)
	}
	described := decoded(t, string(text))
	for name, change := range lives() {
		t.Run(name, func(t *testing.T) {
			detail, err := jsonschema.UnmarshalJSON(strings.NewReader(published(t, change)))
			if err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(detail); err != nil {
				t.Errorf("%v", err)
			}
			sameFields(t, "detail", detail, described)
		})
	}
	t.Run("and refuses others", func(t *testing.T) {
		detail := decoded(t, published(t, failed())).(map[string]any)
		detail["version"] = 2
		if schema.Validate(detail) == nil {
			t.Error("an event of version 2 is valid")
		}
	})
}

// sameFields checks that an object has the properties of its schema and no others.
func sameFields(t *testing.T, at string, value, schema any) {
	t.Helper()
	object, is := value.(map[string]any)
	if !is {
		return
	}
	properties, _ := schema.(map[string]any)["properties"].(map[string]any)
	got, want := slices.Sorted(maps.Keys(object)), slices.Sorted(maps.Keys(properties))
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("%s, -published +described:\n%s", at, diff)
	}
	for name, member := range object {
		sameFields(t, at+"."+name, member, properties[name])
	}
}

// TestTheDocumentHasEveryField: docs/events.md has the path of each field in backticks.
func TestTheDocumentHasEveryField(t *testing.T) {
	document, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(schemaPath())
	if err != nil {
		t.Fatal(err)
	}
	var check func(at string, schema map[string]any)
	check = func(at string, schema map[string]any) {
		properties, _ := schema["properties"].(map[string]any)
		for name, property := range properties {
			if !strings.Contains(string(document), "`"+at+name+"`") {
				t.Errorf("docs/events.md lacks `%s`", at+name)
			}
			check(at+name+".", property.(map[string]any))
		}
	}
	var schema map[string]any
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	check("", schema)
}
