package inspectapi

import (
	"cmp"
	"context"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/rest"
)

// The limits of a log.
const (
	// defaultLines is how many lines a request gets that does not say how many.
	defaultLines = 100
	// maxLines is the most lines of an answer.
	maxLines = 10_000
	// contextLines are read before the lines of an answer. A private key, which has its name
	// in its first line only, is recognised though it began before them.
	contextLines = 100
	// maxReadBytes is more than an answer holds, for the same reason.
	maxReadBytes = 6 << 20
)

// logBody answers the logs of containers. Upstream has only Logs.
type logBody struct {
	Logs string `json:"logs"`
	// Truncated says that there are fewer lines than were asked for, because the answer is full.
	Truncated bool `json:"truncated"`
}

// logsEndpoint answers the last lines of the logs of a resource's containers.
func (a inspectAPI) logsEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		if app, is := resource.(*catalog.Application); is && app.Shell != nil {
			return rest.Answer{}, rest.NewBadRequestError(
				"The application runs by shell commands. It has no container whose log Waybill could read.")
		}
		lines, err := rest.Number(c.Query, "lines", defaultLines)
		if err != nil {
			return rest.Answer{}, err
		}
		lines = min(lines, maxLines)
		at, err := a.readSubject(ctx, resource)
		if err != nil {
			return rest.Answer{}, err
		}
		service := cmp.Or(c.Query.Get("sub_service_name"), c.Query.Get("service_name"))
		logs, err := a.readLogs(ctx, at, inspect.LogQuery{
			Service: service, Lines: lines + contextLines, MaxBytes: maxReadBytes,
			Timestamps: rest.Flag(c.Query, "show_timestamps"),
		})
		if err != nil {
			return rest.Answer{}, err
		}
		if err := checkChoice(kind, service, logs); err != nil {
			return rest.Answer{}, err
		}
		return rest.OK(at.transcript(logs.Containers, lines)), nil
	}
}

// readLogs asks the server for the logs. Names are redacted, and logs are not. Conflict if the
// host key of the server is not pinned, as for a start.
func (a inspectAPI) readLogs(
	ctx context.Context, at subject, query inspect.LogQuery,
) (logs inspect.Logs, err error) {
	if at.server.HostKey == "" {
		return logs, deployment.NewUnpinnedError(at.server)
	}
	err = a.inSession(ctx, at, func() (err error) {
		logs, err = a.Logs(ctx, at.server, at.secrets.Login(), at.resource.Common().ID, query)
		return err
	})
	for i, name := range logs.Services {
		logs.Services[i] = at.matcher.Text(name)
	}
	return logs, err
}

// checkChoice refuses a request whose containers cannot be chosen, as upstream does.
func checkChoice(kind catalog.Kind, service string, logs inspect.Logs) error {
	const field = "sub_service_name"
	names := strings.Join(logs.Services, ", ")
	switch {
	case len(logs.Services) == 0:
		return rest.NewBadRequestError(kind.Title() + " is not running: it has no container.")
	case len(logs.Containers) > 0:
		return nil
	case service == "":
		return rest.NewBadRequestError(
			field + " is required, because several services have containers: " + names + ".")
	}
	return fault.InvalidField(field, "must be one of %s", names)
}
