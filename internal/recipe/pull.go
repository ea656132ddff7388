package recipe

import (
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/remote"
)

// One rule applies to all kinds of resources. A start and a restart pull only missing
// images. A deploy, or the option PullLatestImages, also asks the registry for newer
// ones. Images are pulled before anything is stopped, so that a missing image does not
// stop a running resource. Force creates the containers again and builds without a
// cache, but does not ask for newer images. A digest names one image for ever, so an
// image with a digest is pulled only if it is missing.
//
// Databases are the exception: a newer image may change the data for good, so only
// PullLatestImages asks for one.

// pullsNewer reports whether the registry is asked for newer images.
func (in Input) pullsNewer() bool {
	deploys := in.Operation == deployment.Deploy && in.Resource.Common().ID.Kind() != catalog.KindDatabase
	return in.Options.PullLatestImages || deploys
}

// pull is the step that pulls the project's images, except the images that the project
// builds.
func (in Input) pull(p project) remote.Step {
	if !in.pullsNewer() {
		return p.step(pullStep, "docker compose pull --policy missing",
			"tell compose pull --quiet --ignore-buildable --policy missing")
	}
	return p.step(pullStep, "docker compose pull", run(p.scripts, "pull.sh"))
}
