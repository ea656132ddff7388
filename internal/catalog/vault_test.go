package catalog_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"waybill/internal/catalog"
)

func TestRetire(t *testing.T) {
	change := time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)
	later := change.Add(catalog.RetiredFor + time.Second)
	set := catalog.Secrets{
		Values: map[string]string{"A": "a1", "B": "b1", "C": "", catalog.DigestKeySecret: "key"},
		Retired: []catalog.RetiredSecret{
			{Name: "A", Value: "a0", At: change},
			{Name: "B", Value: "b2", At: change},
		},
	}
	for name, test := range map[string]struct {
		values         map[string]string
		now, lastStart time.Time
		want           []catalog.RetiredSecret
	}{
		"a value that was replaced, and one that was removed": {
			values: map[string]string{"A": "a2"}, now: change.Add(time.Hour),
			want: []catalog.RetiredSecret{
				{Name: "A", Value: "a0", At: change},
				{Name: "B", Value: "b2", At: change},
				{Name: "A", Value: "a1", At: change.Add(time.Hour)},
				{Name: "B", Value: "b1", At: change.Add(time.Hour)},
			},
		},
		"a value that is present again": {
			values: map[string]string{"A": "a1", "B": "b2"}, now: change.Add(time.Hour),
			want: []catalog.RetiredSecret{
				{Name: "A", Value: "a0", At: change},
				{Name: "B", Value: "b1", At: change.Add(time.Hour)},
			},
		},
		"30 days and a start after the change": {
			values: map[string]string{"A": "a1", "B": "b1"}, now: later, lastStart: change.Add(time.Hour),
			want: nil,
		},
		"30 days without a start": {
			values: map[string]string{"A": "a1", "B": "b1"}, now: later, lastStart: change.Add(-time.Hour),
			want: set.Retired,
		},
		"a start within 30 days": {
			values: map[string]string{"A": "a1", "B": "b1"}, now: later.Add(-2 * time.Second),
			lastStart: change.Add(time.Hour), want: set.Retired,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := set.Retire(test.values, test.now, test.lastStart)
			if diff := cmp.Diff(got, test.want, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("former values (-got +want):\n%s", diff)
			}
		})
	}
}

// TestLimitRetired drops the oldest values by name, never silently.
func TestLimitRetired(t *testing.T) {
	large := strings.Repeat("x", catalog.MaxRetiredBytes/2)
	all := []catalog.RetiredSecret{
		{Name: "A", Value: large}, {Name: "B", Value: "b"}, {Name: "C", Value: large},
	}
	kept, dropped := catalog.LimitRetired(all)
	if len(kept) != 2 || kept[0].Name != "B" || kept[1].Name != "C" {
		t.Errorf("%d are kept, want B and C", len(kept))
	}
	if diff := cmp.Diff(dropped, []string{"A"}); diff != "" {
		t.Errorf("dropped (-got +want):\n%s", diff)
	}
	kept, dropped = catalog.LimitRetired(all[:2])
	if len(kept) != 2 || dropped != nil {
		t.Errorf("of what fits, %d are kept and %v dropped", len(kept), dropped)
	}
}

func TestTimesSortAsText(t *testing.T) {
	earlier := time.Date(2026, 8, 22, 10, 0, 0, 999_999_000, time.UTC)
	if a, b := catalog.TimeText(earlier), catalog.TimeText(earlier.Add(time.Microsecond)); a >= b {
		t.Errorf("%s does not sort before %s", a, b)
	}
	micros, ok := catalog.MicrosOf(catalog.TimeText(earlier) + "rest")
	if !ok || !time.UnixMicro(micros).Equal(earlier) {
		t.Errorf("%d, %t; want %s", micros, ok, earlier)
	}
	for _, text := range []string{"", "0123456789", "0123456789!"} {
		if _, ok := catalog.MicrosOf(text); ok {
			t.Errorf("%q is a time", text)
		}
	}
}
