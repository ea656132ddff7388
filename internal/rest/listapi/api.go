// Package listapi has the endpoints of the list function: the queued and running
// deployments, and the histories of resources.
package listapi

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"waybill/internal/access"
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/statistics"
	"waybill/internal/trigger"
	"waybill/internal/wire"
)

// Ports are the dependencies of the list function.
type Ports struct {
	Tokens  access.Tokens
	Store   catalog.Reader
	History deployment.History
	Storage deployment.StorageReader
	Feed    deployment.FeedReader
	// Statistics has the daily rollups.
	Statistics statistics.Reader
	// Triggers lists events.
	Triggers trigger.Reader
}

// New returns the handler of the list function. It fails as [rest.NewHandler]
// does.
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler(rest.Function{
		Name: "list", Tokens: ports.Tokens, Store: ports.Store, Endpoints: ports.endpoints(opts),
	}, opts)
}

// listAPI has the endpoints of the list function as methods.
type listAPI struct {
	Ports
	opts rest.Options
}

// endpoints maps the operations of openapi.yaml to their endpoints.
func (p Ports) endpoints(opts rest.Options) map[string]rest.Endpoint {
	a := listAPI{p, opts}
	return map[string]rest.Endpoint{
		"getDocument":                a.getDocument,
		"getDocs":                    a.getDocs,
		"listDeployments":            a.listDeployments,
		"listServerDeployments":      a.listServerDeployments,
		"listHistory":                a.listHistory,
		"listChanges":                a.listChanges,
		"listTriggers":               a.listTriggers,
		"teamStatistics":             a.teamStatistics,
		"serverStatistics":           a.serverStatistics,
		"serviceStatistics":          a.resourceStatistics(catalog.KindService),
		"applicationStatistics":      a.resourceStatistics(catalog.KindApplication),
		"databaseStatistics":         a.resourceStatistics(catalog.KindDatabase),
		"getStorage":                 a.getStorage,
		"listServiceDeployments":     a.historyEndpoint(catalog.KindService),
		"listApplicationDeployments": a.historyEndpoint(catalog.KindApplication),
		"listDatabaseDeployments":    a.historyEndpoint(catalog.KindDatabase),
	}
}

// maxConcurrentReads limits the servers whose load is read at the same time.
const maxConcurrentReads = 8

// listDeployments answers the running, queued and waiting deployments of all servers,
// oldest first.
func (a listAPI) listDeployments(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	servers, err := catalog.All(ctx, a.Store, catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	loads := make([]deployment.Load, len(servers))
	failures := make([]error, len(servers))
	var wait sync.WaitGroup
	turns := make(chan struct{}, maxConcurrentReads)
	for i, server := range servers {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			loads[i], failures[i] = a.History.Load(ctx, server.Common().ID)
		})
	}
	wait.Wait()
	bodies := []wire.Record{}
	for i := range servers {
		// A server that was deleted in the meantime has no deployments.
		if err := failures[i]; err != nil && !errors.Is(err, fault.NotFound) {
			return rest.Answer{}, err
		}
		bodies = append(bodies, fromRecords(loads[i].Running)...)
		bodies = append(bodies, fromQueue(loads[i].Queue)...)
		bodies = append(bodies, fromRecords(loads[i].Waiting)...)
	}
	if bodies, err = coveredRecords(ctx, c, bodies); err != nil {
		return rest.Answer{}, err
	}
	slices.SortFunc(bodies, func(a, b wire.Record) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.DeploymentUUID, b.DeploymentUUID))
	})
	if bodies, err = wire.AddDatabaseTypes(ctx, a.Store, bodies); err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// coveredRecords returns the deployments of resources that the call covers.
func coveredRecords(ctx context.Context, c *rest.Call, bodies []wire.Record) ([]wire.Record, error) {
	covered := bodies[:0]
	for _, body := range bodies {
		has, err := c.CoversID(ctx, deployment.ID(body.DeploymentUUID).Resource())
		if err != nil {
			return nil, err
		}
		if has {
			covered = append(covered, body)
		}
	}
	return covered, nil
}

// fromRecords never returns nil, so that an empty list is encoded as [].
func fromRecords(records []deployment.Record) []wire.Record {
	bodies := make([]wire.Record, 0, len(records))
	for _, record := range records {
		bodies = append(bodies, wire.FromRecord(record))
	}
	return bodies
}

// fromQueue sets the position of each record, 1 being next.
func fromQueue(records []deployment.Record) []wire.Record {
	bodies := fromRecords(records)
	for i := range bodies {
		bodies[i].Position = i + 1
	}
	return bodies
}

// loadBody has the running, queued and waiting deployments of a server, and a page of its
// history.
type loadBody struct {
	ServerUUID  string        `json:"server_uuid"`
	ServerName  string        `json:"server_name"`
	Concurrency int           `json:"concurrency"`
	QueueLimit  int           `json:"queue_limit"`
	Running     []wire.Record `json:"running"`
	Queue       []wire.Record `json:"queue"`
	Waiting     []wire.Record `json:"waiting"`
	historyBody
}

// listServerDeployments answers the queued and running deployments of one server, and the
// history of the server.
func (a listAPI) listServerDeployments(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	page, err := pageOf(c)
	if err != nil {
		return rest.Answer{}, err
	}
	server, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	load, err := a.History.Load(ctx, server.ID)
	if err != nil {
		return rest.Answer{}, rest.WrapNotFound(err, catalog.KindServer.Title())
	}
	page.Filter.Server = server.ID
	listing, err := a.team(ctx, c, page)
	if err != nil {
		return rest.Answer{}, err
	}
	running, err := wire.AddDatabaseTypes(ctx, a.Store, fromRecords(load.Running))
	if err != nil {
		return rest.Answer{}, err
	}
	queue, err := wire.AddDatabaseTypes(ctx, a.Store, fromQueue(load.Queue))
	if err != nil {
		return rest.Answer{}, err
	}
	waiting, err := wire.AddDatabaseTypes(ctx, a.Store, fromRecords(load.Waiting))
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(loadBody{
		ServerUUID:  string(server.ID),
		ServerName:  server.Name,
		Concurrency: server.Concurrency,
		QueueLimit:  server.QueueLimit,
		Running:     running,
		Queue:       queue,
		Waiting:     waiting,
		historyBody: newHistoryBody(listing),
	}), nil
}
