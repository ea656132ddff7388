package catalog_test

import (
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
)

func TestWarningsOfAServer(t *testing.T) {
	const gib = 1 << 30
	for _, c := range []struct {
		name   string
		health catalog.Health
		want   []string // a part of each warning
	}{
		{"nothing measured", catalog.Health{}, nil},
		{"enough of all", catalog.Health{DataBytes: 100 * gib, DataFreeBytes: 10 * gib, DataInodes: 100,
			DataFreeInodes: 5, ClockOffset: 30 * time.Second}, nil},
		{"less than a tenth", catalog.Health{DataBytes: 100 * gib, DataFreeBytes: 9 * gib},
			[]string{"data directory has 9.0 GiB of 100.0 GiB left (9 %)"}},
		{"less than a tenth of a large disk", catalog.Health{DataBytes: 4000 * gib, DataFreeBytes: 60 * gib},
			nil},
		{"less than 2 GiB of a small disk", catalog.Health{DataBytes: 8 * gib, DataFreeBytes: 2*gib - 1},
			[]string{"2.0 GiB of 8.0 GiB"}},
		{"a full disk", catalog.Health{DataBytes: 8 * gib}, []string{"(0 %)"}},
		{"a full disk of docker", catalog.Health{DataBytes: 8 * gib, DataFreeBytes: 8 * gib,
			DockerBytes: gib}, []string{"The disk of Docker has 0.0 GiB"}},
		{"one disk of both", catalog.Health{DataBytes: gib, DockerBytes: gib}, []string{"data directory"}},
		{"few inodes", catalog.Health{DataBytes: 100 * gib, DataFreeBytes: 50 * gib, DataInodes: 1000,
			DataFreeInodes: 49}, []string{"49 of 1000 inodes left (4 %)"}},
		{"no fixed number of inodes", catalog.Health{DataBytes: 100 * gib, DataFreeBytes: 50 * gib}, nil},
		{"a clock ahead", catalog.Health{ClockOffset: 32 * time.Second, ClockError: time.Second},
			[]string{"32s ahead, give or take 1s"}},
		{"a clock behind", catalog.Health{ClockOffset: -time.Hour}, []string{"1h0m0s behind"}},
		{"a clock that may be right", catalog.Health{ClockOffset: 32 * time.Second,
			ClockError: 2 * time.Second}, nil},
	} {
		got := c.health.Warnings()
		if len(got) != len(c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
			continue
		}
		for i, part := range c.want {
			if !strings.Contains(got[i], part) {
				t.Errorf("%s: %q, want %q", c.name, got[i], part)
			}
		}
	}
}
