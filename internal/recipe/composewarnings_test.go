package recipe_test

import (
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
)

// TestWarnings compares the warnings about each compose file in testdata/warnings with
// its golden file.
func TestWarnings(t *testing.T) {
	corpusFiles(t, "testdata/warnings", func(t *testing.T, name, text string) {
		service := composeService(text)
		if err := recipe.Check(t.Context(), service, &catalog.Server{DataDir: "/data"}); err != nil {
			t.Fatal(err, fault.Fields(err))
		}
		warnings := recipe.Warnings(t.Context(), service)
		golden(t, "warnings/"+name, lines(warnings))
		if allowed := strings.HasSuffix(name, "-allowed"); allowed != (len(warnings) == 0) {
			t.Errorf("%d warnings", len(warnings))
		}
	})
}
