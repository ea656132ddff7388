package suite_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/localstack/suite"
)

func TestRatios(t *testing.T) {
	t.Run("parts of a benchmark are compared with its first", func(t *testing.T) {
		var ratios suite.Ratios
		for _, line := range []string{
			"goos: linux",
			"BenchmarkCopy/plain-2         \t     100\t      2000 ns/op\t 512.00 MB/s",
			"BenchmarkCopy/with-secrets-2  \t      80\t      3000.5 ns/op\t 341.00 MB/s\t  0 B/op",
			"BenchmarkWhole-2              \t     100\t        17 ns/op",
			"BenchmarkRead/page            \t     100\t         4.0 ns/op",
			"PASS",
		} {
			ratios.Take(line)
		}
		var out strings.Builder
		ratios.Print(&out)
		var got []string
		for line := range strings.Lines(out.String()) {
			if strings.HasPrefix(line, "  ") {
				got = append(got, strings.Join(strings.Fields(line), " "))
			}
		}
		want := []string{"BenchmarkCopy/plain 1.00", "BenchmarkCopy/with-secrets 1.50",
			"BenchmarkRead/page 1.00"}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("nothing measured, nothing said", func(t *testing.T) {
		var out strings.Builder
		new(suite.Ratios).Print(&out)
		if out.Len() > 0 {
			t.Errorf("said %q", out.String())
		}
	})
}
