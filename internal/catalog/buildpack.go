package catalog

// BuildPack says how an application is built and run. The names are upstream's,
// except PackShell.
type BuildPack string

// The build packs.
const (
	// PackShell runs shell commands on the server, without Docker.
	PackShell BuildPack = "shell"
	// PackImage runs an image from a registry.
	PackImage BuildPack = "dockerimage"
	// PackDockerfile builds an image, from a git repository or from a Dockerfile alone,
	// and runs it.
	PackDockerfile BuildPack = "dockerfile"
	// PackCompose runs a compose file from a git repository.
	PackCompose BuildPack = "dockercompose"
)

// BuildPack returns the application's build pack, or "" for an empty draft.
func (a *Application) BuildPack() BuildPack {
	switch {
	case a.Image != nil:
		return PackImage
	case a.Dockerfile != nil, a.Inline != nil:
		return PackDockerfile
	case a.Compose != nil:
		return PackCompose
	case a.Shell != nil:
		return PackShell
	}
	return ""
}
