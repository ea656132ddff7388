package rest

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// A resource is written down in one of several forms. What a client sends to
// make one is also what a change is laid over: an update is a creation whose
// body is what the resource is now, with the fields that the client names in
// place of those that were there.

// form is how the resources of one form are written down.
type form struct {
	// name is what build_pack or database_type shows, for messages.
	name string
	kind catalog.Kind
	// read makes a resource of a body. Its common part is made already.
	read func(body []byte, common catalog.Resource) (catalog.Deployable, error)
	// write is the body that makes the resource as it is, its secrets excepted.
	write func(catalog.Deployable) any
	// also are members that a body may have and write leaves out.
	also []string
}

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
// anything is stored; without a value it keeps the one that it has.
type newVariable struct {
	Key       string  `json:"key"`
	Value     *string `json:"value"`
	IsSecret  bool    `json:"is_secret"`
	AllowWeak bool    `json:"allow_weak,omitempty"`
}

// fill puts what is given into the common part of a resource.
func (n newResource) fill(resource *catalog.Resource) {
	resource.Name, resource.Description = n.Name, n.Description
	resource.ServerID = catalog.ID(n.ServerUUID)
	resource.Timeout = time.Duration(n.Timeout) * time.Second
	resource.HealthTimeout = time.Duration(n.HealthTimeout) * time.Second
	resource.Environment = nil
	for _, v := range n.Environment {
		variable := catalog.Variable{Name: v.Key, Secret: v.IsSecret}
		if v.Value != nil {
			variable.Value = *v.Value
		}
		resource.Environment = append(resource.Environment, variable)
	}
}

// writeResource is the opposite of fill.
func writeResource(r *catalog.Resource) newResource {
	given := newResource{
		Name:          r.Name,
		Description:   r.Description,
		ServerUUID:    string(r.ServerID),
		Environment:   []newVariable{},
		Timeout:       int(r.Timeout / time.Second),
		HealthTimeout: int(r.HealthTimeout / time.Second),
	}
	for _, v := range r.Environment {
		variable := newVariable{Key: v.Name, IsSecret: v.Secret}
		if !v.Secret {
			variable.Value = &v.Value
		}
		given.Environment = append(given.Environment, variable)
	}
	return given
}

// valueless refuses variables without a value that have none to keep, which
// are plain ones and secret ones that are not among kept.
func (n newResource) valueless(kept map[string]string) error {
	var wrong fault.FieldErrors
	for _, v := range n.Environment {
		if _, has := kept[v.Key]; v.Value != nil || v.IsSecret && has {
			continue
		}
		wrong.Add("environment."+v.Key, "needs a value; only a secret variable that is there already keeps its own")
	}
	return wrong.Err()
}

// weak are the variables that may be weak.
func (n newResource) weak() map[string]bool {
	allowed := map[string]bool{}
	for _, v := range n.Environment {
		allowed["environment."+v.Key] = v.AllowWeak
	}
	return allowed
}

// reading makes the read of a form out of what its body and its resource are.
func reading[T any](entity func(T, catalog.Resource) (catalog.Deployable, error)) func([]byte, catalog.Resource) (catalog.Deployable, error) {
	return func(body []byte, common catalog.Resource) (catalog.Deployable, error) {
		given, err := decode[T](body)
		if err != nil {
			return nil, err
		}
		return entity(given, common)
	}
}

// members are those of a value as they stand on the wire.
func members(value any) (map[string]json.RawMessage, error) {
	var all map[string]json.RawMessage
	text, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.Internal, "take a value apart")
	}
	return all, nil
}

// isNull reports whether a member is null.
func isNull(value json.RawMessage) bool { return string(value) == "null" }

// overlay lays a change over the resource: the body that makes what the client
// wants of it. nulls are the members that get their defaults. Invalid, naming
// them, if members do not belong to the form or cannot be changed.
func (f form) overlay(present catalog.Deployable, patch []byte) (body []byte, nulls []string, err error) {
	all, err := members(f.write(present))
	if err != nil {
		return nil, nil, err
	}
	changes, err := decode[map[string]json.RawMessage](patch)
	if err != nil {
		return nil, nil, err
	}
	if err := f.refuse(all, changes); err != nil {
		return nil, nil, err
	}
	dropCompanions(all, changes)
	for name, value := range changes {
		if isNull(value) {
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
func (f form) refuse(all, changes map[string]json.RawMessage) error {
	var wrong fault.FieldErrors
	for _, name := range slices.Sorted(maps.Keys(changes)) {
		present, known := all[name]
		problem := ""
		switch {
		case slices.Contains(fixedFields, name):
			if was := f.fixed(name, present); isNull(changes[name]) || textOf(changes[name]) != was {
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
func (f form) fixed(name string, present json.RawMessage) string {
	if name == "server_uuid" {
		return textOf(present)
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

// textOf is a member's text, "" if it is none.
func textOf(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) != nil {
		return ""
	}
	return text
}

// listing names members as a sentence does, those that cannot be changed
// excepted.
func listing(all map[string]json.RawMessage) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(name string) bool { return slices.Contains(fixedFields, name) })
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}
