package deployapi

import (
	"cmp"
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/rest"
)

// optionsBody is what a client chooses of an operation.
type optionsBody struct {
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
	Force            bool   `json:"force"`
	DockerTag        string `json:"docker_tag"`
	Commit           string `json:"commit"`
}

// options are those of the body, with what upstream takes in the query.
func (b optionsBody) options(c *rest.Call) deployment.Options {
	return deployment.Options{
		PullLatestImages: b.PullLatestImages || rest.Flag(c.Query, "latest"),
		StopBeforeStart:  b.StopBeforeStart,
		Force:            b.Force || rest.Flag(c.Query, "force"),
		DockerTag:        cmp.Or(b.DockerTag, c.Query.Get("docker_tag")),
		Commit:           cmp.Or(b.Commit, c.Query.Get("commit")),
	}
}

// fits refuses options that the resource has no use for: a tag is for what runs
// an image, a commit for what is built from a repository.
func (s deployAPI) fits(ctx context.Context, id catalog.ID, options deployment.Options) error {
	if options.DockerTag == "" && options.Commit == "" {
		return nil
	}
	resource, err := catalog.Find[catalog.Deployable](ctx, s.Store, id)
	if err != nil {
		return err
	}
	application, is := resource.(*catalog.Application)
	switch {
	case options.DockerTag != "" && (!is || application.Image == nil):
		return rest.BadRequest("docker_tag is for applications of the build pack dockerimage only.")
	case options.Commit != "" && (!is || application.Source() == nil):
		return rest.BadRequest("commit is for applications that are built from a git repository only.")
	}
	return nil
}
