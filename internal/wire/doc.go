// Package wire has every JSON type of the API. An …Input type is a request body
// that creates an entity, a …Patch type changes one, and the other types are
// answers. A [Codec] converts between a resource and its input, so that a patch
// can be merged into the input that would create the present resource.
package wire
