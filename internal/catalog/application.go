package catalog

// Application is a resource that is one program. Exactly one of its five forms is
// set.
type Application struct {
	Resource
	Shell      *Shell
	Image      *Image
	Dockerfile *Dockerfile
	Inline     *InlineDockerfile
	Compose    *ComposeSource
}

// DependsOn returns the application's server and the deploy key of its
// repository.
func (a *Application) DependsOn() []ID {
	ids := []ID{a.ServerID}
	if source := a.Source(); source != nil && source.KeyID != "" {
		ids = append(ids, source.KeyID)
	}
	return ids
}

// Source returns the git repository that the application is built from, or nil.
func (a *Application) Source() *Source {
	switch {
	case a.Dockerfile != nil:
		return &a.Dockerfile.Source
	case a.Compose != nil:
		return &a.Compose.Source
	}
	return nil
}

// Shell is an application that does not run in Docker. The team gives the
// commands; each is a POSIX sh script that runs with -e.
type Shell struct {
	Start string
	// Stop and Health may be empty. Without Stop there is nothing to stop;
	// without Health a start that exits 0 counts as healthy.
	Stop   string
	Health string
}

// Image is an application that runs one image from a registry.
type Image struct {
	// Name is the image without its tag ("ghcr.io/acme/web"). Tag is a tag or a
	// digest ("1.4", "sha256:…"). A deploy request may give another tag.
	Name string
	Tag  string
	Container
}

// Dockerfile is an application that is built from a git repository.
type Dockerfile struct {
	Source
	// Path is the path of the Dockerfile, relative to the source's Directory.
	Path string
	Container
}

// InlineDockerfile is an application that is built from a Dockerfile alone. The build has
// no other file.
type InlineDockerfile struct {
	// Text is the Dockerfile, at most [MaxDockerfileBytes].
	Text string
	Container
}

// MaxDockerfileBytes bounds the text of a Dockerfile.
const MaxDockerfileBytes = 64 << 10

// ComposeSource is an application whose compose file lies in a git repository.
type ComposeSource struct {
	Source
	// Path is the path of the compose file, relative to the source's Directory.
	Path string
}

// Source is a git repository at a branch or a commit.
type Source struct {
	// Repository is the address that git clones: https://…, ssh://…,
	// git@host:path or, for a repository on the server itself, an absolute path.
	Repository string
	// Branch is followed unless Commit is set.
	Branch string
	Commit string
	// Directory is the folder in the repository that all other paths are
	// relative to. "/" is the whole repository.
	Directory string
	// KeyID is the private key for SSH, or "". UserName goes with Password, which
	// may be a token. Only a draft carries a Password: it is stored in the [Vault]
	// as [GitPasswordSecret], never in a [Store].
	KeyID    ID
	UserName string
	Password string
	// HostKeys are lines of known_hosts. Without any, the server remembers the
	// first key that it sees and insists on it from then on.
	HostKeys string
}

// GitPasswordSecret is the name of a repository's password in the [Vault].
const GitPasswordSecret = "GIT_PASSWORD"

// Container is how the one container of an application or a database runs.
type Container struct {
	// Exposes are the ports on which it listens.
	Exposes []int
	// Mappings publish ports in compose's short syntax ("127.0.0.1:8080:80",
	// "53:53/udp").
	Mappings []string
	Limits   Limits
	Health   HealthCheck
}

// Limits bound a container. An empty or zero field sets no limit. Sizes are in
// Docker's notation ("512m").
type Limits struct {
	Memory            string
	MemorySwap        string
	MemoryReservation string
	CPUs              string
	CPUSet            string
	CPUShares         int
}

// HealthCheck tests whether a container is healthy. An application has Command,
// or Port and Path for an HTTP request, or neither; a database uses the check of
// its engine. Times are in whole seconds; zero means the default.
type HealthCheck struct {
	Disabled bool
	// Command is a POSIX sh script that runs in the container.
	Command string
	// A GET of Path on Port must answer with a status of 2xx or 3xx.
	Port int
	Path string

	IntervalSeconds    int
	TimeoutSeconds     int
	Retries            int
	StartPeriodSeconds int
}
