package pricetest_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"waybill/internal/pricetest"
)

var update = flag.Bool("update", false, "write the tables into docs/scale.md")

const page = "../../docs/scale.md"

// TestTheTablesOfScale compares the tables of docs/scale.md with the counts and the prices.
func TestTheTablesOfScale(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	tables := pricetest.Tables()
	now := string(text)
	for _, name := range slices.Sorted(maps.Keys(tables)) {
		place := regexp.MustCompile(fmt.Sprintf(`(?s)<!-- table: %s -->\n\n.*?\n\n`, name))
		if !place.MatchString(now) {
			t.Errorf("the page has no place for the table %s", name)
		}
		now = place.ReplaceAllLiteralString(now, "<!-- table: "+name+" -->\n\n"+tables[name]+"\n")
	}
	if *update {
		if err := os.WriteFile(page, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if now != string(text) {
		t.Errorf("%s has other tables than the counts and prices give: go test ./internal/pricetest -update",
			page)
	}
}

// TestTheStackHasTheseParts compares the numbers of parts with the template of the stack.
func TestTheStackHasTheseParts(t *testing.T) {
	text, err := os.ReadFile("../../infra/testdata/template.json")
	if err != nil {
		t.Fatal(err)
	}
	var template struct {
		Resources map[string]struct {
			Type       string
			Properties struct{ Metrics []struct{ MetricStat any } }
		}
	}
	if err := json.Unmarshal(text, &template); err != nil {
		t.Fatal(err)
	}
	has, metrics := map[string]int{}, 0
	for _, part := range template.Resources {
		has[part.Type]++
		if part.Type != "AWS::CloudWatch::Alarm" {
			continue
		}
		// An alarm on a formula lists the metrics that it reads.
		read := 0
		for _, metric := range part.Properties.Metrics {
			if metric.MetricStat != nil {
				read++
			}
		}
		metrics += max(read, 1)
	}
	if want := pricetest.AlarmMetrics(); metrics != want {
		t.Errorf("the alarms read %d metrics, and package pricetest counts %d", metrics, want)
	}
	for kind, want := range pricetest.Parts() {
		if has[kind] != want {
			t.Errorf("the stack has %d of %s, and package pricetest counts %d", has[kind], kind, want)
		}
	}
}
