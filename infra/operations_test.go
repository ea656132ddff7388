package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryAlarmAndQueueIsExplained: docs/operations.md has a section for each of them, and for no
// other one.
func TestEveryAlarmAndQueueIsExplained(t *testing.T) {
	m := parse(t, onAWS)
	made := map[string]bool{}
	for name := range alarmsOf(t, m) {
		made[name] = true
	}
	for _, queue := range m.all(t, "AWS::SQS::Queue") {
		made[strings.TrimPrefix(fmt.Sprint(queue.get("QueueName")), "waybill-golden-")] = true
	}
	page, err := os.ReadFile(filepath.Join("..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	explained := map[string]bool{}
	headings := regexp.MustCompile("(?m)^### (`.+`)$").FindAllStringSubmatch(string(page), -1)
	for _, heading := range headings {
		for name := range strings.SplitSeq(heading[1], ", ") {
			explained[strings.Trim(name, "`")] = true
		}
	}
	if diff := cmp.Diff(explained, made); diff != "" {
		t.Errorf("alarms and queues, -explained +made:\n%s", diff)
	}
}
