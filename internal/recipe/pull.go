package recipe

import (
	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/remote"
)

// There is one rule for all kinds. A start and a restart bring only the images
// that are missing. A deploy, or the option PullLatestImages, also asks the
// registry for newer ones. Both happen before anything is stopped, so that an
// image that cannot be had leaves alone what runs. Force makes containers anew and
// builds without a cache; it asks for no newer image. An image that is named by a
// digest cannot be newer, so it is never asked for when it is there.
//
// The exception is a database: a newer image may change its data for good, so only
// PullLatestImages asks for one.

// pullsNewer reports whether the registry is asked for newer images.
func (in Input) pullsNewer() bool {
	deploys := in.Operation == deployment.Deploy && in.Resource.Common().ID.Kind() != catalog.KindDatabase
	return in.Options.PullLatestImages || deploys
}

// pull is the step that brings the project's images. What is built is left to
// the build.
func (in Input) pull(p project) remote.Step {
	if !in.pullsNewer() {
		return p.step(pullStep, "docker compose pull --policy missing", "tell compose pull --quiet --ignore-buildable --policy missing")
	}
	return p.step(pullStep, "docker compose pull", run(p.scripts, "pull.sh"))
}
