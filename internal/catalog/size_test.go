package catalog_test

import (
	"crypto/rand"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// largestResource is a resource whose fields all have their largest size.
func largestResource() catalog.Resource {
	resource := goodResource()
	resource.Name = strings.Repeat("é", catalog.MaxNameLength)
	resource.Description = strings.Repeat("\U0001f600", catalog.MaxDescriptionLength)
	// As many as there may be, half of them secret.
	const half = catalog.MaxVariables / 2
	for i := range half {
		plain := catalog.Variable{Name: fmt.Sprintf("PLAIN_%03d", i)}
		plain.Value = strings.Repeat("x", catalog.MaxEnvironmentBytes/half-len(plain.Name))
		secret := catalog.Variable{Name: fmt.Sprintf("S%02d%s", i, strings.Repeat("N", 40)),
			Value: "hunter22", Secret: true}
		resource.Environment = append(resource.Environment, plain, secret)
	}
	return resource
}

func largestContainer() catalog.Container {
	container := catalog.Container{Health: catalog.HealthCheck{Command: strings.Repeat(":",
		catalog.MaxScriptBytes)}}
	for i := range catalog.MaxPorts {
		container.Exposes = append(container.Exposes, 60000+i)
		container.Mappings = append(container.Mappings,
			fmt.Sprintf("[2001:db8:1111:2222:3333:4444:5555:6666]:%d:%d/tcp", 60000+i, 60000+i))
	}
	container.Limits = catalog.Limits{CPUSet: strings.Repeat("0,", 127) + "0"}
	return container
}

// A DynamoDB item ends at 400 KB, the names of its fields included.
func TestTheLargestEntitiesFitIntoAnItem(t *testing.T) {
	const most = 390 << 10
	source := catalog.Source{
		Repository: "https://host/" + strings.Repeat("a", 2000), UserName: strings.Repeat("é", 255),
		Password: "hunter22",
		Branch:   strings.Repeat("a", 244), Commit: strings.Repeat("a", 64), Directory: "/" +
			strings.Repeat("a", 1023),
		HostKeys: strings.Repeat("#", 16<<10),
	}
	script := strings.Repeat(":", catalog.MaxScriptBytes)
	application := func(change func(*catalog.Application)) *catalog.Application {
		a := &catalog.Application{Resource: largestResource()}
		change(a)
		return a
	}
	db := &catalog.Database{Resource: largestResource(), Engine: "postgresql", Container: largestContainer(),
		Configuration: strings.Repeat("#", catalog.MaxConfigurationBytes),
		InitScripts: []catalog.InitScript{{Name: "1.sql",
			Text: strings.Repeat("-", catalog.MaxInitScriptsBytes-len("1.sql"))}}}
	db.Health.Command = ""
	db.Exposes = nil
	db.Environment = db.Environment[:len(db.Environment)-30] // room for the engine's own secrets
	for name, draft := range map[string]catalog.Deployable{
		"shell": application(func(a *catalog.Application) {
			a.Shell = &catalog.Shell{Start: script,
				Stop: script, Health: script}
		}),
		"dockerimage": application(func(a *catalog.Application) {
			a.Image = &catalog.Image{Name: strings.Repeat("a", 255), Container: largestContainer()}
		}),
		"dockerfile": application(func(a *catalog.Application) {
			a.Dockerfile = &catalog.Dockerfile{Source: source, Container: largestContainer()}
		}),
		"dockercompose": application(func(a *catalog.Application) { a.Compose = &catalog.ComposeSource{Source: source} }),
		"service": &catalog.Service{Resource: largestResource(),
			Compose: strings.Repeat("#", catalog.MaxComposeBytes)},
		"postgresql": db,
	} {
		if err := catalog.Check(draft); err != nil {
			t.Errorf("%s: %v", name, fault.Fields(err))
		}
		secrets, err := catalog.SealSecrets(draft, nil, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if size := itemSize(reflect.ValueOf(draft)); size > most {
			t.Errorf("%s: an item of about %d bytes, at most %d may be", name, size, most)
		}
		if len(secrets) < 2 {
			t.Errorf("%s: %d secrets, so this is not the largest", name, len(secrets))
		}
	}
}

// itemSize is about what the value takes in a table: its texts, the names of
// the fields, and what DynamoDB counts for a list, a map and a number.
func itemSize(value reflect.Value) int {
	const number, container, element = 21, 3, 1
	switch value.Kind() {
	case reflect.Pointer:
		if value.IsNil() {
			return 0
		}
		return itemSize(value.Elem())
	case reflect.String:
		return value.Len()
	case reflect.Struct:
		size := container
		for i := range value.NumField() {
			if value.Type().Field(i).IsExported() {
				size += element + len(value.Type().Field(i).Name) + itemSize(value.Field(i))
			}
		}
		return size
	case reflect.Slice:
		size := container
		for i := range value.Len() {
			size += element + itemSize(value.Index(i))
		}
		return size
	case reflect.Map:
		size := container
		for _, key := range value.MapKeys() {
			size += element + itemSize(key) + itemSize(value.MapIndex(key))
		}
		return size
	}
	return number
}
