package catalogtest

import (
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"waybill/internal/catalog"
)

// Fill gives every field of the value that pointer points to a different value, so that a test
// notices a field that is lost or swapped. It is deterministic.
func Fill(t testing.TB, pointer any) {
	t.Helper()
	(&filler{t, 0}).fill(reflect.ValueOf(pointer).Elem())
}

// filler counts the filled fields.
type filler struct {
	t testing.TB
	n int64
}

func (f *filler) fill(v reflect.Value) {
	f.t.Helper()
	f.n++
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text %s%d", strings.Repeat("é", int(f.n%7)), f.n))
	case reflect.Int, reflect.Int64:
		v.SetInt(f.n * int64(time.Second))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		f.fill(v.Index(0))
		f.fill(v.Index(1))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(f.value(v.Type().Key()), f.value(v.Type().Elem()))
		v.SetMapIndex(f.value(v.Type().Key()), f.value(v.Type().Elem()))
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			v.Set(reflect.ValueOf(time.Date(2026, 8, 22, 10, 0, int(f.n), 123456000, time.UTC)))
			return
		}
		for _, field := range v.Fields() {
			f.fill(field)
		}
	default:
		f.t.Fatalf("nothing is known to fill a %s with", v.Type())
	}
}

// value returns a new value of the type.
func (f *filler) value(of reflect.Type) reflect.Value {
	v := reflect.New(of).Elem()
	f.fill(v)
	return v
}

// scribble changes everything that is reachable from v, but not v itself: the targets of its
// pointers and the elements of its lists and maps.
func (f *filler) scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			f.scribble(v.Elem())
			f.fill(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.scribble(v.Index(i))
			f.fill(v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			v.SetMapIndex(key, f.value(v.Type().Elem()))
		}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for _, field := range v.Fields() {
			f.scribble(field)
		}
	}
}

// Full returns entities with a value in every stored field: one of each kind, and an
// application with each build pack. They are in an order in which they can be created. The
// same random bytes make the same entities.
func Full(t testing.TB, random io.Reader) []catalog.Entity {
	t.Helper()
	key, server := new(catalog.PrivateKey), new(catalog.Server)
	entities := []catalog.Entity{identified(t, key, catalog.KindPrivateKey, random),
		identified(t, server, catalog.KindServer, random),
		identified(t, new(catalog.Registry), catalog.KindRegistry, random),
		identified(t, new(catalog.Notification), catalog.KindNotification, random)}
	jump := *identified(t, new(catalog.Server), catalog.KindServer, random)
	jump.KeyID, jump.ProxyJump, jump.Health = key.ID, "", catalog.Health{}
	server.KeyID, server.ProxyJump, server.Health = key.ID, jump.ID, catalog.Health{}
	entities = slices.Insert(entities, 1, catalog.Entity(&jump))
	service, database := new(catalog.Service), new(catalog.Database)
	resources := []catalog.Deployable{
		identified(t, service, catalog.KindService, random),
		identified(t, database, catalog.KindDatabase, random),
	}
	database.TLSKey = "" // only a draft has it
	forms := pointerFields(reflect.TypeFor[catalog.Application]())
	for _, form := range forms {
		application := identified(t, new(catalog.Application), catalog.KindApplication, random)
		for _, other := range forms {
			if other != form { // an application has one form
				reflect.ValueOf(application).Elem().Field(other).SetZero()
			}
		}
		if source := application.Source(); source != nil {
			source.KeyID, source.Password = key.ID, "" // only a draft has one
		}
		resources = append(resources, application)
	}
	for _, resource := range resources {
		shared := resource.Shared()
		shared.ServerID, shared.State, shared.HeadOnly = server.ID, catalog.State{}, false
		entities = append(entities, resource)
	}
	return entities
}

// pointerFields returns the indexes of the fields that are pointers.
func pointerFields(application reflect.Type) []int {
	var forms []int
	for i := range application.NumField() {
		if application.Field(i).Type.Kind() == reflect.Pointer {
			forms = append(forms, i)
		}
	}
	return forms
}

// identified fills an entity and gives it a uuid.
func identified[E catalog.Entity](t testing.TB, entity E, kind catalog.Kind, random io.Reader) E {
	t.Helper()
	Fill(t, entity)
	id, err := catalog.NewID(kind, random)
	if err != nil {
		t.Fatal(err)
	}
	entity.Common().ID = id
	return entity
}
