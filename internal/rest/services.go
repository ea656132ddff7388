package rest

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"waybill/internal/catalog"
)

// serviceBody is a service on the wire.
type serviceBody struct {
	sharedBody
	DockerCompose    string `json:"docker_compose,omitempty"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
	// Existing clients read these two, which Waybill does not tell apart.
	Applications []struct{} `json:"applications"`
	Databases    []struct{} `json:"databases"`
}

// showService is a service as lists show it.
func showService(s *catalog.Service) serviceBody {
	return serviceBody{sharedBody: showShared(&s.Resource), Applications: []struct{}{}, Databases: []struct{}{}}
}

// showWholeService adds what lists leave out.
func showWholeService(s *catalog.Service, sensitive bool) serviceBody {
	body := showService(s)
	body.Environment = showEnvironment(s.Environment, sensitive)
	if sensitive {
		body.DockerCompose, body.DockerComposeRaw = s.Compose, s.Compose
	}
	return body
}

// listServices answers all of them as a bare array.
func (k keeper) listServices(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindService, showService)
}

// getService answers one, with its compose file for those who may see it.
func (k keeper) getService(ctx context.Context, c *call) (answer, error) {
	service, err := find[*catalog.Service](ctx, k.Store, c.params["uuid"], catalog.KindService)
	if err != nil {
		return answer{}, err
	}
	return ok(showWholeService(service, c.sensitive())), nil
}

// newService is what a client gives of a service. Existing clients call the
// compose file "raw".
type newService struct {
	newResource
	DockerCompose    string `json:"docker_compose"`
	DockerComposeRaw string `json:"docker_compose_raw"`
}

// createService keeps a service and starts nothing.
func (k keeper) createService(ctx context.Context, c *call) (answer, error) {
	given, err := decode[newService](c.body)
	if err != nil {
		return answer{}, err
	}
	resource, err := k.draft(catalog.KindService, given.newResource)
	if err != nil {
		return answer{}, err
	}
	// openapi.yaml lets exactly one of the two names through.
	service := &catalog.Service{Resource: resource, Compose: composeText(given.DockerCompose + given.DockerComposeRaw)}
	if err := k.register(ctx, service); err != nil {
		return answer{}, err
	}
	return created(showWholeService(service, c.sensitive())), nil
}

// composeText is the compose file of a request, which gives it plain or in
// base64. The two cannot be mixed up: a compose file has a colon, and base64
// never does.
func composeText(given string) string {
	packed := strings.Join(strings.Fields(given), "")
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		text, err := encoding.DecodeString(packed)
		if err == nil && len(text) > 0 && utf8.Valid(text) {
			return string(text)
		}
	}
	return given
}
