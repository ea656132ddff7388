package trigger

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
)

// recentDeployments is how many deployments of a resource are read to find the image that it has.
const recentDeployments = 20

// atDigest returns the deployment by which the resource has the image already, or "". It has the
// image of the last deployment that could have changed it, if that has not failed and the
// resource was not stopped since.
func (i *Intake) atDigest(ctx context.Context, resource catalog.ID, work Work) (deployment.ID, error) {
	if work.Options.ImageDigest == "" || work.Options.Force {
		return "", nil
	}
	listing, err := i.Records.List(ctx, resource, deployment.Page{Take: recentDeployments})
	if err != nil {
		return "", err
	}
	for _, record := range listing.Records {
		failed := record.Status == deployment.Failed || record.Status == deployment.Cancelled
		same := record.Options.ImageDigest == work.Options.ImageDigest
		switch {
		case record.Operation == deployment.Scrub,
			record.Status == deployment.Cancelled && record.StartedAt.IsZero(): // it never ran
			continue
		case same && record.Operation.Starts() && !failed:
			return record.ID, nil
		case pullsNothing(record) && !failed:
			continue
		}
		return "", nil
	}
	return "", nil
}

// pullsNothing reports whether the deployment starts the images that are there.
func pullsNothing(record deployment.Record) bool {
	return record.Operation.Starts() && record.Operation != deployment.Deploy &&
		!record.Options.PullLatestImages && record.Options.DockerTag == ""
}
