package showapi

import (
	"context"
	"encoding/json"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
	"waybill/internal/wire"
)

// configurationBody has the configuration of a deployment.
type configurationBody struct {
	DeploymentUUID    string          `json:"deployment_uuid"`
	ResourceUUID      string          `json:"resource_uuid"`
	ResourceType      string          `json:"resource_type"`
	ConfigurationHash string          `json:"configuration_hash"`
	Configuration     json.RawMessage `json:"configuration"`
}

// getConfiguration answers the configuration of a deployment. Its fields have the
// names of the resource's fields. A secret is shown by its mark only.
func (a showAPI) getConfiguration(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	record, err := a.record(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	kept, err := deployment.Configuration(ctx, a.Snapshots, record)
	if err != nil {
		return rest.Answer{}, err
	}
	if !c.Sensitive() {
		if kept, err = kept.Public(); err != nil {
			return rest.Answer{}, err
		}
	}
	return rest.OK(configurationBody{
		DeploymentUUID:    string(record.ID),
		ResourceUUID:      string(record.ID.Resource()),
		ResourceType:      string(record.ID.Kind()),
		ConfigurationHash: record.ConfigurationHash,
		Configuration:     json.RawMessage(kept),
	}), nil
}

// comparisonBody has the differences between two deployments of a resource.
type comparisonBody struct {
	DeploymentUUID         string        `json:"deployment_uuid"`
	OtherDeploymentUUID    string        `json:"other_deployment_uuid"`
	ConfigurationHash      string        `json:"configuration_hash"`
	OtherConfigurationHash string        `json:"other_configuration_hash"`
	Changes                []wire.Change `json:"changes"`
}

// compareDeployments answers the differences between two configurations.
func (a showAPI) compareDeployments(ctx context.Context, c *rest.Call) (rest.Answer, error) {
	one, before, err := a.recordAndConfiguration(ctx, c, c.Params["uuid"])
	if err != nil {
		return rest.Answer{}, err
	}
	other, after, err := a.recordAndConfiguration(ctx, c, c.Params["other"])
	if err != nil {
		return rest.Answer{}, err
	}
	if one.ID.Resource() != other.ID.Resource() {
		return rest.Answer{}, fault.InvalidField("other", "must be a deployment of the same resource")
	}
	changes, err := snapshot.Compare(before, after)
	if err != nil {
		return rest.Answer{}, err
	}
	return rest.OK(comparisonBody{
		string(one.ID), string(other.ID), one.ConfigurationHash, other.ConfigurationHash,
		wire.FromChanges(changes, c.Sensitive()),
	}), nil
}

// recordAndConfiguration returns a deployment and its configuration.
func (a showAPI) recordAndConfiguration(
	ctx context.Context, c *rest.Call, uuid string,
) (deployment.Record, snapshot.Snapshot, error) {
	record, err := a.record(ctx, c, uuid)
	if err != nil {
		return deployment.Record{}, nil, err
	}
	kept, err := deployment.Configuration(ctx, a.Snapshots, record)
	if errors.Is(err, fault.Gone) {
		err = fault.Wrap(err, fault.Gone, "The configuration of deployment %s is no longer kept.", record.ID)
	}
	return record, kept, err
}
