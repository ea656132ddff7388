package rest

import (
	"context"
	"time"

	"waybill/internal/catalog"
)

// resourceBody is a resource where all kinds are listed together.
type resourceBody struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Type        string  `json:"type"`
	Status      string  `json:"status"`
	ServerUUID  string  `json:"server_uuid"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

// listResources answers what can be deployed, of all kinds, as a bare array.
func (k keeper) listResources(ctx context.Context, _ *call) (answer, error) {
	bodies, err := k.resources(ctx, func(*catalog.Resource) bool { return true })
	if err != nil {
		return answer{}, err
	}
	return ok(bodies), nil
}

// resources are all that are wanted, kind by kind. It is never nil.
func (k keeper) resources(ctx context.Context, wanted func(*catalog.Resource) bool) ([]resourceBody, error) {
	bodies := []resourceBody{}
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService, catalog.KindDatabase} {
		entities, err := catalog.All(ctx, k.Store, kind)
		if err != nil {
			return nil, err
		}
		for _, entity := range entities {
			if resource, is := entity.(catalog.Deployable); is && wanted(resource.Shared()) {
				bodies = append(bodies, showResource(resource))
			}
		}
	}
	return bodies, nil
}

func showResource(resource catalog.Deployable) resourceBody {
	r := resource.Shared()
	return resourceBody{
		UUID:        string(r.ID),
		Name:        r.Name,
		Description: textOrNull(r.Description),
		Type:        typeOf(resource),
		Status:      statusOf(r.State),
		ServerUUID:  string(r.ServerID),
		CreatedAt:   timestamp(r.CreatedAt),
		UpdatedAt:   timestamp(r.UpdatedAt),
	}
}

// typeOf is the resource's kind in upstream's words.
func typeOf(resource catalog.Deployable) string {
	if database, is := resource.(*catalog.Database); is {
		return databaseType(database.Engine)
	}
	return string(resource.Common().ID.Kind())
}

// statusOf is a resource's state in upstream's words.
func statusOf(state catalog.State) string {
	switch {
	case state.Queued != "" || state.Running != "":
		return "starting:unhealthy"
	case state.Status == "":
		return "exited"
	}
	return state.Status
}

// stateBody is what any resource shows beside its configuration.
type stateBody struct {
	UUID                  string  `json:"uuid"`
	Name                  string  `json:"name"`
	Description           *string `json:"description"`
	Status                string  `json:"status"`
	ServerUUID            string  `json:"server_uuid"`
	QueuedDeploymentUUID  *string `json:"queued_deployment_uuid"`
	RunningDeploymentUUID *string `json:"running_deployment_uuid"`
	DeploymentsCount      int     `json:"deployments_count"`
	CreatedAt             string  `json:"created_at"`
	UpdatedAt             string  `json:"updated_at"`
}

// settingsBody is the part of a configuration that any resource has.
type settingsBody struct {
	Timeout       int `json:"timeout"`
	HealthTimeout int `json:"health_timeout"`
	// Environment is not in lists.
	Environment []variableBody `json:"environment,omitzero"`
}

// variableBody is a variable on the wire. A nil value is one that is not shown.
type variableBody struct {
	Key      string  `json:"key"`
	Value    *string `json:"value"`
	IsSecret bool    `json:"is_secret"`
}

func showState(r *catalog.Resource) stateBody {
	return stateBody{
		UUID:                  string(r.ID),
		Name:                  r.Name,
		Description:           textOrNull(r.Description),
		Status:                statusOf(r.State),
		ServerUUID:            string(r.ServerID),
		QueuedDeploymentUUID:  textOrNull(r.State.Queued),
		RunningDeploymentUUID: textOrNull(r.State.Running),
		DeploymentsCount:      r.State.Deployments,
		CreatedAt:             timestamp(r.CreatedAt),
		UpdatedAt:             timestamp(r.UpdatedAt),
	}
}

func showSettings(r *catalog.Resource, sensitive bool) settingsBody {
	return settingsBody{
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
		Environment:   showEnvironment(r.Environment, sensitive),
	}
}

// showEnvironment shows names to every reader, plain values to those who may
// see what is sensitive, and the values of secrets to nobody.
func showEnvironment(variables []catalog.Variable, sensitive bool) []variableBody {
	bodies := make([]variableBody, 0, len(variables))
	for _, v := range variables {
		body := variableBody{Key: v.Name, IsSecret: v.Secret}
		if sensitive && !v.Secret {
			body.Value = &v.Value
		}
		bodies = append(bodies, body)
	}
	return bodies
}
