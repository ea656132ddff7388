package access

import (
	"slices"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Scope limits a token to a part of the stack: to the resources that it lists, to those
// with one of the tags, and to everything on the servers that it lists. The zero Scope is
// the whole stack. A scope never changes.
type Scope struct {
	Resources []catalog.ID
	Servers   []catalog.ID
	// Tags are as [catalog.NormalTags] returns them.
	Tags []string
}

// MaxScope limits each list of a [Scope], so that a token stays small.
const MaxScope = 50

// Whole reports whether the scope is the whole stack.
func (s Scope) Whole() bool {
	return len(s.Resources) == 0 && len(s.Servers) == 0 && len(s.Tags) == 0
}

// Check returns Invalid, naming the field, if a list is too long or has an id of another
// kind.
func (s Scope) Check() error {
	if len(s.Resources) > MaxScope || slices.ContainsFunc(s.Resources, notDeployable) {
		return fault.InvalidField("scope.resources", "must be at most %d uuids of resources", MaxScope)
	}
	notServer := func(id catalog.ID) bool { return id.Kind() != catalog.KindServer }
	if len(s.Servers) > MaxScope || slices.ContainsFunc(s.Servers, notServer) {
		return fault.InvalidField("scope.servers", "must be at most %d uuids of servers", MaxScope)
	}
	if len(s.Tags) > MaxScope || !slices.Equal(s.Tags, catalog.NormalTags(s.Tags)) {
		return fault.InvalidField("scope.tags", "must be at most %d tags", MaxScope)
	}
	return nil
}

func notDeployable(id catalog.ID) bool { return !id.Kind().Deployable() }

// Lists reports whether the scope names the server or the resource itself. For that,
// nothing need be read.
func (s Scope) Lists(id catalog.ID) bool {
	return slices.Contains(s.Resources, id) || slices.Contains(s.Servers, id)
}

// Covers reports whether the entity is in the scope. A private key is only in the scope of
// the whole stack.
func (s Scope) Covers(entity catalog.Entity) bool {
	if s.Whole() || s.Lists(entity.Common().ID) {
		return true
	}
	resource, is := entity.(catalog.Deployable)
	return is && (slices.Contains(s.Servers, resource.Shared().ServerID) ||
		resource.Shared().Labels.HasTag(s.Tags...))
}

// clone returns a copy that shares nothing.
func (s Scope) clone() Scope {
	return Scope{Resources: slices.Clone(s.Resources), Servers: slices.Clone(s.Servers),
		Tags: slices.Clone(s.Tags)}
}
