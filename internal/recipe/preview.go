package recipe

import (
	"context"
	"strings"

	"github.com/compose-spec/compose-go/v2/template"
	"github.com/compose-spec/compose-go/v2/types"

	"waybill/internal/catalog"
)

// Preview tells what the job of a plan would do. It has no secret.
type Preview struct {
	Steps []PreviewStep
	// Compose is the compose file that would run, with its variables in place of their
	// values. It is "" for a shell application, and if the file is in a repository.
	Compose string
	Images  []PreviewImage
	// Fetches reports whether the compose file or the Dockerfile is in a repository, so
	// that only the server will know which other images are needed.
	Fetches bool
	// Recreates reports whether all containers are created again, even if nothing has changed.
	Recreates bool
	// Status is the resource's status after all of it has succeeded.
	Status string
}

// PreviewStep is a step without its script.
type PreviewStep struct {
	Name string
	// Command is the line that the log shows.
	Command string
	// Private reports whether Command has text of the team, which a caller may see only with
	// its configuration.
	Private bool
	// OnFailure reports whether the step runs only after another one has failed.
	OnFailure bool
}

// PreviewImage is an image that containers will run.
type PreviewImage struct {
	// Service is the service in the compose file.
	Service string
	// Reference is the image, with secret variables in place of their values.
	Reference string
	// Private reports whether Reference is in a compose file, which a caller may see only with
	// its configuration.
	Private bool
	Source  ImageSource
}

// ImageSource says where a start gets an image from.
type ImageSource string

// The sources of images.
const (
	// PullMissing: it is pulled if the server does not have it.
	PullMissing ImageSource = "pull_missing"
	// PullNewer: the registry is asked for a newer one.
	PullNewer ImageSource = "pull_newer"
	// BuildHere: the server builds it.
	BuildHere ImageSource = "build"
)

// NewPreview makes a preview of the plan that [Build] makes, and fails as Build does. It does
// not use the values of the secrets, only their names, and which of them are empty. So
// nothing that depends on a secret's value is known: a secret counts as a number.
func NewPreview(input Input) (Preview, error) {
	input.Secrets, input.Registries = input.standIns(), nil
	if input.DeployKey != "" {
		input.DeployKey = placeholder
	}
	plan, err := Build(input)
	if err != nil {
		return Preview{}, err
	}
	_, always := input.Resource.(*catalog.Database)
	preview := Preview{Status: plan.Status, Recreates: always || input.recreates()}
	for _, step := range plan.Job.Steps {
		preview.Steps = append(preview.Steps, PreviewStep{
			Name: step.Name, Command: step.Command, OnFailure: step.OnFailure,
			Private: plan.Foreign || input.quotes(step.Name),
		})
	}
	for _, file := range plan.Job.Files {
		if file.Path == composeFile {
			preview.Compose = string(file.Content)
		}
	}
	return preview, input.findImages(&preview)
}

// standIns are the secrets of the input with other values.
func (in Input) standIns() map[string]string {
	_, composed := in.Resource.(*catalog.Service)
	values := make(map[string]string, len(in.Secrets))
	for name, value := range in.Secrets {
		switch {
		case value == "":
			values[name] = ""
		case composed:
			values[name] = placeholder
		default:
			values[name] = "<REDACTED:" + name + ">"
		}
	}
	return values
}

// quotes reports whether the command of the step quotes the compose file of a service.
func (in Input) quotes(step string) bool {
	_, composed := in.Resource.(*catalog.Service)
	return composed && (step == networkStep || step == filesStep)
}

// findImages adds the images of the resource to the preview.
func (in Input) findImages(preview *Preview) error {
	add := func(reference string, source ImageSource) {
		preview.Images = append(preview.Images, PreviewImage{
			Service: string(in.Resource.Common().ID), Reference: reference, Source: source,
		})
	}
	switch resource := in.Resource.(type) {
	case *catalog.Database:
		add(resource.Image, in.source(resource.Image, ""))
	case *catalog.Service:
		return in.findServiceImages(preview, resource)
	case *catalog.Application:
		preview.Fetches = resource.Source() != nil
		switch {
		case resource.Image != nil:
			tag := resource.Image.Tag
			if in.Options.DockerTag != "" {
				tag = in.Options.DockerTag
			}
			reference, err := imageReference(resource.Image.Name, tag)
			if err != nil {
				return err
			}
			add(reference, in.source(reference, ""))
		case resource.Dockerfile != nil, resource.Inline != nil:
			add(builtImage(resource.ID), BuildHere)
		}
	}
	return nil
}

// findServiceImages adds the images of a service's compose file, in the order of the
// services' names.
func (in Input) findServiceImages(preview *Preview, service *catalog.Service) error {
	ctx := context.Background()
	values, shown := placeholders(service), placeholders(service)
	for _, variable := range service.Environment {
		if variable.Secret {
			values[variable.Name] = in.Secrets[variable.Name]
			shown[variable.Name] = "${" + variable.Name + "}"
		}
	}
	read, err := readCompose(ctx, service, values, strict)
	if err != nil {
		return err
	}
	model, err := loadUnresolved(ctx, read.text)
	if err != nil {
		return err
	}
	for _, name := range read.project.ServiceNames() {
		parsed := read.project.Services[name]
		image := PreviewImage{Service: name, Private: true, Source: BuildHere}
		if parsed.Build == nil {
			image.Source = in.source(parsed.Image, parsed.PullPolicy)
		}
		written := writtenImage(model, name)
		if written == "" { // compose names what it builds
			written = string(service.ID) + "-" + name
		}
		image.Reference, err = template.Substitute(written, func(name string) (string, bool) {
			value, there := shown[name]
			return value, there
		})
		if err != nil {
			return refuse(0, reasonOf(err))
		}
		preview.Images = append(preview.Images, image)
	}
	return nil
}

// writtenImage is the image of a service as its compose file has it.
func writtenImage(model map[string]any, service string) string {
	services, _ := model["services"].(map[string]any)
	one, _ := services[service].(map[string]any)
	image, _ := one["image"].(string)
	return image
}

// source says how a start gets an image that is not built; see [Input.pull]. policy is
// what its compose file says.
func (in Input) source(image, policy string) ImageSource {
	switch {
	case strings.Contains(image, "@sha256:"):
		return PullMissing
	case policy == types.PullPolicyAlways, policy == types.PullPolicyRefresh,
		policy == "daily", policy == "weekly", strings.HasPrefix(policy, "every_"):
		return PullNewer
	case policy == types.PullPolicyNever, policy == types.PullPolicyMissing,
		policy == types.PullPolicyIfNotPresent, !in.pullsNewer():
		return PullMissing
	}
	return PullNewer
}
