package runner

import (
	"context"
	"errors"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/logbook"
	"waybill/internal/remote"
)

// measureFor is how long the measurement of a server may delay the end of a start. usageFor is how
// long docker may take to add up its usage, which delays nothing.
const (
	measureFor = 5 * time.Second
	usageFor   = 15 * time.Second
)

// usageEvery is how often docker is asked for its usage. It reads every layer for that, which can
// take long on a large engine.
const usageEvery = time.Hour

// measure measures the server at the end of a start, and adds a line to the log for each
// number beyond its threshold, because a full disk may be the reason of a failure. A server that
// cannot be measured is no error.
func (a *attempt) measure(ctx context.Context) error {
	if a.ports.Health == nil || !a.record.Operation.Starts() || a.shell == nil || a.nearlyOutOfTime() {
		return nil
	}
	shell, dataDir := a.shell, a.plan.server.DataDir
	var measured remote.Measurement
	err := a.whileLeased(ctx, a.checkTime, func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, measureFor)
		defer cancel()
		var err error
		measured, err = remote.Measure(ctx, shell, dataDir, false, a.opts.Now)
		return err
	})
	if err != nil && !isTaskError(err) && !errors.Is(err, errHandOver) {
		return err
	}
	if err != nil {
		a.log.InfoContext(ctx, "server not measured to the end", "cause", err)
	}
	a.health = catalog.Health(measured)
	for _, warning := range a.health.Warnings() {
		a.say(logbook.Stderr, "Warning: "+warning)
	}
	return nil
}

// storeHealth stores the measurement, with docker's usage if that was last measured long ago. It
// runs after the end of the deployment, so no user waits for it, and its failures are only logged.
func (a *attempt) storeHealth(ctx context.Context) {
	if a.health.MeasuredAt.IsZero() || a.nearlyOutOfTime() {
		return
	}
	if a.now().Sub(a.plan.server.Health.UsageAt) > usageEvery {
		limited, cancel := context.WithTimeout(ctx, usageFor)
		defer cancel()
		measured, err := remote.Measure(limited, a.shell, a.plan.server.DataDir, true, a.opts.Now)
		if err != nil {
			a.log.InfoContext(ctx, "what docker uses was not measured", "cause", err)
		} else {
			a.health = catalog.Health(measured)
		}
	}
	if err := a.ports.Health.ObserveServer(ctx, a.record.ServerID, a.health); err != nil {
		a.log.WarnContext(ctx, "measurement not stored", "error", err)
	}
}
