package memory

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/statistics"
)

// rollups is a [statistics.Reader] that has no rollups, only records.
type rollups struct{ *Memory }

func (rollups) Rollups(ctx context.Context, _ catalog.ID, _, _ statistics.Day) ([]statistics.Rollup, error) {
	return nil, ctx.Err()
}

func (r rollups) Records(ctx context.Context, resource catalog.ID,
	day statistics.Day) ([]deployment.Record, error) {
	var records []deployment.Record
	err := r.locked(ctx, func() error {
		for id, record := range r.records {
			if id.Resource() == resource && statistics.DayOf(record.CreatedAt) == day {
				records = append(records, cloneRecord(record))
			}
		}
		return nil
	})
	return records, err
}

func (rollups) Progress(ctx context.Context) (statistics.Progress, error) {
	return statistics.Progress{}, ctx.Err()
}
