package wire

import (
	"cmp"

	"waybill/internal/catalog"
)

// Application is an application on the wire.
type Application struct {
	State
	ApplicationSettings
}

// ApplicationSettings are its configuration. Of the forms one is there.
type ApplicationSettings struct {
	Settings
	// BuildPack names the form; Kind is the same.
	Kind      string `json:"kind"`
	BuildPack string `json:"build_pack"`
	*Shell
	*Image
	*Source
	*Container
	*Probe
	DockerfileLocation    *string `json:"dockerfile_location,omitempty"`
	DockerComposeLocation *string `json:"docker_compose_location,omitempty"`
}

// Shell is there for those who may see what is sensitive.
type Shell struct {
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// Image is the image that an application runs.
type Image struct {
	Name string `json:"docker_registry_image_name"`
	Tag  string `json:"docker_registry_image_tag"`
}

// Source is the repository that an application is built from. Its password
// is shown to nobody.
type Source struct {
	Repository string  `json:"git_repository"`
	Branch     *string `json:"git_branch"`
	Commit     string  `json:"git_commit_sha"`
	Directory  string  `json:"base_directory"`
	KeyUUID    *string `json:"private_key_uuid"`
	UserName   *string `json:"git_username"`
	HostKeys   *string `json:"git_host_keys"`
}

// ShowApplication is an application as lists show it.
func ShowApplication(a *catalog.Application) Application {
	return Application{showState(&a.Resource), showApplicationSettings(a, false)}.listed()
}

// listed leaves out what lists do not show.
func (b Application) listed() Application {
	b.Environment = nil
	return b
}

// ShowApplicationInFull adds what lists leave out.
func ShowApplicationInFull(a *catalog.Application, sensitive bool) Application {
	return Application{showState(&a.Resource), showApplicationSettings(a, sensitive)}
}

// showApplicationSettings shows the form that the application has.
func showApplicationSettings(a *catalog.Application, sensitive bool) ApplicationSettings {
	body := ApplicationSettings{Settings: showSettings(&a.Resource, sensitive), Kind: buildPack(a), BuildPack: buildPack(a)}
	if source := a.Source(); source != nil {
		body.Source = showSource(source)
	}
	switch {
	case a.Image != nil:
		body.Image = &Image{a.Image.Name, a.Image.Tag}
		body.show(a.Image.Container, sensitive)
	case a.Dockerfile != nil:
		body.DockerfileLocation = &a.Dockerfile.Path
		body.show(a.Dockerfile.Container, sensitive)
	case a.Compose != nil:
		body.DockerComposeLocation = &a.Compose.Path
	case a.Shell != nil && sensitive:
		body.Shell = &Shell{a.Shell.Start, a.Shell.Stop, a.Shell.Health}
	}
	return body
}

// show adds how the container runs.
func (b *ApplicationSettings) show(c catalog.Container, sensitive bool) {
	container, probe := showContainer(c), showProbe(c, sensitive)
	b.Container, b.Probe = &container, &probe
}

func showSource(s *catalog.Source) *Source {
	return &Source{
		Repository: s.Repository,
		Branch:     TextOrNull(s.Branch),
		Commit:     cmp.Or(s.Commit, head),
		Directory:  cmp.Or(s.Directory, "/"),
		KeyUUID:    TextOrNull(string(s.KeyID)),
		UserName:   TextOrNull(s.UserName),
		HostKeys:   TextOrNull(s.HostKeys),
	}
}
