package remote

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
)

// reader turns frames into calls of a sink. It never trusts the server: offsets
// must continue where the last ones ended, and steps must be the job's.
type reader struct {
	sink  Sink
	steps int // how many steps the job has
	next  Offsets
	times times

	stepLines  lines
	stampLines lines

	draft draft

	// begun is the last step that began; open says that it has not ended.
	begun    int
	open     bool
	attached bool
	idle     bool
	end      End
}

// draft holds bytes of a stream that may still turn out to be void.
type draft struct {
	part  part // at its first byte, with the kind of the stream
	bytes []byte
}

// maxDraft is the most that follow.sh sends as one draft.
const maxDraft = 16 << 20

func newReader(steps int, from Offsets, sink Sink) *reader {
	return &reader{sink: sink, steps: steps, next: from}
}

// bytes gets a piece of one of the spool's files.
func (r *reader) bytes(part part, p []byte) error {
	if !r.attached {
		return errGarbled
	}
	switch part.kind {
	case 'S':
		return r.stepLines.feed(part.from, p, r.stepLine)
	case 'M':
		return r.stampLines.feed(part.from, p, r.stampLine)
	case 'o', 'e':
		return r.addToDraft(part, p)
	}
	return r.output(part, p)
}

// addToDraft adds a piece to the draft. The sink gets nothing before flushDraft.
func (r *reader) addToDraft(part part, p []byte) error {
	part.kind -= 'o' - 'O'
	if len(r.draft.bytes) == 0 {
		r.draft.part = part
	}
	if whole := r.draft.part; part.kind != whole.kind || part.from != whole.from+int64(len(r.draft.bytes)) ||
		len(r.draft.bytes)+len(p) > maxDraft {
		return errGarbled
	}
	r.draft.bytes = append(r.draft.bytes, p...)
	return nil
}

// flushDraft gives the draft, which has turned out to be valid, to the sink.
func (r *reader) flushDraft() error {
	p := r.draft.bytes
	r.draft.bytes = p[:0]
	return r.output(r.draft.part, p)
}

// skipDropped continues after the bytes that the spool has dropped, counts them and
// discards the draft.
func (r *reader) skipDropped(words []string) error {
	numbers, err := integers(words[1:])
	if err != nil {
		return err
	}
	next, dropped := r.streamOffsets(Stream(words[0][0]))
	if numbers[0] < *next {
		return errGarbled
	}
	*dropped += numbers[0] - *next
	*next, r.draft.bytes = numbers[0], r.draft.bytes[:0]
	return nil
}

// streamOffsets returns the next offset of a stream and the count of its dropped bytes.
func (r *reader) streamOffsets(stream Stream) (next, dropped *int64) {
	if stream == Err {
		return &r.next.Err, &r.end.DroppedErr
	}
	return &r.next.Out, &r.end.DroppedOut
}

// output gives bytes of a stream to the sink, in pieces whose bytes have the
// same time.
func (r *reader) output(part part, p []byte) error {
	next, _ := r.streamOffsets(Stream(part.kind))
	if part.from != *next {
		return errGarbled
	}
	for len(p) > 0 {
		n, at := r.times.timeOf(Stream(part.kind), *next, len(p), part.at)
		if err := r.sink.Data(Stream(part.kind), *next, p[:n], at); err != nil {
			return err
		}
		*next += int64(n)
		p = p[n:]
	}
	return nil
}

// stepLine gets a line of the steps file: kind, number, time, sizes and, for an
// end, the exit code. The last line, X, is the job's own end, which also comes
// as a frame.
func (r *reader) stepLine(words []string, offset int64) error {
	if len(words) < 5 {
		return errGarbled
	}
	numbers, err := integers(append([]string{words[1]}, words[3:]...))
	if err != nil {
		return err
	}
	at, err := instant(words[2])
	if err != nil {
		return err
	}
	event := StepEvent{Number: int(numbers[0]), At: at, Out: numbers[1], Err: numbers[2], Offset: offset}
	r.times.add(stamp{at: at, sizes: Offsets{Out: event.Out, Err: event.Err}}, r.next)
	if words[0] == "X" && event.Number == 0 && !r.open {
		r.begun, r.open = r.steps, true // no step may follow
		return nil
	}
	// Each step has one start and one end, in the order of the steps, so a
	// server cannot send more events than that.
	switch {
	case words[0] == "S" && !r.open && event.Number > r.begun && event.Number <= r.steps:
		r.begun, r.open = event.Number, true
		return r.sink.StepStarted(event)
	case words[0] == "E" && r.open && event.Number == r.begun && len(numbers) == 4 && numbers[3] <= maxExit:
		r.open = false
		event.ExitCode = int(numbers[3])
		return r.sink.StepEnded(event)
	}
	return errGarbled
}

