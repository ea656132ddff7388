package rest

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// lister is the list function: its endpoints are methods of it.
type lister struct{ ListPorts }

// endpoints names each by its operation in openapi.yaml.
func (p ListPorts) endpoints(Options) map[string]endpoint {
	l := lister{p}
	return map[string]endpoint{
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
func (l lister) listDeployments(ctx context.Context, _ *call) (answer, error) {
	servers, err := catalog.All(ctx, l.Store, catalog.KindServer)
	if err != nil {
		return answer{}, err
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
	bodies := []recordBody{}
	for i := range servers {
		// A server that was deleted meanwhile has nothing to do.
		if err := failures[i]; err != nil && !errors.Is(err, fault.NotFound) {
			return answer{}, err
		}
		bodies = append(bodies, showRecords(loads[i].Running)...)
		bodies = append(bodies, showQueue(loads[i].Queue)...)
	}
	slices.SortFunc(bodies, func(a, b recordBody) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.DeploymentUUID, b.DeploymentUUID))
	})
	if bodies, err = typed(ctx, l.Store, bodies); err != nil {
		return answer{}, err
	}
	return ok(bodies), nil
}

// showRecords is never nil, so that an empty list is [] on the wire.
func showRecords(records []deployment.Record) []recordBody {
	bodies := make([]recordBody, 0, len(records))
	for _, record := range records {
		bodies = append(bodies, showRecord(record))
	}
	return bodies
}

// showQueue shows records with their places, 1 being next.
func showQueue(records []deployment.Record) []recordBody {
	bodies := showRecords(records)
	for i := range bodies {
		bodies[i].Position = i + 1
	}
	return bodies
}

// loadBody is what a server has to do.
type loadBody struct {
	ServerUUID  string       `json:"server_uuid"`
	ServerName  string       `json:"server_name"`
	Concurrency int          `json:"concurrency"`
	QueueLimit  int          `json:"queue_limit"`
	Running     []recordBody `json:"running"`
	Queue       []recordBody `json:"queue"`
}

// listServerDeployments answers what one server has to do.
func (l lister) listServerDeployments(ctx context.Context, c *call) (answer, error) {
	server, err := find[*catalog.Server](ctx, l.Store, c.params["uuid"], catalog.KindServer)
	if err != nil {
		return answer{}, err
	}
	load, err := l.History.Load(ctx, server.ID)
	if err != nil {
		return answer{}, missing(err, catalog.KindServer.Title())
	}
	running, err := typed(ctx, l.Store, showRecords(load.Running))
	if err != nil {
		return answer{}, err
	}
	queue, err := typed(ctx, l.Store, showQueue(load.Queue))
	if err != nil {
		return answer{}, err
	}
	return ok(loadBody{
		ServerUUID:  string(server.ID),
		ServerName:  server.Name,
		Concurrency: server.Concurrency,
		QueueLimit:  server.QueueLimit,
		Running:     running,
		Queue:       queue,
	}), nil
}
