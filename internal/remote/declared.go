package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the script
	"encoding/base64"
	"fmt"
)

//go:embed sh/declared.sh
var declaredText string

// Declarations are the lines of a job's output that declare secrets.
type Declarations struct {
	// Lines have no line ends. Some may appear twice.
	Lines [][]byte
	// Dropped says that the spool has dropped bytes, which may have held more
	// of these lines.
	Dropped bool
	// Cut says that there were more than MaxDeclaredBytes of these lines.
	Cut bool
}

// MaxDeclaredBytes is about how much [Declared] returns at most.
const MaxDeclaredBytes = 1 << 20

// The script searches the spool in pieces that overlap. It may miss a line that
// is longer than the overlap.
const (
	declaredPiece   = 16 << 20
	declaredOverlap = 128 << 10
)

// declaration is the prefix of a line that declares the rest of it a secret.
// Package redact then masks that text. follow.sh has the prefix too.
const declaration = "::add-mask::"

// Declared finds all whole lines of stdout and stderr that declare a secret
// ("::add-mask::VALUE") in the present contents of the spool. A reader that
// re-attaches calls it first: the declarations apply to bytes that it will
// read, and may stand in bytes that it will not read.
//
// The result includes lines that the reader has not reached yet. A reader that
// follows a job from the start sees the two streams nearly in the order of
// writing. A reader that comes late gets much of one stream before much of the
// other, and must already know the declarations in the other.
//
// A job that has not begun has declared nothing. The errors are as [Follow]'s.
func Declared(ctx context.Context, shell Shell, job Job) (Declarations, error) {
	return declared(ctx, shell, job, declaredPiece, declaredOverlap)
}

func declared(ctx context.Context, shell Shell, job Job, piece, overlap int) (Declarations, error) {
	if err := check(job); err != nil {
		return Declarations{}, err
	}
	nonce := rand.Text()
	receiver := declaredReceiver{nonce: []byte(nonce)}
	err := runToLastFrame(ctx, shell, nonce, declaredScript(job, nonce, piece, overlap), &receiver)
	return receiver.found, err
}

func declaredScript(job Job, nonce string, piece, overlap int) string {
	limits := fmt.Sprintf("begins=%s piece=%d overlap=%d budget=%d\n",
		Quote(declaration), piece, overlap, MaxDeclaredBytes)
	return scriptHead(job, nonce) + limits + stripComments(declaredText)
}

// declaredReceiver takes the frames of a search for lines.
type declaredReceiver struct {
	nonce []byte
	found Declarations
	text  []byte // the lines of one piece, in base64
	taken int    // bytes of all pieces, with the same limit as one piece
}

func (l *declaredReceiver) bytes(part part, p []byte) error {
	if part.kind != 'O' && part.kind != 'E' || len(l.text)+len(p) > 2*MaxDeclaredBytes {
		return errGarbled
	}
	l.text = append(l.text, p...)
	return nil
}

func (l *declaredReceiver) line(kind byte, words []string) error {
	if err := l.decodePiece(); err != nil {
		return err
	}
	switch {
	case kind == 'H':
		return nil
	case kind == 'Y' && len(words) == 2:
		l.found.Dropped, l.found.Cut = words[0] != "0", l.found.Cut || words[1] != "0"
		return errEnded
	case kind == 'F' && len(words) > 0:
		return failure(words)
	}
	return errGarbled
}

// decodePiece decodes the lines of one piece.
func (l *declaredReceiver) decodePiece() error {
	text, err := base64.StdEncoding.DecodeString(string(l.text))
	if err != nil {
		return errGarbled
	}
	l.text = l.text[:0]
	if l.taken += len(text); l.taken > 2*MaxDeclaredBytes {
		return errGarbled
	}
	for line := range bytes.Lines(text) {
		line, whole := bytes.CutSuffix(line, []byte{'\n'})
		switch {
		case !whole: // cut off at the limit
			l.found.Cut = true
		case !bytes.HasPrefix(line, []byte(declaration)):
			return errGarbled
		case !bytes.HasSuffix(line, l.nonce):
			l.found.Lines = append(l.found.Lines, line)
		}
	}
	return nil
}
