package catalog

import (
	"io"
	"time"
)

// TemplateInput is what the variables of a service that is made from a template depend
// on.
type TemplateInput struct {
	// Service is the draft. A secret variable may have its value in Secrets instead.
	Service *Service
	// Server gives the service its host names.
	Server *Server
	// Former are the variables that the service had before a change. A generated one that
	// the change leaves out returns, so that it does not replace a password.
	Former  []Variable
	Secrets map[string]string
	Now     time.Time
	// Random is crypto/rand.Reader outside tests.
	Random io.Reader
}

// TemplateUse says what a compose file uses of the dialect of Coolify's templates, each
// list in the order of the file.
type TemplateUse struct {
	// Variables are the names of the generated variables.
	Variables []string
	// Defaults and Required are the variables of environments with a default, and the
	// ones without which the service does not start.
	Defaults, Required []string
	// Volumes are the volumes that were not declared.
	Volumes []string
	// Files and Directories are the places in containers, such as "web:/etc/web.conf", of
	// volumes with content and of folders.
	Files, Directories []string
	// Excluded are the services that do not count for the state, and Restarted the ones
	// that got the restart policy unless-stopped.
	Excluded, Restarted []string
}
