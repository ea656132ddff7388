package remote_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"waybill/internal/remote"
)

func TestMeasure(t *testing.T) {
	everywhere(t, func(t *testing.T, shell remote.Shell) {
		data := filepath.Join(t.TempDir(), "not", "there", "yet")
		got, err := remote.Measure(t.Context(), shell, data, false, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		var stat syscall.Statfs_t
		if err := syscall.Statfs(os.TempDir(), &stat); err != nil {
			t.Fatal(err)
		}
		if want := int64(stat.Blocks) * stat.Frsize; got.DataBytes != want {
			t.Errorf("%d bytes, want %d", got.DataBytes, want)
		}
		if got.DataInodes != int64(stat.Files) || got.DataFreeBytes > got.DataBytes ||
			got.DataFreeBytes == 0 {
			t.Errorf("%+v, want the numbers of %+v", got, stat)
		}
		// The server is this machine, so the offset is nothing but the error.
		if got.ClockOffset.Abs() > got.ClockError+time.Millisecond || got.MeasuredAt.IsZero() {
			t.Errorf("the clock is off by %s, give or take %s", got.ClockOffset, got.ClockError)
		}
		if _, err := os.Stat(data); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the data directory: %v", err)
		}
	})
}

// TestMeasureAsksDocker has an engine that prints what docker prints, noise included.
func TestMeasureAsksDocker(t *testing.T) {
	engine := t.TempDir()
	script := "#!/bin/sh\ncase $1 in\ninfo) echo " + engine + " ;;\nsystem)\n" +
		"echo 'Images|12.5GB|8GB (64%)'\necho 'Containers|0B|0B'\necho 'Local Volumes|1.5kB|0B (0%)'\n" +
		"echo 'Build Cache|2.079MB|2.079MB'\necho 'Something new|1B|1B' ;;\nesac\n"
	if err := os.WriteFile(filepath.Join(engine, "docker"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, shell := range locals(t) {
		t.Run(name, func(t *testing.T) {
			path := os.Getenv("PATH")
			if len(shell.env) > 0 {
				path = strings.TrimPrefix(shell.env[0], "PATH=")
			}
			shell.env = []string{"PATH=" + engine + ":" + path}
			got, err := remote.Measure(t.Context(), shell, "/", true, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			if got.UsageAt.IsZero() || got.DockerBytes == 0 {
				t.Errorf("%+v, want the disk and the usage of docker", got)
			}
			usage := remote.Measurement{ImageBytes: got.ImageBytes,
				ReclaimableImageBytes: got.ReclaimableImageBytes, ContainerBytes: got.ContainerBytes,
				VolumeBytes: got.VolumeBytes, BuildCacheBytes: got.BuildCacheBytes,
				ReclaimableCacheBytes: got.ReclaimableCacheBytes}
			want := remote.Measurement{ImageBytes: 12_500_000_000, ReclaimableImageBytes: 8_000_000_000,
				VolumeBytes: 1500, BuildCacheBytes: 2_079_000, ReclaimableCacheBytes: 2_079_000}
			if usage != want {
				t.Errorf("%+v, want %+v", usage, want)
			}
		})
	}
}

// TestAMeasurementTakesNumbersOnly has what a hostile server may send.
func TestAMeasurementTakesNumbersOnly(t *testing.T) {
	began := time.Date(2026, 8, 22, 10, 0, 0, 0, time.UTC)
	now := began.Add(2 * time.Second)
	measured, err := remote.ReplayMeasurement(
		"B 1787392861.500000000\nZ data 100 10 4096 50 5\nZ docker 10 1 1 0 0\nD\n", began, now)
	want := remote.Measurement{MeasuredAt: now, DataBytes: 409600, DataFreeBytes: 40960, DataInodes: 50,
		DataFreeInodes: 5, DockerBytes: 10, DockerFreeBytes: 1, ClockError: time.Second,
		ClockOffset: time.Unix(1787392861, 500000000).Sub(began.Add(time.Second))}
	if !errors.Is(err, remote.ErrEnded) || measured != want {
		t.Errorf("%+v (%v), want %+v", measured, err, want)
	}
	measured, _ = remote.ReplayMeasurement("B 1787392861.%N\n", began, now)
	if measured.ClockError != 1500*time.Millisecond || measured.ClockOffset != want.ClockOffset {
		t.Errorf("%s, give or take %s; want the middle of the second", measured.ClockOffset,
			measured.ClockError)
	}
	for _, sent := range []string{
		"B tomorrow\n", "B -1.0\n", "Z data 1 2 3\n", "Z data -1 0 1 1 1\n", "Z data 1 2 1 1 1\n",
		"Z data 1 1 0 1 1\n", "Z data 4611686018427387904 1 4096 1 1\n", "Z data 1 1 1 1 2\n",
		"Z tmp 1 1 1 1 1\n", "I images 1GB\n", "I images <REDACTED> 0B\n", "I images 1e9GB 0B\n",
		"I images 99999999999GB 0B\n", "I secrets 1B 1B\n", "F MISSING x\n",
		"Z " + strings.Repeat("x", 300) + "\n",
	} {
		if got, err := remote.ReplayMeasurement(sent, began, now); !errors.Is(err, remote.ErrGarbled) {
			t.Errorf("%q: %+v, %v; want it to be garbled", sent, got, err)
		}
	}
	if got, err := remote.ReplayMeasurement("I images 999999PB 1B\n", began, now); err != nil ||
		got.ImageBytes != 1<<60 {
		t.Errorf("%d bytes (%v), want the largest number", got.ImageBytes, err)
	}
}
