// Package redact removes secrets from a stream of bytes before anything else
// sees it: known values in every form they can take, whatever the write
// boundaries.
package redact
