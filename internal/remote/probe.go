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

var (
	//go:embed probe.sh
	probeText string
	// DockerText is sh that defines docker_trouble, which prints one of the words
	// of [DockerAdvice], or nothing if docker can be used.
	//
	//go:embed docker.sh
	DockerText string
)

// DockerAdvice says what is wrong with a server's docker and what to do about it,
// by the word that docker_trouble prints. It is the one place for these texts.
var DockerAdvice = map[string]string{
	"absent":  "Docker is not installed on the server. Install Docker Engine with its compose plug-in.",
	"compose": "Docker on the server has no compose plug-in. Install docker-compose-plugin (docker-compose-v2 on Ubuntu).",
	"denied":  "The user may not use Docker on the server. Add it to the group docker, or log in as root.",
	"down":    "The Docker daemon does not answer on the server. Start it: systemctl enable --now docker.",
}

// Probe tests whether a job could be started on the server and whether docker can
// be used there. It changes nothing. Invalid if not, with a sentence for each
// thing that is missing; otherwise its errors are those of [Follow].
func Probe(ctx context.Context, shell Shell, dataDir string) error {
	var found lacks
	nonce := rand.Text()
	script := fmt.Sprintf("data=%s nonce=%s\n", quote(dataDir), quote(nonce)) + bare(sessionText) + bare(DockerText) + bare(probeText)
	err := answer(ctx, shell, nonce, script, &found)
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

// lacks takes the frames of a probe.
type lacks struct{ texts []string }

func (*lacks) bytes(part, []byte) error { return errGarbled }

// maxLacks is more than the script can tell.
const maxLacks = 30

func (l *lacks) line(kind byte, words []string) error {
	switch {
	case kind == 'D':
		return errEnded
	case kind != 'F' || len(words) == 0 || len(l.texts) == maxLacks:
		return errGarbled
	case words[0] == "DOCKER" && len(words) == 2 && DockerAdvice[words[1]] != "":
		l.texts = append(l.texts, DockerAdvice[words[1]])
		return nil
	}
	err := failure(words)
	if errors.Is(err, errGarbled) {
		return err
	}
	l.texts = append(l.texts, fault.Public(err))
	return nil
}
