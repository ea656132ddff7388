package remote_test

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"waybill/internal/remote"
)

// A server invents more time stamps, steps and frames than any job has.
func TestMemoryThatAServerCanUseIsLimited(t *testing.T) {
	const ask = "\nNONCE\nA 1 b 0 1.0\n"
	t.Run("time stamps that are never reached take bounded memory", func(t *testing.T) {
		var marks strings.Builder
		for i := range 1_000_000 {
			fmt.Fprintf(&marks, "%d.0 %d 0\n", i+1, i+1_000_000)
		}
		sent := []byte(fmt.Sprintf("%sM 0 %d 1.0\n%s", ask, marks.Len(), marks.String()))
		marks.Reset()
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var peak uint64
		sink := &score{}
		replayed := remote.NewReplay(1, sink)
		for len(sent) > 0 {
			n := min(len(sent), 1<<20)
			if err := replayed.Feed(sent[:n]); err != nil {
				t.Fatal(err)
			}
			sent = sent[n:]
			runtime.GC()
			runtime.ReadMemStats(&after)
			peak = max(peak, after.HeapAlloc)
		}
		if grown := int64(peak) - int64(before.HeapAlloc); grown > 10<<20 {
			t.Errorf("%d MB for marks", grown>>20)
		}
		runtime.KeepAlive(replayed)
	})
	for name, lines := range map[string]string{
		"a step that starts twice":       "S 1 1.0 0 0\nE 1 1.0 0 0 0\nS 1 1.0 0 0\n",
		"a step in a step":               "S 1 1.0 0 0\nS 2 1.0 0 0\n",
		"a step that ends twice":         "S 1 1.0 0 0\nE 1 1.0 0 0 0\nE 1 1.0 0 0 0\n",
		"a step before an earlier one":   "S 2 1.0 0 0\nE 2 1.0 0 0 0\nS 1 1.0 0 0\n",
		"a step after the job's own end": "X 0 1.0 0 0 0\nS 1 1.0 0 0\n",
		"two ends of the job":            "X 0 1.0 0 0 0\nX 0 1.0 0 0 0\n",
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			sent := fmt.Sprintf("%sS 0 %d 1.0\n%s", ask, len(lines), lines)
			if _, err := remote.Replay([]byte(sent), 0, 2, &score{}); !errors.Is(err, remote.ErrGarbled) {
				t.Errorf("error %v", err)
			}
		})
	}
}
