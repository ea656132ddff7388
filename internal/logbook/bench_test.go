package logbook_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/redact"
)

// digest is that of a chunk behind the one with the previous digest.
func digest(previous string, body []byte) string {
	sum := sha256.Sum256(append([]byte(previous), body...))
	return hex.EncodeToString(sum[:])
}

// output is about a MiB that looks like a job's, in lines of some 80 bytes.
func output() []byte {
	random := rand.New(rand.NewPCG(1, 1))
	var out []byte
	for len(out) < 1<<20 {
		out = fmt.Appendf(out, "web-1  | 2026-01-02T03:04:05Z INFO request id=%016x path=/api/v1/things "+
			"status=%d\n", random.Uint64(), 200+random.IntN(3))
	}
	return out
}

// void is an archive that keeps nothing but headers.
type void struct{ shelf }

func (v *void) Put(ctx context.Context, book logbook.Book, chunk logbook.Chunk) error {
	chunk.Body = nil
	return v.shelf.Put(ctx, book, chunk)
}

func (v *void) Open(context.Context, logbook.Book, int) (logbook.Header, io.ReadCloser, error) {
	return logbook.Header{}, nil, fault.New(fault.NotFound, "nothing is kept")
}

// feed gives the recorder the output again and again, in reads of 32 KiB, and
// commits all that is due.
func feed(tb testing.TB, r *logbook.Recorder, output []byte, times int, offset int64, each func()) int64 {
	tb.Helper()
	for range times {
		for p := output; len(p) > 0; p = p[min(32<<10, len(p)):] {
			piece := p[:min(32<<10, len(p))]
			r.Data(logbook.Stdout, offset, piece, noon)
			offset += int64(len(piece))
			if r.Due(noon, time.Time{}) {
				if _, err := r.Commit(context.Background()); err != nil {
					tb.Fatal(err)
				}
				each()
			}
		}
	}
	return offset
}

func someSecrets(n int) (out []redact.Secret) {
	random := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		out = append(out, redact.Secret{Name: fmt.Sprint("SECRET_", i),
			Value: fmt.Sprintf("%016x%016x", random.Uint64(), random.Uint64())})
	}
	return out
}

// BenchmarkRecorder is the whole path: redacted, cut, encoded, compressed.
func BenchmarkRecorder(b *testing.B) {
	text := output()
	for _, secrets := range []int{0, 20} {
		b.Run(fmt.Sprintf("secrets=%d", secrets), func(b *testing.B) {
			r := logbook.NewRecorder(on(&void{}), logbook.Mark{}, filter(someSecrets(secrets)),
				logbook.RecorderOptions{Now: clock})
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			var offset int64
			for b.Loop() {
				offset = feed(b, r, text, 1, offset, func() {})
			}
		})
	}
}

// BenchmarkAppend compares the encoder with encoding/json and a plain copy.
func BenchmarkAppend(b *testing.B) {
	entry := logbook.Entry{Order: 12345, Type: logbook.Stdout, Time: noon, Batch: 1, Step: "Start"}
	output := []byte("web-1  | 2026-01-02T03:04:05Z INFO request id=0123456789abcdef path=/api/v1/things " +
		"status=200")
	line := logbook.LineAppender(entry)(nil, output)
	b.Run("hand", func(b *testing.B) {
		b.ReportAllocs()
		appendLine, dst := logbook.LineAppender(entry), make([]byte, 0, 1024)
		for b.Loop() {
			dst = appendLine(dst[:0], output)
		}
	})
	b.Run("copy", func(b *testing.B) {
		dst := make([]byte, 0, 1024)
		for b.Loop() {
			dst = append(dst[:0], line...)
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		entry.Output = string(output)
		encoder := json.NewEncoder(io.Discard)
		for b.Loop() {
			if err := encoder.Encode(entry); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	s := &shelf{}
	r := recorder(s, logbook.Mark{})
	feed(b, r, output(), 64, 0, func() {})
	mark, err := r.Commit(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := logbook.Read(b.Context(), on(s), mark,
			logbook.Query{After: mark.Last / 2}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestALineTakesNoAllocation(t *testing.T) {
	r := recorder(&void{}, logbook.Mark{})
	line := []byte("a line with hunter22 in it\r\nand another\n")
	var offset int64
	give := func() {
		r.Data(logbook.Stdout, offset, line, noon)
		offset += int64(len(line))
	}
	for range 5000 {
		give() // until the buffers have their size
	}
	if _, err := r.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if allocs := testing.AllocsPerRun(4000, give); allocs > 0 {
		t.Errorf("%v allocations for two lines, want none", allocs)
	}
}

// TestMemoryDoesNotGrowWithTheLog lets a job print 256 MiB and looks at each
// commit, garbage included.
func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	if testing.Short() {
		t.Skip("it prints 256 MiB; run without -short")
	}
	text := output()
	var most uint64
	var before, stats runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := logbook.NewRecorder(on(&void{}), logbook.Mark{}, filter(someSecrets(20)),
		logbook.RecorderOptions{Now: clock})
	offset := feed(t, r, text, 256, 0, func() {
		runtime.ReadMemStats(&stats)
		most = max(most, stats.HeapInuse-min(before.HeapInuse, stats.HeapInuse))
	})
	t.Logf("%d MiB of output, at most %d MiB of memory", offset>>20, most>>20)
	if most > 32<<20 {
		t.Errorf("%d MiB of memory, want at most 32", most>>20)
	}
}

// BenchmarkAnyPlace reads from a log of a million lines. The requests are objects and
// blocks of the index.
func BenchmarkAnyPlace(b *testing.B) {
	s, mark := timed(b, 1000, 1000)
	m := matcher(b, "line 500000 ", false)
	for _, c := range []struct {
		name  string
		query logbook.Query
	}{
		{"first page", logbook.Query{Limit: 100}},
		{"page in the middle", logbook.Query{After: 500_000, Limit: 100}},
		{"tail", logbook.Query{After: mark.Last - 100, Limit: 100}},
		{"search near the match", logbook.Query{After: 499_500, Limit: 1, Match: m}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s.opened, s.index.gets = 0, 0
			for b.Loop() {
				if _, err := logbook.Read(b.Context(), on(s), mark, c.query); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.opened+s.index.gets)/float64(b.N), "requests/op")
		})
	}
}

// BenchmarkMatcher compares stored lines of a log with a text.
func BenchmarkMatcher(b *testing.B) {
	for name, m := range map[string]*logbook.Matcher{
		"text": matcher(b, "connection refused", false), "pattern": matcher(b, `refused|denied \d+`, true),
	} {
		b.Run(name, func(b *testing.B) {
			line := logbook.Entry{Order: 1, Type: logbook.Stdout, Step: "Start",
				Output: strings.Repeat("a plain line of a job ", 5)}.Append(nil)
			b.SetBytes(int64(len(line)))
			for b.Loop() {
				if logbook.Matches(m, line[:len(line)-1]) {
					b.Fatal("it matched")
				}
			}
		})
	}
}
