package showapi

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/url"
	"strconv"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/plainjson"
	"waybill/internal/rest"
	"waybill/internal/terminal"
	"waybill/internal/wire"
)

const (
	// maxTextBytes limits the text of a log in one answer.
	maxTextBytes = 4 << 20
	// maxTextTime limits the time for one answer: a filter may match only few lines
	// of a long log.
	maxTextTime = 12 * time.Second
)

// textLog answers the log as plain text: in order, as much as fits, and with a
// last line that says so if it is not the whole log.
func (a showAPI) textLog(
	ctx context.Context, c *rest.Call, record deployment.Record, query logbook.Query, wait time.Duration,
) (rest.Answer, error) {
	if !c.Query.Has("limit") {
		query.Limit = 0
	}
	text := transcript{next: query.After}
	text.timestamps, _ = strconv.ParseBool(c.Query.Get("timestamps")) // openapi.yaml has its form
	text.headings, _ = strconv.ParseBool(c.Query.Get("headings"))
	for until := a.opts.Until(ctx, wait+maxTextTime); ; wait = 0 {
		var page logbook.Page
		var err error
		if record, page, err = a.readOrWait(ctx, record, query, wait); err != nil {
			return rest.Answer{}, err
		}
		whole, err := text.add(page)
		if err != nil {
			return rest.Answer{}, err
		}
		if query.Limit > 0 {
			took := len(page.Lines)
			if query.Match != nil {
				took = len(page.Matches)
			}
			query.Limit = max(query.Limit-took, -1)
		}
		query.After = page.Next
		if !whole || query.Limit < 0 || c.Query.Has("limit") && query.Limit == 0 ||
			page.Next >= record.Progress.Log.Last || a.opts.Now().After(until) {
			break
		}
	}
	complete := isAtEnd(record, text.next)
	if !complete {
		text.writeNotice(c, record)
	}
	text.endColours()
	return textAnswer(c, text.next, complete, rest.PlainType, text.out.Bytes()), nil
}

// transcript is the text of a log. It joins a line that was cut into entries,
// unless an entry of the other stream is between them.
type transcript struct {
	timestamps bool
	headings   bool
	out        bytes.Buffer
	quoted     int           // size of the text as JSON
	before     logbook.Entry // the last one written
	heading    string
	next       logbook.Order
}

// add adds the lines of a page. It returns false if not all of them fit.
func (t *transcript) add(page logbook.Page) (bool, error) {
	for _, line := range page.Lines {
		entry, err := logbook.Decode(line)
		if err != nil {
			return false, err
		}
		if !entry.Hidden && !t.entry(entry) {
			return false, nil
		}
		t.next = entry.Order
	}
	t.next = page.Next
	return true, nil
}

// entry adds one entry. It returns false if the entry does not fit.
func (t *transcript) entry(e logbook.Entry) bool {
	var piece bytes.Buffer
	if !t.before.Continued || t.before.Type != e.Type {
		t.writeLineHead(&piece, e)
	}
	piece.WriteString(e.Text())
	if !e.Continued {
		piece.WriteByte('\n')
	}
	quoted := plainjson.Size(piece.Bytes())
	if t.out.Len() > 0 && (t.out.Len()+piece.Len() > maxTextBytes || t.quoted+quoted > maxPageBytes) {
		return false
	}
	t.out.Write(piece.Bytes())
	t.quoted += quoted
	t.before = e
	if e.Step != "" {
		t.heading = e.Step
	}
	return true
}

// writeLineHead writes the heading and the time of a line.
func (t *transcript) writeLineHead(piece *bytes.Buffer, e logbook.Entry) {
	if t.before.Continued {
		piece.WriteByte('\n')
	}
	if t.headings && e.Step != "" && e.Step != t.heading {
		piece.WriteString("== " + e.Step + " ==\n")
	}
	if t.timestamps {
		piece.WriteString(wire.Timestamp(e.Time) + " ")
	}
}

// writeNotice writes a last line that says why the text is not the whole log, and how
// to read on. It ends the log's colours first.
func (t *transcript) writeNotice(c *rest.Call, record deployment.Record) {
	if t.before.Continued {
		t.out.WriteByte('\n')
	}
	t.endColours()
	why := "The log continues"
	query := maps.Clone(c.Query)
	query.Set("after", strconv.FormatInt(int64(t.next), 10))
	if t.next >= record.Progress.Log.Last {
		why = "The deployment has not ended, so more may come"
		query.Del("wait")
		query.Set("follow", "true")
	}
	fmt.Fprintf(&t.out, "[waybill] %s. Next: GET /api/v1%s\n", why, logPath(record, query))
}

// logPath returns the path of a deployment's log below the API.
func logPath(record deployment.Record, query url.Values) string {
	path := "/deployments/" + string(record.ID) + "/logs"
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return path
}

// endColours ends a colour that the log has begun, so that it does not colour
// later output on the reader's terminal.
func (t *transcript) endColours() {
	text := t.out.Bytes()
	last := bytes.LastIndex(text, []byte("\x1b["))
	if last >= 0 && !bytes.HasPrefix(text[last:], []byte(terminal.Reset)) &&
		!bytes.HasPrefix(text[last:], []byte("\x1b[m")) {
		t.out.WriteString(terminal.Reset)
	}
}
