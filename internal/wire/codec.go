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

// Codec converts the resources of one build pack, one engine, or all services
// from and to the request body that creates them. An update is a creation whose
// body is the present resource with the patch merged in.
type Codec struct {
	// name is the build_pack or the database_type, for messages.
	name string
	Kind catalog.Kind
	// Decode makes a resource from a body. common has the fields that every kind
	// of resource has.
	Decode func(body []byte, common catalog.Resource) (catalog.Deployable, error)
	// Encode returns the input that would create the resource, without secrets.
	Encode func(catalog.Deployable) any
	// optional are members that a body may have and Encode leaves out.
	optional []string
	// blank is an application of the codec's form without values, or nil.
	blank *catalog.Application
}

// decoder returns a codec's Decode: it decodes the input T and converts it.
func decoder[T any](
	convert func(T, catalog.Resource) (catalog.Deployable, error),
) func([]byte, catalog.Resource) (catalog.Deployable, error) {
	return func(body []byte, common catalog.Resource) (catalog.Deployable, error) {
		given, err := Decode[T](body)
		if err != nil {
			return nil, err
		}
		return convert(given, common)
	}
}

// encoder returns a codec's Encode for resources of the type T.
func encoder[T catalog.Deployable, B any](input func(T) B) func(catalog.Deployable) any {
	return func(resource catalog.Deployable) any { return input(resource.(T)) }
}

// MergePatch returns the body that would create the resource as the patch wants
// it to be. nulls are the members that the patch resets to their defaults.
// Invalid, naming them, if members are unknown or cannot be changed.
func (c Codec) MergePatch(present catalog.Deployable, patch []byte) (body []byte, nulls []string, err error) {
	all, err := Members(c.Encode(present))
	if err != nil {
		return nil, nil, err
	}
	changes, err := Changes(patch)
	if err != nil {
		return nil, nil, err
	}
	maps.DeleteFunc(changes, func(name string, _ json.RawMessage) bool {
		return ignoredByResources.has(name) || ignoredByChanges.has(name)
	})
	if err := c.checkPatch(all, changes); err != nil {
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
		return nil, nil, fault.Wrap(err, fault.Internal, "encode a merged body")
	}
	return body, nulls, nil
}

// CheckMembers returns Invalid with the members of a creation's body that only other build
// packs have.
func (c Codec) CheckMembers(body []byte) error {
	given, err := Decode[map[string]json.RawMessage](body)
	if err != nil {
		return err
	}
	known, err := Members(c.Encode(c.blank))
	if err != nil {
		return err
	}
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(given)) {
		_, is := known[name]
		if is || slices.Contains(c.optional, name) || slices.Contains(empty, string(given[name])) ||
			name == environmentUUID || name == instantDeploy || ignoredByResources.has(name) ||
			ignoredByComposeFiles.has(name) {
			continue
		}
		wrong.Add(name, "is not known here; %s takes %s", c.name, listChangeable(known))
	}
	return wrong.Err()
}

// checkPatch returns Invalid with the members that are unknown or cannot be
// changed.
func (c Codec) checkPatch(all, changes map[string]json.RawMessage) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		present, known := all[name]
		problem := ""
		switch {
		case slices.Contains(fixedFields, name):
			if was := c.fixedValue(name, present); IsNull(changes[name]) || TextOf(changes[name]) != was {
				problem = "cannot be changed; it is " + was
			}
		case !known && name != environmentUUID && !slices.Contains(c.optional, name):
			problem = "is not known here; " + c.name + " takes " + listChangeable(all)
		}
		if problem != "" {
			wrong.Add(name, "%s", problem)
		}
	}
	return wrong.Err()
}

// fixedFields are the fields that cannot be changed after the creation.
var fixedFields = []string{"server_uuid", "build_pack", "kind", "database_type"}

// fixedValue returns the value of a field that cannot be changed.
func (c Codec) fixedValue(name string, present json.RawMessage) string {
	if name == "server_uuid" {
		return TextOf(present)
	}
	return c.name
}

// instantDeploy starts a new resource. A change starts nothing.
const instantDeploy = "instant_deploy"

// environmentUUID is another name of environment_name.
const environmentUUID = "environment_uuid"

// dropCompanions removes members that would contradict a change: a port without
// is_public, a mode without enable_ssl, and the other name of the compose file.
func dropCompanions(all, changes map[string]json.RawMessage) {
	for _, pair := range [...]struct{ switched, companion string }{
		{"is_public", "public_port"}, {"enable_ssl", "ssl_mode"},
	} {
		value, given := changes[pair.switched]
		if given && string(value) != "true" {
			delete(all, pair.companion)
		}
	}
	for name, other := range map[string]string{
		"docker_compose_raw": "docker_compose", environmentUUID: "environment_name",
	} {
		if _, given := changes[name]; given {
			delete(all, other)
		}
	}
}

// listChangeable lists the members that can be changed, for a sentence.
func listChangeable(all map[string]json.RawMessage) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)),
		func(name string) bool { return slices.Contains(fixedFields, name) })
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

// CodecOf returns the codec of the resource.
func CodecOf(resource catalog.Deployable) Codec {
	switch resource := resource.(type) {
	case *catalog.Application:
		if resource.Inline != nil {
			return InlineCodec()
		}
		return ApplicationCodec(resource.BuildPack())
	case *catalog.Database:
		known, _ := engine.Find(resource.Engine)
		return DatabaseCodec(known)
	}
	return ServiceCodec()
}
