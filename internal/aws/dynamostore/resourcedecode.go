package dynamostore

import (
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// decodeResource reads a resource of any kind. Its dependencies are the server and
// the deploy key, if an application has one.
func decodeResource(meta catalog.Meta, dependencies []string, stored items) (catalog.Entity, error) {
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
		return &catalog.Service{Resource: resource, Compose: string(fields.Compose)}, nil
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
		SecretDigests: f.SecretDigests,
		State:         catalog.State(state),
	}
	for _, variable := range f.Environment {
		resource.Environment = append(resource.Environment, catalog.Variable(variable))
	}
	return resource
}

func (f resourceDefinition) application(resource catalog.Resource, key catalog.ID) *catalog.Application {
	application := &catalog.Application{Resource: resource}
	if shell := f.Shell; shell != nil {
		application.Shell = &catalog.Shell{Start: string(shell.Start), Stop: string(shell.Stop),
			Health: string(shell.Health)}
	}
	if image := f.Image; image != nil {
		application.Image = &catalog.Image{Name: image.Name, Tag: image.Tag,
			Container: image.Container.container()}
	}
	if built := f.Dockerfile; built != nil {
		application.Dockerfile = &catalog.Dockerfile{Source: built.Source.source(), Path: built.Path,
			Container: built.Container.container()}
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
		Directory: s.Directory, UserName: s.UserName, HostKeys: string(s.HostKeys)}
}

func (c containerItem) container() catalog.Container {
	return catalog.Container{Exposes: c.Exposes, Mappings: c.Mappings,
		Limits: catalog.Limits(c.Limits), Health: catalog.HealthCheck(c.Health)}
}

func (d databaseItem) database(resource catalog.Resource) *catalog.Database {
	database := &catalog.Database{
		Resource: resource,
		Engine:   d.Engine, Image: d.Image, DataFolder: d.DataFolder, Settings: d.Settings,
		Configuration: string(d.Configuration), PublicPort: d.PublicPort,
		Container: d.Container.container(), TLS: d.TLS, Certificate: string(d.Certificate),
	}
	for _, script := range d.InitScripts {
		database.InitScripts = append(database.InitScripts,
			catalog.InitScript{Name: script.Name, Text: string(script.Text)})
	}
	return database
}

// dependency returns the entity's dependency at the place, or "".
func dependency(all []string, place int) catalog.ID {
	if place >= len(all) {
		return ""
	}
	return catalog.ID(all[place])
}
