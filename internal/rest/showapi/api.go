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

// Ports are the dependencies of the show function.
type Ports struct {
	Tokens    access.Tokens
	Store     catalog.Reader
	History   deployment.History
	Archive   logbook.Archive
	Index     logbook.IndexStore
	Links     logbook.Linker
	Snapshots snapshot.Archive
}

// New returns the handler of the show function. It fails as [rest.NewHandler]
// does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler(rest.Function{
		Name: "show", Tokens: ports.Tokens, Store: ports.Store, Endpoints: ports.endpoints(opts),
	}, opts)
}

// showAPI has the endpoints of the show function as methods.
type showAPI struct {
	Ports
	opts rest.Options
}

// endpoints maps the operations of openapi.yaml to their endpoints.
func (p Ports) endpoints(opts rest.Options) map[string]rest.Endpoint {
	a := showAPI{p, opts}
	return map[string]rest.Endpoint{
		"getDeployment":               a.getDeployment,
		"getResult":                   a.result,
		"readLog":                     a.readLog,
		"linkLog":                     a.logLinks,
		"verifyLog":                   a.verify,
		"getConfiguration":            a.getConfiguration,
		"compareDeployments":          a.compareDeployments,
		"getServiceDeployment":        a.getDeploymentEndpoint(catalog.KindService),
		"getApplicationDeployment":    a.getDeploymentEndpoint(catalog.KindApplication),
		"getDatabaseDeployment":       a.getDeploymentEndpoint(catalog.KindDatabase),
		"latestServiceDeployment":     a.latestEndpoint(catalog.KindService),
		"latestApplicationDeployment": a.latestEndpoint(catalog.KindApplication),
		"latestDatabaseDeployment":    a.latestEndpoint(catalog.KindDatabase),
	}
}

// record returns the deployment with the uuid, of any kind, if the token may see it.
func (a showAPI) record(ctx context.Context, c *rest.Call, uuid string) (deployment.Record, error) {
	id, err := deployment.ParseID(uuid)
	if err != nil {
		return deployment.Record{}, c.Conceal(err)
	}
	record, err := a.History.Get(ctx, id)
	if err != nil {
		return deployment.Record{}, a.opts.WrapMissing(ctx, a.Store, id, c.Conceal(err))
	}
	return record, c.CheckGiven(record)
}

// log returns where the log of a deployment is.
func (a showAPI) log(record deployment.Record) logbook.Log {
	return logbook.Log{Book: record.ID.Book(), Archive: a.Archive, Index: a.Index}
}

// getDeploymentEndpoint is getDeployment for one kind of resource.
func (a showAPI) getDeploymentEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		if id, err := deployment.ParseID(c.Params["uuid"]); err != nil || id.Kind() != kind {
			return rest.Answer{}, c.Conceal(rest.NewNotFoundError("Deployment"))
		}
		return a.getDeployment(ctx, c)
	}
}

// latestEndpoint answers the newest deployment of a resource of a kind.
func (a showAPI) latestEndpoint(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		listing, err := a.History.List(ctx, resource.Common().ID, deployment.Page{Take: 1})
		if err != nil {
			return rest.Answer{}, err
		}
		if len(listing.Records) == 0 {
			return rest.Answer{}, rest.NewNotFoundError("Deployment")
		}
		reply, err := a.details(ctx, c, listing.Records[0])
		reply.Deployment = string(listing.Records[0].ID)
		return reply, err
	}
}

// getDeployment answers one record. With the ability to read sensitive data, it has
// the end of the log, which existing clients read only here.
func (a showAPI) getDeployment(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	return a.details(ctx, c, record)
}

// details answers a record with its database type and the end of its log, when its
// deployment has ended or the wait of the request is over.
func (a showAPI) details(ctx context.Context, c *rest.Call, record deployment.Record) (rest.Answer, error) {
	wait, waits := c.Wait()
	record, err := a.opts.Await(ctx, a.History, record, wait)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies, err := wire.AddDatabaseTypes(ctx, a.Store, []wire.Record{wire.FromRecord(record)})
	if err != nil {
		return rest.Answer{}, err
	}
	body := bodies[0]
	if c.Sensitive() && !c.OnlyGiven() { // the log here has hidden entries
		logs, err := a.tail(ctx, record)
		if err != nil {
			return rest.Answer{}, err
		}
		body.Logs = logs
	}
	reply := rest.OK(body)
	if waits && !record.Status.Terminal() {
		reply.Header = rest.RetryNow()
	}
	return reply, nil
}

// maxTailBytes limits the log inside a record. A Lambda answer may have 6 MB, and
// a quote in a text inside JSON inside that answer takes up to four bytes.
const maxTailBytes = 1 << 20

// tail returns the newest part of the log as a JSON array, or nil if the log is empty.
func (a showAPI) tail(ctx context.Context, record deployment.Record) (*string, error) {
	lines, err := a.tailLines(ctx, record, maxTailBytes)
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	text := "[" + string(bytes.Join(lines, []byte(","))) + "]"
	return &text, nil
}

// tailLines returns the newest lines of the log, at most maxBytes. If the log cannot be
// read, it is one line that says so, so that the record is shown all the same.
func (a showAPI) tailLines(ctx context.Context, record deployment.Record, maxBytes int) ([][]byte, error) {
	mark := record.Progress.Log
	lines, err := logbook.Tail(ctx, a.log(record), mark, maxBytes)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, fault.Gone):
		return placeholder(record, mark.Last+1, mark.Batch,
			"The log of this deployment is no longer kept.")
	case err != nil:
		a.opts.Log.ErrorContext(ctx, "the log of a record cannot be read", "error", err)
		return placeholder(record, mark.Last+1, mark.Batch,
			"The log is unavailable at present. Ask again in a few seconds.")
	case mark.Last > logbook.Order(len(lines)):
		return withOmissionNotice(record, lines)
	}
	return lines, nil
}

// withOmissionNotice puts a line before the newest lines of a longer log that says how
// many lines are left out. Its order is the one of the last line left out.
func withOmissionNotice(record deployment.Record, lines [][]byte) ([][]byte, error) {
	mark := record.Progress.Log
	before, batch := mark.Last, mark.Batch
	if len(lines) > 0 {
		first, err := logbook.Decode(lines[0])
		if err != nil {
			return nil, err
		}
		before, batch = first.Order-1, first.Batch
	}
	notice, err := placeholder(record, before, batch,
		fmt.Sprintf("The first %d entries are left out here. The whole log: GET /api/v1%s",
			before, logPath(record, nil)))
	return append(notice, lines...), err
}

// placeholder returns a line that says that lines are not shown, so that the
// reader does not take the deployment for a silent one.
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

// logLine is the wire form of a placeholder. All other entries are sent as they
// are stored.
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
