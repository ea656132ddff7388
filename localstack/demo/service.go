package demo

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// composeFile is the compose file of the demo's service. %s is its image.
const composeFile = `services:
  redis:
    image: %s
    healthcheck:
      test: ["CMD", "redis-cli", "ping"]
      interval: 1s
      retries: 30
`

// The images of the service: the one that localstack/docker/images makes, if it
// is there, or a public one.
const (
	localImage  = "waybill-test/redis:7.0"
	publicImage = "redis:7-alpine"
)

// service deploys a docker compose service if Docker answers. A deployment that
// fails is reported and does not fail the demo, because the image may not be
// available.
func (d *Demo) service(ctx context.Context) error {
	if !dockerAnswers(ctx) {
		d.say("\nNo Docker engine with compose answers, so no compose service is shown.")
		return nil
	}
	d.say("\nDocker answers, so here is a compose service, too.")
	there, err := d.there(ctx, "service", "/services/", d.state.Service)
	if err != nil {
		return err
	}
	operation := "restart" // A start of a service that runs is refused.
	if !there {
		operation = "start"
		err := d.create(ctx, "service", "/services", &d.state.Service, map[string]any{
			"name": "redis", "server_uuid": d.state.Server,
			"docker_compose": fmt.Sprintf(composeFile, image(ctx)),
		})
		if err != nil {
			return err
		}
	}
	record, err := d.deploy(ctx, "services", d.state.Service, operation)
	if err == nil && record.Status != "finished" {
		d.say("The service did not start; its log says why. The rest of the demo does not need it.")
	}
	return err
}

// stopService removes the containers, networks and volumes that docker compose
// made for the service, if there is one. Without an engine it only prints a line.
func (d *Demo) stopService(ctx context.Context) error {
	if d.state.Service == "" {
		return nil
	}
	if !dockerAnswers(ctx) {
		d.say("No Docker engine answers, so containers of the service %s, if any, are as they were.",
			d.state.Service)
		return nil
	}
	label := "label=com.docker.compose.project=" + d.state.Service
	for _, thing := range []struct{ list, remove []string }{
		{[]string{"ps", "--all", "--quiet", "--filter", label}, []string{"rm", "--force", "--volumes"}},
		{[]string{"network", "ls", "--quiet", "--filter", label}, []string{"network", "rm"}},
		{[]string{"volume", "ls", "--quiet", "--filter", label}, []string{"volume", "rm"}},
	} {
		found, err := docker(ctx, thing.list...)
		if err != nil {
			return err
		}
		if ids := strings.Fields(found); len(ids) > 0 {
			if _, err := docker(ctx, append(thing.remove, ids...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// dockerAnswers reports whether both an engine and compose answer.
func dockerAnswers(ctx context.Context) bool {
	_, engine := docker(ctx, "info")
	_, compose := docker(ctx, "compose", "version")
	return engine == nil && compose == nil
}

func image(ctx context.Context) string {
	if _, err := docker(ctx, "image", "inspect", localImage); err != nil {
		return publicImage
	}
	return localImage
}

// docker runs a command of Docker. Its error has Docker's message.
func docker(ctx context.Context, args ...string) (string, error) {
	said, err := exec.CommandContext(ctx, "docker", args...).Output()
	if exit, failed := errors.AsType[*exec.ExitError](err); failed {
		return "", fmt.Errorf("docker %s: %w: %s", args[0], err, strings.TrimSpace(string(exit.Stderr)))
	}
	return string(said), err
}
