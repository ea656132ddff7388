package rest

import (
	"cmp"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// OperationBody has the options of an operation.
type OperationBody struct {
	PullLatestImages bool   `json:"pull_latest_images"`
	StopBeforeStart  bool   `json:"stop_before_start"`
	Force            bool   `json:"force"`
	ForceRebuild     bool   `json:"force_rebuild"`
	DockerTag        string `json:"docker_tag"`
	Commit           string `json:"commit"`
	// After has the resources whose deployments must have finished before.
	After []catalog.ID `json:"after"`
}

// Options returns the options of the body and of the query, where upstream takes
// some of them.
func (b OperationBody) Options(c *Call) deployment.Options {
	return deployment.Options{
		PullLatestImages: b.PullLatestImages || Flag(c.Query, "latest"),
		StopBeforeStart:  b.StopBeforeStart,
		Force:            b.Force || b.ForceRebuild || Flag(c.Query, "force"),
		DockerTag:        cmp.Or(b.DockerTag, c.Query.Get("docker_tag")),
		Commit:           cmp.Or(b.Commit, c.Query.Get("commit")),
	}
}

// StaleNote follows the refusal to start what runs already, if that runs with an older
// configuration than the present one.
const StaleNote = " Its configuration has changed since it was started; a restart applies the change."

// CheckOptions refuses options that the resource has no use for: a tag needs an
// application that runs an image, a commit one that is built from a repository.
func CheckOptions(resource catalog.Deployable, options deployment.Options) error {
	application, is := resource.(*catalog.Application)
	switch {
	case options.DockerTag != "" && (!is || application.Image == nil):
		return NewBadRequestError("docker_tag is for applications of the build pack dockerimage only.")
	case options.Commit != "" && (!is || application.Source() == nil):
		return NewBadRequestError("commit is for applications that are built from a git repository only.")
	}
	return nil
}
