package rest

import (
	"cmp"

	"waybill/internal/catalog"
)

// newShell is what a client gives of an application that runs by commands.
type newShell struct {
	newResource
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// newImage is what a client gives of an application that runs an image.
type newImage struct {
	newResource
	newContainer
	newProbe
	Name string `json:"docker_registry_image_name"`
	Tag  string `json:"docker_registry_image_tag"`
}

// newSource is what a client gives of a git repository.
type newSource struct {
	Repository string `json:"git_repository"`
	Branch     string `json:"git_branch"`
	Commit     string `json:"git_commit_sha"`
	Directory  string `json:"base_directory"`
	KeyUUID    string `json:"private_key_uuid,omitempty"`
	UserName   string `json:"git_username"`
	Password   string `json:"git_password,omitempty"`
	HostKeys   string `json:"git_host_keys"`
}

// newDockerfile is what a client gives of an application that is built.
type newDockerfile struct {
	newResource
	newSource
	newContainer
	newProbe
	Path string `json:"dockerfile_location"`
}

// newCompose is what a client gives of a compose file in a repository.
type newCompose struct {
	newResource
	newSource
	Path string `json:"docker_compose_location"`
}

// The build packs: upstream's, and ours for what does not run in Docker.
const (
	packShell      = "shell"
	packImage      = "dockerimage"
	packDockerfile = "dockerfile"
	packCompose    = "dockercompose"
)

// buildPack names the form that the application has.
func buildPack(a *catalog.Application) string {
	switch {
	case a.Image != nil:
		return packImage
	case a.Dockerfile != nil:
		return packDockerfile
	case a.Compose != nil:
		return packCompose
	}
	return packShell
}

// applicationForm is the form with the name.
func applicationForm(pack string) form {
	f := form{name: pack, kind: catalog.KindApplication}
	switch pack {
	case packImage:
		f.read, f.write = reading(newImage.application), func(d catalog.Deployable) any { return writeImage(d.(*catalog.Application)) }
	case packDockerfile:
		f.read, f.write = reading(newDockerfile.application), func(d catalog.Deployable) any { return writeDockerfile(d.(*catalog.Application)) }
		f.also = sourceSecrets
	case packCompose:
		f.read, f.write = reading(newCompose.application), func(d catalog.Deployable) any { return writeComposeSource(d.(*catalog.Application)) }
		f.also = sourceSecrets
	default:
		f.read, f.write = reading(newShell.application), func(d catalog.Deployable) any { return writeShell(d.(*catalog.Application)) }
	}
	f.also = append([]string{"build_pack", "kind"}, f.also...)
	return f
}

// sourceSecrets are members of a source that are not always written.
var sourceSecrets = []string{"git_password", "private_key_uuid"}

func (n newShell) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{Resource: common, Shell: &catalog.Shell{Start: n.Start, Stop: n.Stop, Health: n.Health}}, nil
}

func writeShell(a *catalog.Application) newShell {
	return newShell{writeResource(&a.Resource), a.Shell.Start, a.Shell.Stop, a.Shell.Health}
}

func (n newImage) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.probed(n.container())
	return &catalog.Application{Resource: common, Image: &catalog.Image{Name: n.Name, Tag: n.Tag, Container: container}}, err
}

func writeImage(a *catalog.Application) newImage {
	return newImage{writeResource(&a.Resource), writeContainer(a.Image.Container), writeProbe(a.Image.Container), a.Image.Name, a.Image.Tag}
}

func (n newDockerfile) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.probed(n.container())
	return &catalog.Application{Resource: common, Dockerfile: &catalog.Dockerfile{Source: n.source(), Path: n.Path, Container: container}}, err
}

func writeDockerfile(a *catalog.Application) newDockerfile {
	d := a.Dockerfile
	return newDockerfile{writeResource(&a.Resource), writeSource(d.Source), writeContainer(d.Container), writeProbe(d.Container), d.Path}
}

func (n newCompose) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{Resource: common, Compose: &catalog.ComposeSource{Source: n.source(), Path: n.Path}}, nil
}

func writeComposeSource(a *catalog.Application) newCompose {
	return newCompose{writeResource(&a.Resource), writeSource(a.Compose.Source), a.Compose.Path}
}

// head is how upstream writes the last commit of a branch.
const head = "HEAD"

func (n newSource) source() catalog.Source {
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
func writeSource(s catalog.Source) newSource {
	return newSource{
		Repository: s.Repository,
		Branch:     s.Branch,
		Commit:     cmp.Or(s.Commit, head),
		Directory:  s.Directory,
		KeyUUID:    string(s.KeyID),
		UserName:   s.UserName,
		HostKeys:   s.HostKeys,
	}
}
