package inspect

import (
	"context"
	"io"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// LogQuery asks for the last lines of the logs of a resource's containers.
type LogQuery struct {
	// Service is the service in the compose file whose containers are read. It may be "" if the
	// resource has only one.
	Service string
	// Lines is how many lines, of all containers together.
	Lines int
	// MaxBytes is how many bytes are read at most, of all containers together.
	MaxBytes int
	// Timestamps says that each line begins with its time.
	Timestamps bool
}

// Logs are the logs of containers.
type Logs struct {
	// Services are all services of the resource that have containers, in order.
	Services []string
	// Containers belong to the service that was asked for, in the order of their names. The
	// list is empty if the query names no service and there are several.
	Containers []ContainerLog
}

// ContainerLog is the end of a container's log.
type ContainerLog struct {
	Name string
	// Text is the container's own, not yet redacted.
	Text string
	// Cut says that Text begins inside of a line.
	Cut bool
}

// ReadLogs reads the logs of the containers and changes nothing. The containers may have ended.
// Unavailable if the connection ended or docker does not answer, and ctx's own error if its
// time was up.
func ReadLogs(
	ctx context.Context, shell remote.Shell, resource catalog.ID, query LogQuery,
) (Logs, error) {
	output, err := run(ctx, shell, recipe.ContainersScript(resource), maxOutput)
	if err != nil {
		return Logs{}, err
	}
	all, err := recipe.ParseContainers(output)
	if err != nil {
		return Logs{}, err
	}
	var logs Logs
	for _, container := range all {
		logs.Services = append(logs.Services, container.Service)
	}
	slices.Sort(logs.Services)
	logs.Services = slices.Compact(logs.Services)
	service := query.Service
	if service == "" && len(logs.Services) == 1 {
		service = logs.Services[0]
	}
	chosen := slices.DeleteFunc(all, func(c recipe.Container) bool { return c.Service != service })
	for _, container := range chosen {
		lines, bytes := max(query.Lines/len(chosen), 1), query.MaxBytes/len(chosen)
		text, err := run(ctx, shell, recipe.LogScript(container, lines, query.Timestamps, bytes), bytes)
		if err != nil {
			return Logs{}, err
		}
		logs.Containers = append(logs.Containers,
			ContainerLog{Name: container.Name, Text: text, Cut: len(text) == bytes})
	}
	return logs, nil
}

// run runs a script and returns the first bytes of its output.
func run(ctx context.Context, shell remote.Shell, script string, maxBytes int) (string, error) {
	output := &limited{left: maxBytes}
	exit, err := shell.Run(ctx, script, nil, output, io.Discard)
	switch {
	case err != nil:
		return "", err
	case exit != 0:
		return "", fault.New(fault.Unavailable,
			"The server cannot tell how the resource is: its shell ended with code %d.", exit)
	}
	return output.text.String(), nil
}
