package wire

import (
	"cmp"

	"waybill/internal/catalog"
)

// NewShell is what a client gives of an application that runs by commands.
type NewShell struct {
	NewResource
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// NewImage is what a client gives of an application that runs an image.
type NewImage struct {
	NewResource
	NewContainer
	NewProbe
	Name string `json:"docker_registry_image_name"`
	Tag  string `json:"docker_registry_image_tag"`
}

// NewSource is what a client gives of a git repository.
type NewSource struct {
	Repository string `json:"git_repository"`
	Branch     string `json:"git_branch"`
	Commit     string `json:"git_commit_sha"`
	Directory  string `json:"base_directory"`
	KeyUUID    string `json:"private_key_uuid,omitempty"`
	UserName   string `json:"git_username"`
	Password   string `json:"git_password,omitempty"`
	HostKeys   string `json:"git_host_keys"`
}

// NewDockerfile is what a client gives of an application that is built.
type NewDockerfile struct {
	NewResource
	NewSource
	NewContainer
	NewProbe
	Path string `json:"dockerfile_location"`
}

// NewCompose is what a client gives of a compose file in a repository.
type NewCompose struct {
	NewResource
	NewSource
	Path string `json:"docker_compose_location"`
}

// The build packs: upstream's, and ours for what does not run in Docker.
const (
	PackShell      = "shell"
	PackImage      = "dockerimage"
	PackDockerfile = "dockerfile"
	PackCompose    = "dockercompose"
)

// buildPack names the form that the application has.
func buildPack(a *catalog.Application) string {
	switch {
	case a.Image != nil:
		return PackImage
	case a.Dockerfile != nil:
		return PackDockerfile
	case a.Compose != nil:
		return PackCompose
	}
	return PackShell
}

// ApplicationForm is the form with the name.
func ApplicationForm(pack string) Form {
	f := Form{name: pack, Kind: catalog.KindApplication}
	switch pack {
	case PackImage:
		f.Read, f.Write = reading(NewImage.application), func(d catalog.Deployable) any { return writeImage(d.(*catalog.Application)) }
	case PackDockerfile:
		f.Read, f.Write = reading(NewDockerfile.application), func(d catalog.Deployable) any { return writeDockerfile(d.(*catalog.Application)) }
		f.also = sourceSecrets
	case PackCompose:
		f.Read, f.Write = reading(NewCompose.application), func(d catalog.Deployable) any { return writeComposeSource(d.(*catalog.Application)) }
		f.also = sourceSecrets
	default:
		f.Read, f.Write = reading(NewShell.application), func(d catalog.Deployable) any { return writeShell(d.(*catalog.Application)) }
	}
	f.also = append([]string{"build_pack", "kind"}, f.also...)
	return f
}

// sourceSecrets are members of a source that are not always written.
var sourceSecrets = []string{"git_password", "private_key_uuid"}

func (n NewShell) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{Resource: common, Shell: &catalog.Shell{Start: n.Start, Stop: n.Stop, Health: n.Health}}, nil
}

func writeShell(a *catalog.Application) NewShell {
	return NewShell{writeResource(&a.Resource), a.Shell.Start, a.Shell.Stop, a.Shell.Health}
}

func (n NewImage) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.probed(n.container())
	return &catalog.Application{Resource: common, Image: &catalog.Image{Name: n.Name, Tag: n.Tag, Container: container}}, err
}

func writeImage(a *catalog.Application) NewImage {
	return NewImage{writeResource(&a.Resource), writeContainer(a.Image.Container), writeProbe(a.Image.Container), a.Image.Name, a.Image.Tag}
}

func (n NewDockerfile) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.probed(n.container())
	return &catalog.Application{Resource: common, Dockerfile: &catalog.Dockerfile{Source: n.source(), Path: n.Path, Container: container}}, err
}

func writeDockerfile(a *catalog.Application) NewDockerfile {
	d := a.Dockerfile
	return NewDockerfile{writeResource(&a.Resource), writeSource(d.Source), writeContainer(d.Container), writeProbe(d.Container), d.Path}
}

func (n NewCompose) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{Resource: common, Compose: &catalog.ComposeSource{Source: n.source(), Path: n.Path}}, nil
}

func writeComposeSource(a *catalog.Application) NewCompose {
	return NewCompose{writeResource(&a.Resource), writeSource(a.Compose.Source), a.Compose.Path}
}

// head is how upstream writes the last commit of a branch.
const head = "HEAD"

func (n NewSource) source() catalog.Source {
	source := catalog.Source{
		Repository: n.Repository,
		Branch:     n.Branch,
		Commit:     n.Commit,
		Directory:  n.Directory,
		KeyID:      catalog.ID(n.KeyUUID),
		UserName:   n.UserName,
		Password:   n.Password,
		HostKeys:   n.HostKeys,
	}
	if source.Commit == head {
		source.Commit = ""
	}
	return source
}

// writeSource leaves the password out: it is not in the source.
func writeSource(s catalog.Source) NewSource {
	return NewSource{
		Repository: s.Repository,
		Branch:     s.Branch,
		Commit:     cmp.Or(s.Commit, head),
		Directory:  s.Directory,
		KeyUUID:    string(s.KeyID),
		UserName:   s.UserName,
		HostKeys:   s.HostKeys,
	}
}
