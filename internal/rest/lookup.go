package rest

import (
	"context"

	"waybill/internal/catalog"
)

// Find returns what a path names. Malformed, unknown and of another kind are
// the same answer.
func Find[T catalog.Entity](ctx context.Context, store catalog.Reader, text string, kind catalog.Kind) (T, error) {
	var none T
	id, err := ParseID(text, kind)
	if err != nil {
		return none, err
	}
	entity, err := catalog.Find[T](ctx, store, id)
	return entity, NotFoundAs(err, kind.Title())
}

// ParseID reads a uuid of the kind out of a path.
func ParseID(text string, kind catalog.Kind) (catalog.ID, error) {
	id, err := catalog.ParseID(text)
	if err != nil || id.Kind() != kind {
		return "", NotFound(kind.Title())
	}
	return id, nil
}
