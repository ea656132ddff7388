package dynamostore

import (
	"context"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
)

// RecordScrub writes on the condition that the digest of the log is unchanged since
// the record was read. No other write changes a record that has ended.
func (d *Deployments) RecordScrub(ctx context.Context, id deployment.ID, was string, mark logbook.Mark,
	scrub deployment.ScrubSummary) error {
	return retry(ctx, func() (bool, error) {
		record, err := d.Get(ctx, id)
		if err != nil {
			return false, err
		}
		next, err := record.Rewritten(was, mark, scrub)
		if err != nil {
			return false, err
		}
		log, err := part(newMarkItem(next.Progress.Log))
		if err != nil {
			return false, err
		}
		fields, err := part(newScrubItem(next.Scrub))
		if err != nil {
			return false, err
		}
		_, done, err := d.change(ctx, change{
			table:     d.tables.of(id.Kind()),
			key:       recordKey(id),
			update:    "SET #progress.#log = :log, #scrub = :scrub, #updated_at = :at",
			condition: "#status = :status AND #progress.#log.#digest = :was",
			values: item{":log": log, ":scrub": fields, ":at": stamp(next.UpdatedAt),
				":status": text(next.Status),
				":was":    text(was)},
		})
		return done, err
	})
}

// scrubItem is a [deployment.ScrubSummary].
type scrubItem struct {
	At         instant `dynamodbav:"at"`
	By         string  `dynamodbav:"by"`
	Deployment string  `dynamodbav:"deployment"`
	Entries    int     `dynamodbav:"entries"`
	Original   string  `dynamodbav:"original"`
}

func newScrubItem(s deployment.ScrubSummary) scrubItem {
	return scrubItem{At: instant(s.At), By: s.By, Deployment: string(s.Deployment), Entries: s.Entries,
		Original: s.Original}
}

func (f scrubItem) scrub() deployment.ScrubSummary {
	return deployment.ScrubSummary{At: time.Time(f.At), By: f.By, Deployment: deployment.ID(f.Deployment),
		Entries: f.Entries, Original: f.Original}
}

// scrubProgressItem is how far a scrub is.
type scrubProgressItem struct {
	Last    string `dynamodbav:"last"`
	Logs    int    `dynamodbav:"logs"`
	Changed int    `dynamodbav:"changed"`
	Entries int    `dynamodbav:"entries"`
	Failed  int    `dynamodbav:"failed"`
}

// newScrubProgressItem returns nil for a deployment that is not a scrub, which keeps
// the frequent writes of progress small.
func newScrubProgressItem(s deployment.ScrubProgress) *scrubProgressItem {
	if s == (deployment.ScrubProgress{}) {
		return nil
	}
	return &scrubProgressItem{Last: string(s.Last), Logs: s.Logs, Changed: s.Changed, Entries: s.Entries,
		Failed: s.Failed}
}

func (f *scrubProgressItem) progress() deployment.ScrubProgress {
	if f == nil {
		return deployment.ScrubProgress{}
	}
	return deployment.ScrubProgress{Last: deployment.ID(f.Last), Logs: f.Logs, Changed: f.Changed,
		Entries: f.Entries, Failed: f.Failed}
}
