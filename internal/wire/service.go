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
	// The containers of the compose file, for existing clients. They are empty in lists.
	Applications []ServicePart `json:"applications"`
	Databases    []ServicePart `json:"databases"`
}

// ServiceSettings are a service's configuration.
type ServiceSettings struct {
	Settings
	DockerCompose    string `json:"docker_compose,omitempty"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
	IsTemplate       bool   `json:"is_template"`
}

// ServiceSummary returns a service as lists show it, without its body.
func ServiceSummary(s *catalog.Service) Service {
	body := ServiceDetails(s, false)
	body.Environment = nil
	return body
}

// ServiceDetails returns a service with its environment, its containers and, if sensitive,
// its compose file and the plain values of its variables.
func ServiceDetails(s *catalog.Service, sensitive bool) Service {
	applications, databases := ServiceParts(s, sensitive)
	return Service{stateOf(&s.Resource), serviceSettingsOf(s, sensitive), applications, databases}
}

func serviceSettingsOf(s *catalog.Service, sensitive bool) ServiceSettings {
	body := ServiceSettings{Settings: settingsOf(&s.Resource, sensitive), IsTemplate: s.Template}
	if sensitive {
		body.DockerCompose, body.DockerComposeRaw = s.Compose, s.Compose
	}
	return body
}

// ServiceInput creates a service. Existing clients send the compose file as
// docker_compose_raw.
type ServiceInput struct {
	ResourceInput
	DockerCompose    string `json:"docker_compose"`
	DockerComposeRaw string `json:"docker_compose_raw,omitempty"`
}

// ServiceCodec returns the codec of services.
func ServiceCodec() Codec {
	return Codec{
		name:   string(catalog.KindService),
		Kind:   catalog.KindService,
		Decode: decoder(ServiceInput.service),
		Encode: encoder(func(s *catalog.Service) ServiceInput {
			return ServiceInput{ResourceInput: resourceInput(&s.Resource), DockerCompose: s.Compose}
		}),
		optional: []string{"docker_compose_raw"},
	}
}

// service accepts the compose file under either name, but not under both.
func (n ServiceInput) service(common catalog.Resource) (catalog.Deployable, error) {
	if n.DockerCompose != "" && n.DockerComposeRaw != "" {
		return nil, fault.InvalidField("docker_compose",
			"is given in two ways; give either docker_compose or docker_compose_raw")
	}
	return &catalog.Service{Resource: common, Compose: composeText(n.DockerCompose + n.DockerComposeRaw)}, nil
}

// composeText returns the compose file of a request, which has it plain or in
// base64. The two cannot be confused: a compose file has a colon, and base64
// never does.
func composeText(given string) string {
	return decodeBase64(strings.Join(strings.Fields(given), ""), given)
}

// configurationText returns a database's configuration file, which a request has
// plain or in base64. Every such file has a space or another character that
// base64 does not have; in base64, white space is only at the ends of lines.
func configurationText(given string) string {
	packed := strings.NewReplacer("\n", "", "\r", "").Replace(given)
	return decodeBase64(packed, given)
}

// decodeBase64 returns the text encoded in packed, or given if packed is not the
// base64 of any text.
func decodeBase64(packed, given string) string {
	for _, encoding := range []*base64.Encoding{
		base64.StdEncoding, base64.RawStdEncoding, base64.URLEncoding, base64.RawURLEncoding,
	} {
		text, err := encoding.DecodeString(packed)
		if err == nil && len(text) > 0 && utf8.Valid(text) {
			return string(text)
		}
	}
	return given
}
