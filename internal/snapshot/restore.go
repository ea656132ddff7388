package snapshot

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"waybill/internal/catalog"
)

// take fills the object with the configuration of the resource. The settings of
// a database come first, so that none can stand for a field.
func (o object) take(resource catalog.Deployable) error {
	if err := o.takeSettings(resource); err != nil {
		return err
	}
	if err := o.set(kindName, kindOf(resource)); err != nil {
		return err
	}
	if a, ok := resource.(*catalog.Application); ok {
		if err := o.set(formName, formOf(a)); err != nil {
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

// restore makes a resource with the configuration, and with all of the given
// one that is none.
func (o object) restore(resource catalog.Deployable) (catalog.Deployable, error) {
	var kind, form, engine string
	for name, value := range map[string]*string{kindName: &kind, formName: &form, engineName: &engine} {
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
	restored, err := blank(resource, form)
	if err != nil {
		return nil, err
	}
	known := []string{kindName, formName, engineName}
	for _, f := range fields(restored) {
		if err := f.read(o); err != nil {
			return nil, err
		}
		known = append(known, f.name)
	}
	return restored, o.restoreRest(restored, known)
}

// restoreRest reads what is no field: the settings of a database. Anything else
// was written by a version that knows more than this one, which must not run
// half of it.
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

// blank is the resource without its configuration, of the form.
func blank(resource catalog.Deployable, form string) (catalog.Deployable, error) {
	shared := resource.Shared()
	rest := catalog.Resource{Meta: shared.Meta, ServerID: shared.ServerID, State: shared.State}
	switch resource := resource.(type) {
	case *catalog.Service:
		return &catalog.Service{Resource: rest}, nil
	case *catalog.Database:
		return &catalog.Database{Resource: rest, Engine: resource.Engine}, nil
	}
	application := &catalog.Application{Resource: rest}
	switch form {
	case formShell:
		application.Shell = &catalog.Shell{}
	case formImage:
		application.Image = &catalog.Image{}
	case formDockerfile:
		application.Dockerfile = &catalog.Dockerfile{}
	case formCompose:
		application.Compose = &catalog.ComposeSource{}
	default:
		return nil, fmt.Errorf("it has an unknown build pack %q", form)
	}
	return application, nil
}

// kindOf is the kind by the resource's type: a test's resource may have no id.
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

func formOf(a *catalog.Application) string {
	switch {
	case a.Shell != nil:
		return formShell
	case a.Image != nil:
		return formImage
	case a.Dockerfile != nil:
		return formDockerfile
	case a.Compose != nil:
		return formCompose
	}
	return ""
}

// missing lists the secrets that are named and not in the set.
func (o object) missing(secrets map[string]string) ([]string, error) {
	var variables []variable
	var marks map[string]string
	if err := o.getAll(&variables, &marks); err != nil {
		return nil, err
	}
	named := marks
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

// getAll decodes what has secrets in it.
func (o object) getAll(variables *[]variable, marks *map[string]string) error {
	if err := o.get(environmentName, variables); err != nil {
		return err
	}
	return o.get(marksName, marks)
}

// withheld are the fields that are for those alone who may see what is
// sensitive. With them go the values of the environment, the texts of the
// initialising scripts and the engine's configuration file.
var withheld = []string{"docker_compose", "start", "stop", "health", "health_check_command"}

// withhold puts null for what is sensitive.
func (o object) withhold() error {
	var variables []variable
	var scripts []script
	var engine string
	for name, value := range map[string]any{environmentName: &variables, scriptsName: &scripts, engineName: &engine} {
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
