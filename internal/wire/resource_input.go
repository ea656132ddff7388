package wire

import (
	"cmp"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// ResourceInput has the fields that create a resource of any kind.
type ResourceInput struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	ServerUUID  string `json:"server_uuid"`
	ProjectUUID string `json:"project_uuid"`
	// EnvironmentUUID is EnvironmentName by another name, which counts if that one is empty.
	EnvironmentName string          `json:"environment_name"`
	EnvironmentUUID string          `json:"environment_uuid,omitempty"`
	Tags            []string        `json:"tags"`
	Environment     []VariableInput `json:"environment"`
	Timeout         int             `json:"timeout"`
	HealthTimeout   int             `json:"health_timeout"`
	Retention       RetentionDays   `json:"retention"`
	Triggers        []TriggerRule   `json:"triggers"`
	Debounce        int             `json:"debounce"`
	Windows         Windows         `json:"windows"`
}

// VariableInput is one environment variable. The value of a secret one goes into
// the vault only; without a value, a secret variable keeps its present one.
type VariableInput struct {
	Key       string  `json:"key"`
	Value     *string `json:"value"`
	IsSecret  bool    `json:"is_secret"`
	AllowWeak bool    `json:"allow_weak,omitempty"`
}

// ApplyTo sets the fields of the resource that the input has. A variable that the resource
// has already keeps what only [EnvironmentVariableInput] can set.
func (n ResourceInput) ApplyTo(resource *catalog.Resource) {
	resource.Name, resource.Description = n.Name, n.Description
	resource.ServerID = catalog.ID(n.ServerUUID)
	resource.Labels = catalog.Labels{Project: n.ProjectUUID,
		Environment: cmp.Or(n.EnvironmentName, n.EnvironmentUUID), Tags: n.Tags}
	resource.Timeout = time.Duration(n.Timeout) * time.Second
	resource.HealthTimeout = time.Duration(n.HealthTimeout) * time.Second
	resource.Retention = n.Retention.retention()
	resource.Triggers = catalogTriggers(n.Triggers)
	resource.Debounce = time.Duration(n.Debounce) * time.Second
	resource.Windows = n.Windows.Set()
	present := resource.Environment
	resource.Environment = nil
	for _, v := range n.Environment {
		had, _ := catalog.FindVariable(present, v.Key)
		variable := catalog.Variable{Name: v.Key, Secret: v.IsSecret,
			ShownOnce: had.ShownOnce && v.IsSecret, Notes: had.Notes}
		if v.Value != nil {
			variable.Value = *v.Value
		}
		resource.Environment = append(resource.Environment, variable)
	}
}

// resourceInput is the inverse of [ResourceInput.ApplyTo]. Secret variables have
// no value.
func resourceInput(r *catalog.Resource) ResourceInput {
	given := ResourceInput{
		Name:        r.Name,
		Description: r.Description,
		ServerUUID:  string(r.ServerID),
		ProjectUUID: r.Labels.Project, EnvironmentName: r.Labels.Environment,
		Tags:          append([]string{}, r.Labels.Tags...),
		Environment:   []VariableInput{},
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
		Retention:     retentionDays(r.Retention),
		Triggers:      triggerRules(r.Triggers),
		Debounce:      int(r.Debounce / time.Second),
		Windows:       FromWindows(r.Windows),
	}
	for _, v := range r.Environment {
		variable := VariableInput{Key: v.Name, IsSecret: v.Secret}
		if !v.Secret {
			variable.Value = &v.Value
		}
		given.Environment = append(given.Environment, variable)
	}
	return given
}

// RequireValues returns Invalid, naming them, if variables have no value. Only a
// secret variable with a value in stored needs none.
func (n ResourceInput) RequireValues(stored map[string]string) error {
	var wrong fault.FieldErrors
	for _, v := range n.Environment {
		if _, has := stored[v.Key]; v.Value != nil || v.IsSecret && has {
			continue
		}
		wrong.Add("environment."+v.Key,
			"needs a value; only a secret variable that is there already keeps its own")
	}
	return wrong.Err()
}

// WeakAllowed returns the fields of the variables whose secret may be weak.
func (n ResourceInput) WeakAllowed() map[string]bool {
	allowed := map[string]bool{}
	for _, v := range n.Environment {
		allowed["environment."+v.Key] = v.AllowWeak
	}
	return allowed
}
