package logbook_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/logbook"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestASmallLog is one of everything, as it is stored.
func TestASmallLog(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	at := func(ms int) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }
	r.Message("Connecting to web (deploy@203.0.113.7 port 22).", logbook.Stdout)
	r.StepStarted(1, "Pull images", "docker compose pull", at(10), 0, 0, 20)
	r.Data(logbook.Stderr, 0, []byte(" web Pulling\r web 10%\r web Pulled\n"), at(900))
	r.StepEnded(1, at(1000), 0, 34, 40)
	r.StepStarted(2, "Start", "set -eu\ndocker compose up -d --wait\n", at(1001), 0, 34, 60)
	commit(t, r)
	r.Data(logbook.Stdout, 0, []byte("token=hunter22\r\n\nno newline \x00\xff"), at(1500))
	r.Data(logbook.Stderr, 34, append(bytes.Repeat([]byte("="), logbook.MaxLineBytes+3), '\n'), at(1600))
	r.StepEnded(2, at(2000), 30, 34+logbook.MaxLineBytes+4, 80)
	r.Message("Finished after 2s.", logbook.Stdout)
	r.End()
	mark := commit(t, r)

	var got bytes.Buffer
	for _, e := range entries(t, s, mark) {
		got.Write(bytes.ReplaceAll(e.Append(nil), bytes.Repeat([]byte("="), 1000), []byte("=")))
	}
	path := filepath.Join("testdata", "small.jsonl")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; write it with go test -update", err)
	}
	if d := cmp.Diff(got.String(), string(want)); d != "" {
		t.Errorf("got - want +:\n%s", d)
	}
	checkChain(t, s, mark)
}

// checkChain checks that each chunk says where it stands.
func checkChain(t *testing.T, s *shelf, mark logbook.Mark) {
	t.Helper()
	var before logbook.Header
	for number := 1; number <= mark.Chunks; number++ {
		h := s.chunks[book][number].Header
		if h.Number != number || h.First != before.Last+1 || h.Before != before.After ||
			h.Previous != before.Digest ||
			h.Digest != digest(h.Previous, s.chunks[book][number].Body) ||
			mark.Index.Ends[number-1] != (logbook.End{Last: h.Last, Until: h.Until.Truncate(time.Second)}) {
			t.Errorf("chunk %d has %+v, after %+v", number, h, before)
		}
		before = h
	}
	if before.After != mark.At || before.Digest != mark.Digest || before.Last != mark.Last {
		t.Errorf("the mark is %+v, the last chunk %+v", mark, before)
	}
}
