package rest

import (
	"context"
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// serviceBody is a service on the wire.
type serviceBody struct {
	stateBody
	serviceSettings
	// Existing clients read these two, which Waybill does not tell apart.
	Applications []struct{} `json:"applications"`
	Databases    []struct{} `json:"databases"`
}

// serviceSettings are its configuration.
type serviceSettings struct {
	settingsBody
	DockerCompose    string `json:"docker_compose,omitempty"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
}

// showService is a service as lists show it.
func showService(s *catalog.Service) serviceBody {
	body := showWholeService(s, false)
	body.Environment = nil
	return body
}

// showWholeService adds what lists leave out.
func showWholeService(s *catalog.Service, sensitive bool) serviceBody {
	return serviceBody{showState(&s.Resource), showServiceSettings(s, sensitive), []struct{}{}, []struct{}{}}
}

func showServiceSettings(s *catalog.Service, sensitive bool) serviceSettings {
	body := serviceSettings{settingsBody: showSettings(&s.Resource, sensitive)}
	if sensitive {
		body.DockerCompose, body.DockerComposeRaw = s.Compose, s.Compose
	}
	return body
}

// listServices answers all of them as a bare array.
func (k keeper) listServices(ctx context.Context, _ *call) (answer, error) {
	return list(ctx, k.Store, catalog.KindService, showService)
}

// newService is what a client gives of a service. Existing clients call the
// compose file "raw".
type newService struct {
	newResource
	DockerCompose    string `json:"docker_compose"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
}

// serviceForm is the one form that services have.
func serviceForm() form {
	return form{
		name: string(catalog.KindService),
		kind: catalog.KindService,
		read: reading(newService.service),
		write: func(d catalog.Deployable) any {
			s := d.(*catalog.Service)
			return newService{newResource: writeResource(&s.Resource), DockerCompose: s.Compose}
		},
		also: []string{"docker_compose_raw"},
	}
}

// service takes the compose file under either name. A change may name both.
func (n newService) service(common catalog.Resource) (catalog.Deployable, error) {
	if n.DockerCompose != "" && n.DockerComposeRaw != "" {
		return nil, fault.InvalidField("docker_compose", "is given in two ways; give either docker_compose or docker_compose_raw")
	}
	return &catalog.Service{Resource: common, Compose: composeText(n.DockerCompose + n.DockerComposeRaw)}, nil
}

// composeText is the compose file of a request, which gives it plain or in
// base64. The two cannot be mixed up: a compose file has a colon, and base64
// never does.
func composeText(given string) string {
	return unpacked(strings.Join(strings.Fields(given), ""), given)
}

// configurationText is a database's configuration file, which may be given in
// base64 too. No such file is without a blank or a sign that base64 does not
// have; white space in base64 is only at the ends of its lines.
func configurationText(given string) string {
	packed := strings.NewReplacer("\n", "", "\r", "").Replace(given)
	return unpacked(packed, given)
}

// unpacked is the text that is packed in base64, or otherwise the text that was
// given.
func unpacked(packed, given string) string {
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding} {
		text, err := encoding.DecodeString(packed)
		if err == nil && len(text) > 0 && utf8.Valid(text) {
			return string(text)
		}
	}
	return given
}
