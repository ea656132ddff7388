package rest

import (
	"context"
	"net/url"
	"strconv"
	"strings"
	"time"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/openapi"
)

const (
	// A waiting request reads a record after firstPoll, and then after pauses that grow to
	// slowestPoll. That is 12 reads in 20 s.
	firstPoll   = 500 * time.Millisecond
	slowestPoll = 2 * time.Second
	// answerTime is left of the function's time limit when a wait ends.
	answerTime = 3 * time.Second
)

// Wait returns how long the request may wait for the end of its deployments, and whether
// it asks for that.
func (c *Call) Wait() (time.Duration, bool) {
	seconds, err := strconv.Atoi(c.Query.Get(openapi.Wait))
	return time.Duration(seconds) * time.Second, err == nil
}

// Follows reports whether the answer leads the client to the result of its deployment.
func (c *Call) Follows() bool { return Flag(c.Query, openapi.Follow) }

// Reference returns the relative reference from the request's path to another path of the
// API. An absolute one would lack the stage or the base path of API Gateway.
func (c *Call) Reference(path string) string {
	_, below, _ := strings.Cut(c.path, "/v1")
	return strings.Repeat("../", max(strings.Count(below, "/")-1, 0)) + strings.TrimPrefix(path, "/")
}

// checkWait refuses a request that both waits and follows.
func (c *Call) checkWait() error {
	if c.Follows() && c.Query.Has(openapi.Wait) {
		return fault.InvalidField(openapi.Follow, "waits by itself; leave `wait` out")
	}
	return nil
}

// Await returns the record when its deployment has ended, or when the wait is over. It is noted
// on the record like a reader of the log, so that the deployment is not parked and its end is
// seen at once.
func (o Options) Await(
	ctx context.Context, history deployment.History, record deployment.Record, wait time.Duration,
) (deployment.Record, error) {
	return o.awaitUntil(ctx, history, record, o.Until(ctx, wait))
}

// AwaitAll returns the records of the deployments when all have ended, or when the wait is
// over. It watches one after the other, so that many cost few reads more than one.
func (o Options) AwaitAll(
	ctx context.Context, history deployment.History, ids []deployment.ID, wait time.Duration,
) (map[deployment.ID]deployment.Record, error) {
	until := o.Until(ctx, wait)
	records := map[deployment.ID]deployment.Record{}
	for _, id := range ids {
		record, err := history.Get(ctx, id)
		if err == nil {
			record, err = o.awaitUntil(ctx, history, record, until)
		}
		if err != nil {
			return nil, WrapNotFound(err, "Deployment")
		}
		records[id] = record
	}
	return records, nil
}

// Until returns when work of the given length that begins now is over: before the function
// must answer.
func (o Options) Until(ctx context.Context, wait time.Duration) time.Time {
	until := o.Now().Add(wait)
	if limit, limited := ctx.Deadline(); limited && limit.Add(-answerTime).Before(until) {
		return limit.Add(-answerTime)
	}
	return until
}

func (o Options) awaitUntil(
	ctx context.Context, history deployment.History, record deployment.Record, until time.Time,
) (deployment.Record, error) {
	for pause := firstPoll; !record.Status.Terminal(); pause = min(pause*3/2, slowestPoll) {
		left := until.Sub(o.Now())
		if left <= 0 {
			break
		}
		if err := o.FollowDeployment(ctx, history, record); err != nil {
			return record, err
		}
		if err := Pause(ctx, min(pause, left)); err != nil {
			return record, err
		}
		next, err := history.Get(ctx, record.ID)
		if err != nil {
			return record, WrapNotFound(err, "Deployment")
		}
		record = next
	}
	return record, nil
}

// FollowDeployment notes on the record that a request waits for the deployment or for its log,
// unless that was noted a moment ago. One note serves all requests.
func (o Options) FollowDeployment(
	ctx context.Context, history deployment.History, record deployment.Record,
) error {
	now := o.RecordTime()
	if record.Status.Terminal() || now.Sub(record.FollowedAt) < deployment.FollowEvery {
		return nil
	}
	return WrapNotFound(history.Follow(ctx, record.ID, now), "Deployment")
}

// RetryNow is the header of an answer whose wait is over: the client may ask again at
// once, because the next request waits, too.
func RetryNow() map[string]string { return map[string]string{"Retry-After": "1"} }

// withoutWait returns the query without the parameters that only change how it is
// answered.
func withoutWait(query url.Values) url.Values {
	kept := url.Values{}
	for name, values := range query {
		if name != openapi.Wait && name != openapi.Follow {
			kept[name] = values
		}
	}
	return kept
}
