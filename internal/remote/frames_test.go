package remote_test

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"waybill/internal/remote"
)

// score is a sink that records its calls, one line for each byte of data.
type score struct {
	lines []string
	bytes int
}

func (s *score) Attached(process string, started bool, _ time.Time) error {
	return s.add(fmt.Sprintf("A %s %v", process, started))
}

func (s *score) StepStarted(e remote.StepEvent) error { return s.add(fmt.Sprintf("S %+v", e)) }

func (s *score) StepEnded(e remote.StepEvent) error { return s.add(fmt.Sprintf("E %+v", e)) }

func (s *score) Data(stream remote.Stream, offset int64, p []byte, at time.Time) error {
	s.bytes += len(p)
	for i, b := range p {
		s.lines = append(s.lines, fmt.Sprintf("%c %d %d %s", stream, offset+int64(i), b, at))
	}
	return nil
}

func (s *score) Idle() error { return s.add("idle") }

func (s *score) Tick() error { return nil }

func (s *score) add(line string) error {
	s.lines = append(s.lines, line)
	return nil
}

const good = "noise\nH\n\nNONCE\nH\nA 12 ab-c 1 10.0\n" +
	"S 0 26 10.000000001\nS 1 9.5 0 0 \nE 1 10 4 2 3\n" +
	"M 0 9 10.000000001\n9.75 2 1\n" +
	"O 0 4 10.000000001\na\nH\nE 0 2 10.%N\nxyH\nX 3 11.000000000 4 2 0\n"

func TestFrames(t *testing.T) {
	for _, piece := range []int{0, 1, 2, 7} {
		var got score
		end, err := remote.Replay([]byte(good), piece, 1, &got)
		if err != remote.ErrEnded || end.ExitCode != 3 || end.Out != 4 || end.Err != 2 ||
			end.At.Unix() != 11 {
			t.Fatalf("pieces of %d: %+v %v", piece, end, err)
		}
		nine, ten := time.Unix(9, 0).UTC(), time.Unix(10, 0).UTC()
		want := []string{
			"A 12 ab-c true",
			fmt.Sprintf("S %+v", remote.StepEvent{Number: 1, At: nine, Offset: 13}),
			fmt.Sprintf("E %+v",
				remote.StepEvent{Number: 1, At: ten, Out: 4, Err: 2, ExitCode: 3, Offset: 26}),
		}
		for i, b := range []byte("a\nH\n") {
			want = append(want, fmt.Sprintf("O %d %d %s", i, b, []time.Time{nine, nine, ten, ten}[i]))
		}
		for i, b := range []byte("xy") {
			want = append(want, fmt.Sprintf("E %d %d %s", i, b, []time.Time{nine, ten}[i]))
		}
		if diff := cmp.Diff(got.lines, want); diff != "" {
			t.Errorf("pieces of %d: got - want +\n%s", piece, diff)
		}
	}
}

func TestDrafts(t *testing.T) {
	const sent = "\nNONCE\nA 1 2 0 1.0\no 0 2 1.0\nabK\no 2 2 1.0\n\x00\x00G O 7\no 7 2 1.0\ncdK\nX 0 " +
		"1.0 9 0 0\n"
	for _, piece := range []int{0, 1, 3} {
		var got score
		end, err := remote.Replay([]byte(sent), piece, 1, &got)
		if err != remote.ErrEnded || end.Out != 9 || end.DroppedOut != 5 || end.DroppedErr != 0 {
			t.Errorf("pieces of %d: %+v %v", piece, end, err)
		}
		second := time.Unix(1, 0).UTC()
		want := []string{"A 1 2 false"}
		for _, b := range []struct {
			at int
			is byte
		}{{0, 'a'}, {1, 'b'}, {7, 'c'}, {8, 'd'}} {
			want = append(want, fmt.Sprintf("O %d %d %s", b.at, b.is, second))
		}
		if diff := cmp.Diff(got.lines, want); diff != "" {
			t.Errorf("pieces of %d: got - want +\n%s", piece, diff)
		}
	}
}

