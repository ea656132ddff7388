package catalogapi

import (
	"context"
	"time"

	"waybill/internal/audit"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// defaultEntries is the size of a page of the audit when the query has none, as openapi.yaml
// says.
const defaultEntries = 50

// listAudit answers a page of who changed what, the newest first. It never goes further back
// than entries are kept, whether DynamoDB has removed the expired ones yet or not.
func (a catalogAPI) listAudit(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	now := a.opts.RecordTime()
	query := audit.Query{
		Since: now.Add(-a.opts.Retention.Audit()), Until: now.Add(time.Microsecond),
		Token: c.Query.Get("token"), Target: c.Query.Get("target"),
	}
	var err error
	if query.Limit, err = rest.Number(c.Query, "take", defaultEntries); err != nil {
		return rest.Answer{}, err
	}
	if text := c.Query.Get("cursor"); text != "" {
		if query.After, err = audit.ParseID("cursor", text); err != nil {
			return rest.Answer{}, err
		}
	}
	since, err := readTime(c, "since")
	if err != nil {
		return rest.Answer{}, err
	}
	if since.After(query.Since) {
		query.Since = since
	}
	until, err := readTime(c, "until")
	if err != nil {
		return rest.Answer{}, err
	}
	if !until.IsZero() && until.Before(query.Until) {
		query.Until = until
	}
	page, err := audit.List(ctx, a.Audit, query)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(wire.FromAudit(page)), nil
}

// readTime returns a time of the query, or zero without it.
func readTime(c *rest.Call, name string) (time.Time, error) {
	text := c.Query.Get(name)
	if text == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fault.WrapField(err, fault.Invalid, name,
			"must be a time like 2027-01-31T00:00:00Z")
	}
	return at, nil
}
