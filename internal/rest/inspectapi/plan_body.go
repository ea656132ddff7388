package inspectapi

import (
	"fmt"

	"waybill/internal/deployment"
	"waybill/internal/wire"
)

// planBody answers what a start would do.
type planBody struct {
	ResourceUUID       string         `json:"resource_uuid"`
	Operation          string         `json:"operation"`
	ConfigurationHash  string         `json:"configuration_hash"`
	LastDeploymentUUID *string        `json:"last_deployment_uuid"`
	Changes            []wire.Change  `json:"changes"`
	Variables          []planVariable `json:"variables"`
	Steps              []planStep     `json:"steps"`
	Compose            *string        `json:"docker_compose"`
	Images             []planImage    `json:"images"`
	ImagesComplete     bool           `json:"images_complete"`
	Registries         []string       `json:"registries"`
	Status             *string        `json:"status"`
	Problems           []string       `json:"problems"`
	Warnings           []string       `json:"warnings"`
	Look               *lookBody      `json:"look"`
}

// planVariable is a variable without its value.
type planVariable struct {
	Key    string `json:"key"`
	Secret bool   `json:"is_secret"`
}

// planStep is a step of the job. Command is null if it is withheld.
type planStep struct {
	Name      string  `json:"name"`
	Command   *string `json:"command"`
	OnFailure bool    `json:"on_failure"`
}

// planImage is an image that the start needs. Image is null if it is withheld, and Present if
// the server was not asked or the name of the image depends on a secret.
type planImage struct {
	Service string  `json:"service"`
	Image   *string `json:"image"`
	Source  string  `json:"source"`
	Present *bool   `json:"present"`
}

// lookBody is what the server has. Message says why it is unknown; the others are null then.
type lookBody struct {
	Message    *string         `json:"message"`
	Status     *string         `json:"status"`
	Containers []planContainer `json:"containers"`
}

// planContainer is a container and what the start would do to it. Name and State are null if
// the start creates it.
type planContainer struct {
	Service string  `json:"service"`
	Name    *string `json:"name"`
	State   *string `json:"state"`
	Effect  string  `json:"effect"`
}

// body returns the answer. Without the right to read sensitive data, it has no text that a
// configuration withholds: compose files, commands of the team and values of variables.
func (in *intent) body(sensitive bool) planBody {
	body := planBody{
		ResourceUUID:      string(in.resource.Common().ID),
		Operation:         string(deployment.Start),
		ConfigurationHash: in.hash,
		Variables:         []planVariable{},
		Steps:             []planStep{},
		Images:            []planImage{},
		ImagesComplete:    in.imagesKnown(),
		Registries:        append([]string{}, in.registries...),
		Problems:          texts(in.problems, sensitive),
		Warnings:          texts(in.warnings, sensitive),
	}
	if in.started {
		last := string(in.last.ID)
		body.LastDeploymentUUID = &last
	}
	if in.compared {
		body.Changes = wire.FromChanges(in.changes, sensitive)
	}
	for _, variable := range in.resource.Shared().Environment {
		body.Variables = append(body.Variables, planVariable{variable.Name, variable.Secret})
	}
	in.describe(&body, sensitive)
	body.Look = in.lookBody()
	return body
}

// describe adds the preview to the answer.
func (in *intent) describe(body *planBody, sensitive bool) {
	for _, step := range in.preview.Steps {
		one := planStep{Name: step.Name, OnFailure: step.OnFailure}
		if sensitive || !step.Private {
			one.Command = &step.Command
		}
		body.Steps = append(body.Steps, one)
	}
	for _, image := range in.preview.Images {
		one := planImage{Service: image.Service, Source: string(image.Source)}
		if sensitive || !image.Private {
			one.Image = &image.Reference
		}
		one.Present = in.present(image)
		body.Images = append(body.Images, one)
	}
	if in.preview.Status != "" {
		body.Status = &in.preview.Status
	}
	if sensitive && in.preview.Compose != "" {
		body.Compose = &in.preview.Compose
	}
}

// texts returns the sentences that the caller may read, and a sentence about the others.
func texts(problems []problem, sensitive bool) []string {
	shown, withheld := []string{}, 0
	for _, problem := range problems {
		if problem.private && !sensitive {
			withheld++
			continue
		}
		shown = append(shown, problem.text)
	}
	if withheld > 0 {
		shown = append(shown, fmt.Sprintf("Another %d about the configuration can be read with the ability "+
			"read:sensitive.", withheld))
	}
	return shown
}
