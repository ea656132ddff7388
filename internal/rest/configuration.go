package rest

import (
	"context"
	"errors"

	"waybill/internal/catalog"
	"waybill/internal/deployment"
	"waybill/internal/fault"
	"waybill/internal/snapshot"
)

// configurationBody is what a deployment ran with.
type configurationBody struct {
	DeploymentUUID    string `json:"deployment_uuid"`
	ResourceUUID      string `json:"resource_uuid"`
	ResourceType      string `json:"resource_type"`
	ConfigurationHash string `json:"configuration_hash"`
	Configuration     any    `json:"configuration"`
}

// getConfiguration answers what a deployment ran with, in the shape in which the
// resource itself is shown. That may be gone by now.
func (s shower) getConfiguration(ctx context.Context, c *call) (answer, error) {
	record, err := s.record(ctx, c.params["uuid"])
	if err != nil {
		return answer{}, err
	}
	kept, err := deployment.Configuration(ctx, s.Snapshots, record)
	if err != nil {
		return answer{}, err
	}
	configuration, err := showSnapshot(kept, record.ID, c.sensitive())
	if err != nil {
		return answer{}, err
	}
	return ok(configurationBody{
		DeploymentUUID:    string(record.ID),
		ResourceUUID:      string(record.ID.Resource()),
		ResourceType:      string(record.ID.Kind()),
		ConfigurationHash: record.ConfigurationHash,
		Configuration:     configuration,
	}), nil
}

// showSnapshot shows the configuration of a resource, of which nothing but the
// uuid needs to be known any more.
func showSnapshot(kept snapshot.Snapshot, id deployment.ID, sensitive bool) (any, error) {
	meta := catalog.Resource{Meta: catalog.Meta{ID: id.Resource()}}
	var empty catalog.Deployable
	switch id.Kind() {
	case catalog.KindApplication:
		empty = &catalog.Application{Resource: meta}
	case catalog.KindDatabase:
		empty = &catalog.Database{Resource: meta}
	default:
		empty = &catalog.Service{Resource: meta}
	}
	restored, err := kept.Restore(empty)
	if err != nil {
		return nil, err
	}
	switch restored := restored.(type) {
	case *catalog.Application:
		return showApplicationSettings(restored, sensitive), nil
	case *catalog.Database:
		return showDatabaseSettings(restored, sensitive), nil
	case *catalog.Service:
		return showServiceSettings(restored, sensitive), nil
	}
	return nil, fault.New(fault.Internal, "the configuration of %s is of no known kind", id)
}

// comparisonBody is what differs between two deployments of a resource.
type comparisonBody struct {
	DeploymentUUID         string       `json:"deployment_uuid"`
	OtherDeploymentUUID    string       `json:"other_deployment_uuid"`
	ConfigurationHash      string       `json:"configuration_hash"`
	OtherConfigurationHash string       `json:"other_configuration_hash"`
	Changes                []changeItem `json:"changes"`
}

// changeItem is one place. Before and after are there for those who may see
// what is sensitive, and for nobody if it is a secret.
type changeItem struct {
	Path   string  `json:"path"`
	Secret bool    `json:"secret"`
	Before *string `json:"before"`
	After  *string `json:"after"`
}

// compareDeployments answers what differs in the configuration of the other.
func (s shower) compareDeployments(ctx context.Context, c *call) (answer, error) {
	one, before, err := s.configured(ctx, c.params["uuid"])
	if err != nil {
		return answer{}, err
	}
	other, after, err := s.configured(ctx, c.params["other"])
	if err != nil {
		return answer{}, err
	}
	if one.ID.Resource() != other.ID.Resource() {
		return answer{}, invalid("other", "must be a deployment of the same resource")
	}
	changes, err := snapshot.Compare(before, after)
	if err != nil {
		return answer{}, err
	}
	body := comparisonBody{string(one.ID), string(other.ID), one.ConfigurationHash, other.ConfigurationHash, []changeItem{}}
	for _, change := range changes {
		item := changeItem{Path: change.Path, Secret: change.Secret}
		if c.sensitive() && !change.Secret {
			item.Before, item.After = &change.Before, &change.After
		}
		body.Changes = append(body.Changes, item)
	}
	return ok(body), nil
}

// configured is a deployment with its configuration.
func (s shower) configured(ctx context.Context, uuid string) (deployment.Record, snapshot.Snapshot, error) {
	record, err := s.record(ctx, uuid)
	if err != nil {
		return deployment.Record{}, nil, err
	}
	kept, err := deployment.Configuration(ctx, s.Snapshots, record)
	if errors.Is(err, fault.Gone) {
		err = fault.Wrap(err, fault.Gone, "The configuration of deployment %s is no longer kept.", record.ID)
	}
	return record, kept, err
}
