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
// The key is taken first. If the request succeeds, the key gets its result for the repeats.
// If it is refused, nothing was created, and the key is released: the client may correct the
// request, or wait, and use the key again. After any other error something may have been
// created, so a repeat runs with the same ids and finds it. The same applies if this function
// dies, as soon as [idempotency.RunLimit] is over.
func (g *gate) run(ctx context.Context, c *Call) (Answer, error) {
	text := c.header.Get(openapi.IdempotencyKey)
	if !c.route.TakesKey || text == "" {
		return g.endpoints[c.route.ID](ctx, c)
	}
	key, err := g.takeKey(ctx, c, text)
	if err != nil {
		return Answer{}, err
	}
	if key.Result != nil {
		return g.repeat(ctx, c, *key.Result)
	}
	c.key = &key
	reply, err := g.endpoints[c.route.ID](ctx, c)
	if failed := g.end(context.WithoutCancel(ctx), key, reply, err); failed != nil {
		// The answer is right in spite of it. A repeat runs again and finds what exists.
		g.opts.Log.LogAttrs(ctx, slog.LevelWarn, "the result of a request was not stored",
			slog.String("error", failed.Error()))
	}
	return reply, err
}

// takeKey takes the key of the request for a run.
func (g *gate) takeKey(ctx context.Context, c *Call, text string) (idempotency.Key, error) {
	if len(text) > maxKeyLength {
		return idempotency.Key{}, fault.InvalidField(openapi.IdempotencyKey,
			"must have at most %d characters", maxKeyLength)
	}
	place := []any{c.route.Path, c.Params}
	request, err := idempotency.NewRequest(text, c.Token.ID, c.route.Method, place, withoutWait(c.Query),
		c.Body)
	if err != nil {
		return idempotency.Key{}, err
	}
	seed, err := idempotency.NewSeed(g.opts.Random)
	if err != nil {
		return idempotency.Key{}, err
	}
	key, err := g.keys.Take(ctx, request, seed, g.opts.RecordTime())
	if errors.Is(err, idempotency.ErrRunning) {
		header := map[string]string{"Retry-After": "2"}
		return key, &HTTPError{status: http.StatusConflict, text: fault.Public(err), header: header}
	}
	return key, err
}

// end ends the run of the key by the endpoint's result.
func (g *gate) end(ctx context.Context, key idempotency.Key, reply Answer, err error) error {
	if err == nil {
		result := idempotency.Result{Status: reply.Status, IDs: reply.Created}
		return g.keys.Complete(ctx, key, result)
	}
	// An earlier run may have created something, even if this one is refused.
	if key.Run == 1 && problemAnswer(err, "").Status < http.StatusInternalServerError {
		return g.keys.Release(ctx, key)
	}
	return g.keys.Suspend(ctx, key)
}

// repeat answers a repeat of a request that has succeeded.
func (g *gate) repeat(ctx context.Context, c *Call, result idempotency.Result) (Answer, error) {
	var body any
	err := c.admitCreated(ctx, result.IDs)
	if err == nil {
		body, err = g.repeats[c.route.ID](ctx, c, result.IDs)
	}
	if errors.Is(err, fault.NotFound) {
		return Answer{}, NewCreatedError("What the first request with this Idempotency-Key created is gone. "+
			"Use a new key.", result.IDs...)
	}
	if err != nil {
		return Answer{}, err
	}
	return Answer{Status: result.Status, Body: body, Created: result.IDs}, nil
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
