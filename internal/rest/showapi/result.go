package showapi

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/logbook"
	"waybill/internal/rest"
)

// maxResultBytes limits the entries of the log in a result, as they are stored. Their text
// is shorter.
const maxResultBytes = 4 << 20

// result answers with the end of the log when the deployment has ended: with a status of
// success only if it finished. Until then it leads back to itself, so that a client that
// follows redirects, such as `curl --location --fail`, waits for the end by one command
// and exits with the result.
func (a showAPI) result(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	wait, _ := c.Wait()
	if record, err = a.opts.Await(ctx, a.History, record, wait); err != nil {
		return rest.Answer{}, err
	}
	if !record.Status.Terminal() {
		return rest.Answer{
			Status: http.StatusSeeOther, ContentType: rest.PlainType, Text: []byte(record.Status + "\n"),
			Header: map[string]string{"Location": "?wait=20"},
		}, nil
	}
	text, err := a.resultText(ctx, record)
	status := http.StatusOK
	if record.Status != deployment.Finished {
		status = http.StatusFailedDependency
	}
	return rest.Answer{Status: status, ContentType: rest.PlainType, Text: text}, err
}

// resultText returns the end of the log, and a last line that says how the deployment
// ended.
func (a showAPI) resultText(ctx context.Context, record deployment.Record) ([]byte, error) {
	lines, err := a.tailLines(ctx, record, maxResultBytes)
	if err != nil {
		return nil, err
	}
	text := transcript{headings: true}
	if _, err := text.add(logbook.Page{Lines: lines}); err != nil {
		return nil, err
	}
	if text.before.Continued {
		text.out.WriteByte('\n')
	}
	text.endColours()
	fmt.Fprintf(&text.out, "[waybill] %s\n", summary(record))
	return text.out.Bytes(), nil
}

// summary says in a sentence how the deployment ended.
func summary(record deployment.Record) string {
	said := fmt.Sprintf("Deployment %s: %s", record.ID, record.Status)
	outcome := record.Outcome
	if outcome.Reason != "" {
		said += ", " + string(outcome.Reason)
	}
	if outcome.ExitCode != nil && *outcome.ExitCode != 0 {
		said += fmt.Sprintf(", exit code %d", *outcome.ExitCode)
	}
	if outcome.Signal != "" {
		said += ", " + outcome.Signal
	}
	if outcome.Successor != "" {
		said += " by " + string(outcome.Successor)
	}
	if !record.StartedAt.IsZero() {
		said += fmt.Sprintf(", after %s", record.FinishedAt.Sub(record.StartedAt).Round(100*time.Millisecond))
	}
	return said + "."
}
