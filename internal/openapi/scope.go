package openapi

import "waybill/internal/catalog"

// Scope says what an operation is about, for tokens that are limited to a part of the
// stack.
type Scope string

// The scopes of operations. A new operation must have one: a test of the document
// demands it, and the gate refuses an unknown one.
const (
	// ScopeNone tells nothing of anything in the stack.
	ScopeNone Scope = "none"
	// ScopeStack is about the whole stack. A limited token is refused.
	ScopeStack Scope = "stack"
	// ScopeList answers the part of a list that the scope of the token covers.
	ScopeList Scope = "list"
	// ScopeNamed is for operations whose query or body names servers and resources.
	ScopeNamed Scope = "named"
	// ScopeDeployment is for paths that name deployments.
	ScopeDeployment Scope = "deployment"
	// ScopeResource is for paths that name a resource of any kind.
	ScopeResource Scope = "resource"
	// The others are for paths that name one entity of a kind.
	ScopeServer      Scope = Scope(catalog.KindServer)
	ScopeApplication Scope = Scope(catalog.KindApplication)
	ScopeService     Scope = Scope(catalog.KindService)
	ScopeDatabase    Scope = Scope(catalog.KindDatabase)
)

// Scopes lists every scope of an operation.
func Scopes() []Scope {
	return []Scope{ScopeNone, ScopeStack, ScopeList, ScopeNamed, ScopeDeployment, ScopeResource,
		ScopeServer, ScopeApplication, ScopeService, ScopeDatabase}
}

// Kind returns the kind of the entity that the path names, or "".
func (s Scope) Kind() catalog.Kind {
	switch s {
	case ScopeServer, ScopeApplication, ScopeService, ScopeDatabase:
		return catalog.Kind(s)
	}
	return ""
}
