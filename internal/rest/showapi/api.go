// Package showapi has the endpoints of the show function: one deployment, its
// log, and the configuration that it ran with.
package showapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// Ports is what the show function works on.
type Ports struct {
	Tokens    access.Tokens
	Store     catalog.Reader
	History   deployment.History
	Archive   logbook.Archive
	Snapshots snapshot.Archive
}

// New returns the handler of the show function. Its errors are those of
// [rest.NewHandler].
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler("show", ports.Tokens, opts, ports.endpoints(opts))
}

// showAPI is the show function: its endpoints are methods of it.
type showAPI struct {
	Ports
	opts rest.Options
}

// endpoints names each by its operation in openapi.yaml.
func (p Ports) endpoints(opts rest.Options) map[string]rest.Endpoint {
	s := showAPI{p, opts}
	return map[string]rest.Endpoint{
		"getDeployment":               s.getDeployment,
		"readLog":                     s.readLog,
		"verifyLog":                   s.verify,
		"getConfiguration":            s.getConfiguration,
		"compareDeployments":          s.compareDeployments,
		"getServiceDeployment":        s.getDeploymentOf(catalog.KindService),
		"getApplicationDeployment":    s.getDeploymentOf(catalog.KindApplication),
		"getDatabaseDeployment":       s.getDeploymentOf(catalog.KindDatabase),
		"latestServiceDeployment":     s.latest(catalog.KindService),
		"latestApplicationDeployment": s.latest(catalog.KindApplication),
		"latestDatabaseDeployment":    s.latest(catalog.KindDatabase),
	}
}

// record returns the deployment with the uuid, of whatever kind.
func (s showAPI) record(ctx context.Context, uuid string) (deployment.Record, error) {
	id, err := deployment.ParseID(uuid)
	if err != nil {
		return deployment.Record{}, err
	}
	record, err := s.History.Get(ctx, id)
	return record, rest.NotFoundAs(err, "Deployment")
}

// getDeploymentOf is getDeployment for one kind of resource.
func (s showAPI) getDeploymentOf(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		if id, err := deployment.ParseID(c.Params["uuid"]); err != nil || id.Kind() != kind {
			return rest.Answer{}, rest.NotFound("Deployment")
		}
		return s.getDeployment(ctx, c)
	}
}

// latest is the endpoint with the newest deployment of a resource of a kind.
func (s showAPI) latest(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.Find[catalog.Deployable](ctx, s.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		listing, err := s.History.List(ctx, resource.Common().ID, deployment.Page{Take: 1})
		if err != nil {
			return rest.Answer{}, err
		}
		if len(listing.Records) == 0 {
			return rest.Answer{}, rest.NotFound("Deployment")
		}
		reply, err := s.whole(ctx, c, listing.Records[0])
		reply.Deployment = string(listing.Records[0].ID)
		return reply, err
	}
}

// getDeployment answers one record, with the end of its log for those who may
// see it: existing clients look for the log nowhere else.
func (s showAPI) getDeployment(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := s.record(ctx, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	return s.whole(ctx, c, record)
}

// whole is a record as it is shown alone.
func (s showAPI) whole(ctx context.Context, c *rest.Call, record deployment.Record) (rest.Answer, error) {
	bodies, err := wire.AddDatabaseTypes(ctx, s.Store, []wire.Record{wire.ShowRecord(record)})
	if err != nil {
		return rest.Answer{}, err
	}
	body := bodies[0]
	if c.Sensitive() {
		logs, err := s.tail(ctx, record)
		if err != nil {
			return rest.Answer{}, err
		}
		body.Logs = logs
	}
	return rest.OK(body), nil
}

// maxTailBytes bounds the log inside of a record. As a text inside of JSON
// inside of a Lambda answer each of its quotes takes up to four bytes, and such
// an answer may have 6 MB.
const maxTailBytes = 1 << 20

// tail is the newest part of the log as a JSON array, nil if the log is empty.
// A log that cannot be read keeps no record from being shown.
func (s showAPI) tail(ctx context.Context, record deployment.Record) (*string, error) {
	mark := record.Progress.Log
	lines, err := logbook.Tail(ctx, s.Archive, record.ID.Book(), mark, maxTailBytes)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fault.Gone):
		lines, err = placeholder(record, mark.Last+1, mark.Batch, "The log of this deployment is no longer kept.")
	case err != nil:
		s.opts.Log.ErrorContext(ctx, "the log of a record cannot be read", "error", err)
		lines, err = placeholder(record, mark.Last+1, mark.Batch, "The log is unavailable at present. Ask again in a few seconds.")
	case mark.Last > logbook.Order(len(lines)):
		lines, err = announced(record, lines)
	}
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	text := "[" + string(bytes.Join(lines, []byte(","))) + "]"
	return &text, nil
}

// announced puts a line before the newest lines of a longer log that says how
// many are left out. It has the place of the last one of these.
func announced(record deployment.Record, lines [][]byte) ([][]byte, error) {
	mark := record.Progress.Log
	before, batch := mark.Last, mark.Batch
	if len(lines) > 0 {
		first, err := logbook.Decode(lines[0])
		if err != nil {
			return nil, err
		}
		before, batch = first.Order-1, first.Batch
	}
	notice, err := placeholder(record, before, batch, fmt.Sprintf("The first %d entries are left out here. The whole log: GET /api/v1%s",
		before, logPath(record, nil)))
	return append(notice, lines...), err
}

// placeholder is a line in the place of lines that are not shown: the reader is
// told so, instead of being shown a deployment that said nothing.
func placeholder(record deployment.Record, order logbook.Order, batch int, output string) ([][]byte, error) {
	line, err := json.Marshal(logLine{
		Order:     int64(order),
		Timestamp: wire.Timestamp(record.UpdatedAt),
		Type:      string(logbook.Stderr),
		Batch:     max(batch, 1),
		Output:    output,
	})
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "encode a line")
	}
	return [][]byte{line}, nil
}

// logLine is an entry on the wire, for the one that is made here. All others
// pass through as they are stored.
type logLine struct {
	Order     int64   `json:"order"`
	Timestamp string  `json:"timestamp"`
	Type      string  `json:"type"`
	Batch     int     `json:"batch"`
	Step      string  `json:"step"`
	Hidden    bool    `json:"hidden"`
	Command   *string `json:"command"`
	Output    string  `json:"output"`
}
