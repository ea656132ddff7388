package wire

import (
	"time"

	"waybill/internal/catalog"
)

// Resource is a resource where all kinds are listed together.
type Resource struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Type        string  `json:"type"`
	Status      string  `json:"status"`
	ServerUUID  string  `json:"server_uuid"`
	CreatedAt   string  `json:"created_at"`
	UpdatedAt   string  `json:"updated_at"`
}

// ShowResource shows what all kinds of resources have in common.
func ShowResource(resource catalog.Deployable) Resource {
	r := resource.Shared()
	return Resource{
		UUID:        string(r.ID),
		Name:        r.Name,
		Description: TextOrNull(r.Description),
		Type:        typeOf(resource),
		Status:      StatusOf(r.State),
		ServerUUID:  string(r.ServerID),
		CreatedAt:   Timestamp(r.CreatedAt),
		UpdatedAt:   Timestamp(r.UpdatedAt),
	}
}

// typeOf is the resource's kind in upstream's words.
func typeOf(resource catalog.Deployable) string {
	if database, is := resource.(*catalog.Database); is {
		return databaseType(database.Engine)
	}
	return string(resource.Common().ID.Kind())
}

// StatusOf is a resource's state in upstream's words.
func StatusOf(state catalog.State) string {
	switch {
	case state.Queued != "" || state.Running != "":
		return "starting:unhealthy"
	case state.Status == "":
		return "exited"
	}
	return state.Status
}

// State is what any resource shows beside its configuration.
type State struct {
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

// Settings is the part of a configuration that any resource has.
type Settings struct {
	Timeout       int `json:"timeout"`
	HealthTimeout int `json:"health_timeout"`
	// Environment is not in lists.
	Environment []Variable `json:"environment,omitzero"`
}

// Variable is a variable on the wire. A nil value is one that is not shown.
type Variable struct {
	Key      string  `json:"key"`
	Value    *string `json:"value"`
	IsSecret bool    `json:"is_secret"`
}

func showState(r *catalog.Resource) State {
	return State{
		UUID:                  string(r.ID),
		Name:                  r.Name,
		Description:           TextOrNull(r.Description),
		Status:                StatusOf(r.State),
		ServerUUID:            string(r.ServerID),
		QueuedDeploymentUUID:  TextOrNull(r.State.Queued),
		RunningDeploymentUUID: TextOrNull(r.State.Running),
		DeploymentsCount:      r.State.Deployments,
		CreatedAt:             Timestamp(r.CreatedAt),
		UpdatedAt:             Timestamp(r.UpdatedAt),
	}
}

func showSettings(r *catalog.Resource, sensitive bool) Settings {
	return Settings{
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
		Environment:   showEnvironment(r.Environment, sensitive),
	}
}

// showEnvironment shows names to every reader, plain values to those who may
// see what is sensitive, and the values of secrets to nobody.
func showEnvironment(variables []catalog.Variable, sensitive bool) []Variable {
	bodies := make([]Variable, 0, len(variables))
	for _, v := range variables {
		body := Variable{Key: v.Name, IsSecret: v.Secret}
		if sensitive && !v.Secret {
			body.Value = &v.Value
		}
		bodies = append(bodies, body)
	}
	return bodies
}
