package snapshot_test

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/snapshot"
)

// forms has a resource of every kind and form, nothing else of it set.
func forms() map[string]catalog.Deployable {
	return map[string]catalog.Deployable{
		"shell":         &catalog.Application{Shell: &catalog.Shell{}},
		"dockerimage":   &catalog.Application{Image: &catalog.Image{}},
		"dockerfile":    &catalog.Application{Dockerfile: &catalog.Dockerfile{}},
		"inline":        &catalog.Application{Inline: &catalog.InlineDockerfile{}},
		"dockercompose": &catalog.Application{Compose: &catalog.ComposeSource{}},
		"service":       &catalog.Service{},
		"database":      &catalog.Database{},
	}
}

// full is the resource of the form with every field set that there is.
func full(t *testing.T, form string) catalog.Deployable {
	t.Helper()
	resource := forms()[form]
	fill(t, reflect.ValueOf(resource).Elem(), "")
	resource.Shared().HeadOnly, resource.Shared().Environment[0].Secret = false, false
	for i := range resource.Shared().Environment { // no deployment depends on these
		variable := &resource.Shared().Environment[i]
		variable.ShownOnce, variable.Notes = false, catalog.VariableNotes{}
	}
	if db, ok := resource.(*catalog.Database); ok {
		db.Engine = "postgresql"
		db.Settings = map[string]string{"postgres_user": "shop", "postgres_db": "orders"}
	}
	// As it is stored: secrets are in the vault.
	catalog.TakeSecrets(resource)
	return resource
}

// fill sets every field to something of its own, and a pointer only if it is
// one already.
func fill(t *testing.T, value reflect.Value, path string) {
	t.Helper()
	switch value.Kind() {
	case reflect.Struct:
		if value.Type() == reflect.TypeFor[time.Time]() {
			value.Set(reflect.ValueOf(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)))
			return
		}
		for i := range value.NumField() {
			fill(t, value.Field(i), path+"."+value.Type().Field(i).Name)
		}
	case reflect.Pointer:
		if !value.IsNil() {
			fill(t, value.Elem(), path)
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), 2, 2))
		for i := range 2 {
			fill(t, value.Index(i), fmt.Sprintf("%s.%d", path, i))
		}
	case reflect.Map:
		value.Set(reflect.ValueOf(map[string]string{"a" + path: "1" + path, "b" + path: "2" + path}))
	case reflect.String:
		value.SetString("of" + path)
	case reflect.Int:
		value.SetInt(int64(len(path)))
	case reflect.Int64:
		value.SetInt(int64(time.Duration(len(path)) * time.Second))
	case reflect.Bool:
		value.SetBool(true)
	default:
		t.Fatalf("%s is of kind %s, which this test cannot fill", path, value.Kind())
	}
}

func take(t *testing.T, resource catalog.Deployable) snapshot.Snapshot {
	t.Helper()
	taken, err := snapshot.Of(resource)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func restore(t *testing.T, taken snapshot.Snapshot, resource catalog.Deployable) catalog.Deployable {
	t.Helper()
	restored, err := taken.Restore(resource)
	if err != nil {
		t.Fatal(err)
	}
	return restored
}
