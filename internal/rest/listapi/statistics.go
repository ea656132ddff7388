package listapi

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/statistics"
	"waybill/internal/wire"
)

const (
	// defaultDays is the period of statistics without days.
	defaultDays = 30
	// maxSummed is the most resources that one answer sums up, and summedAtOnce how many of
	// them are read at the same time. A resource takes two queries of some milliseconds.
	maxSummed    = 1000
	summedAtOnce = 16
)

// resourceStatistics answers the statistics of one resource of a kind.
func (a listAPI) resourceStatistics(kind catalog.Kind) rest.Endpoint {
	return func(ctx context.Context, c *rest.Call) (rest.Answer, error) {
		resource, err := rest.FindHead[catalog.Deployable](ctx, a.Store, c.Params["uuid"], kind)
		if err != nil {
			return rest.Answer{}, err
		}
		return a.statistics(ctx, c, []catalog.Deployable{resource})
	}
}

// serverStatistics answers the statistics of the resources on a server.
func (a listAPI) serverStatistics(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	server, err := rest.Find[*catalog.Server](ctx, a.Store, c.Params["uuid"], catalog.KindServer)
	if err != nil {
		return rest.Answer{}, err
	}
	return a.statisticsOf(ctx, c, func(resource catalog.Deployable) bool {
		return resource.Shared().ServerID == server.ID
	})
}

// teamStatistics answers the statistics of all resources, or of those with one of the tags.
func (a listAPI) teamStatistics(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	tags := catalog.ParseTags(c.Query.Get("tag"))
	return a.statisticsOf(ctx, c, func(resource catalog.Deployable) bool {
		return len(tags) == 0 || resource.Shared().Labels.HasTag(tags...)
	})
}

// statisticsOf answers the statistics of the wanted resources that the token covers.
// Resources that were never deployed are left out.
func (a listAPI) statisticsOf(ctx context.Context, c *rest.Call,
	wanted func(catalog.Deployable) bool) (rest.Answer, error) {
	resources, err := catalog.Resources(ctx, a.Store, func(resource catalog.Deployable) bool {
		return c.Covers(resource) && resource.Shared().State.Deployments > 0 && wanted(resource)
	})
	if err != nil {
		return rest.Answer{}, err
	}
	if len(resources) > maxSummed {
		return rest.Answer{}, fault.InvalidField("tag", "is needed to choose fewer resources: these are %d, "+
			"and statistics sum up %d at most", len(resources), maxSummed)
	}
	return a.statistics(ctx, c, resources)
}

// statistics answers the sums of the resources.
func (a listAPI) statistics(ctx context.Context, c *rest.Call,
	resources []catalog.Deployable) (rest.Answer, error) {
	days, err := rest.Number(c.Query, "days", defaultDays)
	if err != nil {
		return rest.Answer{}, err
	}
	period, err := statistics.NewPeriod(ctx, a.Statistics, days, a.opts.Now())
	if err != nil {
		return rest.Answer{}, err
	}
	var mu sync.Mutex
	total := statistics.NewSummary()
	group, each := errgroup.WithContext(ctx)
	group.SetLimit(summedAtOnce)
	for _, resource := range resources {
		group.Go(func() error {
			one, err := statistics.Summarise(each, a.Statistics, resource.Common().ID, period)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			total.Merge(one)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromSummary(total, period)), nil
}
