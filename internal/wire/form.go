package wire

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/engine"
	"waybill/internal/fault"
)

// A resource is written down in one of several forms. What a client sends to
// make one is also what a change is laid over: an update is a creation whose
// body is what the resource is now, with the fields that the client names in
// place of those that were there.

// Form is how the resources of one Form are written down.
type Form struct {
	// name is what build_pack or database_type shows, for messages.
	name string
	Kind catalog.Kind
	// Read makes a resource of a body. Its common part is made already.
	Read func(body []byte, common catalog.Resource) (catalog.Deployable, error)
	// Write is the body that makes the resource as it is, its secrets excepted.
	Write func(catalog.Deployable) any
	// also are members that a body may have and write leaves out.
	also []string
}

// reading makes the read of a form out of what its body and its resource are.
func reading[T any](entity func(T, catalog.Resource) (catalog.Deployable, error)) func([]byte, catalog.Resource) (catalog.Deployable, error) {
	return func(body []byte, common catalog.Resource) (catalog.Deployable, error) {
		given, err := Decode[T](body)
		if err != nil {
			return nil, err
		}
		return entity(given, common)
	}
}

// Overlay lays a change over the resource: the body that makes what the client
// wants of it. nulls are the members that get their defaults. Invalid, naming
// them, if members do not belong to the form or cannot be changed.
func (f Form) Overlay(present catalog.Deployable, patch []byte) (body []byte, nulls []string, err error) {
	all, err := Members(f.Write(present))
	if err != nil {
		return nil, nil, err
	}
	changes, err := Decode[map[string]json.RawMessage](patch)
	if err != nil {
		return nil, nil, err
	}
	if err := f.refuse(all, changes); err != nil {
		return nil, nil, err
	}
	dropCompanions(all, changes)
	for name, value := range changes {
		if IsNull(value) {
			nulls = append(nulls, name)
			delete(all, name)
			continue
		}
		all[name] = value
	}
	if body, err = json.Marshal(all); err != nil {
		return nil, nil, fault.Wrap(err, fault.Internal, "put a body together")
	}
	return body, nulls, nil
}

// refuse is Invalid with the changes that cannot be made.
func (f Form) refuse(all, changes map[string]json.RawMessage) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		present, known := all[name]
		problem := ""
		switch {
		case slices.Contains(fixedFields, name):
			if was := f.fixed(name, present); IsNull(changes[name]) || TextOf(changes[name]) != was {
				problem = "cannot be changed; it is " + was
			}
		case !known && !slices.Contains(f.also, name):
			problem = "is not known here; " + f.name + " takes " + listing(all)
		}
		if problem != "" {
			wrong.Add(name, "%s", problem)
		}
	}
	return wrong.Err()
}

// fixedFields are what a resource is made with once and for all.
var fixedFields = []string{"server_uuid", "build_pack", "kind", "database_type"}

// fixed is the value of a field that cannot be changed.
func (f Form) fixed(name string, present json.RawMessage) string {
	if name == "server_uuid" {
		return TextOf(present)
	}
	return f.name
}

// dropCompanions takes out what stands only beside something that is changed.
func dropCompanions(all, changes map[string]json.RawMessage) {
	for _, pair := range [...]struct{ switched, companion string }{{"is_public", "public_port"}, {"enable_ssl", "ssl_mode"}} {
		value, given := changes[pair.switched]
		if given && string(value) != "true" {
			delete(all, pair.companion)
		}
	}
	if _, given := changes["docker_compose_raw"]; given {
		delete(all, "docker_compose")
	}
}

// listing names members as a sentence does, those that cannot be changed
// excepted.
func listing(all map[string]json.RawMessage) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return slices.Contains(fixedFields, name) })
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// FormOf is the form that the resource has.
func FormOf(resource catalog.Deployable) Form {
	switch resource := resource.(type) {
	case *catalog.Application:
		return ApplicationForm(buildPack(resource))
	case *catalog.Database:
		known, _ := engine.Find(resource.Engine)
		return DatabaseForm(known)
	}
	return ServiceForm()
}
