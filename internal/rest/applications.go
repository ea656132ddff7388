package rest

import (
	"cmp"
	"context"

	"waybill/internal/catalog"
)

// applicationBody is an application on the wire.
type applicationBody struct {
	stateBody
	applicationSettings
}

// applicationSettings are its configuration. Of the forms one is there.
type applicationSettings struct {
	settingsBody
	// BuildPack names the form; Kind is the same.
	Kind      string `json:"kind"`
	BuildPack string `json:"build_pack"`
	*shellBody
	*imageBody
	*sourceBody
	*containerBody
	*probeBody
	DockerfileLocation    *string `json:"dockerfile_location,omitempty"`
	DockerComposeLocation *string `json:"docker_compose_location,omitempty"`
}

// shellBody is there for those who may see what is sensitive.
type shellBody struct {
	Start  string `json:"start"`
	Stop   string `json:"stop"`
	Health string `json:"health"`
}

// imageBody is the image that an application runs.
type imageBody struct {
	Name string `json:"docker_registry_image_name"`
	Tag  string `json:"docker_registry_image_tag"`
}

// sourceBody is the repository that an application is built from. Its password
// is shown to nobody.
type sourceBody struct {
	Repository string  `json:"git_repository"`
	Branch     *string `json:"git_branch"`
	Commit     string  `json:"git_commit_sha"`
	Directory  string  `json:"base_directory"`
	KeyUUID    *string `json:"private_key_uuid"`
	UserName   *string `json:"git_username"`
	HostKeys   *string `json:"git_host_keys"`
}

// showApplication is an application as lists show it.
func showApplication(a *catalog.Application) applicationBody {
	return applicationBody{showState(&a.Resource), showApplicationSettings(a, false)}.listed()
}

// listed leaves out what lists do not show.
func (b applicationBody) listed() applicationBody {
	b.Environment = nil
	return b
}

// showWholeApplication adds what lists leave out.
func showWholeApplication(a *catalog.Application, sensitive bool) applicationBody {
	return applicationBody{showState(&a.Resource), showApplicationSettings(a, sensitive)}
}

// showApplicationSettings shows the form that the application has.
func showApplicationSettings(a *catalog.Application, sensitive bool) applicationSettings {
	body := applicationSettings{settingsBody: showSettings(&a.Resource, sensitive), Kind: buildPack(a), BuildPack: buildPack(a)}
	if source := a.Source(); source != nil {
		body.sourceBody = showSource(source)
	}
	switch {
	case a.Image != nil:
		body.imageBody = &imageBody{a.Image.Name, a.Image.Tag}
		body.show(a.Image.Container, sensitive)
	case a.Dockerfile != nil:
		body.DockerfileLocation = &a.Dockerfile.Path
		body.show(a.Dockerfile.Container, sensitive)
	case a.Compose != nil:
		body.DockerComposeLocation = &a.Compose.Path
	case a.Shell != nil && sensitive:
		body.shellBody = &shellBody{a.Shell.Start, a.Shell.Stop, a.Shell.Health}
	}
	return body
}

// show adds how the container runs.
func (b *applicationSettings) show(c catalog.Container, sensitive bool) {
	container, probe := showContainer(c), showProbe(c, sensitive)
	b.containerBody, b.probeBody = &container, &probe
}

func showSource(s *catalog.Source) *sourceBody {
	return &sourceBody{
		Repository: s.Repository,
		Branch:     textOrNull(s.Branch),
		Commit:     cmp.Or(s.Commit, head),
		Directory:  cmp.Or(s.Directory, "/"),
		KeyUUID:    textOrNull(string(s.KeyID)),
		UserName:   textOrNull(s.UserName),
		HostKeys:   textOrNull(s.HostKeys),
	}
}

// listApplications answers all of them as a bare array.
func (k keeper) listApplications(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindApplication, showApplication)
}
