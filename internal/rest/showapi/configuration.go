package showapi

import (
	"context"
	"encoding/json"
	"errors"

	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/rest"
	"waybill/internal/snapshot"
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
	DeploymentUUID         string       `json:"deployment_uuid"`
	OtherDeploymentUUID    string       `json:"other_deployment_uuid"`
	ConfigurationHash      string       `json:"configuration_hash"`
	OtherConfigurationHash string       `json:"other_configuration_hash"`
	Changes                []changeItem `json:"changes"`
}

// changeItem is one difference. Before and After need the ability to read
// sensitive data, and are never shown for a secret.
type changeItem struct {
	Path   string  `json:"path"`
	Edit   string  `json:"edit"`
	Secret bool    `json:"secret"`
	Before *string `json:"before"`
	After  *string `json:"after"`
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
	body := comparisonBody{
		string(one.ID), string(other.ID), one.ConfigurationHash, other.ConfigurationHash, []changeItem{},
	}
	for _, change := range changes {
		item := changeItem{Path: change.Path, Edit: string(change.Edit), Secret: change.Secret}
		if c.Sensitive() && !change.Secret {
			item.Before, item.After = &change.Before, &change.After
		}
		body.Changes = append(body.Changes, item)
	}
	return rest.OK(body), nil
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
