package rest

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
)

// readLog answers a part of a log: what is there already, or what comes within
// the wait.
func (s shower) readLog(ctx context.Context, c *call) (answer, error) {
	record, err := s.record(ctx, c.params["uuid"])
	if err != nil {
		return answer{}, err
	}
	query, wait, err := logQuery(c)
	if err != nil {
		return answer{}, err
	}
	page, complete, err := s.await(ctx, record, query, wait)
	if err != nil {
		return answer{}, err
	}
	return formatted(c.query.Get("format"), page, complete)
}

// logQuery reads what is asked for; openapi.yaml has the bounds.
func logQuery(c *call) (logbook.Query, time.Duration, error) {
	after, err := number(c.query, "after", 0)
	if err != nil {
		return logbook.Query{}, 0, err
	}
	limit, err := number(c.query, "limit", logbook.MaxLimit)
	if err != nil {
		return logbook.Query{}, 0, err
	}
	wait, err := number(c.query, "wait", 0)
	if err != nil {
		return logbook.Query{}, 0, err
	}
	return logbook.Query{
		After: logbook.Order(after),
		Limit: limit,
		Step:  c.query.Get("step"),
		Type:  logbook.Type(c.query.Get("type")),
	}, time.Duration(wait) * time.Second, nil
}

const (
	// pollEvery is how often a waiting reader looks at the record. A runner
	// commits once a second when a reader begins to follow, later less often.
	pollEvery = 500 * time.Millisecond
	// followEvery is how often it is noted that somebody follows. The note
	// counts for 30 s.
	followEvery = 5 * time.Second
)

// await reads the entries that the query asks for. If there are none yet, it
// looks again until there are, the log has ended, or the wait is over. complete
// says that the log has ended and the page reaches its end.
func (s shower) await(ctx context.Context, record deployment.Record, query logbook.Query, wait time.Duration) (page logbook.Page, complete bool, err error) {
	until := s.opts.Now().Add(wait)
	for {
		if wait > 0 {
			if err := s.follow(ctx, record); err != nil {
				return logbook.Page{}, false, err
			}
		}
		if page, err = s.read(ctx, record, query); err != nil {
			return logbook.Page{}, false, err
		}
		complete = ended(record) && page.Next >= record.Progress.Log.Last
		left := until.Sub(s.opts.Now())
		if len(page.Lines) > 0 || complete || left <= 0 {
			return page, complete, nil
		}
		// What a filter left out needs no second look. It goes through no more than
		// one read does; what is there already needs no pause.
		further := page.Next > query.After && page.Next < record.Progress.Log.Last
		if query.After = page.Next; further {
			continue
		}
		if err := pause(ctx, min(left, pollEvery)); err != nil {
			return logbook.Page{}, false, err
		}
		if record, err = s.History.Get(ctx, record.ID); err != nil {
			return logbook.Page{}, false, missing(err, "Deployment")
		}
	}
}

// follow notes on the record that somebody waits for the log, so that its
// runner commits sooner. One note serves all who wait.
func (s shower) follow(ctx context.Context, record deployment.Record) error {
	now := s.opts.now()
	if ended(record) || now.Sub(record.FollowedAt) < followEvery {
		return nil
	}
	return s.History.Follow(ctx, record.ID, now)
}

// read opens no chunk unless there is something behind the place.
func (s shower) read(ctx context.Context, record deployment.Record, query logbook.Query) (logbook.Page, error) {
	if record.Progress.Log.Last <= query.After {
		return logbook.Page{Next: query.After}, nil
	}
	page, err := logbook.Read(ctx, s.Archive, record.ID.Book(), record.Progress.Log, query)
	if err != nil {
		return logbook.Page{}, err
	}
	return fit(page)
}

// maxPageBytes is how much of a page goes into one answer: a Lambda function
// may answer 6 MB, and its answer is JSON with the body as a text in it.
const maxPageBytes = 5 << 20

// fit cuts a page that would be too large once it is quoted. A log of nothing
// but quotes doubles.
func fit(page logbook.Page) (logbook.Page, error) {
	size := 0
	for i, line := range page.Lines {
		size += len(line) + bytes.Count(line, []byte{'"'}) + bytes.Count(line, []byte{'\\'}) + 1
		if size <= maxPageBytes || i == 0 {
			continue
		}
		var last struct{ Order logbook.Order }
		if err := json.Unmarshal(page.Lines[i-1], &last); err != nil {
			return logbook.Page{}, fault.Wrap(err, fault.Internal, "a stored line is damaged")
		}
		return logbook.Page{Lines: page.Lines[:i], Next: last.Order}, nil
	}
	return page, nil
}

// pause waits, but no longer than the request lives.
func pause(ctx context.Context, length time.Duration) error {
	timer := time.NewTimer(length)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// formatted is the page in the format that was asked for.
func formatted(format string, page logbook.Page, complete bool) (answer, error) {
	switch format {
	case "ndjson":
		var out bytes.Buffer
		for _, line := range page.Lines {
			out.Write(line)
			out.WriteByte('\n')
		}
		return inLines(page, complete, "application/x-ndjson", out.Bytes()), nil
	case "text":
		text, err := readable(page.Lines)
		return inLines(page, complete, "text/plain; charset=utf-8", text), err
	}
	return inObject(page, complete), nil
}

// inObject answers a page as one object. It is written by hand, because the
// stored lines are JSON already: an encoder would read every byte of them again.
func inObject(page logbook.Page, complete bool) answer {
	var out bytes.Buffer
	out.WriteString(`{"entries":[`)
	for i, line := range page.Lines {
		if i > 0 {
			out.WriteByte(',')
		}
		out.Write(line)
	}
	fmt.Fprintf(&out, `],"next":%d,"complete":%t}`, page.Next, complete)
	return answer{status: http.StatusOK, text: out.Bytes(), contentType: jsonType}
}

// inLines answers a page as text; where to go on is in the header.
func inLines(page logbook.Page, complete bool, contentType string, text []byte) answer {
	return answer{status: http.StatusOK, text: text, contentType: contentType, header: map[string]string{
		"Waybill-Log-Next":     strconv.FormatInt(int64(page.Next), 10),
		"Waybill-Log-Complete": strconv.FormatBool(complete),
	}}
}

// readable is what a person reads: the lines as they were printed. A line that
// was cut into entries is whole again, unless one of the other stream came
// between its pieces.
func readable(lines [][]byte) ([]byte, error) {
	var out bytes.Buffer
	var before logbook.Entry
	for i, line := range lines {
		entry, err := logbook.Decode(line)
		if err != nil {
			return nil, err
		}
		text, err := logbook.Text(line)
		if err != nil {
			return nil, err
		}
		if i > 0 && (!before.Continued || before.Type != entry.Type) {
			out.WriteByte('\n')
		}
		out.Write(text)
		before = entry
	}
	if len(lines) > 0 && !before.Continued {
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}
