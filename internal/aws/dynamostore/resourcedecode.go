package dynamostore

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// decodeResource reads a resource of any kind, with its body if that was read.
func decodeResource(meta catalog.Meta, dependencies []string, stored items) (catalog.Entity, error) {
	resource, err := decodeHead(meta, dependencies, stored)
	if err != nil {
		return nil, err
	}
	if stored.body == nil {
		resource.Shared().HeadOnly = true
		return resource, nil
	}
	body, err := decodeBody(stored.body)
	if err != nil {
		return nil, err
	}
	catalog.SetBody(resource, body)
	return resource, nil
}

// decodeHead reads a resource without its body. Its dependencies are the server and the
// deploy key, if an application has one.
func decodeHead(meta catalog.Meta, dependencies []string, stored items) (catalog.Deployable, error) {
	var fields resourceDefinition
	if err := decodeDefinition(stored.head["definition"], &fields); err != nil {
		return nil, err
	}
	var state resourceState
	if err := decode(stored.state, &state); err != nil {
		return nil, err
	}
	resource := fields.resource(meta, state)
	resource.ServerID = dependency(dependencies, 0)
	switch meta.ID.Kind() {
	case catalog.KindApplication:
		return fields.application(resource, dependency(dependencies, 1)), nil
	case catalog.KindService:
		return &catalog.Service{Resource: resource, Template: fields.Template}, nil
	case catalog.KindDatabase:
		if fields.Database != nil {
			return fields.Database.database(resource), nil
		}
	}
	return nil, fault.New(fault.Internal, "the definition of %s is damaged", meta.ID)
}

func (f resourceDefinition) resource(meta catalog.Meta, state resourceState) catalog.Resource {
	resource := catalog.Resource{
		Meta:          meta,
		Timeout:       time.Duration(f.TimeoutSeconds) * time.Second,
		HealthTimeout: time.Duration(f.HealthTimeoutSeconds) * time.Second,
		Windows:       f.Windows.set(),
		State:         state.state(),

		WebhookGeneration: f.WebhookGeneration,
		Triggers:          f.triggers(),
		Debounce:          time.Duration(f.DebounceSeconds) * time.Second,
	}
	if f.Retention != nil {
		resource.Retention = catalog.Retention(*f.Retention)
	}
	if f.Labels != nil {
		resource.Labels = catalog.Labels(*f.Labels)
	}
	return resource
}

func (f resourceDefinition) application(resource catalog.Resource, key catalog.ID) *catalog.Application {
	application := &catalog.Application{Resource: resource}
	if f.Shell {
		application.Shell = &catalog.Shell{}
	}
	if image := f.Image; image != nil {
		application.Image = &catalog.Image{Name: image.Name, Tag: image.Tag,
			Container: image.Container.container()}
	}
	if built := f.Dockerfile; built != nil {
		application.Dockerfile = &catalog.Dockerfile{Source: built.Source.source(), Path: built.Path,
			Container: built.Container.container()}
	}
	if inline := f.Inline; inline != nil {
		application.Inline = &catalog.InlineDockerfile{Container: inline.Container.container()}
	}
	if compose := f.ComposeSource; compose != nil {
		application.Compose = &catalog.ComposeSource{Source: compose.Source.source(), Path: compose.Path}
	}
	if source := application.Source(); source != nil {
		source.KeyID = key
	}
	return application
}

func (s sourceItem) source() catalog.Source {
	return catalog.Source{Repository: s.Repository, Branch: s.Branch, Commit: s.Commit,
		Directory: s.Directory, UserName: s.UserName}
}

func (c containerItem) container() catalog.Container {
	return catalog.Container{
		Exposes: c.Exposes, Mappings: c.Mappings, Limits: catalog.Limits(c.Limits),
		Health: catalog.HealthCheck{
			Disabled: c.Health.Disabled, Port: c.Health.Port, Path: c.Health.Path,
			IntervalSeconds: c.Health.IntervalSeconds, TimeoutSeconds: c.Health.TimeoutSeconds,
			Retries: c.Health.Retries, StartPeriodSeconds: c.Health.StartPeriodSeconds,
		},
	}
}

func (d databaseItem) database(resource catalog.Resource) *catalog.Database {
	return &catalog.Database{
		Resource: resource,
		Engine:   d.Engine, Image: d.Image, DataFolder: d.DataFolder, Settings: d.Settings,
		PublicPort: d.PublicPort, Container: d.Container.container(), TLS: d.TLS,
	}
}

// dependency returns the entity's dependency at the place, or "".
func dependency(all []string, place int) catalog.ID {
	if place >= len(all) {
		return ""
	}
	return catalog.ID(all[place])
}
