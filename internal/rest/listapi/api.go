// Package listapi has the endpoints of the list function: what is queued and
// running, and the histories of resources.
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
	"waybill/internal/wire"
)

// Ports is what the list function works on.
type Ports struct {
	Tokens  access.Tokens
	Store   catalog.Reader
	History deployment.History
}

// New returns the handler of the list function. Its errors are those of
// [rest.NewHandler].
func New(ports Ports, opts rest.Options) (http.Handler, error) {
	opts = opts.WithDefaults()
	return rest.NewHandler("list", ports.Tokens, opts, ports.endpoints(opts))
}

// listAPI is the list function: its endpoints are methods of it.
type listAPI struct{ Ports }

// endpoints names each by its operation in openapi.yaml.
func (p Ports) endpoints(rest.Options) map[string]rest.Endpoint {
	l := listAPI{p}
	return map[string]rest.Endpoint{
		"listDeployments":            l.listDeployments,
		"listServerDeployments":      l.listServerDeployments,
		"listServiceDeployments":     l.history(catalog.KindService),
		"listApplicationDeployments": l.history(catalog.KindApplication),
		"listDatabaseDeployments":    l.history(catalog.KindDatabase),
	}
}

// loadsAtOnce bounds the reads that one list of all servers makes at a time.
const loadsAtOnce = 8

// listDeployments answers what waits and runs on all servers, oldest first.
func (l listAPI) listDeployments(ctx context.Context, _ *rest.Call) (rest.Answer, error) {
	servers, err := catalog.All(ctx, l.Store, catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	loads := make([]deployment.Load, len(servers))
	failures := make([]error, len(servers))
	var wait sync.WaitGroup
	turns := make(chan struct{}, loadsAtOnce)
	for i, server := range servers {
		turns <- struct{}{}
		wait.Go(func() {
			defer func() { <-turns }()
			loads[i], failures[i] = l.History.Load(ctx, server.Common().ID)
		})
	}
	wait.Wait()
	bodies := []wire.Record{}
	for i := range servers {
		// A server that was deleted meanwhile has nothing to do.
		if err := failures[i]; err != nil && !errors.Is(err, fault.NotFound) {
			return rest.Answer{}, err
		}
		bodies = append(bodies, showRecords(loads[i].Running)...)
		bodies = append(bodies, showQueue(loads[i].Queue)...)
	}
	slices.SortFunc(bodies, func(a, b wire.Record) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.DeploymentUUID, b.DeploymentUUID))
	})
	if bodies, err = wire.AddDatabaseTypes(ctx, l.Store, bodies); err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(bodies), nil
}

// showRecords is never nil, so that an empty list is [] on the wire.
func showRecords(records []deployment.Record) []wire.Record {
	bodies := make([]wire.Record, 0, len(records))
	for _, record := range records {
		bodies = append(bodies, wire.ShowRecord(record))
	}
	return bodies
}

// showQueue shows records with their places, 1 being next.
func showQueue(records []deployment.Record) []wire.Record {
	bodies := showRecords(records)
	for i := range bodies {
		bodies[i].Position = i + 1
	}
	return bodies
}

// loadBody is what a server has to do.
type loadBody struct {
	ServerUUID  string        `json:"server_uuid"`
	ServerName  string        `json:"server_name"`
	Concurrency int           `json:"concurrency"`
	QueueLimit  int           `json:"queue_limit"`
	Running     []wire.Record `json:"running"`
	Queue       []wire.Record `json:"queue"`
}

// listServerDeployments answers what one server has to do.
func (l listAPI) listServerDeployments(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, l.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	load, err := l.History.Load(ctx, server.ID)
	if err != nil {
		return rest.Answer{}, rest.NotFoundAs(err, catalog.KindServer.Title())
	}
	running, err := wire.AddDatabaseTypes(ctx, l.Store, showRecords(load.Running))
	if err != nil {
		return rest.Answer{}, err
	}
	queue, err := wire.AddDatabaseTypes(ctx, l.Store, showQueue(load.Queue))
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
	}), nil
}
