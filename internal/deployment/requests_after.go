package deployment

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// maxLooks is how often a request looks at the resources that it comes after, if their
// deployments end between the look and the write.
const maxLooks = 5

// enqueue completes the record with the deployments that it comes after, and calls write, which
// queues it.
func (r *Requests) enqueue(ctx context.Context, record Record, request Request,
	write func(Record) (Receipt, error)) (Receipt, error) {
	for look := 1; ; look++ {
		after, err := r.after(ctx, request)
		if err != nil {
			return Receipt{}, err
		}
		record.After, record.QueuedAt = after, record.CreatedAt
		if len(record.pending()) > 0 {
			record.QueuedAt = time.Time{}
		}
		receipt, err := write(record)
		if look == maxLooks || !errors.Is(err, ErrDependencyEnded) {
			return receipt, err
		}
	}
}

// after returns the deployments that the request comes after.
func (r *Requests) after(ctx context.Context, request Request) ([]Dependency, error) {
	switch {
	case len(request.After) == 0:
		return nil, nil
	case len(request.After) > MaxAfter:
		return nil, fault.InvalidField("after", "must have at most %d uuids", MaxAfter)
	case !request.Operation.Starts():
		return nil, fault.InvalidField("after", "is for a start, a restart or a deploy")
	case slices.Contains(request.After, request.Resource):
		return nil, fault.InvalidField("after", "names the resource itself, %s", request.Resource)
	}
	var all []Dependency
	for i, id := range request.After {
		if slices.Contains(request.After[:i], id) {
			continue
		}
		one, err := r.dependency(ctx, id)
		if errors.Is(err, fault.NotFound) {
			return nil, NewUnknownDependencyError(id)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, r.refuseCycle(ctx, request.Resource, all)
}

// dependency returns the deployment of the resource that is queued or running, or the one
// that started it. NotFound if there is no such resource, Conflict if nothing is going to
// start it.
func (r *Requests) dependency(ctx context.Context, id catalog.ID) (Dependency, error) {
	if !id.Kind().Deployable() {
		return Dependency{}, catalog.NewNotFoundError(id)
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, r.store, id)
	if err != nil {
		return Dependency{}, err
	}
	state := resource.Shared().State
	one := Dependency{Resource: id}
	switch {
	case state.Queued != "":
		one.Deployment = ID(state.Queued)
		return one, nil
	case state.Running != "":
		one.Deployment = ID(state.Running)
		return one, nil
	}
	last, err := r.queue.Last(ctx, id)
	if err != nil && !errors.Is(err, fault.NotFound) {
		return Dependency{}, err
	}
	if one.Status = Finished; last.Started() {
		one.Deployment = last.ID
		return one, nil
	}
	if strings.HasPrefix(state.Status, "running") {
		return one, nil
	}
	return Dependency{}, fault.New(fault.Conflict, "%s %s (%s) is not running and has no deployment that is "+
		"queued or running. Start it first.", id.Kind().Title(), resource.Common().Name, id)
}

// maxChain is the most waiting deployments that a request may come after, directly and in
// turn.
const maxChain = 100

// refuseCycle returns Invalid if one of the dependencies waits for the resource, directly or
// in turn. It saves a user from a mistake. Deployments cannot wait for one another anyway,
// because each waits only for deployments that were there before it.
func (r *Requests) refuseCycle(ctx context.Context, resource catalog.ID, after []Dependency) error {
	type link struct {
		id   ID
		path []string
	}
	var links []link
	seen := map[ID]bool{}
	follow := func(ids []ID, path []string) {
		for _, id := range ids {
			if !seen[id] {
				seen[id] = true
				links = append(links, link{id, append(slices.Clip(path), string(id.Resource()))})
			}
		}
	}
	follow(Record{After: after}.pending(), []string{string(resource)})
	for next := 0; next < len(links); next++ {
		if one := links[next]; one.id.Resource() == resource {
			return fault.InvalidField("after", "forms a cycle: %s", strings.Join(one.path, " after "))
		}
		if next == maxChain {
			return fault.InvalidField("after", "leads to more than %d deployments that wait", maxChain)
		}
		receipt, err := r.queue.Repeat(ctx, links[next].id)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		follow(receipt.Record.WaitsFor(), links[next].path)
	}
	return nil
}
