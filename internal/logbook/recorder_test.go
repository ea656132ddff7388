package logbook_test

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/redact"
)

const book logbook.Book = "application/app/dep"

// hidden is what must never be in a log. KEY has a line ending in its middle.
var hidden = []redact.Secret{
	{Name: "TOKEN", Value: "hunter22"},
	{Name: "KEY", Value: "BEGIN42\nx\nEND42"},
}

func filter(secrets []redact.Secret) logbook.NewFilter {
	matcher := redact.NewMatcher(secrets)
	return func(emit func(p []byte, masked int)) logbook.Filter { return matcher.Stream(emit) }
}

func clock() time.Time { return noon }

func recorder(archive logbook.Archive, mark logbook.Mark) *logbook.Recorder {
	return logbook.NewRecorder(on(archive), mark, filter(hidden), logbook.RecorderOptions{Now: clock})
}

func commit(t *testing.T, r *logbook.Recorder) logbook.Mark {
	t.Helper()
	mark, err := r.Commit(t.Context())
	if err != nil {
		t.Fatalf("Commit: %v", err)
	}
	return mark
}

// entries reads the whole log as one gzip file, which the concatenation of its
// chunks is, and checks that the orders go from 1 to the last.
func entries(t *testing.T, s *shelf, mark logbook.Mark) []logbook.Entry {
	t.Helper()
	var all bytes.Buffer
	for number := 1; number <= mark.Chunks; number++ {
		all.Write(s.chunks[book][number].Body)
	}
	if all.Len() == 0 {
		return nil
	}
	unzipped, err := gzip.NewReader(&all)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		t.Fatal(err)
	}
	var out []logbook.Entry
	batch := 1
	for line := range bytes.Lines(text) {
		entry, err := logbook.Decode(line)
		if err != nil {
			t.Fatal(err)
		}
		// Clients sort by batch, then by order.
		if entry.Batch < batch || entry.Order != logbook.Order(len(out)+1) {
			t.Errorf("entry %d, %q, is of batch %d after batch %d", entry.Order, entry.Command+entry.Output,
				entry.Batch, batch)
		}
		batch = entry.Batch
		if out = append(out, entry); entry.Order != logbook.Order(len(out)) {
			t.Fatalf("entry %d has order %d", len(out), entry.Order)
		}
	}
	if mark.Last != logbook.Order(len(out)) || mark.Bytes != int64(len(text)) {
		t.Fatalf("the mark counts %d entries and %d bytes, the log has %d and %d", mark.Last, mark.Bytes,
			len(out), len(text))
	}
	return out
}

// outputs of one type, each continued piece followed by a plus.
func outputs(entries []logbook.Entry, typ logbook.Type) (out []string) {
	for _, e := range entries {
		if e.Type == typ {
			out = append(out, e.Output+map[bool]string{true: "+"}[e.Continued])
		}
	}
	return out
}

