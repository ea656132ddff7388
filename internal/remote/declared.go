package remote

import (
	"bytes"
	"context"
	"crypto/rand"
	_ "embed" // the script
	"encoding/base64"
	"fmt"
)

//go:embed declared.sh
var declaredText string

// Declarations are the lines of a job's output that declare secrets.
type Declarations struct {
	// Lines are without their ends; some may be there twice.
	Lines [][]byte
	// Dropped says that the spool has dropped bytes, which may have had more.
	Dropped bool
	// Cut says that there were more than MaxDeclaredBytes of them.
	Cut bool
}

// MaxDeclaredBytes is about how much [Declared] gives at most.
const MaxDeclaredBytes = 1 << 20

// What the script looks through at once, and what of it again. A line that is
// longer than the overlap may be missed.
const (
	declaredPiece   = 16 << 20
	declaredOverlap = 128 << 10
)

// declaration is what a line begins with that declares the rest of it a secret,
// for package redact to take at its word. follow.sh has it too.
const declaration = "::add-mask::"

// Declared finds all whole lines of stdout and stderr that declare a secret
// ("::add-mask::VALUE"), in what the spool has now. A reader that re-attaches
// asks for them first: they count for bytes that it will read, and may stand in
// bytes that it will not.
//
// It gives lines ahead of the reader as well. Whoever follows a job from the
// start sees the streams nearly in the order in which they were written; who
// comes late gets much of one before much of the other, and must know what a
// line of the other says.
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
	script := head(job, nonce) + fmt.Sprintf("begins=%s piece=%d overlap=%d left=%d\n", quote(declaration), piece, overlap, MaxDeclaredBytes) + bare(declaredText)
	lister := lister{nonce: []byte(nonce)}
	err := answer(ctx, shell, nonce, script, &lister)
	return lister.found, err
}

// lister takes the frames of a search for lines.
type lister struct {
	nonce []byte
	found Declarations
	text  []byte // in base64, what one piece had
	taken int    // bytes of all pieces, which is bounded as each is
}

func (l *lister) bytes(part part, p []byte) error {
	if part.kind != 'O' && part.kind != 'E' || len(l.text)+len(p) > 2*MaxDeclaredBytes {
		return errGarbled
	}
	l.text = append(l.text, p...)
	return nil
}

func (l *lister) line(kind byte, words []string) error {
	if err := l.settle(); err != nil {
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

// settle takes the lines of one piece.
func (l *lister) settle() error {
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
		case !whole: // more than may be sent
			l.found.Cut = true
		case !bytes.HasPrefix(line, []byte(declaration)):
			return errGarbled
		case !bytes.HasSuffix(line, l.nonce):
			l.found.Lines = append(l.found.Lines, line)
		}
	}
	return nil
}
