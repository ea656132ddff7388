package runner_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/remote/remotetest"
	"waybill/internal/runner"
)

// BenchmarkLatency prints how long after a job's last byte its deployment is
// finished, at the median of several, and how long after a line was printed one
// who follows the log can read it, for 95 of 100 lines. All is in this process
// but the server, which is a real sshd where there is one.
func BenchmarkLatency(b *testing.B) {
	ssh := remotetest.Best(b)
	var ends, lines []time.Duration
	for b.Loop() {
		for range 5 {
			end, seen := followed(b, ssh)
			ends, lines = append(ends, end), append(lines, seen...)
		}
	}
	slices.Sort(ends)
	slices.Sort(lines)
	b.ReportMetric(ends[len(ends)/2].Seconds(), "s-to-finished-median")
	b.ReportMetric(lines[len(lines)*95/100].Seconds(), "s-to-follower-p95")
}

// printed has a job tell the time of each line in the line itself, and that of
// its last byte in a file.
const printed = `i=1
while [ $i -le 30 ]; do
  echo "at $(date +%s.%N)"
  sleep 0.13
  i=$((i + 1))
done
date +%s.%N >last`

// followed runs the job with somebody who follows its log.
func followed(b *testing.B, ssh *remotetest.Server) (end time.Duration, lines []time.Duration) {
	b.Helper()
	w := work{Target: ssh.Target(), DataDir: b.TempDir(), Script: printed}
	ports, id, err := w.claimed(b.Context(), diskArchive(b.TempDir()))
	if err != nil {
		b.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- runner.New(ports, runner.Options{}).Run(b.Context(), id, "bench") }()
	lines = watch(b, ports, id)
	record, err := ports.History.Get(b.Context(), id)
	if err != nil || record.Status != deployment.Finished {
		b.Fatalf("%s: %v", record.Status, err)
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(w.DataDir, string(catalog.KindApplication)+"s",
		string(id.Resource()), "last"))
	if err != nil {
		b.Fatal(err)
	}
	return record.FinishedAt.Sub(instant(b, strings.TrimSpace(string(text)))), lines
}

// watch follows the log as a client does, and notes how old each line is when it
// comes.
func watch(b *testing.B, ports runner.Ports, id deployment.ID) []time.Duration {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	var ages []time.Duration
	for q := (logbook.Query{Limit: logbook.MaxLimit}); ; time.Sleep(50 * time.Millisecond) {
		if err := ports.History.Follow(ctx, id, time.Now().UTC()); err != nil {
			b.Fatal(err)
		}
		record, err := ports.History.Get(ctx, id)
		if err != nil {
			b.Fatal(err)
		}
		log := logbook.Log{Book: id.Book(), Archive: ports.Archive, Index: ports.Index}
		page, err := logbook.Read(ctx, log, record.Progress.Log, q)
		if err != nil {
			b.Fatal(err)
		}
		for _, line := range page.Lines {
			entry, err := logbook.Decode(line)
			if err != nil {
				b.Fatal(err)
			}
			if at, found := strings.CutPrefix(strings.TrimSpace(entry.Text()), "at "); found {
				ages = append(ages, time.Since(instant(b, at)))
			}
		}
		q.After = page.Next
		if record.Status.Terminal() && page.Next >= record.Progress.Log.Last {
			return ages
		}
	}
}

func instant(b *testing.B, text string) time.Time {
	b.Helper()
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err1 := strconv.ParseInt(whole, 10, 64)
	nanoseconds, err2 := strconv.ParseInt(fraction, 10, 64)
	if err1 != nil || err2 != nil {
		b.Fatal(fmt.Errorf("%q is no time", text))
	}
	return time.Unix(seconds, nanoseconds)
}