func TestLines(t *testing.T) {
	max := logbook.MaxLineBytes
	x := func(n int) string { return strings.Repeat("x", n) }
	const token, key = "<REDACTED:TOKEN>", "<REDACTED:KEY>"
	for _, c := range []struct {
		name string
		in   string
		want []string
	}{
		{"nothing", "", nil},
		{"lines", "a\nb\n", []string{"a", "b"}},
		{"an empty line", "\n\na\n\n", []string{"", "", "a", ""}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"a return before the newline", "a\r\nb\r\n", []string{"a", "b"}},
		{"a progress bar", "10%\r50%\r100%\n", []string{"100%"}},
		{"a progress bar with returns at ends", "\r10%\r50%\r\r\n", []string{"50%"}},
		{"a progress bar at the end", "10%\r50%\r", []string{"50%"}},
		{"nothing but returns", "a\n\r\r", []string{"a"}},
		{"a return at the start", "\ra\n", []string{"a"}},
		{"invalid UTF-8", "a\xffb\xe2\x82\n\xc3", []string{"a\uFFFDb\uFFFD\uFFFD", "\uFFFD"}},
		{"zeros and colours", "\x00\x1b[1m\n", []string{"\x00\x1b[1m"}},
		{"a secret", "a hunter22 b\n", []string{"a " + token + " b"}},
		{"a secret at the end", "a hunter22", []string{"a " + token}},
		{"half a secret at the end", "a hunter2", []string{"a hunter2"}},
		{"a secret over lines", "a BEGIN42\nx\nEND42 b\nc\n", []string{"a " + key + " b", "c"}},
		{"a secret that is overwritten", "hunter22\rok\n", []string{"ok"}},
		{"a secret that overwrites", "ok\rhunter22\n", []string{token}},
		{"the longest line", x(max) + "\n", []string{x(max)}},
		{"the longest line with a return", x(max) + "\r\n", []string{x(max)}},
		{"the longest line at the end", x(max), []string{x(max)}},
		{"a longer line", x(max+1) + "\n", []string{x(max) + "+", "x"}},
		{"a line of three pieces", x(2*max+5) + "\ny\n", []string{x(max) + "+", x(max) + "+", "xxxxx", "y"}},
		{"a long bar", x(max) + "\r" + x(max) + "\rok\n", []string{"ok"}},
		{"a long line that is overwritten", x(max+3) + "\rok\n", []string{x(max) + "+", "ok"}},
		{"a character on the cut", x(max-1) + "é\n", []string{x(max-1) + "+", "é"}},
		{"a long character on the cut", x(max-3) + "\U0001F600y\n", []string{x(max-3) + "+", "\U0001F600y"}},
		{"an incomplete character on the cut", x(max-1) + "\xc3y\n", []string{x(max-1) + "+", "\uFFFDy"}},
		{"a mask on the cut", x(max-5) + "hunter22y\n", []string{x(max-5) + "+", token + "y"}},
		{"a mask before the cut", x(max-len(token)) + "hunter22\n", []string{x(max-len(token)) + token}},
		{"a declared secret", "a\n::add-mask::xyzzy-9\nb xyzzy-9\n", []string{"a", "b <REDACTED>"}},
		{"a declared secret at the end", "a\n::add-mask::xyzzy-9\n", []string{"a"}},
		{"nothing but a declared secret", "::add-mask::xyzzy-9", nil},
		{"a mask after the cut", x(max) + "hunter22\n", []string{x(max) + "+", token}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, size := range []int{len(c.in) + 1, 1, 3, 1000} {
				s := &shelf{}
				r := recorder(s, logbook.Mark{})
				for at := 0; at < len(c.in); at += size {
					r.Data(logbook.Stderr, int64(at), []byte(c.in[at:min(at+size, len(c.in))]), noon)
				}
				r.End()
				got := outputs(entries(t, s, commit(t, r)), logbook.Stderr)
				if d := cmp.Diff(got, c.want); d != "" {
					t.Fatalf("in writes of %d, -got +want:\n%s", size, d)
				}
				if at := r.Position(); at.Err != int64(len(c.in)) || at.Out != 0 {
					t.Fatalf("in writes of %d: the log reaches to %+v of %d bytes", size, at, len(c.in))
				}
			}
		})
	}
}

func TestStepsStandBetweenTheirLines(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	later := func(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }
	r.Message("Hello.\nIt begins.", logbook.Stdout)
	r.StepStarted(1, "Pull", "docker pull x", later(1), 0, 0, 10)
	r.StepEnded(1, later(2), 8, 4, 20)
	r.StepStarted(2, "Start", "docker run x", later(3), 8, 4, 30)
	// stdout comes first, though the first step wrote on stderr before the
	// second wrote anything.
	r.Data(logbook.Stdout, 0, []byte("one\nhalfTWO\n"), later(4))
	r.Data(logbook.Stderr, 0, []byte("err\n"), later(5))
	r.Data(logbook.Stderr, 4, []byte("ERR\n"), later(6))
	r.Message("Bye.", logbook.Stderr)
	r.End()
	var got []string
	for _, e := range entries(t, s, commit(t, r)) {
		got = append(got, fmt.Sprintf("%s %d %q %s %s%s", e.Time.Format("05"), e.Batch, e.Step, e.Type,
			e.Command, e.Output))
	}
	want := []string{
		`05 1 "" stdout Hello.`,
		`05 1 "" stdout It begins.`,
		`06 1 "Pull" stdout docker pull x`,
		`09 1 "Pull" stdout one`,
		`09 1 "Pull" stdout half`,
		`10 1 "Pull" stderr err`,
		`10 2 "Start" stdout docker run x`,
		`10 2 "Start" stdout TWO`,
		`11 2 "Start" stderr ERR`,
		`11 2 "" stderr Bye.`,
	}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
	if got, want := r.Position(), (logbook.Position{Out: 12, Err: 8, Steps: 30}); got != want {
		t.Errorf("the log reaches to %+v, want %+v", got, want)
	}
}

// TestP3ASecretOnTwoSidesOfAStep is written by a process that the first step
// left running.
func TestP3ASecretOnTwoSidesOfAStep(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	r.StepStarted(1, "One", "one", noon, 0, 0, 10)
	r.Data(logbook.Stdout, 0, []byte("a hun"), noon)
	r.StepEnded(1, noon, 5, 0, 20)
	r.StepStarted(2, "Two", "two", noon, 5, 0, 30)
	r.Data(logbook.Stdout, 5, []byte("ter22 b\n"), noon)
	r.End()
	got := outputs(entries(t, s, commit(t, r)), logbook.Stdout)
	if d := cmp.Diff(got, []string{"", "", "a <REDACTED:TOKEN>", " b"}); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
}

