package remote

import (
	"context"
	"crypto/rand"
	_ "embed" // for the scripts
	"errors"
	"fmt"
	"strings"

	"waybill/internal/fault"
)

//go:embed sh/probe.sh
var probeText string

// Probe tests whether a job could be started on the server and whether docker
// can be used there. It changes nothing. If something is missing, the error is
// Invalid and has a sentence for each missing thing. The other errors are as
// [Follow]'s.
func Probe(ctx context.Context, shell Shell, dataDir string) error {
	var found probeReceiver
	nonce := rand.Text()
	err := runToLastFrame(ctx, shell, nonce, probeScript(dataDir, nonce), &found)
	if errors.Is(err, errGarbled) {
		return refusal("what its shell prints makes no sense")
	}
	if err != nil {
		return err
	}
	if len(found.texts) > 0 {
		return fault.New(fault.Invalid, "%s", strings.Join(found.texts, " "))
	}
	return nil
}

func probeScript(dataDir, nonce string) string {
	return fmt.Sprintf("data=%s nonce=%s\n", Quote(dataDir), Quote(nonce)) + stripComments(sessionText) +
		stripComments(DockerText()) + stripComments(probeText)
}

// probeReceiver takes the frames of a probe.
type probeReceiver struct{ texts []string }

func (*probeReceiver) bytes(part, []byte) error { return errGarbled }

// maxLacks is more than the script can report.
const maxLacks = 30

func (l *probeReceiver) line(kind byte, words []string) error {
	switch {
	case kind == 'D':
		return errEnded
	case kind != 'F' || len(words) == 0 || len(l.texts) == maxLacks:
		return errGarbled
	case words[0] == "DOCKER" && len(words) == 2 && dockerAdvice(words[1]) != "":
		l.texts = append(l.texts, dockerAdvice(words[1]))
		return nil
	}
	err := failure(words)
	if errors.Is(err, errGarbled) {
		return err
	}
	l.texts = append(l.texts, fault.Public(err))
	return nil
}
