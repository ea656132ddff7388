package rest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/redact"
)

// newResource is what a client gives of any resource.
type newResource struct {
	Name          string        `json:"name"`
	Description   string        `json:"description"`
	ServerUUID    string        `json:"server_uuid"`
	Environment   []newVariable `json:"environment"`
	Timeout       int           `json:"timeout"`
	HealthTimeout int           `json:"health_timeout"`
}

// newVariable is one variable. The value of a secret one is taken out before
// anything is stored.
type newVariable struct {
	Key      string `json:"key"`
	Value    string `json:"value"`
	IsSecret bool   `json:"is_secret"`
}

// draft begins the resource. The values of secrets are still in it.
func (k keeper) draft(kind catalog.Kind, given newResource) (catalog.Resource, error) {
	meta, err := k.meta(kind, given.Name, given.Description)
	resource := catalog.Resource{
		Meta:          meta,
		ServerID:      catalog.ID(given.ServerUUID),
		Timeout:       time.Duration(given.Timeout) * time.Second,
		HealthTimeout: time.Duration(given.HealthTimeout) * time.Second,
	}
	for _, v := range given.Environment {
		resource.Environment = append(resource.Environment, catalog.Variable{Name: v.Key, Value: v.Value, Secret: v.IsSecret})
	}
	return resource, err
}

// register checks a draft in every way there is and stores it, its secrets in
// the vault. From the moment that they are taken out of it, no check, no error
// and no answer can show them.
func (k keeper) register(ctx context.Context, draft catalog.Deployable) error {
	if err := refuseWeak(draft.Shared().Environment, catalog.Check(draft)); err != nil {
		return err
	}
	secrets := draft.Shared().TakeSecrets()
	server, err := k.server(ctx, draft.Shared().ServerID)
	if err != nil {
		return err
	}
	if err := k.Check(ctx, draft, server); err != nil {
		return err
	}
	return k.keep(ctx, draft, secrets)
}

// server answers for a missing server what the store would, before anything is
// written.
func (k keeper) server(ctx context.Context, id catalog.ID) (*catalog.Server, error) {
	server, err := catalog.Find[*catalog.Server](ctx, k.Store, id)
	if errors.Is(err, fault.NotFound) {
		return nil, catalog.Unmet(id)
	}
	return server, err
}

// refuseWeak adds the secrets that are too short to be redacted to what is
// wrong with a draft already. Only their names are named.
func refuseWeak(variables []catalog.Variable, wrong error) error {
	invalid, listed := errors.AsType[*fault.Error](wrong)
	if wrong != nil && !listed {
		return wrong
	}
	for _, v := range variables {
		if !v.Secret || !redact.Weak(v.Value) {
			continue
		}
		if invalid == nil {
			invalid = fault.New(fault.Invalid, "Validation failed.")
		}
		invalid = invalid.WithField("environment."+v.Name,
			fmt.Sprintf("is a secret and must have at least %d characters: a shorter one cannot be kept out of the logs", redact.MinSecretBytes))
	}
	if invalid == nil { // a nil *fault.Error would be a non-nil error
		return nil
	}
	return invalid
}
