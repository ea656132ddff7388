package catalogapi

import (
	"cmp"
	"context"
	"maps"
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/rest"
	"waybill/internal/wire"
)

// Existing clients choose a project and an environment before they create a resource. Here
// both are labels: a project is there while a resource has it. The standard ones are always
// there, so that a client has something to choose, and have the resources without labels.
const (
	standardProject     = "default"
	standardEnvironment = "production"
)

// environments are the resources of a project by their environments.
type environments map[string][]catalog.Deployable

// projects returns the projects of all resources that the call covers.
func (a catalogAPI) projects(ctx context.Context, c *rest.Call) (map[string]environments, error) {
	covered := func(resource catalog.Deployable) bool { return c.Covers(resource) }
	resources, err := catalog.Resources(ctx, a.Store, covered)
	if err != nil {
		return nil, err
	}
	all := map[string]environments{standardProject: {standardEnvironment: nil}}
	for _, resource := range resources {
		labels := resource.Shared().Labels
		project := cmp.Or(labels.Project, standardProject)
		if all[project] == nil {
			all[project] = environments{}
		}
		environment := cmp.Or(labels.Environment, standardEnvironment)
		all[project][environment] = append(all[project][environment], resource)
	}
	return all, nil
}

// listProjects answers all projects as an array.
func (a catalogAPI) listProjects(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	all, err := a.projects(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	bodies := []wire.Project{}
	for _, uuid := range slices.Sorted(maps.Keys(all)) {
		bodies = append(bodies, wire.NewProject(uuid))
	}
	return rest.OK(bodies), nil
}

// project returns the project that the path names.
func (a catalogAPI) project(ctx context.Context, c *rest.Call) (environments, error) {
	all, err := a.projects(ctx, c)
	if err != nil {
		return nil, err
	}
	found, is := all[c.Params["project"]]
	if !is {
		return nil, rest.NewNotFoundError("Project")
	}
	return found, nil
}

// getProject answers one project with its environments.
func (a catalogAPI) getProject(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	found, err := a.project(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	body := wire.NewProject(c.Params["project"])
	body.Environments = found.wire(body.UUID)
	return rest.OK(body), nil
}

// listEnvironments answers the environments of a project as an array.
func (a catalogAPI) listEnvironments(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	found, err := a.project(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(found.wire(c.Params["project"])), nil
}

// getEnvironment answers one environment with its resources.
func (a catalogAPI) getEnvironment(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	found, err := a.project(ctx, c)
	if err != nil {
		return rest.Answer{}, err
	}
	resources, is := found[c.Params["name"]]
	if !is {
		return rest.Answer{}, rest.NewNotFoundError("Environment")
	}
	return rest.OK(wire.NewEnvironmentPage(c.Params["project"], c.Params["name"], resources)), nil
}

// wire returns the environments as they are listed.
func (e environments) wire(project string) []wire.Environment {
	bodies := []wire.Environment{}
	for _, name := range slices.Sorted(maps.Keys(e)) {
		bodies = append(bodies, wire.NewEnvironment(project, name))
	}
	return bodies
}
