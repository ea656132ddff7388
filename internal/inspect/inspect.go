// Package inspect asks a server for the state of a resource and the logs of its containers. It
// runs scripts of package recipe over a connection that is already open.
package inspect

import (
	"context"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// Found is the state of a resource on its server.
type Found struct {
	// Status is as upstream writes it ("running:healthy", "exited").
	Status string
	// Commit and Message describe the commit of the git repository that was built last,
	// if the resource has a repository. Message is the server's text, not yet redacted.
	Commit, Message string
	// Fault names the containers that are not healthy, in words; "" if all are.
	Fault string
}

// maxOutput limits the bytes that are kept of a server's answer. No real answer is that
// long.
const maxOutput = 1 << 20

// Look asks the server for the state of the resource and changes nothing. It returns
// Unavailable if the connection ended or the server could not tell the state, and ctx's
// own error if its time was up.
func Look(
	ctx context.Context, shell remote.Shell, resource catalog.Deployable, dataDir string,
) (Found, error) {
	output, err := run(ctx, shell, recipe.StatusScript(resource, dataDir), maxOutput)
	if err != nil {
		return Found{}, err
	}
	status, err := recipe.ParseStatus(output)
	if err != nil {
		return Found{}, err
	}
	found := Found(status)
	if found.Status == "" {
		found.Status = remembered(resource)
	}
	return found, nil
}

// remembered is the state in the catalog, for a resource whose folder on the server
// says nothing.
func remembered(resource catalog.Deployable) string {
	if status := resource.Shared().State.Status; status != "" {
		return status
	}
	return "exited"
}

// limited keeps the first bytes that are written to it and discards the rest without an
// error. An error would end the session and hide its cause.
type limited struct {
	text strings.Builder
	left int
}

// Write never fails.
func (l *limited) Write(p []byte) (int, error) {
	keep := p[:min(len(p), l.left)]
	l.left -= len(keep)
	l.text.Write(keep)
	return len(p), nil
}
