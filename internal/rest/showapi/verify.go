package showapi

import (
	"context"
	"errors"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// verifyBody says whether a log is unchanged since it was written. A scrubbed log
// is valid, although it differs from the log that was written first; its fields
// say that it was scrubbed.
type verifyBody struct {
	DeploymentUUID  string  `json:"deployment_uuid"`
	OK              bool    `json:"ok"`
	Complete        bool    `json:"complete"`
	Next            *int    `json:"next"`
	Chunks          int     `json:"chunks"`
	Checked         int     `json:"checked"`
	BadChunk        *int    `json:"bad_chunk"`
	Reason          *string `json:"reason"`
	Rewritten       int     `json:"rewritten"`
	Digest          *string `json:"digest"`
	OriginalDigest  *string `json:"original_digest"`
	ScrubbedAt      *string `json:"scrubbed_at"`
	ScrubbedBy      *string `json:"scrubbed_by"`
	ScrubbedEntries int     `json:"scrubbed_entries"`
}

// verify recomputes the hash chain of a log's chunks, as far as the time for an
// answer allows.
func (a showAPI) verify(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	mark := record.Progress.Log
	after, err := rest.Number(c.Query, "after", 0)
	if err != nil {
		return rest.Answer{}, err
	}
	if after > mark.Chunks {
		return rest.Answer{}, fault.InvalidField("after", "must be the number of a chunk of this log")
	}
	found, err := a.verifySlices(ctx, record, after)
	if err != nil {
		return rest.Answer{}, err
	}
	body := verifyBody{
		DeploymentUUID:  string(record.ID),
		OK:              found.Bad == 0,
		Complete:        !found.More,
		Chunks:          mark.Chunks,
		Checked:         found.Checked,
		Reason:          wire.TextOrNull(found.Why),
		Rewritten:       found.Rewritten,
		Digest:          wire.TextOrNull(mark.Digest),
		OriginalDigest:  wire.TextOrNull(record.Scrub.Original),
		ScrubbedAt:      wire.TimestampOrNull(record.Scrub.At),
		ScrubbedBy:      wire.TextOrNull(record.Scrub.By),
		ScrubbedEntries: record.Scrub.Entries,
	}
	if found.More {
		body.Next = &found.Checked
	}
	if found.Bad > 0 {
		body.BadChunk = &found.Bad
	}
	return rest.OK(body), nil
}

const (
	// verifyFor is how long one request begins new slices. The rest of the 29 s that
	// API Gateway waits is for the last slice.
	verifyFor = 10 * time.Second
	// verifyBytes is the size of a slice, compressed: the chunks that are read before
	// the time is checked. They decompress to about ten times as much JSON.
	verifyBytes = 1 << 20
)

// verifySlices verifies slice by slice. Gone if both ends of the log are missing, which
// means that it has expired; a log that lacks only a part is damaged.
func (a showAPI) verifySlices(
	ctx context.Context, record deployment.Record, after int,
) (logbook.Verification, error) {
	mark := record.Progress.Log
	until := a.opts.Now().Add(verifyFor)
	rewritten := 0
	for {
		found, err := logbook.Verify(ctx, a.log(record), mark, after, verifyBytes)
		if err != nil {
			return logbook.Verification{}, err
		}
		rewritten += found.Rewritten
		if found.More && a.opts.Now().Before(until) {
			after = found.Checked
			continue
		}
		found.Rewritten = rewritten
		if found.Bad > 0 {
			err = a.checkNotExpired(ctx, record)
		}
		return found, err
	}
}

// checkNotExpired returns Gone if both ends of the log are missing.
func (a showAPI) checkNotExpired(ctx context.Context, record deployment.Record) error {
	for _, end := range []int{1, record.Progress.Log.Chunks} {
		if _, err := a.Archive.Head(ctx, record.ID.Book(), end); !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return fault.New(fault.Gone, "The log of this deployment is no longer kept.")
}
