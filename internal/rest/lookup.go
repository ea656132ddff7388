package rest

import (
	"context"

	"waybill/internal/catalog"
)

// Find returns the entity that a path names. A malformed id, an unknown id and an
// id of another kind get the same NotFound.
func Find[T catalog.Entity](
	ctx context.Context, store catalog.Reader, text string, kind catalog.Kind,
) (T, error) {
	return find(ctx, store, text, kind, catalog.Find[T])
}

// FindHead is Find without the entity's [catalog.Body].
func FindHead[T catalog.Entity](
	ctx context.Context, store catalog.Reader, text string, kind catalog.Kind,
) (T, error) {
	return find(ctx, store, text, kind, catalog.FindHead[T])
}

func find[T catalog.Entity](
	ctx context.Context, store catalog.Reader, text string, kind catalog.Kind,
	find func(context.Context, catalog.Reader, catalog.ID) (T, error),
) (T, error) {
	var none T
	id, err := ParseID(text, kind)
	if err != nil {
		return none, err
	}
	entity, err := find(ctx, store, id)
	return entity, WrapNotFound(err, kind.Title())
}

// ParseID parses a uuid of the kind from a path. Its only error is NotFound.
func ParseID(text string, kind catalog.Kind) (catalog.ID, error) {
	id, err := catalog.ParseID(text)
	if err != nil || id.Kind() != kind {
		return "", NewNotFoundError(kind.Title())
	}
	return id, nil
}
