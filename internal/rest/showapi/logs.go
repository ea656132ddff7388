package showapi

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/logbook"
	"waybill/internal/plainjson"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// readLog answers a page of a log. If it has no entries yet, it waits for some, as
// long as the query says.
func (a showAPI) readLog(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	query, wait, err := a.logQuery(ctx, c, record)
	if err != nil {
		return rest.Answer{}, err
	}
	if c.Query.Get("format") == "text" {
		return a.textLog(ctx, c, record, query, wait)
	}
	for _, name := range []string{"timestamps", "headings"} {
		if c.Query.Has(name) {
			return rest.Answer{}, fault.InvalidField(name, "is for format=text only; leave it out")
		}
	}
	record, page, err := a.readOrWait(ctx, record, query, wait)
	if err != nil {
		return rest.Answer{}, err
	}
	return formatted(c, page, isAtEnd(record, page.Next))
}

// beforeStep returns the order before the first entry of the steps with the name, or 0 if
// it is unknown or no step is asked for. All lines of a step come after the entry that
// begins it.
func beforeStep(record deployment.Record, name string) logbook.Order {
	before := record.Progress.Log.Last
	found := false
	for _, step := range record.Progress.Steps {
		if step.Name == name {
			before, found = min(before, step.First-1), true
		}
	}
	if !found {
		return 0
	}
	return max(before, 0)
}

// pollEvery is how often a waiting request reads the record. While a reader follows, a
// runner commits once a second at first, and later less often.
const pollEvery = 500 * time.Millisecond

// readOrWait reads the entries that the query asks for. Without any, it reads again
// until there are some, the log has ended, or the wait is over. It returns the
// record as it was when the page was read.
func (a showAPI) readOrWait(
	ctx context.Context, record deployment.Record, query logbook.Query, wait time.Duration,
) (deployment.Record, logbook.Page, error) {
	until := a.opts.Now().Add(wait)
	for {
		if wait > 0 {
			if err := a.opts.FollowDeployment(ctx, a.History, record); err != nil {
				return record, logbook.Page{}, err
			}
		}
		page, err := a.read(ctx, record, query)
		if err != nil {
			return record, logbook.Page{}, err
		}
		left := until.Sub(a.opts.Now())
		if len(page.Lines) > 0 || isAtEnd(record, page.Next) || left <= 0 {
			return record, page, nil
		}
		// The next read begins after the entries that the filter left out. One read
		// covers only a part of a long log; if the log has more, read on at once.
		further := page.Next > query.After && page.Next < record.Progress.Log.Last
		if query.After = page.Next; further {
			continue
		}
		if err := rest.Pause(ctx, min(left, pollEvery)); err != nil {
			return record, logbook.Page{}, err
		}
		if record, err = a.History.Get(ctx, record.ID); err != nil {
			return record, logbook.Page{}, rest.WrapNotFound(err, "Deployment")
		}
	}
}

// isAtEnd reports whether the log has ended and has no entry after the order.
func isAtEnd(record deployment.Record, next logbook.Order) bool {
	return wire.LogComplete(record) && next >= record.Progress.Log.Last
}

// read reads a page. It opens no chunk if the log has no entry after the query's.
func (a showAPI) read(
	ctx context.Context, record deployment.Record, query logbook.Query,
) (logbook.Page, error) {
	if record.Progress.Log.Last <= query.After {
		return logbook.Page{Next: query.After}, nil
	}
	page, err := logbook.Read(ctx, a.log(record), record.Progress.Log, query)
	if err != nil {
		return logbook.Page{}, err
	}
	return cutToSize(page)
}

// maxPageBytes limits the page in one answer. A Lambda function may answer 6 MB, and
// its answer is JSON that has the body as a text, so the size of that text counts.
const maxPageBytes = 5 << 20

// cutToSize cuts a page that would be too large as a text in JSON.
func cutToSize(page logbook.Page) (logbook.Page, error) {
	size := 0
	for i, line := range page.Lines {
		size += plainjson.Size(line) + len(`\n`)
		if size <= maxPageBytes || i == 0 {
			continue
		}
		var last struct{ Order logbook.Order }
		if err := json.Unmarshal(page.Lines[i-1], &last); err != nil {
			return logbook.Page{}, fault.Wrap(err, fault.Internal, "a stored line is damaged")
		}
		cut := logbook.Page{Lines: page.Lines[:i], Next: last.Order}
		for _, match := range page.Matches {
			if match <= cut.Next {
				cut.Matches = append(cut.Matches, match)
			}
		}
		return cut, nil
	}
	return page, nil
}

// formatted returns the page in the format of the query.
func formatted(c *rest.Call, page logbook.Page, complete bool) (rest.Answer, error) {
	if c.Query.Get("format") != "ndjson" {
		return objectAnswer(c, page, complete)
	}
	var out bytes.Buffer
	for _, line := range page.Lines {
		out.Write(line)
		out.WriteByte('\n')
	}
	return textAnswer(c, page.Next, complete, "application/x-ndjson", out.Bytes()), nil
}

// objectAnswer answers a page as one object. It does not use an encoder, which
// would parse the stored lines again although they are JSON already.
func objectAnswer(c *rest.Call, page logbook.Page, complete bool) (rest.Answer, error) {
	var out bytes.Buffer
	out.WriteString(`{"entries":[`)
	for i, line := range page.Lines {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(line)
	}
	fmt.Fprintf(&out, `],"next":%d,"complete":%t`, page.Next, complete)
	if c.Query.Has("q") {
		if err := writeMatches(&out, c, page, complete); err != nil {
			return rest.Answer{}, err
		}
	}
	out.WriteByte('}')
	return rest.Answer{
		Status: http.StatusOK, Text: out.Bytes(), ContentType: rest.JSONType, Compress: true,
	}, nil
}

// textAnswer answers a page as text, with the place of the next page in headers.
func textAnswer(
	c *rest.Call, next logbook.Order, complete bool, contentType string, text []byte,
) rest.Answer {
	after := strconv.FormatInt(int64(next), 10)
	header := map[string]string{
		"Waybill-Log-Next": after, "Waybill-Log-Complete": strconv.FormatBool(complete),
	}
	if !complete {
		header["Link"] = nextLink(c.Query, after)
	}
	return rest.Answer{
		Status: http.StatusOK, Text: text, ContentType: contentType, Header: header, Compress: true,
	}
}
