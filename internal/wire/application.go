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

// ApplicationSettings are an application's configuration. Which of the pointers
// are set depends on the build pack.
type ApplicationSettings struct {
	Settings
	// Kind is the build pack, too.
	Kind      string `json:"kind"`
	BuildPack string `json:"build_pack"`
	*Shell
	*Image
	*Source
	*Container
	*ApplicationContainer
	DockerfileLocation *string `json:"dockerfile_location,omitempty"`
	// Dockerfile needs the ability to read sensitive data.
	Dockerfile            *string `json:"dockerfile,omitempty"`
	DockerComposeLocation *string `json:"docker_compose_location,omitempty"`
}

// Shell has the commands of an application. It needs the ability to read
// sensitive data.
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

// Source is the repository that an application is built from. Its password is
// never shown.
type Source struct {
	Repository string  `json:"git_repository"`
	Branch     *string `json:"git_branch"`
	Commit     string  `json:"git_commit_sha"`
	Directory  string  `json:"base_directory"`
	KeyUUID    *string `json:"private_key_uuid"`
	UserName   *string `json:"git_username"`
	// HostKeys is not in lists.
	HostKeys *Nullable `json:"git_host_keys,omitempty"`
}

// ApplicationSummary returns an application as lists show it, without its body.
func ApplicationSummary(a *catalog.Application) Application {
	summary := ApplicationDetails(a, false)
	summary.Environment = nil
	if summary.Source != nil {
		summary.Source.HostKeys = nil
	}
	return summary
}

// ApplicationDetails returns an application with its environment and, if
// sensitive, with its commands and the plain values of its variables.
func ApplicationDetails(a *catalog.Application, sensitive bool) Application {
	return Application{stateOf(&a.Resource), applicationSettingsOf(a, sensitive)}
}

func applicationSettingsOf(a *catalog.Application, sensitive bool) ApplicationSettings {
	body := ApplicationSettings{
		Settings:  settingsOf(&a.Resource, sensitive),
		Kind:      string(a.BuildPack()),
		BuildPack: string(a.BuildPack()),
	}
	if source := a.Source(); source != nil {
		body.Source = sourceOf(source)
	}
	switch {
	case a.Image != nil:
		body.Image = &Image{a.Image.Name, a.Image.Tag}
		body.setContainer(a.Image.Container, sensitive)
	case a.Dockerfile != nil:
		body.DockerfileLocation = &a.Dockerfile.Path
		body.setContainer(a.Dockerfile.Container, sensitive)
	case a.Inline != nil:
		if sensitive {
			body.Dockerfile = &a.Inline.Text
		}
		body.setContainer(a.Inline.Container, sensitive)
	case a.Compose != nil:
		body.DockerComposeLocation = &a.Compose.Path
	case a.Shell != nil && sensitive:
		body.Shell = &Shell{a.Shell.Start, a.Shell.Stop, a.Shell.Health}
	}
	return body
}

func (b *ApplicationSettings) setContainer(c catalog.Container, sensitive bool) {
	common, own := containerOf(c), applicationContainerOf(c, sensitive)
	b.Container, b.ApplicationContainer = &common, &own
}

func sourceOf(s *catalog.Source) *Source {
	hostKeys := Nullable(s.HostKeys)
	return &Source{
		Repository: s.Repository,
		Branch:     TextOrNull(s.Branch),
		Commit:     cmp.Or(s.Commit, head),
		Directory:  cmp.Or(s.Directory, "/"),
		KeyUUID:    TextOrNull(string(s.KeyID)),
		UserName:   TextOrNull(s.UserName),
		HostKeys:   &hostKeys,
	}
}
