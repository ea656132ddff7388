package inspectapi

import (
	"context"
	"errors"
	"strings"

	"waybill/internal/catalog"
	"waybill/internal/fault"
	"waybill/internal/inspect"
	"waybill/internal/recipe"
)

// looked is what the server has of the resource, or why this is unknown.
type looked struct {
	message string
	survey  inspect.Survey
	effects []recipe.ContainerEffect
}

// lookAt asks the server for its containers and images. A server that does not answer is a
// finding: the rest of the plan is known without it. Exhausted if too many requests are
// connected to the server.
func (a inspectAPI) lookAt(ctx context.Context, in *intent) error {
	in.looked = &looked{}
	if in.at == nil {
		in.looked.message = "The server was not asked, because something that is needed to reach it is gone."
		return nil
	}
	err := a.inSession(ctx, *in.at, func() (err error) {
		in.looked.survey, err = a.Survey(ctx, in.server, in.at.secrets.Login(), in.resource, in.askedImages())
		return err
	})
	if errors.Is(err, catalog.ErrServer) {
		in.looked.message = fault.Public(err)
		return nil
	}
	in.looked.effects = in.preview.Effects(in.looked.survey.Present, !in.compared || len(in.changes) > 0)
	return err
}

// askedImages are the images that the server is asked for. The name of another one depends on a
// secret, which is never sent in a command.
func (in *intent) askedImages() []string {
	var names []string
	for _, image := range in.preview.Images {
		if isKnown(image) {
			names = append(names, image.Reference)
		}
	}
	return names
}

func isKnown(image recipe.PreviewImage) bool { return !strings.Contains(image.Reference, "$") }

// present reports whether the server has the image, or nil if this is unknown.
func (in *intent) present(image recipe.PreviewImage) *bool {
	if in.looked == nil || in.looked.message != "" || !isKnown(image) {
		return nil
	}
	_, there := in.looked.survey.Images[image.Reference]
	return &there
}

// lookBody is nil if the server was not to be asked.
func (in *intent) lookBody() *lookBody {
	switch {
	case in.looked == nil:
		return nil
	case in.looked.message != "":
		return &lookBody{Message: &in.looked.message}
	}
	status := in.at.matcher.Text(in.looked.survey.Status)
	body := &lookBody{Status: &status, Containers: []planContainer{}}
	for _, one := range in.looked.effects {
		container := planContainer{Service: in.at.matcher.Text(one.Service), Effect: string(one.Effect)}
		if one.Effect != recipe.Created {
			name := in.at.matcher.Text(one.Name)
			container.Name, container.State = &name, &one.State
		}
		body.Containers = append(body.Containers, container)
	}
	return body
}
