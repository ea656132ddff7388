package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"waybill/internal/catalog"
)

// take fills the object with the configuration of the resource. The settings of a
// database come first, so that none can replace a field.
func (o object) take(resource catalog.Deployable) error {
	if err := o.takeSettings(resource); err != nil {
		return err
	}
	if err := o.set(kindName, kindOf(resource)); err != nil {
		return err
	}
	if a, ok := resource.(*catalog.Application); ok {
		if err := o.set(buildPackName, a.BuildPack()); err != nil {
			return err
		}
	}
	for _, f := range fields(resource) {
		if f.empty() {
			delete(o, f.name)
			continue
		}
		if err := o.set(f.name, f.value()); err != nil {
			return err
		}
	}
	return nil
}

func (o object) takeSettings(resource catalog.Deployable) error {
	db, ok := resource.(*catalog.Database)
	if !ok {
		return nil
	}
	settings := maps.Clone(db.Settings)
	for _, secret := range catalog.SecretsOf(db) {
		delete(settings, secret.Field)
	}
	for name, value := range settings {
		if err := o.set(name, value); err != nil {
			return err
		}
	}
	return nil
}

// restore returns a copy of the resource with the configuration of the snapshot.
func (o object) restore(resource catalog.Deployable) (catalog.Deployable, error) {
	var kind, pack, engine string
	for name, value := range map[string]*string{kindName: &kind, buildPackName: &pack, engineName: &engine} {
		if err := o.get(name, value); err != nil {
			return nil, err
		}
	}
	if want := kindOf(resource); kind != want {
		return nil, fmt.Errorf("it is of kind %q, not %q", kind, want)
	}
	if db, ok := resource.(*catalog.Database); ok && db.Engine != engine {
		return nil, fmt.Errorf("it is of engine %q, not %q", engine, db.Engine)
	}
	_, inline := o[dockerfileName]
	restored, err := blank(resource, catalog.BuildPack(pack), inline)
	if err != nil {
		return nil, err
	}
	known := []string{kindName, buildPackName, engineName}
	for _, f := range fields(restored) {
		if err := f.read(o); err != nil {
			return nil, err
		}
		known = append(known, f.name)
	}
	return restored, o.restoreRest(restored, known)
}

// restoreRest reads the settings of a database, which are in no field. Any other
// unknown name comes from a newer version; running only the known part would be
// wrong, so it is an error.
func (o object) restoreRest(restored catalog.Deployable, known []string) error {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if slices.Contains(known, name) {
			continue
		}
		db, ok := restored.(*catalog.Database)
		if !ok {
			return fmt.Errorf("it has an unknown field %q", name)
		}
		var value string
		if err := o.get(name, &value); err != nil {
			return err
		}
		if db.Settings == nil {
			db.Settings = map[string]string{}
		}
		db.Settings[name] = value
	}
	return nil
}

// blank returns the resource without its configuration. pack is the build pack if
// it is an application, and inline is whether the snapshot has a Dockerfile itself.
func blank(
	resource catalog.Deployable, pack catalog.BuildPack, inline bool,
) (catalog.Deployable, error) {
	shared := resource.Shared()
	rest := catalog.Resource{Meta: shared.Meta, ServerID: shared.ServerID, State: shared.State,
		Labels: shared.Labels, Retention: shared.Retention, Windows: shared.Windows,
		Previews: shared.Previews, Triggers: shared.Triggers, Debounce: shared.Debounce,
		WebhookGeneration: shared.WebhookGeneration}
	switch resource := resource.(type) {
	case *catalog.Service:
		return &catalog.Service{Resource: rest}, nil
	case *catalog.Database:
		return &catalog.Database{Resource: rest, Engine: resource.Engine}, nil
	}
	application := &catalog.Application{Resource: rest}
	switch pack {
	case catalog.PackShell:
		application.Shell = &catalog.Shell{}
	case catalog.PackImage:
		application.Image = &catalog.Image{}
	case catalog.PackDockerfile:
		if inline {
			application.Inline = &catalog.InlineDockerfile{}
			break
		}
		application.Dockerfile = &catalog.Dockerfile{}
	case catalog.PackCompose:
		application.Compose = &catalog.ComposeSource{}
	default:
		return nil, fmt.Errorf("it has an unknown build pack %q", pack)
	}
	return application, nil
}

// kindOf returns the kind by the resource's type, because a resource may have no id
// in a test.
func kindOf(resource catalog.Deployable) string {
	switch resource.(type) {
	case *catalog.Application:
		return string(catalog.KindApplication)
	case *catalog.Service:
		return string(catalog.KindService)
	case *catalog.Database:
		return string(catalog.KindDatabase)
	}
	return "" // the set of resources is closed
}

// missing lists the secrets that the snapshot names and the set lacks.
func (o object) missing(secrets map[string]string) ([]string, error) {
	var variables []variable
	var digests map[string]string
	if err := o.getAll(&variables, &digests); err != nil {
		return nil, err
	}
	named := digests
	if named == nil {
		named = map[string]string{}
	}
	for _, v := range variables {
		if v.Secret {
			named[v.Key] = ""
		}
	}
	maps.DeleteFunc(named, func(name, _ string) bool { _, there := secrets[name]; return there })
	return slices.Sorted(maps.Keys(named)), nil
}

// getAll decodes the variables and the digests of secrets.
func (o object) getAll(variables *[]variable, digests *map[string]string) error {
	if err := o.get(environmentName, variables); err != nil {
		return err
	}
	return o.get(digestsName, digests)
}

// withheld are fields that only a caller with the ability read:sensitive may see. So
// are the values of the environment, the texts of the initialising scripts and the
// engine's configuration file.
var withheld = []string{"docker_compose", dockerfileName, "start", "stop", "health", "health_check_command"}

// withhold replaces sensitive values by null.
func (o object) withhold() error {
	var variables []variable
	var scripts []script
	var engine string
	for name, value := range map[string]any{environmentName: &variables, scriptsName: &scripts,
		engineName: &engine} {
		if err := o.get(name, value); err != nil {
			return err
		}
	}
	db := &catalog.Database{Engine: engine}
	for _, name := range append(slices.Clone(withheld), db.ConfigurationField()) {
		if _, there := o[name]; there {
			o[name] = json.RawMessage("null")
		}
	}
	for i := range variables {
		variables[i].Value = nil
	}
	for i := range scripts {
		scripts[i].Content = nil
	}
	return o.setAll(variables, scripts)
}

func (o object) setAll(variables []variable, scripts []script) error {
	if len(variables) > 0 {
		if err := o.set(environmentName, variables); err != nil {
			return err
		}
	}
	if len(scripts) > 0 {
		return o.set(scriptsName, scripts)
	}
	return nil
}