func TestFramesOfAServerAreChecked(t *testing.T) {
	const start, ask = "\nNONCE\n", "A 1 b 0 1.0\n"
	for name, text := range map[string]string{
		"a step that the job has not":       start + ask + "S 0 14 1.0\nS 2 1.0 0 0 \n\n",
		"a step with too little":            start + ask + "S 0 6 1.0\nS 1 1\n",
		"steps from elsewhere":              start + ask + "S 5 1 1.0\nx",
		"a step that is neither":            start + ask + "S 0 12 1.0\nQ 1 1.0 0 0\n",
		"an end without a code":             start + ask + "S 0 12 1.0\nE 1 1.0 0 0\n",
		"bytes from elsewhere":              start + ask + "O 5 1 1.0\nx",
		"bytes before the job":              start + "O 0 1 1.0\nx",
		"a negative length":                 start + ask + "O 0 -1 1.0\nx",
		"a length that is no number":        start + ask + "O 0 9999999999999999999999 1.0\nx",
		"a part with too little":            start + ask + "O 0 1\n",
		"a time that is none":               start + ask + "O 0 1 never\nx",
		"a time in the year 10000":          start + ask + "O 0 1 253402300800.0\nx",
		"a frame that nobody knows":         start + "Q\n",
		"an empty line":                     start + "\n",
		"a long word":                       start + "HH\n",
		"a head without end":                start + strings.Repeat("H ", 200),
		"a line of steps without end":       start + ask + "S 0 300 1.0\n" + strings.Repeat("x", 300),
		"a mark that is none":               start + ask + "M 0 2 1.0\nx\n",
		"a mark without a time":             start + ask + "M 0 6 1.0\nx 1 1\n",
		"a mark without sizes":              start + ask + "M 0 6 1.0\n1 x 1\n",
		"an end before the job":             start + "X 0 1.0 0 0 0\n",
		"an end without a time":             start + ask + "X 0 x 0 0 0\n",
		"an end without a code, as a frame": start + ask + "X x 1.0 0 0 0\n",
		"a process that is a text":          start + "A 1 <script> 0 1.0\n",
		"a jump back":                       start + ask + "O 0 1 1.0\nxG O 0\n",
		"a jump before the job":             start + "G O 5\n",
		"a jump of no stream":               start + ask + "G X 5\n",
		"a draft that holds and is none":    start + ask + "K\n",
		"a draft from elsewhere":            start + ask + "o 5 1 1.0\nxK\n",
		"a draft with a hole":               start + ask + "o 0 1 1.0\nxo 2 1 1.0\nx",
		"drafts of two streams at once":     start + ask + "o 0 1 1.0\nxe 0 1 1.0\ny",
		"an end without a word on a draft":  start + ask + "o 0 1 1.0\nxX 0 1.0 1 0 0\n",
		"a second job":                      start + ask + ask,
		"a removal":                         start + "D\n",
		"a reason that nobody knows":        start + "F password\n",
		"a holder that is a text":           start + "F HELD <script> 1\n",
		"a tool that nobody asked for":      start + "F MISSING password\n",
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if _, err := remote.Replay([]byte(text), 0, 1, &score{}); err != remote.ErrGarbled {
				t.Errorf("%v, want %v", err, remote.ErrGarbled)
			}
		})
	}
}

// FuzzFrames checks that the sink gets the same calls however the server's
// bytes are cut, and no more bytes than were sent.
func FuzzFrames(f *testing.F) {
	f.Add([]byte(good), uint8(3))
	f.Add([]byte("\nNONCE\nL 1 5.0 3 4\n"), uint8(1))
	f.Add([]byte("\nNONCE\nF NOSPACE\n"), uint8(2))
	f.Add([]byte("\nNONCE\nA 1 2 0 1.0\no 0 2 1\nabG O 7\no 7 2 1\ncdK\nX 0 1 9 0 0\n"), uint8(1))
	f.Add([]byte("\nNON\nNONCE\nA 1 2 0 1.0\nO 0 3 1\nabc"), uint8(4))
	f.Fuzz(func(t *testing.T, sent []byte, piece uint8) {
		var whole, cut score
		end, err := remote.Replay(bytes.Clone(sent), 0, 3, &whole)
		endCut, errCut := remote.Replay(bytes.Clone(sent), 1+int(piece), 3, &cut)
		if end != endCut || fmt.Sprint(err) != fmt.Sprint(errCut) {
			t.Errorf("whole %+v %v, in pieces of %d %+v %v", end, err, piece, endCut, errCut)
		}
		if diff := cmp.Diff(whole.lines, cut.lines); diff != "" {
			t.Errorf("whole - pieces of %d +\n%s", piece, diff)
		}
		if whole.bytes > len(sent) {
			t.Errorf("%d bytes of %d", whole.bytes, len(sent))
		}
	})
}

// FuzzQuote checks that sh takes any quoted text as one word.
func FuzzQuote(f *testing.F) {
	for _, text := range []string{"", "it's", "$HOME `id` \\", "'\\''", "a\nb\n", "*", "-n", "ü\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.ContainsRune(text, 0) {
			t.Skip("no word of sh has it")
		}
		command := exec.Command("sh", "-s")
		command.Stdin = strings.NewReader("printf %s " + remote.Quote(text))
		if got, err := command.Output(); err != nil || string(got) != text {
			t.Errorf("%q became %q: %v", text, got, err)
		}
	})
}
