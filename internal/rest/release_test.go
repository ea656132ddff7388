package rest_test

import (
	"os"
	"regexp"
	"testing"

	"waybill/internal/rest"
)

// TestReleaseIsTheNewestOneOfTheChangelog keeps the version in one place.
func TestReleaseIsTheNewestOneOfTheChangelog(t *testing.T) {
	changelog, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[([0-9][^]]*)\]`).FindSubmatch(changelog)
	if newest == nil || string(newest[1]) != rest.Release {
		t.Errorf("the newest release is %q, and the program says %s", newest, rest.Release)
	}
}
