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

// verifyBody says whether a log is what was written. Of one that was scrubbed
// it says that too: it is right, and not what was written first.
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

// verify recomputes the chain of a log's chunks, as far as it comes in the time
// that an answer has.
func (s showAPI) verify(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := s.record(ctx, c.Params["uuid"])
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
	found, err := s.check(ctx, record, after)
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
	// verifyFor is how long one request checks. What is left of the 29 s that the
	// gateway waits is for the slice that was begun last.
	verifyFor = 10 * time.Second
	// verifyBytes is a slice: how much is read, as it is stored, before the time
	// is looked at. It becomes some ten times as much JSON.
	verifyBytes = 1 << 20
)

// check checks slice by slice. Gone if neither end of the log is there any more;
// a log that only lacks a part is damaged.
func (s showAPI) check(ctx context.Context, record deployment.Record, after int) (logbook.Verification, error) {
	book, mark := record.ID.Book(), record.Progress.Log
	until := s.opts.Now().Add(verifyFor)
	rewritten := 0
	for {
		found, err := logbook.Verify(ctx, s.Archive, book, mark, after, verifyBytes)
		if err != nil {
			return logbook.Verification{}, err
		}
		rewritten += found.Rewritten
		if found.More && s.opts.Now().Before(until) {
			after = found.Checked
			continue
		}
		found.Rewritten = rewritten
		if found.Bad > 0 {
			err = s.kept(ctx, book, mark)
		}
		return found, err
	}
}

// kept is Gone if neither end of the log is there.
func (s showAPI) kept(ctx context.Context, book logbook.Book, mark logbook.Mark) error {
	for _, end := range []int{1, mark.Chunks} {
		if _, err := s.Archive.Head(ctx, book, end); !errors.Is(err, fault.NotFound) {
			return err
		}
	}
	return fault.New(fault.Gone, "The log of this deployment is no longer kept.")
}
