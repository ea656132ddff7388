package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/idempotency"
	"waybill/internal/openapi"
)

// Repeat returns the body that answers a repeat of a request with an Idempotency-Key. It
// builds the body from the ids of what the first request created, as these things are
// now. NotFound if one of them is gone.
type Repeat func(ctx context.Context, c *Call, ids []string) (any, error)

// maxKeyLength limits an Idempotency-Key.
const maxKeyLength = 255

// run calls the endpoint, or answers a repeat of a request that has succeeded.
//
// A request with an Idempotency-Key is claimed first. If it succeeds, the claim gets its
// outcome for the repeats. If it is refused, nothing was created, and the claim is given
// up: the client may correct the request, or wait, and use the key again. After any other
// error something may have been created, so a repeat runs with the same ids and finds it.
// The same applies if this function dies, as soon as [idempotency.RunLimit] is over.
func (g *gate) run(ctx context.Context, c *Call) (Answer, error) {
	key := c.header.Get(openapi.IdempotencyKey)
	if !c.route.TakesKey || key == "" {
		return g.endpoints[c.route.ID](ctx, c)
	}
	claim, err := g.claim(ctx, c, key)
	if err != nil {
		return Answer{}, err
	}
	if claim.Outcome != nil {
		return g.repeat(ctx, c, *claim.Outcome)
	}
	c.claim = &claim
	reply, err := g.endpoints[c.route.ID](ctx, c)
	if failed := g.end(context.WithoutCancel(ctx), claim, reply, err); failed != nil {
		// The answer is right in spite of it. A repeat runs again and finds what exists.
		g.opts.Log.LogAttrs(ctx, slog.LevelWarn, "the outcome of a request was not stored",
			slog.String("error", failed.Error()))
	}
	return reply, err
}

// claim claims the request for a run.
func (g *gate) claim(ctx context.Context, c *Call, key string) (idempotency.Claim, error) {
	if len(key) > maxKeyLength {
		return idempotency.Claim{}, fault.InvalidField(openapi.IdempotencyKey,
			"must have at most %d characters", maxKeyLength)
	}
	place := []any{c.route.Path, c.Params}
	request, err := idempotency.NewRequest(key, c.Token.ID, c.route.Method, place, c.Query, c.Body)
	if err != nil {
		return idempotency.Claim{}, err
	}
	seed, err := idempotency.NewSeed(g.opts.Random)
	if err != nil {
		return idempotency.Claim{}, err
	}
	claim, err := g.keys.Claim(ctx, request, seed, g.opts.RecordTime())
	if errors.Is(err, idempotency.ErrRunning) {
		header := map[string]string{"Retry-After": "2"}
		return claim, &HTTPError{status: http.StatusConflict, text: fault.Public(err), header: header}
	}
	return claim, err
}

// end ends the run of the claim by the endpoint's result.
func (g *gate) end(ctx context.Context, claim idempotency.Claim, reply Answer, err error) error {
	if err == nil {
		outcome := idempotency.Outcome{Status: reply.Status, IDs: reply.Created}
		return g.keys.Complete(ctx, claim, outcome)
	}
	// An earlier run may have created something, even if this one is refused.
	if claim.Run == 1 && problemAnswer(err, "").Status < http.StatusInternalServerError {
		return g.keys.Release(ctx, claim)
	}
	return g.keys.Suspend(ctx, claim)
}

// repeat answers a repeat of a request that has succeeded.
func (g *gate) repeat(ctx context.Context, c *Call, outcome idempotency.Outcome) (Answer, error) {
	body, err := g.repeats[c.route.ID](ctx, c, outcome.IDs)
	if errors.Is(err, fault.NotFound) {
		return Answer{}, NewCreatedError("What the first request with this Idempotency-Key created is gone. "+
			"Use a new key.", outcome.IDs...)
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: outcome.Status, Body: body, Created: outcome.IDs}, nil
}

// deploymentsIn returns the uuids of deployments among the ids, for the operator's log.
func deploymentsIn(ids []string) string {
	var found []string
	for _, id := range ids {
		if _, err := deployment.ParseID(id); err == nil {
			found = append(found, id)
		}
	}
	return strings.Join(found, ",")
}
