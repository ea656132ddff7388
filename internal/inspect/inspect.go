// Package inspect asks a server how a resource on it is, by the commands that
// package recipe has for it, over a connection that is open already.
package inspect

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/remote"
)

// Found is what a look at a resource found.
type Found struct {
	// Status is as upstream writes it ("running:healthy", "exited").
	Status string
	// Commit and Message are of the git repository that was built last, if the
	// resource has one. Message is the server's text, not yet redacted.
	Commit, Message string
}

// Look looks at the resource. It changes nothing. Unavailable if the connection
// ended, or if the server could not tell.
func Look(ctx context.Context, shell remote.Shell, resource catalog.Deployable, dataDir string) (Found, error) {
	return Found{}, nil
}
