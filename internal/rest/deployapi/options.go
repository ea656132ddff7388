package deployapi

import (
	"cmp"
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

// optionsBody has the options of an operation.
type optionsBody struct {
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
	Force            bool   `json:"force"`
	ForceRebuild     bool   `json:"force_rebuild"`
	DockerTag        string `json:"docker_tag"`
	Commit           string `json:"commit"`
}

// options returns the options of the body and of the query, where upstream takes
// some of them.
func (b optionsBody) options(c *rest.Call) deployment.Options {
	return deployment.Options{
		PullLatestImages: b.PullLatestImages || rest.Flag(c.Query, "latest"),
		StopBeforeStart:  b.StopBeforeStart,
		Force:            b.Force || b.ForceRebuild || rest.Flag(c.Query, "force"),
		DockerTag:        cmp.Or(b.DockerTag, c.Query.Get("docker_tag")),
		Commit:           cmp.Or(b.Commit, c.Query.Get("commit")),
	}
}

// checkOptions refuses options that the resource has no use for: a tag needs an
// application that runs an image, a commit one that is built from a repository.
func (a deployAPI) checkOptions(ctx context.Context, id catalog.ID, options deployment.Options) error {
	if options.DockerTag == "" && options.Commit == "" {
		return nil
	}
	resource, err := catalog.FindHead[catalog.Deployable](ctx, a.Store, id)
	if err != nil {
		return err
	}
	application, is := resource.(*catalog.Application)
	switch {
	case options.DockerTag != "" && (!is || application.Image == nil):
		return rest.NewBadRequestError("docker_tag is for applications of the build pack dockerimage only.")
	case options.Commit != "" && (!is || application.Source() == nil):
		return rest.NewBadRequestError("commit is for applications that are built from a git repository " +
			"only.")
	}
	return nil
}
