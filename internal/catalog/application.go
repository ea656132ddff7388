package catalog

// Application is a resource that is one program. Exactly one of its forms is
// set.
type Application struct {
	Resource
	Shell      *Shell
	Image      *Image
	Dockerfile *Dockerfile
	Compose    *ComposeSource
}

// DependsOn is the application's server, and the deploy key of its repository.
func (a *Application) DependsOn() []ID {
	ids := []ID{a.ServerID}
	if source := a.Source(); source != nil && source.KeyID != "" {
		ids = append(ids, source.KeyID)
	}
	return ids
}

// Source is the git repository that the application is built from, or nil.
func (a *Application) Source() *Source {
	switch {
	case a.Dockerfile != nil:
		return &a.Dockerfile.Source
	case a.Compose != nil:
		return &a.Compose.Source
	}
	return nil
}

// Shell is an application that runs by commands which the team gives, for what
// does not run in Docker. Each is a POSIX sh script and runs with -e.
type Shell struct {
	Start string
	// Stop and Health may be empty: then there is nothing to stop, and a start
	// that exits 0 counts as healthy.
	Stop   string
	Health string
}

// Image is an application that runs one image of a registry.
type Image struct {
	// Name is the image without a tag ("ghcr.io/acme/web"), Tag the tag or the
	// digest ("1.4", "sha256:…"); a deploy may give another tag.
	Name string
	Tag  string
	Container
}

// Dockerfile is an application that is built from a git repository.
type Dockerfile struct {
	Source
	// Path is the Dockerfile's, below the source's Directory.
	Path string
	Container
}

// ComposeSource is an application whose compose file lies in a git repository.
type ComposeSource struct {
	Source
	// Path is the compose file's, below the source's Directory.
	Path string
}

// Source is a git repository at a branch or a commit.
type Source struct {
	// Repository is what git clones: https://…, ssh://…, git@host:path or, for
	// one on the server itself, an absolute path.
	Repository string
	// Branch is followed unless Commit is set.
	Branch string
	Commit string
	// Directory is the folder in the repository that is the root of everything
	// else, "/" for all of it.
	Directory string
	// KeyID is the private key that opens it, or "". UserName goes with a
	// Password or token, which only a draft has: it lies in the [Vault] as
	// [GitPasswordSecret], and no [Store] keeps it.
	KeyID    ID
	UserName string
	Password string
	// HostKeys are lines of known_hosts. Without any, the key that is seen
	// first is kept on the server and must stay the same.
	HostKeys string
}

// GitPasswordSecret is the name of a repository's password in the [Vault].
const GitPasswordSecret = "GIT_PASSWORD"

// Container is how the one container of an application or a database runs.
type Container struct {
	// Exposes are the ports on which it listens.
	Exposes []int
	// Mappings publish ports, as compose writes them in short
	// ("127.0.0.1:8080:80", "53:53/udp").
	Mappings []string
	Limits   Limits
	Health   HealthCheck
}

// Limits bound a container; what is empty or zero is not bounded. Sizes are as
// Docker reads them ("512m").
type Limits struct {
	Memory            string
	MemorySwap        string
	MemoryReservation string
	CPUs              string
	CPUSet            string
	CPUShares         int
}

// HealthCheck is how a container is asked whether it is well. An application
// has Command, or Port and Path for a request over HTTP, or none; a database's
// is its engine's. Times are whole seconds; zero ones are the defaults.
type HealthCheck struct {
	Disabled bool
	// Command is a POSIX sh script that runs in the container.
	Command string
	// Port and Path are asked by GET for a status of 2xx or 3xx.
	Port int
	Path string

	IntervalSeconds    int
	TimeoutSeconds     int
	Retries            int
	StartPeriodSeconds int
}
