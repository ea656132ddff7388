package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/aws/teardown"
)

func TestADestructionSaysWhatStaysAndWhatGoes(t *testing.T) {
	kept := consequences("waybill-a", teardown.Data{Kept: []string{"table waybill-a-catalog-1"}})
	if !strings.Contains(kept, "stay under their names") || strings.Contains(kept, "FOR GOOD") {
		t.Errorf("a stack that keeps its data:\n%s", kept)
	}
	lost := consequences("waybill-a", teardown.Data{Lost: []string{"bucket waybill-a-1"}})
	key := consequences("waybill-a", teardown.Data{Lost: []string{"key 0a1b"}})
	if warning := "the secrets that stay cannot be read"; strings.Contains(lost, warning) ||
		!strings.Contains(key, warning) {
		t.Errorf("a key that goes:\n%s", key)
	}
	if !strings.Contains(lost, "DELETED FOR GOOD, with all deployments and logs:\n  bucket waybill-a-1\n") ||
		strings.Contains(lost, "stay under") {
		t.Errorf("a stack that does not:\n%s", lost)
	}
}

// TestNothingIsDeletedWithoutTheNameOfTheTeam: tests have no terminal.
func TestNothingIsDeletedWithoutTheNameOfTheTeam(t *testing.T) {
	for given, right := range map[string]bool{"": false, "yes": false, "a-b": false, "a": true} {
		if err := confirm("a", given); (err == nil) != right ||
			err != nil && !strings.Contains(err.Error(), "CONFIRM=a says yes") {
			t.Errorf("CONFIRM=%s: %v", given, err)
		}
	}
}

func TestTheOptionNamesEveryTableThatIsNotTheFirst(t *testing.T) {
	tables := []string{"waybill-a-audit-1", "waybill-a-catalog-1", "waybill-a-service-deployments-3"}
	got := generations("waybill-a", tables, map[string]string{"waybill-a-catalog-1": "waybill-a-catalog-2"})
	if diff := cmp.Diff(got, "catalog=2,service-deployments=3"); diff != "" {
		t.Errorf("-got +want:\n%s", diff)
	}
}
