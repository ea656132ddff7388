package wire

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// NewResource is what a client gives of any resource.
type NewResource struct {
	Name          string        `json:"name"`
	Description   string        `json:"description"`
	ServerUUID    string        `json:"server_uuid"`
	Environment   []NewVariable `json:"environment"`
	Timeout       int           `json:"timeout"`
	HealthTimeout int           `json:"health_timeout"`
}

// NewVariable is one variable. The value of a secret one is taken out before
// anything is stored; without a value it keeps the one that it has.
type NewVariable struct {
	Key       string  `json:"key"`
	Value     *string `json:"value"`
	IsSecret  bool    `json:"is_secret"`
	AllowWeak bool    `json:"allow_weak,omitempty"`
}

// Fill puts what is given into the common part of a resource.
func (n NewResource) Fill(resource *catalog.Resource) {
	resource.Name, resource.Description = n.Name, n.Description
	resource.ServerID = catalog.ID(n.ServerUUID)
	resource.Timeout = time.Duration(n.Timeout) * time.Second
	resource.HealthTimeout = time.Duration(n.HealthTimeout) * time.Second
	resource.Environment = nil
	for _, v := range n.Environment {
		variable := catalog.Variable{Name: v.Key, Secret: v.IsSecret}
		if v.Value != nil {
			variable.Value = *v.Value
		}
		resource.Environment = append(resource.Environment, variable)
	}
}

// writeResource is the opposite of fill.
func writeResource(r *catalog.Resource) NewResource {
	given := NewResource{
		Name:          r.Name,
		Description:   r.Description,
		ServerUUID:    string(r.ServerID),
		Environment:   []NewVariable{},
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
	}
	for _, v := range r.Environment {
		variable := NewVariable{Key: v.Name, IsSecret: v.Secret}
		if !v.Secret {
			variable.Value = &v.Value
		}
		given.Environment = append(given.Environment, variable)
	}
	return given
}

// MissingValues refuses variables without a value that have none to keep, which
// are plain ones and secret ones that are not among kept.
func (n NewResource) MissingValues(kept map[string]string) error {
	var wrong fault.FieldErrors
	for _, v := range n.Environment {
		if _, has := kept[v.Key]; v.Value != nil || v.IsSecret && has {
			continue
		}
		wrong.Add("environment."+v.Key, "needs a value; only a secret variable that is there already keeps its own")
	}
	return wrong.Err()
}

// MayBeWeak are the variables that may be MayBeWeak.
func (n NewResource) MayBeWeak() map[string]bool {
	allowed := map[string]bool{}
	for _, v := range n.Environment {
		allowed["environment."+v.Key] = v.AllowWeak
	}
	return allowed
}
