package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/catalog"
	"waybill/internal/catalog/catalogtest"
	"waybill/internal/fault"
)

func TestSizes(t *testing.T) {
	t.Run("fields of their largest size make no body too large, but every head", func(t *testing.T) {
		for name, draft := range catalogtest.Largest() {
			fields := fault.Fields(catalog.Check(draft))
			if len(fields) != 1 {
				t.Errorf("%s: %v, want one field", name, fields)
			}
			for field, problems := range fields {
				const want = "which may have 4096 bytes together, have "
				if !strings.Contains(strings.Join(problems, ""), want) {
					t.Errorf("%s: %s %s", name, field, problems)
				}
			}
			catalogtest.Fit(t, draft)
		}
	})
	t.Run("a large compose file is too large beside many long names of secrets", func(t *testing.T) {
		service := &catalog.Service{Resource: goodResource(),
			Compose: strings.Repeat("#", catalog.MaxComposeBytes)}
		for i := range catalog.MaxVariables {
			service.Environment = append(service.Environment, catalog.Variable{
				Name: fmt.Sprintf("S%03d%s", i, strings.Repeat("N", 240)), Value: "hunter22", Secret: true})
		}
		want := map[string][]string{"docker_compose": {"is the largest of the texts and variables, " +
			"which may have 358400 bytes together, have 370256"}}
		if diff := cmp.Diff(fault.Fields(catalog.Check(service)), want); diff != "" {
			t.Errorf("fields (-got +want):\n%s", diff)
		}
	})
	t.Run("a long description in letters of four bytes is too large", func(t *testing.T) {
		service := &catalog.Service{Resource: goodResource(), Compose: "services: {}"}
		service.Description = strings.Repeat("\U0001f600", catalog.MaxDescriptionLength)
		want := map[string][]string{"description": {"is the largest of the fields that lists show, " +
			"which may have 4096 bytes together, have 4704"}}
		if diff := cmp.Diff(fault.Fields(catalog.Check(service)), want); diff != "" {
			t.Errorf("fields (-got +want):\n%s", diff)
		}
	})
}
