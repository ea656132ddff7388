package showapi

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/rest"
)

const (
	// followTime is how long a request with `follow` waits for more of the log.
	followTime = 20 * time.Second
	// searchTime limits the time of a search for one answer.
	searchTime = 5 * time.Second
)

// logQuery parses the query; openapi.yaml has the bounds. It also returns how long to
// wait.
func (a showAPI) logQuery(
	ctx context.Context, c *rest.Call, record deployment.Record,
) (logbook.Query, time.Duration, error) {
	var query logbook.Query
	after, err := rest.Number(c.Query, "after", 0)
	if err != nil {
		return query, 0, err
	}
	if query.Limit, err = rest.Number(c.Query, "limit", logbook.MaxLimit); err != nil {
		return query, 0, err
	}
	if query.After = logbook.Order(after); after < 0 { // the last entries
		query.After += record.Progress.Log.Last
	}
	query.Step, query.Shown = c.Query.Get("step"), c.OnlyGiven()
	query.After = max(query.After, beforeStep(record, query.Step), 0)
	stream, typ := c.Query.Get("stream"), c.Query.Get("type")
	if query.Type = logbook.Type(cmp.Or(stream, typ)); stream != "" && typ != "" {
		return query, 0, fault.InvalidField("type", "is the same as `stream`; leave it out")
	}
	wait, _ := c.Wait()
	if c.Follows() {
		wait = followTime
	}
	if err := a.addSince(ctx, c, record, &query); err != nil {
		return query, 0, err
	}
	return query, wait, a.addSearch(ctx, c, wait, &query)
}

// addSince adds the time of the earliest entry to the query, and its place in the log.
func (a showAPI) addSince(
	ctx context.Context, c *rest.Call, record deployment.Record, query *logbook.Query,
) error {
	if !c.Query.Has("since") {
		return nil
	}
	at, err := time.Parse(time.RFC3339, c.Query.Get("since"))
	if err != nil {
		return fault.InvalidField("since", "must be a time such as 2026-01-02T03:04:05Z")
	}
	before, err := logbook.Since(ctx, a.log(record), record.Progress.Log, at)
	query.Since, query.After = at, max(query.After, before)
	return err
}

// addSearch adds the text to look for to the query.
func (a showAPI) addSearch(
	ctx context.Context, c *rest.Call, wait time.Duration, query *logbook.Query,
) error {
	if !c.Query.Has("q") {
		for _, name := range []string{"regex", "context", "found"} {
			if c.Query.Has(name) {
				return fault.InvalidField(name, "is for a search; give `q`, too")
			}
		}
		return nil
	}
	var err error
	if query.Match, err = logbook.NewMatcher(c.Query.Get("q"), rest.Flag(c.Query, "regex")); err != nil {
		return err
	}
	until := a.opts.Until(ctx, wait+searchTime)
	query.Enough = func() bool { return a.opts.Now().After(until) }
	query.Context, err = rest.Number(c.Query, "context", 0)
	return err
}

// writeMatches writes the members that only a search has. The client sends back how many
// matches the pages before had, so that the last page has their total.
func writeMatches(out io.Writer, c *rest.Call, page logbook.Page, complete bool) error {
	found, err := rest.Number(c.Query, "found", 0)
	if err != nil {
		return err
	}
	body := struct {
		Matches   []logbook.Order `json:"matches"`
		ScannedTo logbook.Order   `json:"scanned_to"`
		Found     int             `json:"found"`
		Total     *int            `json:"total"`
	}{Matches: page.Matches, ScannedTo: page.Next, Found: found + len(page.Matches)}
	if body.Matches == nil {
		body.Matches = []logbook.Order{}
	}
	if complete {
		body.Total = &body.Found
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fault.Wrap(err, fault.Internal, "encode the matches")
	}
	_, _ = out.Write(append([]byte{','}, text[1:len(text)-1]...)) // into memory
	return nil
}
