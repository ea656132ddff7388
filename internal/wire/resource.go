package wire

import (
	"time"

	"waybill/internal/catalog"
)

// Resource is a resource of any kind, for lists of all kinds.
type Resource struct {
	ID          int     `json:"id"`
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Type        string  `json:"type"`
	Status      string  `json:"status"`
	ServerUUID  string  `json:"server_uuid"`
	Labels
	CreatedAt string `json:"created_at"`
	UpdatedAt string `json:"updated_at"`
}

// FromResource returns the fields that all kinds of resources have in common.
func FromResource(resource catalog.Deployable) Resource {
	r := resource.Shared()
	return Resource{
		ID:          Number(string(r.ID)),
		UUID:        string(r.ID),
		Name:        r.Name,
		Description: TextOrNull(r.Description),
		Type:        typeOf(resource),
		Status:      StatusOf(r.State),
		ServerUUID:  string(r.ServerID),
		Labels:      labelsOf(r.Labels),
		CreatedAt:   Timestamp(r.CreatedAt),
		UpdatedAt:   Timestamp(r.UpdatedAt),
	}
}

// Labels are the labels of a resource. The uuid of an environment is its name.
type Labels struct {
	ProjectUUID     *string  `json:"project_uuid"`
	EnvironmentName *string  `json:"environment_name"`
	EnvironmentUUID *string  `json:"environment_uuid"`
	Tags            []string `json:"tags"`
}

func labelsOf(l catalog.Labels) Labels {
	environment := TextOrNull(l.Environment)
	return Labels{TextOrNull(l.Project), environment, environment, append([]string{}, l.Tags...)}
}

// typeOf returns upstream's name for the resource's type.
func typeOf(resource catalog.Deployable) string {
	if database, is := resource.(*catalog.Database); is {
		return databaseType(database.Engine)
	}
	return string(resource.Common().ID.Kind())
}

// StatusOf returns a resource's status in upstream's terms.
func StatusOf(state catalog.State) string {
	switch {
	case state.Queued != "" || state.Running != "":
		return "starting:unhealthy"
	case state.Status == "":
		return "exited"
	}
	return state.Status
}

// State has the fields of any resource that are not its configuration.
type State struct {
	UUID        string  `json:"uuid"`
	Name        string  `json:"name"`
	Description *string `json:"description"`
	Status      string  `json:"status"`
	ServerUUID  string  `json:"server_uuid"`
	Labels
	QueuedDeploymentUUID  *string `json:"queued_deployment_uuid"`
	RunningDeploymentUUID *string `json:"running_deployment_uuid"`
	DeploymentsCount      int     `json:"deployments_count"`
	CreatedAt             string  `json:"created_at"`
	UpdatedAt             string  `json:"updated_at"`
}

// Settings is the configuration that every kind of resource has.
type Settings struct {
	Timeout       int `json:"timeout"`
	HealthTimeout int `json:"health_timeout"`
	// Retention has null where the standard of the stack counts.
	Retention RetentionDays `json:"retention"`
	Triggers  []TriggerRule `json:"triggers"`
	// Debounce is in seconds.
	Debounce int     `json:"debounce"`
	Windows  Windows `json:"windows"`
	// Environment is not in lists.
	Environment []Variable `json:"environment,omitzero"`
}

// RetentionDays is how long deployments are kept after their end, in days by outcome.
type RetentionDays struct {
	Finished  *int `json:"finished"`
	Failed    *int `json:"failed"`
	Cancelled *int `json:"cancelled"`
}

func retentionDays(r catalog.Retention) RetentionDays {
	return RetentionDays{intOrNull(r.Finished), intOrNull(r.Failed), intOrNull(r.Cancelled)}
}

// retention is the inverse of retentionDays.
func (d RetentionDays) retention() catalog.Retention {
	return catalog.Retention{Finished: intOrZero(d.Finished), Failed: intOrZero(d.Failed),
		Cancelled: intOrZero(d.Cancelled)}
}

func intOrNull(n int) *int {
	if n == 0 {
		return nil
	}
	return &n
}

func intOrZero(n *int) int {
	if n == nil {
		return 0
	}
	return *n
}

// Variable is an environment variable. Value is nil if it is not shown.
type Variable struct {
	Key      string  `json:"key"`
	Value    *string `json:"value"`
	IsSecret bool    `json:"is_secret"`
}

func stateOf(r *catalog.Resource) State {
	return State{
		UUID:                  string(r.ID),
		Name:                  r.Name,
		Description:           TextOrNull(r.Description),
		Status:                StatusOf(r.State),
		ServerUUID:            string(r.ServerID),
		Labels:                labelsOf(r.Labels),
		QueuedDeploymentUUID:  TextOrNull(r.State.Queued),
		RunningDeploymentUUID: TextOrNull(r.State.Running),
		DeploymentsCount:      r.State.Deployments,
		CreatedAt:             Timestamp(r.CreatedAt),
		UpdatedAt:             Timestamp(r.UpdatedAt),
	}
}

func settingsOf(r *catalog.Resource, sensitive bool) Settings {
	return Settings{
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
		Retention:     retentionDays(r.Retention),
		Triggers:      triggerRules(r.Triggers),
		Debounce:      int(r.Debounce / time.Second),
		Windows:       FromWindows(r.Windows),
		Environment:   environmentOf(r.Environment, sensitive),
	}
}

// environmentOf returns all names, the plain values if sensitive, and never the
// value of a secret.
func environmentOf(variables []catalog.Variable, sensitive bool) []Variable {
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
