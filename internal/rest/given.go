package rest

import (
	"context"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
)

// A route with x-waybill-given-ability takes a token without the route's own ability for
// the deployments that were given to it. For all others it is told that it lacks the
// ability, whether they exist or not, so it learns nothing of them.

// authorize checks the ability and the scope of the token.
func (c *Call) authorize(ctx context.Context) error {
	denied := c.Token.Require(c.route.Ability)
	given := c.route.GivenAbility
	switch {
	case denied == nil:
		return c.checkScope(ctx)
	case given == "" || !c.Token.Can(given):
		return denied
	}
	c.denied = denied
	return c.Conceal(c.checkScope(ctx))
}

// OnlyGiven reports whether the token may only see deployments that were given to it.
func (c *Call) OnlyGiven() bool { return c.denied != nil }

// Conceal returns the error of a look-up as the token may see it. If the token may only see
// deployments that were given to it, every missing one is denied.
func (c *Call) Conceal(err error) error {
	if c.OnlyGiven() && (errors.Is(err, fault.NotFound) || errors.Is(err, fault.Gone)) {
		return c.denied
	}
	return err
}

// CheckGiven returns Denied for a deployment that the token may not see.
func (c *Call) CheckGiven(record deployment.Record) error {
	if c.OnlyGiven() && !record.IsGivenTo(c.Token.ID) {
		return c.denied
	}
	return nil
}
