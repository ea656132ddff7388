package deployapi

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
)

// after returns the resources of `after` in the body or in the query.
func (b deployBody) after(c *rest.Call) []catalog.ID {
	if len(b.After) > 0 {
		return b.After
	}
	var ids []catalog.ID
	for id := range strings.SplitSeq(c.Query.Get("after"), ",") {
		if id = strings.TrimSpace(id); id != "" {
			ids = append(ids, catalog.ID(id))
		}
	}
	return ids
}

// turn is a resource of a request for several.
type turn struct {
	uuid string
	// after are the resources that it comes after.
	after []catalog.ID
	// refused has the resources of the request that were refused so far.
	refused map[string]bool
}

// dependencies returns the resources that it comes after. Conflict if one of them is a
// resource of the request that was refused: the deployment that it had before is not the one
// to wait for.
func (o turn) dependencies() ([]catalog.ID, error) {
	for _, id := range o.after {
		if o.refused[string(id)] {
			return nil, fault.New(fault.Conflict, "%s, which this deployment comes after, was refused.", id)
		}
	}
	return o.after, nil
}

// order puts the resources of the request that after names first. They wait for nothing, and
// the others come after all that after names. What after names must exist before anything is
// queued.
func (a deployAPI) order(
	ctx context.Context, c *rest.Call, uuids []string, after []catalog.ID,
) ([]turn, error) {
	if len(after) > deployment.MaxAfter {
		return nil, fault.InvalidField("after", "must have at most %d uuids", deployment.MaxAfter)
	}
	after, err := a.after(ctx, c, after)
	if err != nil {
		return nil, err
	}
	var first, others []turn
	refused := map[string]bool{}
	for _, uuid := range uuids {
		if slices.Contains(after, catalog.ID(uuid)) {
			first = append(first, turn{uuid: uuid, refused: refused})
		} else {
			others = append(others, turn{uuid, after, refused})
		}
	}
	if len(others) == 0 {
		return nil, fault.InvalidField("after", "names every resource of the request")
	}
	for _, id := range after {
		if err := a.refuseUnknown(ctx, id); err != nil {
			return nil, err
		}
	}
	return append(first, others...), nil
}

// refuseUnknown returns Invalid if the id is of no resource.
func (a deployAPI) refuseUnknown(ctx context.Context, id catalog.ID) error {
	if !id.Kind().Deployable() {
		return deployment.NewUnknownDependencyError(id)
	}
	_, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, id)
	if errors.Is(err, fault.NotFound) {
		return deployment.NewUnknownDependencyError(id)
	}
	return err
}

// refusalText is the text of a refusal, with the fields that are to blame.
func refusalText(err error) string {
	var problems []string
	for field, texts := range fault.Fields(err) {
		problems = append(problems, field+" "+strings.Join(texts, ", ")+".")
	}
	slices.Sort(problems)
	return cmp.Or(strings.Join(problems, " "), rest.PublicText(err))
}
