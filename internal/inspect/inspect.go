// Package inspect asks a server how a resource on it is, by the commands that
// package recipe has for it, over a connection that is open already.
package inspect

import (
	"context"
	"io"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// Found is what a look at a resource found.
type Found struct {
	// Status is as upstream writes it ("running:healthy", "exited").
	Status string
	// Commit and Message are of the git repository that was built last, if the
	// resource has one. Message is the server's text, not yet redacted.
	Commit, Message string
	// Fault names the containers that are not well, in words; "" if all are.
	Fault string
}

// maxOutput is more than any server has to say of one resource.
const maxOutput = 1 << 20

// Look looks at the resource. It changes nothing. Unavailable if the connection
// ended, or if the server could not tell; ctx's own error if its time was up.
func Look(ctx context.Context, shell remote.Shell, resource catalog.Deployable, dataDir string) (Found, error) {
	output := &limited{left: maxOutput}
	exit, err := shell.Run(ctx, recipe.StatusScript(resource, dataDir), nil, output, io.Discard)
	switch {
	case err != nil:
		return Found{}, err
	case exit != 0:
		return Found{}, fault.New(fault.Unavailable, "The server cannot tell how the resource is: its shell ended with code %d.", exit)
	}
	status, err := recipe.ParseStatus(output.text.String())
	if err != nil {
		return Found{}, err
	}
	found := Found(status)
	if found.Status == "" {
		found.Status = remembered(resource)
	}
	return found, nil
}

// remembered is what the catalog knows of a resource whose folder tells nothing.
func remembered(resource catalog.Deployable) string {
	if status := resource.Shared().State.Status; status != "" {
		return status
	}
	return "exited"
}

// limited keeps the beginning of what it is given and takes the rest as well:
// a writer that fails would end the session and hide why.
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