func TestAStreamThatFallsFarBehindIsNotWaitedFor(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	r.StepStarted(1, "One", "one", noon, 0, 0, 10)
	r.StepStarted(2, "Two", "two", noon, 0, 4, 20)
	r.Data(logbook.Stdout, 0, []byte("waits\n"), noon)
	if got := r.Position(); got.Out != 0 || got.Steps != 10 {
		t.Errorf("the log reaches to %+v before stderr is there", got)
	}
	long := bytes.Repeat([]byte("0123456789abcde\n"), 20_000)
	r.Data(logbook.Stdout, 6, long, noon)
	if got, want := r.Position(), (logbook.Position{Out: 6 + int64(len(long)), Steps: 20}); got != want {
		t.Errorf("the log reaches to %+v, want %+v", got, want)
	}
	r.Data(logbook.Stderr, 0, []byte("e1\n\nE2\n"), noon)
	r.End()
	got := entries(t, s, commit(t, r))
	if e := got[len(got)-3:]; e[0].Step != "One" || e[1].Step != "One" || e[2].Step != "Two" {
		t.Errorf("what came late is of the steps %q, %q and %q, want One, One, Two", e[0].Step, e[1].Step,
			e[2].Step)
	}
}

func TestRepeatedAndMissingDataIsDetected(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	r.Data(logbook.Stdout, 0, []byte("one\ntw"), noon)
	r.Data(logbook.Stdout, 2, []byte("e\nt"), noon)
	r.Data(logbook.Stdout, 0, nil, noon)
	r.Data(logbook.Stdout, 4, []byte("two\n"), noon)
	r.Data(logbook.Stdout, 8, []byte("half"), noon)
	r.Data(logbook.Stdout, 112, []byte("end\n"), noon)
	r.End()
	var got []string
	for _, e := range entries(t, s, commit(t, r)) {
		got = append(got, string(e.Type)+" "+e.Output)
	}
	want := []string{"stdout one", "stdout two", "stdout half",
		"stderr 100 bytes of stdout are missing here.", "stdout end"}
	if d := cmp.Diff(got, want); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
	if at := r.Position().Out; at != 116 {
		t.Errorf("the log reaches to %d, want 116", at)
	}
}

func TestDue(t *testing.T) {
	for chunks, wait := range []time.Duration{1, 2, 4, 8, 10, 10, 10} {
		for _, c := range []struct{ followed, wait time.Duration }{{0, wait * time.Second},
			{time.Second, time.Second},
			{10 * time.Second, time.Second}, {35 * time.Second, 3 * time.Second},
			{time.Minute, 5 * time.Second}, {time.Hour, 5 * time.Second}} {
			r := recorder(&shelf{}, logbook.Mark{Chunks: chunks})
			due := func(after time.Duration) bool {
				now := noon.Add(after)
				if c.followed == 0 {
					return r.Due(now, time.Time{})
				}
				return r.Due(now, now.Add(-c.followed))
			}
			wait := c.wait
			if due(time.Hour) {
				t.Errorf("%d chunks: nothing is due at once", chunks)
			}
			r.Data(logbook.Stdout, 0, []byte("half a line"), noon)
			if due(time.Hour) {
				t.Errorf("%d chunks: half a line is due", chunks)
			}
			r.Data(logbook.Stdout, 11, []byte("\n"), noon)
			if due(wait-1) || !due(wait) {
				t.Errorf("%d chunks, followed for %v: not due after %v", chunks, c.followed, wait)
			}
			commit(t, r)
			if due(time.Hour) {
				t.Errorf("%d chunks: due again after it was committed", chunks)
			}
		}
	}
}

func TestDueGrowsWithTheLog(t *testing.T) {
	for log, limit := range map[int64]int64{0: 256 << 10, 4 << 20: 256 << 10, 64 << 20: 4 << 20,
		1 << 40: 8 << 20} {
		r := recorder(&shelf{}, logbook.Mark{Bytes: log})
		line := []byte(strings.Repeat("x", 1000) + "\n")
		var offset, size int64
		for ; !r.Due(noon, time.Time{}); offset += int64(len(line)) {
			r.Data(logbook.Stdout, offset, line, noon)
			size += int64(len(logbook.Entry{Order: logbook.Order(offset/1001 + 1), Type: logbook.Stdout,
				Output: string(line[:1000])}.Append(nil)))
		}
		if size < limit || size > limit+2000 {
			t.Errorf("a log of %d bytes: due at %d, want %d", log, size, limit)
		}
	}
}

