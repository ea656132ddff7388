package remote

import (
	"context"
	"time"
)

// RunFor runs a script in a session that may be silent for as long as patience.
func RunFor(
	ctx context.Context, shell Shell, script string, patience time.Duration, feed func(p []byte) error,
) error {
	s := session{shell: shell, script: script, patience: int(patience / TickEvery), feed: feed,
		tick: func() error { return nil }}
	return s.run(ctx)
}

// FollowScript is the script of a session of Follow.
func FollowScript(job Job, from Offsets) string {
	return followScript(job, from, "NONCE")
}

// Scripts returns each script that is sent to a server, once in each form.
func Scripts(job Job) []string {
	const nonce = "NONCE"
	docker := job
	docker.MayRunContainers = true
	return []string{
		runScript(job), followScript(job, Offsets{}, nonce), stopScript(job, nonce, time.Second),
		stopScript(docker, nonce, time.Second), removeScript(job, nonce), vacateScript(job, nonce),
		declaredScript(job, nonce, declaredPiece, declaredOverlap), leftoversScript("/data/runs", nonce),
		probeScript("/data", nonce), measureScript("/data", true, nonce),
	}
}

// StripComments is stripComments.
func StripComments(script string) string { return stripComments(script) }

// Replay gives the bytes to a sink as if a server had sent them, in pieces of a
// size (0 means all at once), and returns the error that ended it.
func Replay(sent []byte, piece, steps int, sink Sink) (End, error) {
	reader := newReader(steps, Offsets{}, sink)
	frames := newFrames("NONCE", reader)
	if piece == 0 {
		piece = max(1, len(sent))
	}
	for len(sent) > 0 {
		n := min(piece, len(sent))
		if err := frames.feed(sent[:n]); err != nil {
			return reader.end, err
		}
		sent = sent[n:]
	}
	return reader.end, nil
}

// ErrEnded and ErrGarbled are the errors that end a replay.
var (
	ErrEnded   = errEnded
	ErrGarbled = errGarbled
)

// DeclaredIn is Declared with sizes for a piece and its overlap.
var DeclaredIn = declared

// Replayed is a session that gets its bytes from a test.
type Replayed struct{ frames *frames }

// NewReplay begins a session for a job with so many steps.
func NewReplay(steps int, sink Sink) Replayed {
	return Replayed{newFrames("NONCE", newReader(steps, Offsets{}, sink))}
}

// Feed gives the session its next bytes.
func (r Replayed) Feed(p []byte) error { return r.frames.feed(p) }

// ReplayMeasurement reads the frames of a measurement that began a while ago.
func ReplayMeasurement(sent string, began, now time.Time) (Measurement, error) {
	found := measureReceiver{begun: began, now: func() time.Time { return now }}
	err := newFrames("NONCE", &found).feed([]byte("\nNONCE\n" + sent))
	return found.measured, err
}
