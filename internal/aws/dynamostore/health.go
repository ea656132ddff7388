package dynamostore

import (
	"context"
	"time"

	"waybill/internal/catalog"
)

var _ catalog.HealthObserver = (*Catalog)(nil)

// ObserveServer sets the measurement on the server's queue, which every reader of the server reads
// anyway, and which the runner may update. A condition refuses the write if there is no such
// server, which is no error.
func (c *Catalog) ObserveServer(ctx context.Context, id catalog.ID, health catalog.Health) error {
	if id.Kind() != catalog.KindServer {
		return nil
	}
	observe := change{
		table:     c.table,
		key:       stateKey(id),
		update:    "SET #health = :health",
		condition: "attribute_exists(#uuid)",
		values:    item{":health": blob(packHealth(health))},
	}
	if !health.UsageAt.IsZero() {
		observe.update += ", #docker_usage = :usage"
		observe.values[":usage"] = blob(packUsage(health))
	}
	return retry(ctx, func() (bool, error) {
		_, err := c.client.UpdateItem(ctx, observe.updating())
		if err == nil {
			return true, nil
		}
		why, err := refused(err)
		return err == nil && len(why.unmet) > 0, err
	})
}

func packHealth(h catalog.Health) []byte {
	var p packer
	p.count(micros(h.MeasuredAt))
	for _, n := range []int64{h.DataBytes, h.DataFreeBytes, h.DataInodes, h.DataFreeInodes,
		h.DockerBytes, h.DockerFreeBytes, h.DockerInodes, h.DockerFreeInodes} {
		p.count(n)
	}
	p.number(h.ClockOffset.Microseconds())
	p.count(h.ClockError.Microseconds())
	return p.packed
}

func packUsage(h catalog.Health) []byte {
	var p packer
	p.count(micros(h.UsageAt))
	for _, n := range []int64{h.ImageBytes, h.ReclaimableImageBytes, h.ContainerBytes, h.VolumeBytes,
		h.BuildCacheBytes, h.ReclaimableCacheBytes} {
		p.count(n)
	}
	return p.packed
}

// unpackHealth returns the measurement of a server.
func unpackHealth(state serverState) (catalog.Health, error) {
	var h catalog.Health
	u := unpacker{rest: state.Health}
	h.MeasuredAt = fromMicros(u.count())
	for _, n := range []*int64{&h.DataBytes, &h.DataFreeBytes, &h.DataInodes, &h.DataFreeInodes,
		&h.DockerBytes, &h.DockerFreeBytes, &h.DockerInodes, &h.DockerFreeInodes} {
		*n = u.count()
	}
	h.ClockOffset = time.Duration(u.number()) * time.Microsecond
	h.ClockError = time.Duration(u.count()) * time.Microsecond
	if u.err != nil {
		return catalog.Health{}, u.err
	}
	u = unpacker{rest: state.Usage}
	h.UsageAt = fromMicros(u.count())
	for _, n := range []*int64{&h.ImageBytes, &h.ReclaimableImageBytes, &h.ContainerBytes, &h.VolumeBytes,
		&h.BuildCacheBytes, &h.ReclaimableCacheBytes} {
		*n = u.count()
	}
	return h, u.err
}
