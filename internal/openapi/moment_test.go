package openapi_test

import (
	"fmt"
	"regexp"
	"testing"
	"time"
)

// TestAMomentThatTheSchemaTakesIsATime compares the patterns of times in queries with the parser
// that the endpoints use, for each possible and impossible day of ordinary, leap and century years.
func TestAMomentThatTheSchemaTakesIsATime(t *testing.T) {
	schemas := read(t)["components"].(map[string]any)["schemas"].(map[string]any)
	for name, zones := range map[string][]string{
		"Moment": {"Z"}, "ZonedMoment": {"Z", "+00:00", "-23:59", "+05:45"},
	} {
		pattern, err := regexp.Compile(schemas[name].(map[string]any)["pattern"].(string))
		if err != nil {
			t.Fatal(err)
		}
		check := func(text string) {
			t.Helper()
			_, err := time.Parse(time.RFC3339, text)
			if taken := pattern.MatchString(text); taken != (err == nil) {
				t.Errorf("%s takes %s: %t; the parser says %v", name, text, taken, err)
			}
		}
		for _, zone := range zones {
			for _, year := range []int{0, 4, 100, 400, 1900, 1996, 2000, 2023, 2024, 2026, 2100, 2400, 9999} {
				for month := range 14 {
					for day := range 33 {
						check(fmt.Sprintf("%04d-%02d-%02dT03:04:05%s", year, month, day, zone))
					}
				}
			}
			for _, clock := range []string{"00:00:00", "23:59:59.999999999", "24:00:00", "12:60:00",
				"12:00:60", "12:00:00."} {
				check("2026-02-28T" + clock + zone)
			}
		}
	}
}