// stampLine gets a line of the marks file: time and sizes.
func (r *reader) stampLine(words []string, _ int64) error {
	if len(words) != 3 {
		return errGarbled
	}
	at, err := instant(words[0])
	if err != nil {
		return err
	}
	sizes, err := integers(words[1:])
	if err != nil {
		return err
	}
	r.times.add(stamp{at: at, sizes: Offsets{Out: sizes[0], Err: sizes[1]}}, r.next)
	return nil
}

// line gets a frame without bytes.
func (r *reader) line(kind byte, words []string) error {
	if len(r.draft.bytes) > 0 && kind != 'K' && kind != 'G' {
		return errGarbled
	}
	switch {
	case kind == 'H':
		return nil
	case kind == 'I' && len(words) == 0 && r.attached && !r.idle:
		r.idle = true
		return r.sink.Idle()
	case kind == 'A' && len(words) == 4 && !r.attached && processWords.MatchString(words[0]+" "+words[1]):
		now, err := instant(words[3])
		if err != nil {
			return err
		}
		r.attached = true
		return r.sink.Attached(words[0]+" "+words[1], words[2] == "1", now)
	case kind == 'K' && len(r.draft.bytes) > 0:
		return r.flushDraft()
	case kind == 'G' && len(words) == 2 && (words[0] == "O" || words[0] == "E") && r.attached:
		return r.skipDropped(words)
	case kind == 'X' && len(words) == 5 && r.attached:
		return r.jobExited(words)
	case kind == 'L' && len(words) == 5:
		return r.jobLost(words)
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}

// processWords matches a process group and a boot id. Both go into the record
// unchanged, so nothing else may pass.
var processWords = regexp.MustCompile(`^[0-9]{1,10} [0-9a-f-]{1,64}$`)

func (r *reader) jobExited(words []string) error {
	r.end.DiskFull, r.end.Quota = words[4] != "0", words[4] == "3"
	return r.noteEnd(words[1], words[0], words[2], words[3], false)
}

func (r *reader) jobLost(words []string) error {
	r.end.Rebooted, r.end.Tampered = words[0] == "1", words[0] == "2"
	r.end.Missing = MissingUnknown
	if known := map[string]Missing{"0": MissingNothing, "1": MissingPipes}; !r.end.Tampered {
		if missing, ok := known[words[4]]; ok {
			r.end.Missing = missing
		}
	}
	return r.noteEnd(words[1], "0", words[2], words[3], true)
}

// noteEnd notes the job's end. It returns errEnded if all is well, because the
// frame is the last one.
func (r *reader) noteEnd(when, code, out, err string, lost bool) error {
	at, problem := instant(when)
	if problem != nil {
		return problem
	}
	numbers, problem := integers([]string{code, out, err})
	if problem != nil {
		return problem
	}
	if numbers[0] > maxExit {
		return errGarbled
	}
	r.end.ExitCode, r.end.At, r.end.Lost = int(numbers[0]), at, lost
	r.end.Out, r.end.Err = numbers[1], numbers[2]
	return errEnded
}

// maxExit is the highest exit code.
const maxExit = 255

// errEnded ends a session after its last frame.
var errEnded = errors.New("the last frame has come")

// lines splits a file that comes in pieces into lines of words.
type lines struct {
	next int64 // offset of the next byte
	rest []byte
}

// feed gives each whole line, with the offset after it.
func (l *lines) feed(from int64, p []byte, give func(words []string, offset int64) error) error {
	if from != l.next {
		return errGarbled
	}
	for len(p) > 0 {
		end := bytes.IndexByte(p, '\n') + 1
		n := end
		if end == 0 {
			n = len(p)
		}
		l.rest = append(l.rest, p[:n]...)
		l.next += int64(n)
		p = p[n:]
		if len(l.rest) > maxHead {
			return errGarbled
		}
		if end > 0 {
			words := strings.Fields(string(l.rest))
			l.rest = l.rest[:0]
			if err := give(words, l.next); err != nil {
				return err
			}
		}
	}
	return nil
}
