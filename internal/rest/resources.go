package rest

import (
	"context"
	"time"

	"waybill/internal/catalog"
)

// resourceBody is an application or a service where all kinds are listed
// together.
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
	for _, kind := range []catalog.Kind{catalog.KindApplication, catalog.KindService} {
		entities, err := catalog.All(ctx, k.Store, kind)
		if err != nil {
			return nil, err
		}
		for _, entity := range entities {
			if resource, is := entity.(catalog.Deployable); is && wanted(resource.Shared()) {
				bodies = append(bodies, showResource(resource.Shared()))
			}
		}
	}
	return bodies, nil
}

func showResource(r *catalog.Resource) resourceBody {
	return resourceBody{
		UUID:        string(r.ID),
		Name:        r.Name,
		Description: textOrNull(r.Description),
		Type:        string(r.ID.Kind()),
		Status:      statusOf(r.State),
		ServerUUID:  string(r.ServerID),
		CreatedAt:   timestamp(r.CreatedAt),
		UpdatedAt:   timestamp(r.UpdatedAt),
	}
}

// statusOf is a resource's state in upstream's words.
func statusOf(state catalog.State) string {
	switch {
	case state.Running != "":
		return "starting:unknown"
	case state.Status == "":
		return "exited"
	}
	return state.Status
}

// sharedBody is the part of a service or an application that both have.
type sharedBody struct {
	UUID                  string  `json:"uuid"`
	Name                  string  `json:"name"`
	Description           *string `json:"description"`
	Status                string  `json:"status"`
	ServerUUID            string  `json:"server_uuid"`
	Timeout               int     `json:"timeout"`
	HealthTimeout         int     `json:"health_timeout"`
	QueuedDeploymentUUID  *string `json:"queued_deployment_uuid"`
	RunningDeploymentUUID *string `json:"running_deployment_uuid"`
	DeploymentsCount      int     `json:"deployments_count"`
	CreatedAt             string  `json:"created_at"`
	UpdatedAt             string  `json:"updated_at"`
	// Environment is not in lists.
	Environment []variableBody `json:"environment,omitzero"`
}

// variableBody is a variable on the wire. A nil value is one that is not shown.
type variableBody struct {
	Key      string  `json:"key"`
	Value    *string `json:"value"`
	IsSecret bool    `json:"is_secret"`
}

// showShared is the part that lists show.
func showShared(r *catalog.Resource) sharedBody {
	return sharedBody{
		UUID:                  string(r.ID),
		Name:                  r.Name,
		Description:           textOrNull(r.Description),
		Status:                statusOf(r.State),
		ServerUUID:            string(r.ServerID),
		Timeout:               int(r.Timeout / time.Second),
		HealthTimeout:         int(r.HealthTimeout / time.Second),
		QueuedDeploymentUUID:  textOrNull(r.State.Queued),
		RunningDeploymentUUID: textOrNull(r.State.Running),
		DeploymentsCount:      r.State.Deployments,
		CreatedAt:             timestamp(r.CreatedAt),
		UpdatedAt:             timestamp(r.UpdatedAt),
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