func TestCommitOfNothingIsNoChunk(t *testing.T) {
	s := &shelf{}
	start := logbook.Mark{At: logbook.Position{Out: 5, Err: 6, Steps: 7}, Chunks: 3, Last: 9,
		Index: logbook.Index{Block: 1, Ends: []logbook.End{{Last: 2}, {Last: 5}, {Last: 9}}}}
	r := recorder(s, start)
	r.StepEnded(1, noon, 5, 6, 8)
	r.Data(logbook.Stdout, 5, []byte("half a line"), noon)
	if d := cmp.Diff(commit(t, r), start); d != "" || len(s.chunks) > 0 {
		t.Errorf("%d chunks were written, mark -got +want:\n%s", len(s.chunks), d)
	}
}

func TestCommitAfterAnErrorFailsForEver(t *testing.T) {
	s := &shelf{}
	one, two := recorder(s, logbook.Mark{}), recorder(s, logbook.Mark{})
	one.Message("one", logbook.Stdout)
	two.Message("two", logbook.Stdout)
	mark := commit(t, one)
	for range 2 {
		got, err := two.Commit(t.Context())
		if fault.KindOf(err) != fault.Conflict || got.Chunks != 0 {
			t.Errorf("got %+v, %v, want Conflict and the old mark", got, err)
		}
		two.Message("more", logbook.Stdout)
	}
	if d := cmp.Diff(outputs(entries(t, s, mark), logbook.Stdout), []string{"one"}); d != "" {
		t.Errorf("-got +want:\n%s", d)
	}
}

func TestRecoverCountsUnrecordedChunks(t *testing.T) {
	s := &shelf{}
	marks := []logbook.Mark{{}}
	r := recorder(s, logbook.Mark{})
	for i := range 4 {
		r.Data(logbook.Stdout, int64(4*i), []byte("abc\n"), noon)
		marks = append(marks, commit(t, r))
	}
	for i, mark := range marks {
		got, err := logbook.Recover(t.Context(), on(s), mark)
		if err != nil {
			t.Fatalf("from chunk %d: %v", i, err)
		}
		if d := cmp.Diff(got.Mark, marks[4]); d != "" {
			t.Errorf("from chunk %d, -got +want:\n%s", i, d)
		}
	}
}

func TestRecoverRefusesWhatDoesNotContinue(t *testing.T) {
	for name, damage := range map[string]func(h *logbook.Header){
		"number":   func(h *logbook.Header) { h.Number++ },
		"first":    func(h *logbook.Header) { h.First++ },
		"last":     func(h *logbook.Header) { h.Last = h.First - 1 },
		"before":   func(h *logbook.Header) { h.Before.Err++ },
		"after":    func(h *logbook.Header) { h.After.Out = h.Before.Out - 1 },
		"previous": func(h *logbook.Header) { h.Previous = strings.Repeat("0", 64) },
		"digest":   func(h *logbook.Header) { h.Digest = "" },
		"bytes":    func(h *logbook.Header) { h.Bytes = 0 },
	} {
		s := &shelf{}
		r := recorder(s, logbook.Mark{})
		r.Data(logbook.Stdout, 0, []byte("one\n"), noon)
		first := commit(t, r)
		r.Data(logbook.Stdout, 4, []byte("two\n"), noon)
		commit(t, r)
		chunk := s.chunks[book][2]
		damage(&chunk.Header)
		s.chunks[book][2] = chunk
		if got, err := logbook.Recover(t.Context(), on(s), first); fault.KindOf(err) != fault.Internal ||
			err == nil || got.Mark.Chunks != 1 {
			t.Errorf("%s: got %+v, %v, want Internal", name, got, err)
		}
	}
}

// TestRepeatedStepEvents are told once: a server that repeats them for ever fills
// neither the log nor the memory.
func TestRepeatedStepEvents(t *testing.T) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range 100_000 {
		r.StepStarted(1, "Start", "true", noon, 1<<40, 0, 20)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 1<<20 {
		t.Errorf("%d kB for repetitions", grown>>10)
	}
	r.End()
	if got := entries(t, s, commit(t, r)); len(got) != 1 {
		t.Errorf("%d entries, want one", len(got))
	}
}

// TestTimeNeverGoesBack gives a recorder, and the next one, times of a clock that
// is set back.
func TestTimeNeverGoesBack(t *testing.T) {
	s := &shelf{}
	mark := logbook.Mark{}
	for turn := range 2 {
		r := recorder(s, mark)
		for i, at := range []time.Duration{5, 3, 9, 0} {
			offset := int64(8*turn + 2*i)
			r.Data(logbook.Stdout, offset, []byte("x\n"), noon.Add((at-time.Duration(turn))*time.Second))
		}
		r.End()
		mark = commit(t, r)
	}
	var last time.Time
	for _, entry := range entries(t, s, mark) {
		if entry.Time.Before(last) {
			t.Errorf("entry %d is of %s, after one of %s", entry.Order, entry.Time, last)
		}
		last = entry.Time
	}
}
