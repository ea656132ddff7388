package inspect

import (
	"context"

	"waybill/internal/catalog"
	"waybill/internal/recipe"
	"waybill/internal/remote"
)

// Survey is what a server has of a resource. Its texts are the server's, not yet redacted.
type Survey struct {
	// Status is as upstream writes it.
	Status string
	recipe.Present
}

// Ask asks the server for the state of the resource, its containers and which of the images
// are there, and changes nothing. It fails like [Look].
func Ask(
	ctx context.Context, shell remote.Shell, resource catalog.Deployable, dataDir string, images []string,
) (Survey, error) {
	found, err := Look(ctx, shell, resource, dataDir)
	if err != nil {
		return Survey{}, err
	}
	survey := Survey{Status: found.Status}
	if app, is := resource.(*catalog.Application); is && app.Shell != nil {
		return survey, nil // it has no containers that Waybill knows
	}
	output, err := run(ctx, shell, recipe.PresentScript(resource.Common().ID, images), maxOutput)
	if err != nil {
		return Survey{}, err
	}
	survey.Present, err = recipe.ParsePresent(output, images)
	return survey, err
}

// DialAndAsk returns a function that connects to a server and asks it like
// [Ask]. It fails like the function of [DialAndLook].
func DialAndAsk(dialer remote.Dialer) func(
	ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.Deployable,
	images []string,
) (Survey, error) {
	return func(
		ctx context.Context, server *catalog.Server, login catalog.Login, resource catalog.Deployable,
		images []string,
	) (survey Survey, err error) {
		ask := func(ctx context.Context, shell remote.Shell) (err error) {
			survey, err = Ask(ctx, shell, resource, server.DataDir, images)
			return err
		}
		err = dialAndAsk(ctx, dialer, server, login, ask)
		return survey, err
	}
}
