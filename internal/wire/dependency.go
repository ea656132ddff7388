package wire

import (
	"waybill/internal/deployment"
)

// Dependency is a deployment that another one comes after. Status is how it ended; it is
// null while the other one waits for it, and if it is gone.
type Dependency struct {
	ResourceUUID string `json:"resource_uuid"`
	// DeploymentUUID is null if the resource was running, and its start is not known.
	DeploymentUUID *string `json:"deployment_uuid"`
	Status         *string `json:"status"`
}

// dependenciesOf never returns nil, so that none are encoded as [].
func dependenciesOf(r deployment.Record) []Dependency {
	bodies := make([]Dependency, 0, len(r.After))
	for _, one := range r.After {
		bodies = append(bodies, Dependency{string(one.Resource), TextOrNull(string(one.Deployment)),
			TextOrNull(string(one.Status))})
	}
	return bodies
}

// WaitingFor returns the deployments that keep the deployment out of its server's queue, or
// nil.
func WaitingFor(r deployment.Record) []string {
	var ids []string
	for _, id := range r.WaitsFor() {
		ids = append(ids, string(id))
	}
	return ids
}
