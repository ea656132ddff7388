package emulator

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"waybill/localstack/background"
	"waybill/localstack/progress"
)

// up starts the container, and a process that copies its log to the same file
// as the other kinds use. That process ends with the container.
func (e *Emulator) up(ctx context.Context, say progress.Say) error {
	e.Project = fmt.Sprintf("waybill-%x", sha256.Sum256([]byte(e.state)))[:16]
	err := progress.While(say, "Pulling and starting the image of LocalStack", func() error {
		return e.compose(ctx, "up", "--detach")
	})
	if err != nil {
		return err
	}
	follow := e.command(context.Background(), "logs", "--follow", "--no-color", "--no-log-prefix")
	if e.Process, err = background.Start(follow, e.Log()); err != nil {
		return err
	}
	return nil
}

func (e *Emulator) down(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	return e.compose(ctx, "down", "--volumes", "--timeout", "10")
}

// compose runs one command of docker compose and waits for it. Its error
// includes Docker's message.
func (e *Emulator) compose(ctx context.Context, args ...string) error {
	var said bytes.Buffer
	command := e.command(ctx, args...)
	command.Stdout, command.Stderr = io.Discard, &said
	if err := command.Run(); err != nil {
		return fmt.Errorf("docker compose %s: %w\n%s", args[0], err, strings.TrimSpace(said.String()))
	}
	return nil
}

func (e *Emulator) command(ctx context.Context, args ...string) *exec.Cmd {
	file := filepath.Join(e.root, "localstack", "docker-compose.yml")
	args = append([]string{"compose", "--project-name", e.Project, "--file", file}, args...)
	command := exec.CommandContext(ctx, "docker", args...)
	command.Env = append(os.Environ(), fmt.Sprintf("PORT=%d", e.Port))
	return command
}
