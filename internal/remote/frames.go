package remote

import (
	"bytes"
	"strconv"
	"strings"
	"time"

	"waybill/internal/fault"
)

// The scripts print frames, after a line with the nonce. A frame is a line with a
// kind and words. Frames of some kinds are followed by bytes:
//
//	A GROUP BOOT STARTED TIME       the job was started or found
//	S|M|O|E FROM LENGTH TIME        bytes of steps, marks, out or err
//	o|e FROM LENGTH TIME            a draft: bytes of out or err that may be void
//	K                               the draft is valid
//	G O|E TO                        out or err continues there; a draft is void
//	H                               a sign of life
//	I                               everything was sent, and the job goes on; once in a session
//	X CODE TIME OUT ERR CUT         the job has ended
//	L WHY TIME OUT ERR MISSING      the job is gone without an exit code; see follow.sh
//	F WORD [MORE]                   the job cannot be run, or stopped
//	P|V PID NAME                    a process that is gone, or still there
//	C|R NAME                        a container that was ended, or still runs
//	U                               docker did not answer
//	T RUNNING SEES                  the end of the report on a stopped job
//	N NAME                          a spool
//	B TIME                          the clock of the server
//	Z DISK BLOCKS FREE SIZE INODES FREEINODES  a file system
//	I WHAT SIZE FREE                the disk space that docker uses
//	D                               the script has done its work
//	Y DROPPED CUT                   the end of the declaring lines, which came as O and E

// part is the head of a frame that has bytes; from moves on with each piece.
type part struct {
	kind byte
	from int64 // offset of the piece in its file
	at   time.Time
}

// receiver takes frames. If it returns an error, the reading ends.
type receiver interface {
	// bytes gets a piece of a part; it must not keep p.
	bytes(part part, p []byte) error
	// line gets the words of a frame without bytes.
	line(kind byte, words []string) error
}

// frames reads frames from writes of any size. It never buffers more than one
// head.
type frames struct {
	to     receiver
	mark   []byte // the text before the first frame
	synced bool
	noise  int    // bytes that came before the mark
	head   []byte // the incomplete head of a frame, or the end of the noise before the mark
	part   part
	left   int64 // bytes of the part that are still to come
}

// maxHead is longer than any head; maxNoise is how much may come before the
// first frame.
const (
	maxHead  = 256
	maxNoise = 1 << 20
)

// errGarbled says that the server's output does not have the form that the
// scripts print.
var errGarbled = fault.New(fault.Unavailable, "What the server sent makes no sense.")

func newFrames(nonce string, to receiver) *frames {
	return &frames{to: to, mark: []byte("\n" + nonce + "\n")}
}

// feed takes the next bytes.
func (f *frames) feed(p []byte) error {
	for len(p) > 0 {
		var n int
		var err error
		switch {
		case !f.synced:
			n, err = f.sync(p)
		case f.left > 0:
			n, err = f.body(p)
		default:
			n, err = f.line(p)
		}
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// sync skips the output of the login shell before the script. Like body and
// line, it returns how many bytes of p it has used.
func (f *frames) sync(p []byte) (int, error) {
	before := len(f.head)
	f.head = append(f.head, p...)
	if at := bytes.Index(f.head, f.mark); at >= 0 {
		f.synced, f.head = true, f.head[:0]
		return at + len(f.mark) - before, nil
	}
	if f.noise += len(p); f.noise > maxNoise {
		return 0, errGarbled
	}
	f.head = append(f.head[:0], f.head[max(0, len(f.head)-len(f.mark)+1):]...)
	return len(p), nil
}

// body passes on bytes of a part.
func (f *frames) body(p []byte) (int, error) {
	n := int(min(int64(len(p)), f.left))
	if err := f.to.bytes(f.part, p[:n]); err != nil {
		return 0, err
	}
	f.part.from += int64(n)
	f.left -= int64(n)
	return n, nil
}

// line takes the head of a frame, or a piece of it.
func (f *frames) line(p []byte) (int, error) {
	end := bytes.IndexByte(p, '\n')
	if end < 0 {
		end = len(p) - 1
	}
	f.head = append(f.head, p[:end+1]...)
	if len(f.head) > maxHead {
		return 0, errGarbled
	}
	if p[end] != '\n' {
		return end + 1, nil
	}
	words := strings.Fields(string(f.head))
	f.head = f.head[:0]
	if len(words) == 0 || len(words[0]) != 1 {
		return 0, errGarbled
	}
	return end + 1, f.beginFrame(words[0][0], words[1:])
}

func (f *frames) beginFrame(kind byte, words []string) error {
	if !strings.ContainsRune("SMOEoe", rune(kind)) {
		return f.to.line(kind, words)
	}
	if len(words) != 3 {
		return errGarbled
	}
	numbers, err := integers(words[:2])
	if err != nil {
		return err
	}
	at, err := instant(words[2])
	if err != nil {
		return err
	}
	f.part, f.left = part{kind: kind, from: numbers[0], at: at}, numbers[1]
	return nil
}

// integers reads numbers. The error is errGarbled, also for a negative number.
func integers(words []string) ([]int64, error) {
	numbers := make([]int64, len(words))
	for i, word := range words {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil || n < 0 {
			return nil, errGarbled
		}
		numbers[i] = n
	}
	return numbers, nil
}

// instant reads a time in seconds with nine decimals. A date command without %N
// prints something else after the point; then the fraction counts as 0.
func instant(word string) (time.Time, error) {
	whole, fraction, _ := strings.Cut(word, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds < 0 || seconds > maxSeconds {
		return time.Time{}, errGarbled
	}
	nanoseconds, err := strconv.ParseInt(fraction, 10, 64)
	if err != nil || len(fraction) != 9 || nanoseconds < 0 {
		nanoseconds = 0
	}
	return time.Unix(seconds, nanoseconds).UTC(), nil
}

// maxSeconds is the end of the year 9999, the last year that RFC 3339 can
// write.
const maxSeconds = 253402300799
