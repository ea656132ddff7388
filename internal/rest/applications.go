package rest

import (
	"context"

	"waybill/internal/catalog"
)

// applicationBody is an application on the wire.
type applicationBody struct {
	sharedBody
	// Kind is the form that the application has; today there is one.
	Kind string `json:"kind"`
	// The commands are pointers because an empty one is shown as such.
	Start  *string `json:"start,omitempty"`
	Stop   *string `json:"stop,omitempty"`
	Health *string `json:"health,omitempty"`
}

const kindShell = "shell"

// showApplication is an application as lists show it.
func showApplication(a *catalog.Application) applicationBody {
	return applicationBody{sharedBody: showShared(&a.Resource), Kind: kindShell}
}

// showWholeApplication adds what lists leave out.
func showWholeApplication(a *catalog.Application, sensitive bool) applicationBody {
	body := showApplication(a)
	body.Environment = showEnvironment(a.Environment, sensitive)
	if sensitive && a.Shell != nil {
		body.Start, body.Stop, body.Health = &a.Shell.Start, &a.Shell.Stop, &a.Shell.Health
	}
	return body
}

// listApplications answers all of them as a bare array.
func (k keeper) listApplications(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindApplication, showApplication)
}

// getApplication answers one, with its commands for those who may see them.
func (k keeper) getApplication(ctx context.Context, c *call) (answer, error) {
	application, err := find[*catalog.Application](ctx, k.Store, c.params["uuid"], catalog.KindApplication)
	if err != nil {
		return answer{}, err
	}
	return ok(showWholeApplication(application, c.sensitive())), nil
}

// newShellApplication is what a client gives of an application.
type newShellApplication struct {
	newResource
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// createShellApplication keeps an application and starts nothing.
func (k keeper) createShellApplication(ctx context.Context, c *call) (answer, error) {
	given, err := decode[newShellApplication](c.body)
	if err != nil {
		return answer{}, err
	}
	resource, err := k.draft(catalog.KindApplication, given.newResource)
	if err != nil {
		return answer{}, err
	}
	application := &catalog.Application{
		Resource: resource,
		Shell:    &catalog.Shell{Start: given.Start, Stop: given.Stop, Health: given.Health},
	}
	if err := k.register(ctx, application); err != nil {
		return answer{}, err
	}
	return created(showWholeApplication(application, c.sensitive())), nil
}
