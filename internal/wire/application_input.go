package wire

import (
	"cmp"
	"strings"

	"waybill/internal/catalog"
)

// ShellInput creates an application that runs shell commands.
type ShellInput struct {
	ResourceInput
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// ImageInput creates an application that runs an image.
type ImageInput struct {
	ResourceInput
	ContainerInput
	ApplicationContainerInput
	Name string `json:"docker_registry_image_name"`
	Tag  string `json:"docker_registry_image_tag"`
}

// SourceInput is the git repository of an application.
type SourceInput struct {
	Repository string `json:"git_repository"`
	Branch     string `json:"git_branch"`
	Commit     string `json:"git_commit_sha"`
	Directory  string `json:"base_directory"`
	KeyUUID    string `json:"private_key_uuid,omitempty"`
	UserName   string `json:"git_username"`
	Password   string `json:"git_password,omitempty"`
	HostKeys   string `json:"git_host_keys"`
}

// DockerfileInput creates an application that is built from a repository.
type DockerfileInput struct {
	ResourceInput
	SourceInput
	ContainerInput
	ApplicationContainerInput
	Path string `json:"dockerfile_location"`
}

// InlineInput creates an application that is built from a Dockerfile alone, which is plain
// or in base64.
type InlineInput struct {
	ResourceInput
	ContainerInput
	ApplicationContainerInput
	Dockerfile string `json:"dockerfile"`
}

// ComposeInput creates an application that runs a compose file of a repository.
type ComposeInput struct {
	ResourceInput
	SourceInput
	Path string `json:"docker_compose_location"`
}

// ApplicationCodec returns the codec of the build pack.
func ApplicationCodec(pack catalog.BuildPack) Codec {
	codec := applicationCodec(pack, blankApplication(pack))
	switch pack {
	case catalog.PackImage:
		codec.Decode, codec.Encode = decoder(ImageInput.application), encoder(imageInput)
	case catalog.PackDockerfile:
		codec.Decode, codec.Encode = decoder(DockerfileInput.application), encoder(dockerfileInput)
		codec.optional = append(codec.optional, optionalSourceFields...)
	case catalog.PackCompose:
		codec.Decode, codec.Encode = decoder(ComposeInput.application), encoder(composeInput)
		codec.optional = append(codec.optional, optionalSourceFields...)
	default:
		codec.Decode, codec.Encode = decoder(ShellInput.application), encoder(shellInput)
	}
	return codec
}

// InlineCodec returns the codec of applications that are built from a Dockerfile alone.
func InlineCodec() Codec {
	codec := applicationCodec(catalog.PackDockerfile,
		&catalog.Application{Inline: &catalog.InlineDockerfile{}})
	codec.Decode, codec.Encode = decoder(InlineInput.application), encoder(inlineInput)
	return codec
}

// applicationCodec returns a codec without its functions.
func applicationCodec(pack catalog.BuildPack, blank *catalog.Application) Codec {
	return Codec{name: string(pack), Kind: catalog.KindApplication, blank: blank,
		optional: []string{"build_pack", "kind"}}
}

// optionalSourceFields are the fields of a source that an input may lack.
var optionalSourceFields = []string{"git_password", "private_key_uuid"}

// blankApplication returns an application of the build pack without values.
func blankApplication(pack catalog.BuildPack) *catalog.Application {
	switch pack {
	case catalog.PackImage:
		return &catalog.Application{Image: &catalog.Image{}}
	case catalog.PackDockerfile:
		return &catalog.Application{Dockerfile: &catalog.Dockerfile{}}
	case catalog.PackCompose:
		return &catalog.Application{Compose: &catalog.ComposeSource{}}
	}
	return &catalog.Application{Shell: &catalog.Shell{}}
}

func (n ShellInput) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{
		Resource: common, Shell: &catalog.Shell{Start: n.Start, Stop: n.Stop, Health: n.Health},
	}, nil
}

func shellInput(a *catalog.Application) ShellInput {
	return ShellInput{resourceInput(&a.Resource), a.Shell.Start, a.Shell.Stop, a.Shell.Health}
}

func (n ImageInput) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.addTo(n.container())
	return &catalog.Application{
		Resource: common, Image: &catalog.Image{Name: n.Name, Tag: n.Tag, Container: container},
	}, err
}

func imageInput(a *catalog.Application) ImageInput {
	return ImageInput{
		resourceInput(&a.Resource), containerInput(a.Image.Container),
		applicationContainerInput(a.Image.Container),
		a.Image.Name, a.Image.Tag,
	}
}

func (n DockerfileInput) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.addTo(n.container())
	return &catalog.Application{
		Resource:   common,
		Dockerfile: &catalog.Dockerfile{Source: n.source(), Path: n.Path, Container: container},
	}, err
}

func dockerfileInput(a *catalog.Application) DockerfileInput {
	d := a.Dockerfile
	return DockerfileInput{
		resourceInput(&a.Resource), sourceInput(d.Source), containerInput(d.Container),
		applicationContainerInput(d.Container), d.Path,
	}
}

func (n InlineInput) application(common catalog.Resource) (catalog.Deployable, error) {
	container, err := n.addTo(n.container())
	return &catalog.Application{
		Resource: common,
		Inline:   &catalog.InlineDockerfile{Text: dockerfileText(n.Dockerfile), Container: container},
	}, err
}

// dockerfileText returns the Dockerfile of a request, which has it plain or in base64. The
// two cannot be confused: an instruction is followed by a space or a tab, and base64 has
// white space only at the ends of lines.
func dockerfileText(given string) string {
	return decodeBase64(strings.NewReplacer("\n", "", "\r", "").Replace(given), given)
}

func inlineInput(a *catalog.Application) InlineInput {
	d := a.Inline
	return InlineInput{
		resourceInput(&a.Resource), containerInput(d.Container),
		applicationContainerInput(d.Container), d.Text,
	}
}

func (n ComposeInput) application(common catalog.Resource) (catalog.Deployable, error) {
	return &catalog.Application{
		Resource: common, Compose: &catalog.ComposeSource{Source: n.source(), Path: n.Path},
	}, nil
}

func composeInput(a *catalog.Application) ComposeInput {
	return ComposeInput{resourceInput(&a.Resource), sourceInput(a.Compose.Source), a.Compose.Path}
}

// head is how upstream writes the last commit of a branch.
const head = "HEAD"

func (n SourceInput) source() catalog.Source {
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

// sourceInput leaves the password out: it is not in the source.
func sourceInput(s catalog.Source) SourceInput {
	return SourceInput{
		Repository: s.Repository,
		Branch:     s.Branch,
		Commit:     cmp.Or(s.Commit, head),
		Directory:  s.Directory,
		KeyUUID:    string(s.KeyID),
		UserName:   s.UserName,
		HostKeys:   s.HostKeys,
	}
}
