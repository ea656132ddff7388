package logbook_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/logbook"
)

// spool is what a job left on a server, and how it came about.
type spool struct {
	files  [2]string
	events []stepEvent
	// sizes are those of the two files and the number of events at each moment
	// at which a reader may have looked.
	sizes [][3]int
}

type stepEvent struct {
	start    bool
	number   int
	out, err int64
	offset   int64
}

// run makes a spool of a script: "o" and "e" write text to stdout and stderr,
// "s" starts a step, "f" ends one.
func run(script [][2]string) *spool {
	s := &spool{}
	steps := 0
	for _, op := range script {
		switch op[0] {
		case "o":
			s.files[0] += op[1]
		case "e":
			s.files[1] += op[1]
		default:
			if op[0] == "s" {
				steps++
			}
			s.events = append(s.events, stepEvent{start: op[0] == "s", number: steps,
				out: int64(len(s.files[0])), err: int64(len(s.files[1])),
				offset: int64(10 * (len(s.events) + 1))})
		}
		s.sizes = append(s.sizes, [3]int{len(s.files[0]), len(s.files[1]), len(s.events)})
	}
	return s
}

// follow gives the recorder what lies behind the mark, as a reader of the
// spool does: it looks, and then tells the events and the bytes that it saw.
// size says how large the next piece is; after each, stop is asked.
func (s *spool) follow(r *logbook.Recorder, from logbook.Position, skip func() bool, size func() int,
	stop func() bool) bool {
	at := [2]int{int(from.Out), int(from.Err)}
	told := 0
	for i, sizes := range s.sizes {
		if skip() && i < len(s.sizes)-1 {
			continue
		}
		for ; told < sizes[2]; told++ {
			e := s.events[told]
			if e.start {
				r.StepStarted(e.number, fmt.Sprint("step ", e.number), "run", noon, e.out, e.err, e.offset)
			} else {
				r.StepEnded(e.number, noon, e.out, e.err, e.offset)
			}
		}
		for which, typ := range []logbook.Type{logbook.Stdout, logbook.Stderr} {
			for at[which] < sizes[which] {
				piece := s.files[which][at[which]:min(sizes[which], at[which]+size())]
				r.Data(typ, int64(at[which]), []byte(piece), noon)
				at[which] += len(piece)
				if stop() {
					return false
				}
			}
		}
	}
	r.End()
	return true
}

// whole is the log without any trouble: one recorder, one chunk, each file in
// one piece.
func (s *spool) whole(t *testing.T) []logbook.Entry {
	t.Helper()
	shelf := &shelf{}
	r := recorder(shelf, logbook.Mark{})
	s.follow(r, logbook.Position{}, never, func() int { return 1 << 30 }, never)
	return entries(t, shelf, commit(t, r))
}

func never() bool { return false }

// killed is the log when runners commit and die at random: before a commit,
// after it, and between it and its record.
func (s *spool) killed(t *testing.T, random *rand.Rand, largest int) []logbook.Entry {
	t.Helper()
	shelf := &shelf{}
	var mark logbook.Mark
	for attempt := 1; ; attempt++ {
		r := recorder(shelf, mark)
		// Later runners live longer, so that one gets to the end.
		life := 1 + random.IntN(20*attempt)
		var unrecorded bool
		ended := s.follow(r, mark.At,
			func() bool { return random.IntN(3) > 0 },
			func() int { return 1 + random.IntN(largest) },
			func() bool {
				if random.IntN(4) == 0 {
					if got := commit(t, r); random.IntN(4) > 0 {
						mark = got
					} else if unrecorded = got.Chunks > mark.Chunks; unrecorded {
						return true
					}
				}
				life--
				return life == 0
			})
		if ended {
			mark = commit(t, r)
			if at := r.Position(); at.Out != int64(len(s.files[0])) || at.Err != int64(len(s.files[1])) ||
				int(at.Steps) != 10*len(s.events) {
				t.Fatalf("the log ends at %+v of %d, %d and %d", at, len(s.files[0]), len(s.files[1]),
					10*len(s.events))
			}
			return entries(t, shelf, mark)
		}
		if unrecorded {
			found, err := logbook.Recover(t.Context(), on(shelf), mark)
			if err != nil {
				t.Fatal(err)
			}
			mark = found.Mark
		}
	}
}

