package wire

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"waybill/internal/catalog"
	"waybill/internal/fault"
)

// Service is a service on the wire.
type Service struct {
	State
	ServiceSettings
	// Existing clients read these two, which Waybill does not tell apart.
	Applications []struct{} `json:"applications"`
	Databases    []struct{} `json:"databases"`
}

// ServiceSettings are its configuration.
type ServiceSettings struct {
	Settings
	DockerCompose    string `json:"docker_compose,omitempty"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
}

// ShowService is a service as lists show it.
func ShowService(s *catalog.Service) Service {
	body := ShowServiceInFull(s, false)
	body.Environment = nil
	return body
}

// ShowServiceInFull adds what lists leave out.
func ShowServiceInFull(s *catalog.Service, sensitive bool) Service {
	return Service{showState(&s.Resource), showServiceSettings(s, sensitive), []struct{}{}, []struct{}{}}
}

func showServiceSettings(s *catalog.Service, sensitive bool) ServiceSettings {
	body := ServiceSettings{Settings: showSettings(&s.Resource, sensitive)}
	if sensitive {
		body.DockerCompose, body.DockerComposeRaw = s.Compose, s.Compose
	}
	return body
}

// NewService is what a client gives of a service. Existing clients call the
// compose file "raw".
type NewService struct {
	NewResource
	DockerCompose    string `json:"docker_compose"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
}

// ServiceForm is the one form that services have.
func ServiceForm() Form {
	return Form{
		name: string(catalog.KindService),
		Kind: catalog.KindService,
		Read: reading(NewService.service),
		Write: func(d catalog.Deployable) any {
			s := d.(*catalog.Service)
			return NewService{NewResource: writeResource(&s.Resource), DockerCompose: s.Compose}
		},
		also: []string{"docker_compose_raw"},
	}
}

// service takes the compose file under either name. A change may name both.
func (n NewService) service(common catalog.Resource) (catalog.Deployable, error) {
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