// sameLog compares two logs stream by stream: how the two streams mix is the
// reader's luck, but each step's entry stands before all that is the step's.
func sameLog(t *testing.T, got, want []logbook.Entry) {
	t.Helper()
	for _, typ := range []logbook.Type{logbook.Stdout, logbook.Stderr} {
		if d := cmp.Diff(streamOf(got, typ), streamOf(want, typ)); d != "" {
			t.Fatalf("%s, -got +want:\n%s", typ, d)
		}
	}
	started := 0
	for _, e := range got {
		switch {
		case e.Command != "" && e.Batch != started+1:
			t.Fatalf("step %d starts after step %d", e.Batch, started)
		case e.Command != "":
			started++
		case e.Step != "" && e.Batch > started:
			t.Fatalf("%q is of step %d, which has not started", e.Output, e.Batch)
		}
	}
}

func streamOf(entries []logbook.Entry, typ logbook.Type) []logbook.Entry {
	out := slices.DeleteFunc(slices.Clone(entries), func(e logbook.Entry) bool { return e.Type != typ })
	for i := range out {
		out[i].Order, out[i].Batch = 0, 0
	}
	return out
}

// pieces is what commands print that is hard to cut.
var pieces = []string{
	"a line\n", "\n", "\r\n", "half", "10%\r50%\r", "\r", "hunter22", "hun", "ter22", "hunter22hunter22\n",
	"BEGIN42\nx\nEND42", "BEGIN42\n", "x\nEND42\n", "BEGIN42\r\nx\r\nEND42\r\n", "\xff\xfe", "é", "\xe2\x82",
	"aHVudGVyMjI=", "prefix hunter22 suffix\n", "\x00\n",
}

func randomScript(random *rand.Rand) [][2]string {
	var script [][2]string
	for range 1 + random.IntN(40) {
		switch random.IntN(8) {
		case 0:
			script = append(script, [2]string{"f", ""}, [2]string{"s", ""})
		case 1:
			script = append(script, [2]string{"s", ""})
		case 2, 3, 4:
			script = append(script, [2]string{"e", pieces[random.IntN(len(pieces))]})
		default:
			script = append(script, [2]string{"o", pieces[random.IntN(len(pieces))]})
		}
	}
	return append(script, [2]string{"f", ""})
}

// TestP4TheLogSurvivesItsRunners and P3 with it: lines and masks are the same
// whichever runners died and wherever a read was cut.
func TestP4TheLogSurvivesItsRunners(t *testing.T) {
	runs := 400
	if testing.Short() {
		runs = 60
	}
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 4))
		script := randomScript(random)
		s := run(script)
		want := s.whole(t)
		for _, largest := range []int{1, 7, 64} {
			sameLog(t, s.killed(t, random, largest), want)
			if t.Failed() {
				t.Fatalf("seed %d, reads of up to %d bytes, script %q", seed, largest, script)
			}
		}
		for _, e := range want {
			if strings.Contains(e.Output, "hunter22") || strings.Contains(e.Output, "aHVudGVyMj") {
				t.Fatalf("a secret is in %q, script %q", e.Output, script)
			}
		}
	}
}

// TestP4LongLinesSurviveTheirRunners has lines of many entries, cut in masks,
// in characters and beside both.
func TestP4LongLinesSurviveTheirRunners(t *testing.T) {
	for seed := range uint64(12) {
		random := rand.New(rand.NewPCG(seed, 5))
		var text strings.Builder
		for text.Len() < 5*logbook.MaxLineBytes {
			text.WriteString(strings.Repeat("é", random.IntN(1000)))
			text.WriteString([]string{"hunter22", "\xff", "\U0001F600", "\r", "\n", "x"}[random.IntN(6)])
			text.WriteString(strings.Repeat("x", random.IntN(2)*(logbook.MaxLineBytes-random.IntN(9))))
		}
		s := run([][2]string{{"s", ""}, {"o", text.String()}, {"f", ""}})
		sameLog(t, s.killed(t, random, 30_000), s.whole(t))
	}
}

// FuzzRecorder takes any bytes on both streams and any cuts.
func FuzzRecorder(f *testing.F) {
	f.Add([]byte("a\r\nhunter22\n"), []byte("10%\r50%\r"), []byte("BEGIN42\nx\nEND42"), uint64(1))
	f.Add([]byte("hun"), []byte("\xe2\x82"), []byte("ter22"), uint64(2))
	f.Fuzz(func(t *testing.T, one, two, three []byte, seed uint64) {
		if len(one)+len(two)+len(three) > 4000 {
			return
		}
		s := run([][2]string{{"o", string(one)}, {"s", ""}, {"e", string(two)}, {"o", string(three)},
			{"f", ""},
			{"s", ""}, {"o", string(two)}, {"e", string(one)}, {"f", ""}})
		random := rand.New(rand.NewPCG(seed, 6))
		sameLog(t, s.killed(t, random, 1+random.IntN(50)), s.whole(t))
	})
}
